"""A house in which numbers of the stock lead on to others: our Asterisk, an engine, the outside.

Every scene has a number, a target and a caller of its own, and all are played at the same time.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.app import Plan, Running, WebPlan, running
from engine.core.inventory import Inventory, Organisation, Trunk
from engine.core.number import NumberFormat
from engine.core.numbers.holder import Policy
from engine.core.numbers.number import Number, Status
from engine.core.probe import ProbePlan
from engine.errors import RemoteError
from engine.flows.clock import SystemClock
from engine.flows.diversion.routing import Routing
from engine.flows.numbers.allocation import Allocation
from engine.flows.numbers.numbering import Numbering, read_areas
from engine.ledger.diversion.sql import SqlForwarded, SqlRoutes
from engine.ledger.numbers.sql import SqlNumbers
from engine.ledger.tracked.sql import SqlTracked
from engine.ports.numbers import Commit, Move
from engine.speech.library import Library
from tests.fakes.numbers.giving import give
from tests.rig.audio.speechlike import write_prompt
from tests.rig.ear import Ear
from tests.rig.house import SOUNDS, VAR, WEB_SECRET, EngineProcess, RealHouse
from tests.rig.outside import OutsideWorld
from tests.rig.sip.legs import PATIENCE_S, Leg
from tests.system.stage.searching import logged

PLAY_LIMIT_S = 180
BETWEEN_STARTS_S = 0.5
RINGS_FOR_S = 3.0
SOURCE = "Messe"
WHISPERED = "ein anruf ueber die messe in frankfurt am main"
WRITES_MOST = 5


def _inventory(world: OutsideWorld) -> Inventory:
    trunk = Trunk(
        name="carrier",
        host="127.0.0.1",
        port=world.network_port,
        number_format=NumberFormat.E164_PLUS,
        region="US",
    )
    return Inventory(
        version=1,
        organisations=(Organisation(name="acme", title="Acme"),),
        trunks=(trunk,),
    )


class Exchange:
    """The house, an engine in it, and its books."""

    run: Running
    """The exchange's own engine, where it has one."""

    def __init__(self, house: RealHouse, plan: Plan) -> None:
        self.house, self.plan = house, plan
        self.world = house.world
        self.callers: set[str] = set()
        self._writing = asyncio.Lock()
        self.numbers = SqlNumbers(house.ledger)
        self.routes = SqlRoutes(house.ledger)
        self.forwarded = SqlForwarded(house.ledger)
        sounds = Library(plan.sounds, plan.rendered)
        self.tracked = SqlTracked(house.ledger, bytes.fromhex(WEB_SECRET), mailing=False)
        self.routing = Routing(self.numbers, self.routes, self.forwarded, sounds, SystemClock())

    async def give(self, number: Number) -> None:
        """Take a number into the stock, and give it to its organisation."""
        await self.patiently(lambda: give(self.numbers, number))

    async def change(self, e164: str, status: Status) -> None:
        """Let a number stand otherwise."""
        before = await self.numbers.number(e164)
        assert before is not None
        after = replace(before, status=status, version=before.version + 1)
        move = Move(before, after, "changed")
        commit = Commit(author="operator", at_ms=1, moves=(move,))
        await self.patiently(lambda: self.numbers.commit(commit))

    async def replace(self, old: str, new: str) -> None:
        """The operator gives a new number for an old one."""
        numbering = Numbering(self.numbers, read_areas(), SystemClock(), Policy())
        allocation = Allocation(numbering)
        await self.patiently(lambda: allocation.replace(old, "moved", "operator", new))

    async def patiently(self, write: Callable[[], Awaitable[object]]) -> None:
        """Write to the books, which two engines work with besides; one at a time."""
        async with self._writing:
            for _ in range(WRITES_MOST):
                with suppress(RemoteError):
                    await write()
                    return
            await write()

    async def call(self, to: str, caller: str, **identity: Any) -> Leg:
        """Somebody calls, whose network vouches for his number unless told otherwise."""
        given = {"pai": caller, "from_user": caller} | identity
        self.callers |= {number for number in (given["pai"], given["from_user"]) if number}
        return await self.world.call(to, **given)

    async def start_engine(self, name: str) -> EngineProcess:
        """An engine beside the exchange's own, if that has one: a process that can be killed."""
        plan = replace(self.plan, engine=name, folder=self.house.folder / name)
        return await self.house.start_engine(name, plan)

    async def live(self) -> int:
        """Calls that any engine has, as the store knows them."""
        return len(await self.house.store.live_calls())


@asynccontextmanager
async def exchange(
    folder: Path, probing: tuple[ProbePlan, ...] = (), database_url: str | None = None
) -> AsyncIterator[Exchange]:
    """The house, and an engine in it, which probes its numbers by a plan if there is one; its books
    are in SQLite unless told otherwise."""
    async with without_engine(folder, probing, database_url) as x, running(x.plan) as x.run:
        yield x


