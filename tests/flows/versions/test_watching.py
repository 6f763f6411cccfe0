"""Engines follow what is in force: whole versions, or the old one and the reason."""

import asyncio

import pytest

from engine.core.inventory import Inventory
from engine.errors import CallerError, ConflictError, RemoteError
from engine.flows.config import Problem, Problems
from engine.flows.config.problems import Mark, MistakesError
from engine.flows.hearing import UnsaidError
from engine.flows.versions.view import View
from engine.flows.versions.watching import AGAIN_AFTER_MS, LOOK_EVERY_MS, Watcher
from tests.flows.versions.office import WHY, Office, micros, priced
from tests.languages import english_in
from tests.ports.ledger.versions.test_proposals import UNSAID

MINUTE_MS = 60_000


@pytest.fixture
async def office() -> Office:
    office = Office()
    await office.apply(priced("1.99"), 0)
    return office


async def standing(office: Office) -> list[tuple[str, int, str]]:
    views = await office.configuration.views()
    return [(view.engine, view.number, view.problem) for view in views]


async def test_every_engine_takes_the_new_version(office: Office) -> None:
    engines = [await office.engine(name) for name in ("e1", "e2")]
    await office.apply(priced("2.49"), 1)
    office.clock.wall_ms += 100
    for engine in engines:
        await engine.watcher.look()
        assert (engine.number, micros(engine.view.inventory())) == (2, 2_490_000)
        assert engine.prepared == [2]
    assert await standing(office) == [("e1", 2, ""), ("e2", 2, "")]
    assert {view.since_ms for view in await office.configuration.views()} == {office.clock.wall_ms}
    await engines[0].watcher.close()
    assert await standing(office) == [("e2", 2, "")]


async def test_a_look_is_short_enough_for_a_second() -> None:
    assert 2 * LOOK_EVERY_MS < 1_000


async def test_whoever_sees_the_end_of_the_time_undoes_it(office: Office) -> None:
    """The engine that took it first is dead by then."""
    dead, living = await office.engine("e1"), await office.engine("e2")
    await office.apply(priced("2.49"), 1, MINUTE_MS)
    await dead.watcher.look()
    await living.watcher.look()
    office.clock.wall_ms += MINUTE_MS
    await living.watcher.look()
    assert (dead.number, living.number) == (2, 1)
    assert (await office.configuration.history())[0].cause == "undone"


async def test_an_engine_that_died_before_the_swap_begins_with_what_is_in_force(
    office: Office,
) -> None:
    await office.engine()
    await office.apply(priced("2.49"), 1)
    assert (await office.engine()).number == 2


async def test_what_is_rolled_back_while_it_is_prepared_is_not_taken(office: Office) -> None:
    engine = await office.engine()
    await office.apply(priced("2.49"), 1, MINUTE_MS)
    engine.while_preparing = lambda: office.configuration.roll_back(1, WHY)
    await engine.watcher.look()
    assert engine.number == 1
    assert await standing(office) == [("e1", 1, "")]


# --- those who go along ------------------------------------------------------------------------


class Party:
    """Goes along with versions, or refuses some."""

    def __init__(self) -> None:
        self.at = 1
        self.refuses: dict[int, Exception] = {}

    async def __call__(self, old: Inventory, new: Inventory) -> None:
        assert self.at == old.version
        if new.version in self.refuses:
            raise self.refuses[new.version]
        self.at = new.version


async def test_if_one_refuses_all_stay_and_say_so(office: Office) -> None:
    engine, parties = await office.engine(), [Party() for _ in range(3)]
    for party in parties:
        engine.view.subscribe(party)
    parties[1].refuses[2] = CallerError("the secret stripe-key cannot be read", "api_key")
    await office.apply(priced("2.49"), 1)
    await engine.watcher.look()
    assert [engine.number, *(party.at for party in parties)] == [1, 1, 1, 1]
    problem = "version 2 is refused: the secret stripe-key cannot be read"
    assert await standing(office) == [("e1", 1, problem)]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (
            MistakesError(Problems([Problem.at(Mark("a.conf"), "pattern", "", "is no")]), "x"),
            "a.conf: das Muster ist falsch geschrieben [pattern]",
        ),
        (UnsaidError([UNSAID]), "Ansagen lassen sich nicht sprechen (scripts/sounds macht sie)"),
        (CallerError("the secret key is empty", "x"), "das Geheimnis key ist leer"),
        (CallerError("Asterisk does not take it: no", "x"), "nimmt sie nicht an und meldet „no“"),
        (CallerError("profiles.a.providers.b: k: the secret key is empty", "x"), "profiles.a."),
        (RemoteError("Valkey: gone"), "gemeldet wird „Valkey: gone“"),
    ],
)
async def test_a_refusal_is_told_in_german_too(office: Office, fault: Exception, says: str) -> None:
    engine, party = await office.engine(), Party()
    engine.view.subscribe(party)
    party.refuses[2] = fault
    await office.apply(priced("2.49"), 1)
    await engine.watcher.look()
    (view,) = await office.configuration.views()
    assert view.why("en") == f"version 2 is refused: {fault}"
    assert view.why("de").startswith("Version 2 wird abgelehnt: ")
    assert says in view.why("de")
    assert english_in(view.why("de")) == []
    party.refuses.clear()
    office.clock.wall_ms += AGAIN_AFTER_MS
    await engine.watcher.look()
    (view,) = await office.configuration.views()
    assert view.why("de") == ""


