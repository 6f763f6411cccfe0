"""The own dialplan changed for every engine: each takes it, or none of them has it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from engine.core.inventory import Inventory
from engine.errors import CallerError, ConflictError, RemoteError
from engine.flows.config import Problems
from engine.flows.dialplan import changing as room
from engine.flows.dialplan.changing import OwnChanges, Settled
from engine.flows.versions.configuration import Configuration, Why
from engine.flows.versions.view import View
from engine.flows.versions.watching import Watcher
from engine.payments.registry import option_forms
from engine.ports.versions import Cause, EngineView
from tests.fakes.clock import LoopClock
from tests.fakes.numbers.stock import MemoryNumbers
from tests.fakes.versions import MemoryVersions
from tests.flows.versions.office import WHY, priced

DOOR, BELL = ({"own.conf": f"exten => {number},1,Hangup(17)\n"} for number in (4711, 4712))
EMPTY: Mapping[str, str] = {}


@dataclass
class Machine:
    """An engine with an Asterisk: `own` is what that has; it takes no other for what it `lacks`."""

    name: str
    view: View
    own: Mapping[str, str] | None
    lacks: str = ""

    async def follow(self, _old: Inventory, new: Inventory) -> None:
        if self.lacks and new.own_dialplan != self.own:
            raise CallerError(self.lacks, "dialplan")
        self.own = new.own_dialplan


@dataclass
class Site:
    """Versions with the first one applied, whose own dialplan is empty; machines that follow."""

    versions: MemoryVersions = field(default_factory=MemoryVersions)
    clock: LoopClock = field(default_factory=LoopClock)
    alive: set[str] = field(default_factory=set)

    @property
    def configuration(self) -> Configuration:
        return Configuration(self.versions, self.clock, option_forms(), MemoryNumbers())

    @property
    def changes(self) -> OwnChanges:
        return OwnChanges(self.configuration, self.living, self.clock)

    async def living(self) -> Sequence[str]:
        return sorted(self.alive)

    async def own(self) -> Mapping[str, str] | None:
        current = await self.configuration.in_force()
        assert current is not None
        return current.version.own

    @asynccontextmanager
    async def machine(self, name: str, *, asterisk: bool = True) -> AsyncIterator[Machine]:
        current = await self.configuration.in_force()
        assert current is not None
        inventory = await self.configuration.inventory(current.version)
        machine = Machine(name, View(inventory), inventory.own_dialplan)
        machine.view.subscribe(machine.follow)
        watcher = Watcher(
            self.configuration, machine.view, _prepared, self.clock, name, asterisk=asterisk
        )
        await watcher.look()
        self.alive.add(name)
        work = asyncio.create_task(watcher.run())
        yield machine
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def _prepared(_old: Inventory, _new: Inventory) -> None:
    """Nothing has to be made ready."""


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr("engine.flows.versions.watching.LOOK_EVERY_MS", 5)
    monkeypatch.setattr(room, "LOOK_EVERY_MS", 5)
    site = Site()
    assert not isinstance(await site.configuration.apply(priced("1.99"), 0, WHY), Problems)
    await site.configuration.adopt_own(EMPTY)
    return site


async def put(site: Site, own: Mapping[str, str], based_on: int) -> Settled:
    return await site.changes.apply(own, based_on, Why("mia", "door"))


async def until_both_have(own: Mapping[str, str], *machines: Machine) -> None:
    async with asyncio.timeout(5):
        while any(machine.own != own for machine in machines):  # noqa: ASYNC110 - they tell nobody
            await asyncio.sleep(0.005)


async def test_every_machine_takes_it(site: Site) -> None:
    async with site.machine("e1") as one, site.machine("e2") as two:
        settled = await put(site, DOOR, 1)
        assert (settled.refused, settled.waiting, settled.apart) == ((), (), ())
        assert (one.own, two.own, await site.own()) == (DOOR, DOOR, DOOR)
        made = settled.applied.activation
        assert (made.number, made.reason, made.is_pending, made.author) == (2, "door", False, "mia")
        again = await put(site, DOOR, 2)
        assert (again.applied.is_new, again.applied.activation) == (False, made)


async def test_what_one_refuses_nobody_has(site: Site) -> None:
    async with site.machine("e1") as one, site.machine("e2") as two:
        two.lacks = "the prompt bell\nis missing"
        settled = await put(site, DOOR, 1)
        assert [view.engine for view in settled.refused] == ["e2"]
        assert await site.own() == EMPTY
        await until_both_have(EMPTY, one, two)
        back, applied, _ = await site.configuration.history()
        assert (back.cause, back.number, back.previous) == (Cause.ROLLED_BACK, 1, 2)
        assert back.reason == "refused by e2: version 2 is refused: the prompt bell is missing"
        assert (applied.author, back.author) == ("mia", "engine")
        two.lacks = ""
        assert (await put(site, BELL, 1)).refused == ()
        assert (one.own, two.own) == (BELL, BELL)


async def test_the_dead_and_those_without_files_are_told_apart(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "TAKEN_WITHIN_MS", 1_500)
    await site.configuration.show(EngineView(engine="dead", number=1, since_ms=0))
    await site.configuration.show(EngineView(engine="stuck", number=1, since_ms=0))
    site.alive.add("stuck")
    async with site.machine("far", asterisk=False):
        settled = await put(site, DOOR, 1)
    assert (settled.refused, settled.waiting, settled.apart) == ((), ("stuck",), ("far",))
    assert not settled.applied.activation.is_pending


async def test_nobody_who_dies_meanwhile_leaves_it_in_force(site: Site) -> None:
    async def away() -> Sequence[str]:
        raise RemoteError("the store is away")

    changes = OwnChanges(site.configuration, away, site.clock)
    with pytest.raises(RemoteError):
        await changes.apply(DOOR, 1, WHY)
    assert await site.own() == DOOR
    site.clock.skew_ms += room.SETTLED_WITHIN_MS
    assert await site.own() == EMPTY
    assert (await site.configuration.history())[0].cause is Cause.UNDONE


async def test_it_waits_to_be_confirmed_if_it_is_to(site: Site) -> None:
    settled = await site.changes.apply(DOOR, 1, WHY, 60_000)
    assert settled.applied.activation.is_pending
    with pytest.raises(ConflictError, match="waits to be confirmed"):
        await put(site, BELL, 2)
    await site.configuration.confirm(2, "mia")
    assert (await put(site, BELL, 2)).applied.activation.number == 3


async def test_an_older_one_comes_back_alone(site: Site) -> None:
    await put(site, DOOR, 1)
    await put(site, BELL, 2)
    assert not isinstance(await site.configuration.apply(priced("2.49"), 3, WHY), Problems)
    settled = await site.changes.restore(2, WHY)
    assert (settled.applied.activation.number, await site.own()) == (5, DOOR)
    current = await site.configuration.in_force()
    assert current is not None
    assert b"landline: 2.49" in current.version.files["base.yaml"].encode()
    numbers = [one.number for one in await site.configuration.own_history()]
    assert numbers == [5, 3, 2, 1]
    with pytest.raises(ConflictError, match="in force already"):
        await site.changes.restore(2, WHY)
    with pytest.raises(CallerError, match="no version 9"):
        await site.changes.restore(9, WHY)


async def undo(site: Site) -> Mapping[str, str] | None:
    await site.changes.restore(await site.configuration.own_before(), WHY)
    return await site.own()


async def test_undoing_again_goes_further_back(site: Site) -> None:
    assert await site.configuration.own_before() == 0
    await put(site, DOOR, 1)
    await put(site, BELL, 2)
    assert [await undo(site), await undo(site)] == [DOOR, EMPTY]
    assert await site.configuration.own_before() == 0


async def test_a_text_typed_in_again_is_undone_to_what_it_replaced(site: Site) -> None:
    await put(site, DOOR, 1)
    await put(site, EMPTY, 2)
    assert [await undo(site), await undo(site)] == [DOOR, EMPTY]
    assert await site.configuration.own_before() == 0


@pytest.mark.parametrize("by_itself", [False, True], ids=["refused", "not confirmed"])
async def test_what_was_undone_is_not_what_was_before(site: Site, by_itself: bool) -> None:
    await put(site, DOOR, 1)
    if by_itself:
        await site.changes.apply(BELL, 2, WHY, 60_000)
        site.clock.skew_ms += 60_000
    else:
        async with site.machine("e1") as machine:
            machine.lacks = "a bell"
            assert (await put(site, BELL, 2)).refused
        site.alive.clear()
    assert await site.own() == DOOR
    assert await undo(site) == EMPTY


@pytest.mark.parametrize("is_faster", [False, True])
async def test_what_this_asterisk_refuses_is_never_confirmed(site: Site, is_faster: bool) -> None:
    """It is taken back, unless somebody else was faster."""
    seen = []

    async def bring() -> str:
        current = await site.configuration.active()
        assert current is not None
        seen.append((current.number, current.is_pending))
        if is_faster:
            await site.configuration.confirm(2, "mia")
            await put(site, BELL, 2)
        return "no such\nmodule"

    changes = OwnChanges(site.configuration, site.living, site.clock, bring)
    settled = await changes.apply(DOOR, 1, WHY)
    assert (settled.in_force, seen) == (False, [(2, True)])
    assert await site.own() == (BELL if is_faster else EMPTY)
    last = (await site.configuration.history())[0]
    assert last.reason == ("door" if is_faster else "refused here: no such module")


async def test_what_this_asterisk_cannot_be_told_is_taken_back(site: Site) -> None:
    async def bring() -> str:
        raise RemoteError("Asterisk is down")

    with pytest.raises(RemoteError, match="is down"):
        await OwnChanges(site.configuration, site.living, site.clock, bring).apply(DOOR, 1, WHY)
    assert await site.own() == EMPTY


async def test_what_was_undone_while_engines_were_waited_for_is_not_in_force(site: Site) -> None:
    """It is waited for no longer, and this Asterisk is brought back along."""
    had = []

    async def late() -> Sequence[str]:
        site.clock.skew_ms += 5_000
        return ["stuck"]

    async def bring() -> str:
        had.append(await site.own())
        return ""

    await site.configuration.show(EngineView(engine="stuck", number=1, since_ms=0))
    changes = OwnChanges(site.configuration, late, site.clock, bring)
    settled = await asyncio.wait_for(changes.apply(DOOR, 1, WHY, 5_000), timeout=5)
    assert (settled.in_force, settled.waiting, settled.refused) == (False, ("stuck",), ())
    assert await site.own() == EMPTY
    assert had[-1] == EMPTY
