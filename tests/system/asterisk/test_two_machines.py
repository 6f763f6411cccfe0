"""Two engines with an Asterisk each: both have a changed own dialplan, or neither."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.app import Plan, running
from engine.app.running import Running
from engine.app.site import configuration_of
from engine.asterisk.process import Program
from engine.flows.clock import SystemClock
from engine.flows.dialplan.changing import OwnChanges
from engine.flows.versions.configuration import Why
from engine.ledger.sql import SqlLedger
from engine.store.process import StoreProcess
from tests.programs import CHECKOUT, VAR

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILES = """\
organisations: {acme: {title: Acme}}
trunks: {carrier: {host: 127.0.0.1, port: 5999, number_format: e164_plus}}
"""
DOOR, BELL = ({"own.conf": f"exten => {number},1,Hangup(17)\n"} for number in (4711, 4712))
GREETING = {"own.conf": "exten => 4713,1,Playback(greeting)\n same => n,Hangup()\n"}
WHY = Why("mia", "door")


@dataclass
class Machine:
    """An engine and its Asterisk."""

    run: Running
    folder: Path

    async def numbers(self) -> set[str]:
        """The numbers of the own dialplan that Asterisk's own console shows."""
        process = await asyncio.create_subprocess_exec(
            Program.found(VAR / "asterisk.json").executable,
            "-C",
            str(self.folder / "asterisk/etc/asterisk.conf"),
            "-rx",
            "dialplan show groschen-own",
            stdout=asyncio.subprocess.PIPE,
        )
        shown, _ = await process.communicate()
        return {number for number in ("4711", "4712", "4713") if f"'{number}'" in shown.decode()}


@dataclass
class Site:
    """Both machines, on the same books and the same store."""

    one: Machine
    two: Machine
    changes: OwnChanges

    async def numbers(self) -> list[set[str]]:
        return [await machine.numbers() for machine in (self.one, self.two)]

    async def back_on(self, number: str) -> None:
        async with asyncio.timeout(20):
            while await self.numbers() != [{number}] * 2:  # noqa: ASYNC110 - they tell nobody
                await asyncio.sleep(0.1)


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    """The first machine has a door in its folder, the second a bell."""
    config = folder / "config"
    config.mkdir()
    (config / "all.yaml").write_text(FILES)
    store = StoreProcess(folder / "store")
    async with AsyncExitStack() as stack:
        await store.start()
        stack.push_async_callback(store.stop)
        machines = []
        for name, own in (("e1", DOOR), ("e2", BELL)):
            (folder / name / "own").mkdir(parents=True)
            (folder / name / "own" / "own.conf").write_text(own["own.conf"])
            run = await stack.enter_async_context(running(_plan(folder, name, store.url)))
            machines.append(Machine(run, folder / name))
        clock = SystemClock()
        ledger = SqlLedger(f"sqlite:///{folder / 'books.db'}", lambda: clock.now().wall_ms)
        stack.push_async_callback(ledger.close)
        living = machines[0].run.house.store.living_engines
        yield Site(*machines, OwnChanges(configuration_of(ledger, clock), living, clock))


def _plan(folder: Path, name: str, store_url: str) -> Plan:
    return Plan(
        engine=name,
        folder=folder / name,
        config=folder / "config",
        sounds=CHECKOUT / "sounds",
        rendered=folder / "rendered",
        program=VAR / "asterisk.json",
        own_dialplan=folder / name / "own",
        store_url=store_url,
        database_url=f"sqlite:///{folder / 'books.db'}",
    )


@pytest.mark.timeout(180)
async def test_both_have_it_or_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with site(tmp_path) as both:
        assert await both.numbers() == [{"4711"}, {"4711"}]
        settled = await both.changes.apply(BELL, 1, WHY)
        assert (settled.refused, settled.waiting, settled.apart) == ((), (), ())
        assert await both.numbers() == [{"4712"}, {"4712"}]
        monkeypatch.setattr(both.one.run.files, "_has_prompt", lambda _name: True)
        refused = (await both.changes.apply(GREETING, 2, WHY)).refused
        assert [view.engine for view in refused] == ["e2"]
        assert "greeting" in refused[0].problem
        await both.back_on("4712")
        assert (await both.changes.restore(1, WHY)).refused == ()
        assert await both.numbers() == [{"4711"}, {"4711"}]
        for machine, own in ((both.one, DOOR), (both.two, BELL)):
            assert (machine.folder / "own" / "own.conf").read_text() == own["own.conf"]
        assert both.two.run.files is not None
        inventory = both.two.run.view.inventory()
        assert both.two.run.files.lying_otherwise(inventory) == ("own.conf",)
        assert both.one.run.files is not None
        assert both.one.run.files.lying_otherwise(inventory) == ()