@pytest.mark.parametrize("fault", [RemoteError("Asterisk is away"), KeyError("a bug")])
async def test_what_was_refused_is_tried_again_after_a_while(
    office: Office, fault: Exception
) -> None:
    engine, party = await office.engine(), Party()
    engine.view.subscribe(party)
    party.refuses[2] = fault
    await office.apply(priced("2.49"), 1)
    await engine.watcher.look()
    party.refuses.clear()
    await engine.watcher.look()
    assert engine.number == 1
    office.clock.wall_ms += AGAIN_AFTER_MS
    await engine.watcher.look()
    assert await standing(office) == [("e1", 2, "")]


async def test_what_is_refused_again_is_tried_less_and_less_often(office: Office) -> None:
    engine, party = await office.engine(), Party()
    engine.view.subscribe(party)
    party.refuses[2] = RemoteError("Asterisk is away")
    await office.apply(priced("2.49"), 1)
    tried_ms = []
    began_ms = office.clock.wall_ms
    for _ in range(60):
        before = len(engine.prepared)
        await engine.watcher.look()
        if len(engine.prepared) > before:
            tried_ms.append(office.clock.wall_ms - began_ms)
        office.clock.wall_ms += AGAIN_AFTER_MS
    assert tried_ms == [0, 5_000, 15_000, 35_000, 75_000, 155_000]


async def test_nothing_ends_the_watching(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = await office.engine()
    await office.apply(priced("2.49"), 1)
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise ConflictError("two wrote at once")
        raise asyncio.CancelledError

    monkeypatch.setattr(engine.watcher, "look", look)
    with pytest.raises(asyncio.CancelledError):
        await engine.watcher.run()
    assert looks == 2


async def test_a_problem_is_over_when_the_version_is(office: Office) -> None:
    engine, party = await office.engine(), Party()
    engine.view.subscribe(party)
    party.refuses[2] = RemoteError("Asterisk is away")
    await office.apply(priced("2.49"), 1)
    await engine.watcher.look()
    await office.configuration.roll_back(1, WHY)
    await engine.watcher.look()
    assert await standing(office) == [("e1", 1, "")]
    await office.apply(priced("2.59"), 1)
    await engine.watcher.look()
    assert engine.number == 3


async def test_what_was_mended_meanwhile_is_tried_at_once(office: Office) -> None:
    engine, party = await office.engine(), Party()
    engine.view.subscribe(party)
    party.refuses[2] = RemoteError("Asterisk is away")
    await office.apply(priced("2.49"), 1)
    for _ in range(9):
        await engine.watcher.look()
        office.clock.wall_ms += 60_000
    await engine.watcher.look()
    for number in (1, 2):
        party.refuses.clear()
        await office.configuration.roll_back(number, WHY)
        await engine.watcher.look()
        assert await standing(office) == [("e1", number, "")]


async def test_one_who_cannot_return_keeps_nobody_else_from_it(office: Office) -> None:
    engine, first, last = await office.engine(), Party(), Party()

    async def stuck(old: Inventory, new: Inventory) -> None:
        if new.version < old.version:
            raise RemoteError("Asterisk is away")

    for follower in (first, stuck, last):
        engine.view.subscribe(follower)
    last.refuses[2] = RemoteError("no room")
    await office.apply(priced("2.49"), 1)
    await engine.watcher.look()
    assert (engine.number, first.at) == (1, 1)


async def test_the_books_may_be_away_for_a_while(office: Office) -> None:
    engine = await office.engine()
    await office.apply(priced("2.49"), 1)
    office.versions.down = True
    await engine.watcher.look()
    await engine.watcher.look()
    await engine.watcher.close()
    assert engine.number == 1
    office.versions.down = False
    await engine.watcher.look()
    assert engine.number == 2


async def test_a_reader_sees_whole_versions_only(office: Office) -> None:
    """While versions flip, number and prices of what is read are always of one version."""
    engine = await office.engine()
    seen: set[tuple[int, int]] = set()

    async def read(view: View) -> None:
        while True:
            inventory = view.inventory()
            seen.add((inventory.version, micros(inventory)))
            await asyncio.sleep(0)

    reading = asyncio.create_task(read(engine.view))
    engine.view.subscribe(Party())
    await office.apply(priced("2.49"), 1)
    for number in (2, 1) * 5:
        await engine.watcher.look()
        office.clock.wall_ms += 1
        await office.configuration.roll_back(3 - number, WHY)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert seen == {(1, 1_990_000), (2, 2_490_000)}


async def test_what_an_engine_began_with_is_tried_again_until_its_asterisk_has_it(
    office: Office,
) -> None:
    current = await office.configuration.in_force()
    assert current is not None
    view = View(await office.configuration.inventory(current.version))
    tries: list[int] = []

    async def follow(_old: Inventory, new: Inventory) -> None:
        tries.append(new.version)
        if len(tries) < 2:
            raise RemoteError("Asterisk does not answer")

    view.subscribe(follow)
    watcher = Watcher(
        office.configuration, view, _nothing, office.clock, "e1", lacking="no prompt bell"
    )
    await watcher.look()
    told = "version 1 is refused: Asterisk does not answer"
    assert await standing(office) == [("e1", 1, told)]
    await watcher.look()
    assert tries == [1]
    office.clock.wall_ms += 2 * AGAIN_AFTER_MS
    await watcher.look()
    assert (await standing(office), tries) == ([("e1", 1, "")], [1, 1])
    await watcher.look()
    assert tries == [1, 1]


async def _nothing(_old: Inventory, _new: Inventory) -> None:
    """Nothing has to be made ready."""
