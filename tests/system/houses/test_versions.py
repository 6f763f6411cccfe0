"""Two engines go by one configuration: it changes, and is undone, under calls and deaths."""

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from engine.core.inventory import Inventory
from engine.flows.clock import SystemClock
from engine.flows.config import Problems, load, read
from engine.flows.versions.configuration import Configuration, Why
from engine.ledger.numbers.sql import SqlNumbers
from engine.ledger.versions.sql import SqlVersions
from engine.payments.registry import option_forms
from engine.ports.versions import Activation, EngineView
from tests.rig.house import ORGANISATION, PROFILE, RealHouse
from tests.rig.outside import OutsideWorld
from tests.system.stage.alone import in_its_own_house

DID = "+493023125100"
PRICES = {1: 660_000, 2: 970_000}
FOLLOWED_MS = 1_000
SOON_S = 20
VOICE = f"""#!{sys.executable}
import sys, time, wave
time.sleep(1.2)
with wave.open(sys.argv[sys.argv.index("-w") + 1], "wb") as file:
    file.setnchannels(1); file.setsampwidth(2); file.setframerate(16000)
    file.writeframes((b"\\0\\x20" * 20 + b"\\0\\xe0" * 20) * 400)
"""
"""Hums where espeak-ng would speak, and takes longer than a version may take to be followed."""
FILES = """
organisations: {%(organisation)s: {title: Acme}}
trunks: {carrier: {host: 127.0.0.1, port: %(network)d, number_format: e164_plus}}
agents: {a1: {address: "127.0.0.1:%(phones)d"}}
groups: {advisers: {agents: [a1]}}
profiles: {%(profile)s: {currency: EUR}}
tariffs:
  plain:
    currency: EUR
    landline: %(price)s
    mobile: %(price)s
    increment: 1/1
    billing_starts: {from: conversation}
services:
  line: {numbers: ["%(did)s"], profile: %(profile)s, tariff: plain, group: advisers}
"""


def _waited_us() -> int:
    """How long somebody on this machine has had to wait for a processor so far, in microseconds; 0
    where Linux does not count it (docs.kernel.org/accounting/psi.html)."""
    try:
        words = Path("/proc/pressure/cpu").read_text()
    except OSError:
        return 0
    return int(words.partition("\n")[0].rpartition("total=")[2])


def _bring_voice(folder: Path) -> None:
    """Let the engines of this folder have a voice, whatever the machine has."""
    program = folder / "voices" / "espeak-ng" / "bin" / "espeak-ng"
    program.parent.mkdir(parents=True)
    program.write_text(VOICE)
    program.chmod(0o755)


