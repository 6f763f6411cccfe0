"""A house in which numbers of the stock lead on to others: our Asterisk, an engine, the outside.

Every scene has a number, a target and a caller of its own, and all are played at the same time.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

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
from tests.fakes.numbers.giving import give
from tests.rig.audio.speechlike import write_prompt
from tests.rig.ear import Ear
from tests.rig.house import SOUNDS, VAR, WEB_SECRET, RealHouse
from tests.rig.outside import OutsideWorld
from tests.rig.sip.legs import PATIENCE_S, Leg

PLAY_LIMIT_S = 180
BETWEEN_STARTS_S = 0.5
RINGS_FOR_S = 3.0
TRIES_MOST = 30
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

    def __init__(self, house: RealHouse, run: Running, plan: Plan) -> None:
        self.house, self.run, self.plan = house, run, plan
        self.world = house.world
        self._writing = asyncio.Lock()
        self.numbers = SqlNumbers(house.ledger)
        self.routes = SqlRoutes(house.ledger)
        self.forwarded = SqlForwarded(house.ledger)
        sounds = run.house.sounds
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

    @asynccontextmanager
    async def other_engine(self) -> AsyncIterator[Running]:
        """A second engine, gone at the end of the block with its calls left as they are."""
        folder = self.plan.folder.with_name("e2")
        async with running(replace(self.plan, engine="e2", folder=folder)) as run:
            yield run

    async def live(self) -> int:
        """Calls that any engine has, as the store knows them."""
        return len(await self.house.store.live_calls())


@asynccontextmanager
async def exchange(folder: Path, probing: tuple[ProbePlan, ...] = ()) -> AsyncIterator[Exchange]:
    """The house, and an engine in it, which probes its numbers by a plan if there is one."""

    def organise(world: OutsideWorld) -> Inventory:
        return replace(_inventory(world), probing=probing)

    async with RealHouse(folder, (), organise=organise) as house:
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
        async with running(plan) as run:
            yield Exchange(house, run, plan)


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


async def had_by(run: Running, call: Callable[[], Awaitable[Leg]]) -> tuple[Leg, int]:
    """A call that this engine has, for whoever is first has it; how many calls it took."""
    for tries in range(1, TRIES_MOST):
        before = _calls_of(run)
        leg = await call()
        if _calls_of(run) - before:
            return leg, tries
        await leg.hang_up()
        await leg.ended()
    raise AssertionError("no call came to this engine")


def _calls_of(run: Running) -> set[str]:
    return {task.call.call_id for task in run.engine.calls.live}


def talked_s(leg: Leg, other: Leg) -> float:
    """How long a party heard the other's voice."""
    heard = Ear(leg.recording, [other.tone_hz]).talk(other.tone_hz, gap_s=0.3)
    return sum(end_s - began_s for began_s, end_s in heard)


Play = Callable[[Exchange], Awaitable[None]]


class Programme:
    """The scenes of a module: all are played at once, each test waits for its own."""

    def __init__(self) -> None:
        self._plays: dict[str, Play] = {}

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
        async with exchange(folder) as there:
            tasks: dict[str, asyncio.Task[None]] = {}
            for name, play in self._plays.items():
                if name in chosen:
                    tasks[name] = asyncio.ensure_future(play(there))
                    await asyncio.wait({tasks[name]}, timeout=BETWEEN_STARTS_S)
            yield tasks
            await asyncio.gather(*tasks.values(), return_exceptions=True)