@asynccontextmanager
async def without_engine(
    folder: Path, probing: tuple[ProbePlan, ...] = (), database_url: str | None = None
) -> AsyncIterator[Exchange]:
    """The house, in which no engine works yet."""

    def organise(world: OutsideWorld) -> Inventory:
        return replace(_inventory(world), probing=probing)

    async with RealHouse(folder, (), organise=organise, database_url=database_url) as house:
        plan = Plan(
            engine="e1",
            folder=folder / "e1",
            inventory=house.inventory,
            sounds=own_sounds(folder / "words"),
            rendered=folder / "sounds",
            program=VAR / "asterisk.json",
            access=house.asterisk.access,
            store_url=house.store_process.url,
            database_url=house.database_url,
            web=WebPlan(secret=WEB_SECRET, secrets=folder / "secrets"),
        )
        yield Exchange(house, plan)


def own_sounds(folder: Path) -> Path:
    """The project's sounds, and a recording in which the source `SOURCE` is named."""
    for lang in ("de", "en"):
        (folder / lang / "custom").mkdir(parents=True)
        for part in ("prompts.yaml", "audio"):
            (folder / lang / part).symlink_to(SOUNDS / lang / part)
    for part in ("tones", "music"):
        (folder / part).symlink_to(SOUNDS / part)
    write_prompt(folder / "de" / "custom" / f"whisper_source-{SOURCE}.wav", WHISPERED)
    return folder


async def rings_on(leg: Leg) -> None:
    """The caller hears ringing until he hangs up, and is not answered."""
    await leg.messages.first(lambda message: message.code == 180, PATIENCE_S)
    await asyncio.sleep(RINGS_FOR_S)
    assert not leg.is_over
    await leg.hang_up()
    ended = await leg.ended()
    assert (ended.by, ended.sip_code) == ("outside", 487)
    assert (leg.answered_at_ms, leg.progress_at_ms) == (None, None)


async def both_talk(caller: Leg, target: Leg, seconds: float = 2.0) -> None:
    """Both are joined; after a while the caller hangs up, and each has heard the other."""
    await caller.answered()
    await asyncio.sleep(seconds)
    await caller.hang_up()
    await caller.ended()
    await target.ended()
    for one, other in ((caller, target), (target, caller)):
        assert talked_s(one, other) > seconds / 2


def talked_s(leg: Leg, other: Leg) -> float:
    """How long a party heard the other's voice."""
    heard = Ear(leg.recording, [other.tone_hz]).talk(other.tone_hz, gap_s=0.3)
    return sum(end_s - began_s for began_s, end_s in heard)


Play = Callable[[Exchange], Awaitable[None]]


class Programme:
    """The scenes of a module: all are played at once, each test waits for its own."""

    def __init__(self) -> None:
        self._plays: dict[str, Play] = {}
        self._last: dict[str, Play] = {}

    def last(self, play: Play) -> Callable[..., Awaitable[None]]:
        """A test whose scene is played after all others, which are played for it."""
        test = self.scene(play)
        self._last[play.__name__] = self._plays.pop(play.__name__)
        return test

    def scene(self, play: Play) -> Callable[..., Awaitable[None]]:
        """A test whose scene is played beside the others."""
        self._plays[play.__name__] = play

        async def test(played: "dict[str, asyncio.Task[None]]") -> None:
            await played[play.__name__]

        test.__name__, test.__doc__ = play.__name__, play.__doc__
        return pytest.mark.timeout(PLAY_LIMIT_S)(pytest.mark.asyncio(loop_scope="module")(test))

    @asynccontextmanager
    async def played(
        self, folder: Path, request: pytest.FixtureRequest
    ) -> "AsyncIterator[dict[str, asyncio.Task[None]]]":
        """Every scene that was selected, under way, one a little after the other."""
        chosen = {item.name for item in request.session.items}
        if chosen & self._last.keys():
            chosen |= self._plays.keys()
        with logged(folder):
            async with exchange(folder) as there:
                tasks: dict[str, asyncio.Task[None]] = {}
                for name, play in self._plays.items():
                    if name in chosen:
                        tasks[name] = asyncio.ensure_future(play(there))
                        await asyncio.wait({tasks[name]}, timeout=BETWEEN_STARTS_S)
                others = tuple(tasks.values())
                for name, play in self._last.items():
                    if name in chosen:
                        tasks[name] = asyncio.ensure_future(_after(others, play, there))
                yield tasks
                await asyncio.gather(*tasks.values(), return_exceptions=True)


async def _after(others: Sequence["asyncio.Task[None]"], play: Play, x: Exchange) -> None:
    await asyncio.gather(*others, return_exceptions=True)
    await play(x)