def _write(folder: Path, world: OutsideWorld, price: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    values = {
        "organisation": ORGANISATION,
        "profile": PROFILE,
        "did": DID,
        "price": price,
        "network": world.network_port,
        "phones": world.phones_port,
    }
    (folder / "all.yaml").write_text(FILES % values)


class Office:
    """The operator, his folder, and what the engines say of themselves."""

    def __init__(self, house: RealHouse, config: Path) -> None:
        self.house = house
        self.config = config
        versions = SqlVersions(house.ledger)
        self.configuration = Configuration(
            versions, SystemClock(), option_forms(), SqlNumbers(house.ledger)
        )

    async def apply(self, price: str, based_on: int, within_ms: int | None = None) -> Activation:
        _write(self.config, self.house.world, price)
        sources = read(self.config)
        assert not isinstance(sources, Problems)
        made = await self.configuration.apply(sources, based_on, Why("mia", price), within_ms)
        assert not isinstance(made, Problems), str(made)
        return made.activation

    async def views(self, so: Callable[[EngineView], bool]) -> dict[str, EngineView]:
        """How the engines stand, once all stand so."""
        async with asyncio.timeout(SOON_S):
            while True:
                views = await self.configuration.views()
                if len(views) == 2 and all(map(so, views)):
                    return {view.engine: view for view in views}
                await asyncio.sleep(0.02)

    async def lags_ms(self, put: Awaitable[Activation]) -> dict[str, float]:
        """After how long each engine goes by a version, from before it was written; of that time
        only the share in which nobody had to wait for a processor."""
        began_s, began_us = time.monotonic(), _waited_us()
        made = await put
        views = await self.views(lambda view: view.number == made.number)
        waited = (_waited_us() - began_us) / 1e6 / (time.monotonic() - began_s)
        return {name: (v.since_ms - made.at_ms) * (1 - waited) for name, v in views.items()}


@in_its_own_house
async def test_versions_change_under_calls_and_deaths(folder: Path) -> None:
    config = folder / "config"
    _bring_voice(folder)

    def organise(world: OutsideWorld) -> Inventory:
        _write(config, world, "0.66")
        inventory = load(config)
        assert isinstance(inventory, Inventory), str(inventory)
        return inventory

    async with RealHouse(folder, (), organise=organise, config=config) as house:
        office = Office(house, config)
        await asyncio.gather(house.start_engine("e1"), house.start_engine("e2"))
        assert [made.number for made in await office.configuration.history()] == [1]
        await calls_while_versions_flip(office)
        await an_engine_dies_before_the_swap(office)
        await undone_though_an_engine_died(office)


async def calls_while_versions_flip(office: Office) -> None:
    """Every call has number, price and announcement of one version, and both versions had some.

    Each engine takes each version within a second, also one that says what was never said: it was
    made into audio before the version was put in force.
    """
    lags_ms = [await office.lags_ms(office.apply("0.97", 1))]
    callers = [f"+493023140{n:03}" for n in range(12)]
    for caller in callers:
        await office.house.book(caller, 5_000_000)

    async def flip() -> None:
        for n in range(6):
            put = office.configuration.roll_back(1 + n % 2, Why("mia", f"flip {n}"))
            lags_ms.append(await office.lags_ms(put))

    async def call(number: int) -> None:
        await asyncio.sleep(number * 0.25)
        caller = callers[number]
        leg = await office.house.world.call(DID, pai=caller, from_user=caller)
        await leg.progressed()
        await asyncio.sleep(4)
        await leg.hang_up()
        await leg.ended()

    await asyncio.gather(flip(), *(call(number) for number in range(len(callers))))
    assert all(lag_ms < FOLLOWED_MS for lags in lags_ms for lag_ms in lags.values()), lags_ms
    records = await office.house.records(len(callers))
    for record in records:
        assert record.rate is not None
        price = PRICES[record.config_version]
        assert record.rate.price_micros == price
        told = [heard.prompt for heard in record.prompts if heard.prompt.startswith("tariff-")]
        assert told == [f"tariff-p{price}-EUR-conversation-a0"]
    assert {record.config_version for record in records} == {1, 2}


async def an_engine_dies_before_the_swap(office: Office) -> None:
    """What was written is in force, also for an engine that was killed before it saw it."""
    house = office.house
    number = (await office.configuration.history())[0].number
    house.engines["e1"].process.send_signal(signal.SIGSTOP)
    made = await office.apply("1.99", number)
    async with asyncio.timeout(SOON_S):
        while {v.engine: v.number for v in await office.configuration.views()}["e2"] != made.number:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)
    house.engines["e1"].kill()
    await house.engines["e1"].process.wait()
    await house.start_engine("e1")
    await office.views(lambda view: view.number == made.number)


async def undone_though_an_engine_died(office: Office) -> None:
    """Nobody confirms, the engine that took it is dead: the other goes back, and so do all."""
    house = office.house
    number = (await office.configuration.history())[0].number
    made = await office.apply("2.99", number, within_ms=5_000)
    await office.views(lambda view: view.number == made.number)
    house.engines["e1"].kill()
    await house.engines["e1"].process.wait()
    async with asyncio.timeout(SOON_S):
        while {v.engine: v.number for v in await office.configuration.views()}["e2"] != number:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)
    undone = await SqlVersions(house.ledger).active()
    assert undone is not None
    assert (undone.number, undone.cause, undone.author) == (number, "undone", "engine")
