"""Asterisk's files changed while people talk: refused, put back, applied, and nobody is cut off."""

import asyncio
import fcntl
import json
import re
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio
from click.testing import CliRunner, Result

from engine.app import Plan, running
from engine.asterisk.dialplan import TEMPLATES
from engine.asterisk.etc import files as room
from engine.asterisk.etc.files import AsteriskFiles, Report
from engine.asterisk.etc.known import APPLICATIONS, FUNCTIONS
from engine.asterisk.etc.own import read_own
from engine.cli import main
from engine.core.actions import HangUpReason
from engine.core.inventory import Agent, Inventory
from engine.errors import CallerError, ConflictError, RemoteError
from engine.flows.config import Problems
from tests.adapters.asterisk.etc.test_rules import RIGHT
from tests.far_end import Party, sine
from tests.programs import CHECKOUT, VAR
from tests.switchboard import DID, AsteriskBench, Plant, inventory, order, plant
from tests.system.asterisk.scenes import Talk, talk

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOUD, TALK_HZ, LONGEST_GAP_S = 3000, 1700, 0.5
BREAKAGES = [
    ("missing_include", '#include "own.d/gone.conf"'),
    ("missing_target", "exten => 4700,1,Goto(nowhere,s,1)"),
    ("unknown_application", "exten => 4700,1,Playbck(x)"),
    ("unbalanced_bracket", "exten => 4700,1,NoOp((x)"),
    ("missing_prompt", "exten => 4700,1,Playback(no-such-prompt)"),
]


@dataclass
class Works:
    """A running Asterisk whose files are changed, with both ends of its calls."""

    plant: Plant
    bench: AsteriskBench
    own: Path
    stock: Inventory
    files: AsteriskFiles

    @property
    def folder(self) -> Path:
        return self.plant.asterisk.folder

    def write(self, *lines: str) -> None:
        (self.own / "a.conf").write_text("\n".join(lines) + "\n")

    async def shown(self) -> str:
        """What Asterisk's own console says it has."""
        run = self.plant.asterisk.run_command
        endpoints = await run("pjsip show endpoints")
        names = re.findall(r"(?m)^ (?:Endpoint|  Match): +(\S+)", endpoints)
        return await run("dialplan show") + "\n".join(names)

    def version(self, stock: Inventory | None = None) -> Inventory:
        """A version with the own dialplan that lies in the folder."""
        own = read_own(self.own)
        assert not isinstance(own, Problems)
        return replace(stock or self.stock, own_dialplan=own)

    async def apply(self, stock: Inventory | None = None) -> Report:
        outcome = await self.files.apply(self.version(stock))
        assert isinstance(outcome, Report), outcome
        return outcome


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_plant(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Plant]:
    async with plant(tmp_path_factory.mktemp("apply")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def works(own_plant: Plant, tmp_path: Path) -> AsyncIterator[Works]:
    """Asterisk as it came up, the operator's folder empty."""
    own = tmp_path / "own"
    own.mkdir()
    files = AsteriskFiles.opened(own_plant.asterisk.folder, own)
    stock = inventory(own_plant.trunk_port, own_plant.agent_port)
    assert isinstance(await files.apply(replace(stock, own_dialplan={})), Report)
    async with AsteriskBench.open(own_plant) as bench:
        yield Works(own_plant, bench, own, stock, files)


@asynccontextmanager
async def talking(bench: AsteriskBench) -> AsyncIterator[Talk]:
    """A conversation that goes on meanwhile: each hears the other without a gap to its end."""
    scene = await talk(bench)
    sides = (scene.caller_side, scene.agent_side)
    voices = [side.speak(sine(TALK_HZ, 20)) for side in sides]
    async with asyncio.timeout(5):
        while not all(side.voice.heard for side in sides):  # noqa: ASYNC110 - packets tell nobody
            await asyncio.sleep(0.02)
    since = time.time()
    yield scene
    until = time.time()
    for voice in voices:
        voice.cancel()
    for side in sides:
        assert not side.ended_at
        assert side.loudness(TALK_HZ, since, until) > LOUD
        heard = [since, *(at for at, _ in side.voice.heard if since <= at <= until), until]
        assert max(b - a for a, b in pairwise(heard)) < LONGEST_GAP_S


async def test_asterisk_can_do_what_it_is_known_to_do(shared_plant: Plant) -> None:
    run = shared_plant.asterisk.run_command
    applications = re.findall(r"(?m)^ +(\w+): ", await run("core show applications"))
    functions = re.findall(r"(?m)^\w+ +(\w+)\(", await run("core show functions"))
    assert set(applications) == APPLICATIONS
    assert set(functions) == FUNCTIONS


async def test_breakages_are_refused_with_their_line_and_nothing_is_touched(works: Works) -> None:
    works.write("exten => 4711,1,Hangup(17)")
    await works.apply()
    before = await works.shown()
    on_disk = {path.name: path.stat().st_mtime_ns for path in (works.folder / "etc").iterdir()}
    async with talking(works.bench):
        for rule, line in BREAKAGES:
            works.write("exten => 4711,1,Hangup(17)", line)
            refused = await works.files.apply(works.version())
            assert isinstance(refused, Problems)
            assert [(p.file, p.line, p.rule) for p in refused] == [("own.d/a.conf", 2, rule)]
            assert await works.shown() == before
    now = {path.name: path.stat().st_mtime_ns for path in (works.folder / "etc").iterdir()}
    assert now == on_disk


async def test_asterisk_reads_as_we_do(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(works.files, "_has_prompt", lambda name: True)
    for own in RIGHT:
        works.write(own)
        report = await works.apply()
        assert (report.refused, report.said, len(report.changes) > 0) == ((), (), True), own


async def test_an_own_number_is_served_and_a_second_apply_changes_nothing(works: Works) -> None:
    works.write("exten => 4711,1,Hangup(17)", "[mine]", "exten => s,1,Hangup()")
    (works.own / "b.conf").write_text("exten => _472X,1,Hangup(1)\n")
    async with talking(works.bench):
        report = await works.apply()
        assert (report.refused, report.reloaded) == ((), ("pbx_config",))
        for number, code in (("4711", 486), ("4729", 404)):
            dialog = await works.bench.carrier.call(number)
            await dialog.until(lambda each: each.final)
            assert dialog.final == code
        again = await works.apply()
        assert (again.changes, again.reloaded) == ((), ())
        (works.own / "b.conf").unlink()
        assert [c.kind for c in (await works.apply()).changes] == ["changed", "removed"]
        assert "_472X" not in await works.shown()


async def test_a_new_agent_and_trunk_serve_at_once(works: Works) -> None:
    peer = works.plant.asterisk.access.sip_port
    dora, carrier = await Party.open(peer), await Party.open(peer)
    agent = Agent(name="dora", organisation="o", address=f"127.0.0.1:{dora.port}")
    trunk = replace(works.stock.trunks[0], name="second", port=carrier.port)
    grown = replace(
        works.stock, agents=(*works.stock.agents, agent), trunks=(*works.stock.trunks, trunk)
    )
    with closing(dora), closing(carrier):
        async with talking(works.bench):
            report = await works.apply(grown)
            assert (report.refused, report.reloaded, report.restart) == ((), ("res_pjsip",), ())
            await carrier.call(DID)
            call = (await works.bench.ear.next_call()).call_id
            await works.bench.telephony.dial(order(call, "PJSIP/agent-dora"))
            rung = await asyncio.wait_for(dora.incoming.get(), 5)
            assert rung.answered_at
            await works.bench.telephony.hang_up(call, HangUpReason.NORMAL)
            await works.bench.telephony.hang_up(f"{call}-a1", HangUpReason.NORMAL)
            await works.apply()
            assert "trunk-second" not in await works.shown()


async def test_what_asterisk_itself_does_not_take_is_put_back(works: Works) -> None:
    works.write("exten => 4711,1,Hangup(17)")
    await works.apply()
    before = await works.shown()
    lost = replace(works.stock.trunks[0], name="lost", host="nowhere.invalid")
    works.write("exten => 4799,1,Hangup(17)")
    async with talking(works.bench):
        report = await works.apply(replace(works.stock, trunks=(*works.stock.trunks, lost)))
        assert "trunk-lost" in report.refused[0]
        assert any("nowhere.invalid" in words for words in report.said)
        assert await works.shown() == before
    assert "4799" not in (works.folder / "etc/own.d/a.conf").read_text()
    assert "lost" not in (works.folder / "etc/pjsip.conf").read_text()
    assert not (works.folder / "etc.kept").exists()


async def test_a_change_broken_off_is_read_by_the_next(works: Works) -> None:
    works.write("exten => 4711,1,Hangup(17)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room.Ami, "reload", _broken_off)
        with pytest.raises(asyncio.CancelledError):
            await works.files.apply(works.version())
    assert "4711" not in await works.shown()
    report = await works.apply()
    assert (report.changes, report.reloaded) == ((), ("pbx_config",))
    assert "4711" in await works.shown()


async def _broken_off(ami: object, module: str) -> None:
    raise asyncio.CancelledError


async def test_what_asterisk_lost_is_brought_back(works: Works) -> None:
    works.write("exten => 4711,1,Hangup(17)")
    await works.apply()
    await works.plant.asterisk.run_command("dialplan remove extension 4711@groschen-own")
    report = await works.apply()
    assert (report.changes, report.refused) == ((), ())
    assert "4711" in await works.shown()


async def test_other_files_are_read_again_or_wait_for_a_restart(
    works: Works, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    for name, old, new in (
        ("rtp.conf.j2", "strictrtp = yes", "strictrtp = no"),
        ("pjsip.conf.j2", "protocol = udp", "protocol = udp\ntos = cs3"),
        ("stasis.conf.j2", "50", "60"),
    ):
        text = (templates / name).read_text()
        (templates / name).write_text(text.replace(old, new))
    with monkeypatch.context() as patch:
        patch.setattr(room, "render", lambda *given: _render(*given, templates=templates))
        report = await works.apply()
    assert report.reloaded == ("res_pjsip", "res_rtp_asterisk")
    assert report.restart == ("stasis.conf", "pjsip.conf [udp]")
    assert "Strict RTP:      No" in await works.plant.asterisk.run_command("rtp show settings")
    assert all("password" not in line for change in report.changes for line in change.lines)


_render = room.render


async def test_one_apply_at_a_time(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    works.write("exten => 4711,1,Hangup(17)")
    reports = await asyncio.gather(works.apply(), works.apply(), works.apply())
    assert sorted(len(report.changes) for report in reports) == [0, 0, 2]
    monkeypatch.setattr(room, "LOCK_WITHIN_S", 0.1)
    with (works.folder / "apply.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ConflictError):
            await works.files.apply(works.stock)


async def test_it_is_applied_by_command(works: Works, tmp_path: Path) -> None:
    run_folder = tmp_path / "var" / "run" / "engine-1"
    run_folder.mkdir(parents=True)
    (run_folder / "asterisk").symlink_to(works.folder)
    environ = {"GROSCHEN_VAR": str(tmp_path / "var"), "GROSCHEN_OWN_DIALPLAN": str(works.own)}

    async def groschen(*args: str) -> Result:
        return await asyncio.to_thread(CliRunner(env=environ).invoke, main, ["dialplan", *args])

    works.write("exten => 4711,1,Hangup(17)")
    applied = await groschen("apply")
    assert applied.exit_code == 0, applied.output
    assert applied.stdout.endswith("Modules reloaded: pbx_config, res_pjsip.\n")
    assert "trunk-carrier" in await works.shown()
    again = json.loads((await groschen("apply", "--json")).stdout)
    assert (again["applied"], again["changes"]) == (True, [])
    works.write("exten => 4711,1,Nope()")
    assert (await groschen("apply")).exit_code == 1


async def test_versions_of_it_come_and_go_by_command(works: Works, tmp_path: Path) -> None:
    run_folder = tmp_path / "var" / "run" / "engine-1"
    run_folder.mkdir(parents=True)
    (run_folder / "asterisk").symlink_to(works.folder)
    environ = {"GROSCHEN_VAR": str(tmp_path / "var"), "GROSCHEN_OWN_DIALPLAN": str(works.own)}

    async def groschen(*args: str, code: int = 0) -> dict[str, object]:
        invoked = partial(CliRunner(env=environ).invoke, main, [*args, "--json"])
        result = await asyncio.to_thread(invoked)
        assert result.exit_code == code, result.output
        answer: dict[str, object] = json.loads(result.stdout)
        return answer

    why = ("--reason", "door", "--author", "mia")
    files = tmp_path / "config"
    shutil.copytree(CHECKOUT / "config", files, ignore=lambda *_: [".version"])
    await groschen("config", "apply", str(files), *why)
    for number, line in ((2, "exten => 4711,1,Hangup(17)"), (3, "exten => 4712,1,Hangup(17)")):
        works.write(line)
        assert "--reason" in str(await groschen("dialplan", "apply", code=1))
        made = await groschen("dialplan", "apply", *why)
        assert (made["version"], made["applied"], made["author"]) == (number, True, "mia")
        assert (works.own / ".version").read_text() == f"{number}\n"
    assert "4712" in await works.shown()
    works.write("exten => 4711,1,Nope()")
    assert (await groschen("dialplan", "apply", *why, code=1))["valid"] is False
    back = await groschen("dialplan", "rollback", *why)
    assert (back["version"], back["applied"], back["reloaded"]) == (4, True, ["pbx_config"])
    shown = await works.shown()
    assert ("4711" in shown, "4712" in shown) == (True, False)
    works.write("exten => 4713,1,Hangup(17)")
    assert "changed since version 3" in str(await groschen("dialplan", "apply", *why, code=1))
    assert (await groschen("dialplan", "apply", "--in-force"))["changes"] == []
    activations = (await groschen("dialplan", "history"))["activations"]
    assert isinstance(activations, list)
    assert [one["version"] for one in activations] == [4, 3, 2, 1]
    await groschen("dialplan", "export", "--to", str(works.own), "--overwrite")
    assert (works.own / "a.conf").read_text() == "exten => 4711,1,Hangup(17)\n"


async def test_without_asterisk_nothing_is_changed(works: Works) -> None:
    access = replace(works.plant.asterisk.access, ami_port=1)
    files = AsteriskFiles.opened(works.folder, works.own, access)
    works.write("exten => 4711,1,Hangup(17)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.asterisk.ami.LOGIN_TIMEOUT_S", 0.2)
        with pytest.raises(RemoteError):
            await files.apply(works.version())
    assert not (works.folder / "etc/own.d/a.conf").exists()
    with pytest.raises(CallerError, match="no Asterisk was started"):
        AsteriskFiles.opened(works.own, works.own)


async def test_an_engine_brings_the_own_dialplan_to_its_own_asterisk(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for text in ("exten => 4711,1,Hangup(17)\n", "exten => 4711,1,No()\n"):
        (own / "a.conf").write_text(text)
        async with running(_plan(tmp_path, own)) as run:
            assert run.files is not None
            applied = (tmp_path / "engine/asterisk/etc/own.d/a.conf").read_text()
            assert applied == "exten => 4711,1,Hangup(17)\n"
            outcome = await run.files.check(run.view.inventory())
            assert isinstance(outcome, Problems) is ("No()" in text)


def _plan(folder: Path, own: Path) -> Plan:
    return Plan(
        engine="e1",
        folder=folder / "engine",
        inventory=Inventory(version=1),
        sounds=CHECKOUT / "sounds",
        rendered=folder / "rendered",
        program=VAR / "asterisk.json",
        own_dialplan=own,
    )
