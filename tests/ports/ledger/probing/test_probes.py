"""The suite of probes: SQLite and PostgreSQL."""

import asyncio
from dataclasses import dataclass, replace
from datetime import date

import pytest

from engine.core.numbers.due import Notice, NoticeKind
from engine.core.numbers.number import Number, Purpose, Status
from engine.core.probe import Coverage, Health, Others, Outage, Probe, Result, Standing, claimed
from engine.errors import ConflictError, RemoteError
from engine.ledger.diversion.sql import SqlRoutes
from engine.ledger.numbers.sql import SqlNumbers
from engine.ledger.probing import rows
from engine.ledger.probing.rows import HISTORY_MOST
from engine.ledger.probing.sql import SqlProbes
from engine.ports.numbers import Commit, Move
from engine.ports.probes import Finding
from tests.ports.ledger.books import SqlBooks
from tests.tracking.cases import found, number

NOW_MS = 1_795_300_000_000
ONE, TWO, THREE, FOUR, FIVE = (f"+4930231251{n:02}" for n in range(5))
TOLL_FREE = "+18885550100"
TRACKED = (Purpose.TRACKING,)


@dataclass
class Stock:
    """Numbers with routes, and how they stand."""

    numbers: SqlNumbers
    routes: SqlRoutes
    probes: SqlProbes

    async def give(self, e164: str, **changes: object) -> None:
        given = number(e164, version=1, **changes)
        free = Number(e164=e164, country=given.country, area_code=given.area_code)
        await self.numbers.stock([free], "operator", 0)
        move = Move(free, given, "given")
        await self.numbers.commit(Commit(author="operator", at_ms=0, moves=(move,)))

    async def lead(self, e164: str, version: int = 1, **changes: object) -> None:
        route = found().route
        assert route is not None
        await self.routes.put(replace(route, number=e164, version=version, **changes))  # type: ignore[arg-type]  # whatever a test changes

    async def end(self, e164: str) -> None:
        """It takes no calls any more."""
        before = await self.numbers.number(e164)
        assert before is not None
        after = replace(before, status=Status.QUARANTINED, version=before.version + 1)
        move = Move(before, after, "ended")
        await self.numbers.commit(Commit(author="operator", at_ms=1, moves=(move,)))

    async def enrolled(self, e164: str, **changes: object) -> Health:
        await self.give(e164)
        await self.lead(e164)
        health = replace(
            Health(e164=e164, organisation="acme", next_ms=NOW_MS),
            **changes,  # type: ignore[arg-type]  # whatever a test changes
        )
        await self.probes.enrol([health])
        return health


NOTICE = Notice(
    key="unreachable:1",
    organisation="acme",
    kind=NoticeKind.UNREACHABLE,
    day=date(2026, 11, 22),
    e164=ONE,
)
TELLING = Commit(author="engine", at_ms=NOW_MS, notices=(NOTICE,))


def shown(health: Health, **more: object) -> Finding:
    """What another probe of a number has shown."""
    probe = Probe(
        call_id=f"p{health.version}",
        e164=health.e164,
        organisation=health.organisation,
        placed_ms=NOW_MS,
        result=Result.BUSY,
    )
    after = replace(health, version=health.version + 1)
    return Finding(health=after, probe=probe, **more)  # type: ignore[arg-type]  # whatever a test shows


@pytest.fixture
async def stock(sql_books: SqlBooks) -> Stock:
    ledger = sql_books.open()
    return Stock(SqlNumbers(ledger), SqlRoutes(ledger), SqlProbes(ledger))


async def test_numbers_that_take_calls_are_probed_wherever_these_lead(stock: Stock) -> None:
    await stock.give(ONE)
    await stock.lead(ONE)
    await stock.give(TWO)
    await stock.give(THREE, status=Status.APPROVED)
    await stock.lead(THREE)
    assert await stock.probes.strangers(TRACKED, 9) == [(ONE, "acme"), (TWO, "acme")]
    assert await stock.probes.strangers(TRACKED, 9, THREE) == []
    health = Health(e164=ONE, organisation="acme", next_ms=NOW_MS)
    await stock.probes.enrol([health])
    assert await stock.probes.strangers(TRACKED, 9) == [(TWO, "acme")]
    assert await stock.probes.health(ONE) == health
    await stock.lead(ONE, 2, terms=None)
    assert await stock.probes.due(NOW_MS, 9) == [health]
    await stock.end(ONE)
    assert await stock.probes.due(NOW_MS, 9) == []


async def test_numbers_of_a_purpose_are_probed_and_no_more(stock: Stock) -> None:
    tracked = await stock.enrolled(ONE)
    await stock.give(TOLL_FREE, purpose=Purpose.FORWARDING)
    assert await stock.probes.strangers(TRACKED, 9) == []
    assert await stock.probes.strangers(tuple(Purpose), 9) == [(TOLL_FREE, "acme")]
    toll_free = replace(tracked, e164=TOLL_FREE)
    await stock.probes.enrol([toll_free])
    assert await stock.probes.due(NOW_MS, 9) == [toll_free, tracked]
    await stock.probes.dismiss(Purpose.FORWARDING)
    assert await stock.probes.due(NOW_MS, 9) == [tracked]
    assert await stock.probes.health(TOLL_FREE) is None


async def test_what_was_known_of_a_holder_before_is_forgotten(stock: Stock) -> None:
    before = await stock.enrolled(ONE, standing=Standing.DEAD)
    mine = await stock.numbers.number(ONE)
    assert mine is not None
    move = Move(mine, replace(mine, organisation="bolt", version=2), "given")
    await stock.numbers.commit(Commit(author="operator", at_ms=1, moves=(move,)))
    await stock.lead(ONE, 3, organisation="bolt")
    assert await stock.probes.strangers(TRACKED, 9) == [(ONE, "bolt")]
    assert await stock.probes.due(NOW_MS, 9) == []
    assert await stock.probes.dead(None, "", 9) == []
    await stock.probes.enrol([replace(before, organisation="bolt", standing=Standing.NEW)])
    (now_theirs,) = await stock.probes.due(NOW_MS, 9)
    # What was decided of it under its holder before comes too late.
    assert (now_theirs.organisation, now_theirs.version) == ("bolt", before.version + 1)


async def test_who_was_found_before_a_number_changed_hands_wipes_nothing(stock: Stock) -> None:
    """Not even what its new holder has asked for meanwhile."""
    late = await stock.enrolled(ONE)
    mine = await stock.numbers.number(ONE)
    assert mine is not None
    move = Move(mine, replace(mine, organisation="bolt", version=2), "given")
    await stock.numbers.commit(Commit(author="operator", at_ms=1, moves=(move,)))
    await stock.lead(ONE, 3, organisation="bolt")
    asked = replace(late, organisation="bolt", wanted_ms=NOW_MS)
    await stock.probes.enrol([asked])
    await stock.probes.enrol([late])
    assert await stock.probes.due(NOW_MS, 9) == [replace(asked, version=late.version + 1)]


async def test_who_asked_comes_first_and_of_two_engines_one(stock: Stock) -> None:
    one = await stock.enrolled(ONE)
    two = await stock.enrolled(TWO, wanted_ms=NOW_MS)
    await stock.enrolled(THREE, next_ms=NOW_MS + 1)
    assert await stock.probes.due(NOW_MS, 9) == [two, one]
    assert await stock.probes.due(NOW_MS, 1) == [two]
    mine = claimed(two, "p1", NOW_MS + 50)
    await stock.probes.put(mine)
    with pytest.raises(ConflictError):
        await stock.probes.put(claimed(two, "p2", NOW_MS + 50))
    assert await stock.probes.due(NOW_MS, 9) == [one]
    assert await stock.probes.healths([ONE, TWO, "+1"]) == {ONE: one, TWO: mine}


async def test_who_waits_longest_comes_first_and_tries_are_not_kept_waiting(stock: Stock) -> None:
    lately = await stock.enrolled(ONE, last_ms=NOW_MS - 1, next_ms=1)
    long_ago = await stock.enrolled(TWO, last_ms=NOW_MS - 9, next_ms=2)
    never = await stock.enrolled(THREE, next_ms=3)
    failing = {"standing": Standing.FAILING, "tries": 2}
    again = await stock.enrolled(FOUR, last_ms=NOW_MS, next_ms=4, **failing)
    assert await stock.probes.due(NOW_MS, 9) == [again, never, long_ago, lately]
    by_age = [never, long_ago, lately, again]
    assert await stock.probes.due(NOW_MS, 9, retries_first=False) == by_age


async def test_who_had_no_turn_is_put_off_and_counted_once(stock: Stock) -> None:
    await stock.enrolled(ONE, next_ms=NOW_MS - 3, call_id="gone")
    wanted = await stock.enrolled(TWO, wanted_ms=NOW_MS)
    failing = {"standing": Standing.FAILING, "tries": 2, "last_ms": NOW_MS - 5}
    again = await stock.enrolled(THREE, **failing)
    await stock.enrolled(FOUR)
    await stock.give(FIVE)
    await stock.lead(FIVE)
    await stock.probes.enrol([Health(e164=FIVE, organisation="acme", next_ms=NOW_MS)])
    await stock.end(FIVE)
    at_once = [stock.probes.put_off(NOW_MS, NOW_MS + 100, 10, 3) for _ in range(2)]
    assert sorted(await asyncio.gather(*at_once)) == [0, 2]
    assert await stock.probes.due(NOW_MS + 99, 9) == [wanted, again]
    put_off = (await stock.probes.due(NOW_MS + 110, 9))[2:]
    assert [(one.e164, one.call_id, one.version) for one in put_off] == [
        (FOUR, "", 2),
        (ONE, "", 2),
    ]
    assert [one.next_ms for one in put_off] == [NOW_MS + 100, NOW_MS + 107]
    assert await stock.probes.put_off(NOW_MS, NOW_MS + 100, 10, 2) == 1


async def test_how_many_are_called_is_told_of_whom_they_belong_to(stock: Stock) -> None:
    await stock.enrolled(ONE, last_ms=NOW_MS)
    await stock.enrolled(TWO, last_ms=NOW_MS - 1)
    await stock.enrolled(THREE)
    await stock.end(THREE)
    assert await stock.probes.coverage(NOW_MS) == Coverage(2, 1)
    assert await stock.probes.coverage(NOW_MS - 1, "acme") == Coverage(2, 2)
    assert await stock.probes.coverage(NOW_MS, "bolt") == Coverage(0, 0)


async def test_a_number_keeps_its_last_probes(stock: Stock) -> None:
    health = await stock.enrolled(ONE)
    for n in range(HISTORY_MOST + 5):
        health = replace(health, version=health.version + 1)
        probe = Probe(
            call_id=f"p{n}",
            e164=ONE,
            organisation="acme",
            placed_ms=NOW_MS + n,
            result=Result.ARRIVED if n % 2 else Result.BUSY,
            delay_ms=n if n % 2 else None,
        )
        await stock.probes.note(Finding(health=health, probe=probe))
    assert (await stock.probes.history(ONE, "acme", 99))[0] == probe
    assert len(await stock.probes.history(ONE, "acme", 99)) == HISTORY_MOST
    assert len(await stock.probes.history(ONE, "acme", 3)) == 3
    assert await stock.probes.history(ONE, "bolt", 3) == []


async def test_how_the_others_stand(stock: Stock) -> None:
    await stock.enrolled(ONE)
    assert await stock.probes.others(ONE) == Others()
    await stock.enrolled(TWO, standing=Standing.ALIVE, arrived_ms=NOW_MS)
    failing = {"standing": Standing.FAILING, "tries": 2}
    await stock.enrolled(THREE, failing_since_ms=NOW_MS + 1, **failing)
    await stock.enrolled(FOUR, failing_since_ms=NOW_MS - 1, **failing)
    assert await stock.probes.others(ONE) == Others(arrived_ms=NOW_MS, witnesses=1, failing=1)
    assert await stock.probes.others(TWO) == Others(witnesses=1, failing=2)


async def test_a_witness_is_woken_once(stock: Stock) -> None:
    later = NOW_MS + 9
    await stock.enrolled(ONE, next_ms=later, standing=Standing.FAILING)
    await stock.enrolled(TWO, next_ms=later, standing=Standing.ALIVE, last_ms=5)
    await stock.enrolled(THREE, next_ms=later, standing=Standing.ALIVE, last_ms=4)
    await stock.enrolled(FOUR, next_ms=later, standing=Standing.DEAD)
    for _ in range(2):
        await stock.probes.wake_witness(ONE, NOW_MS)
        (woken,) = await stock.probes.due(NOW_MS, 9)
        assert (woken.e164, woken.wanted_ms) == (THREE, NOW_MS)
    await stock.probes.put(claimed(woken, "p1", later))
    await stock.probes.wake_witness(ONE, NOW_MS)
    assert await stock.probes.due(NOW_MS, 9) == []


async def test_the_dead_are_listed_for_whom_they_belong_to(stock: Stock) -> None:
    for e164 in (ONE, TWO):
        await stock.enrolled(e164, standing=Standing.DEAD)
    await stock.enrolled(THREE)
    assert await stock.probes.dead("acme", "", 9) == [ONE, TWO]
    assert await stock.probes.dead(None, ONE, 9) == [TWO]
    assert await stock.probes.dead("acme", "", 1) == [ONE]
    assert await stock.probes.dead("bolt", "", 9) == []


async def test_an_outage_begins_and_ends_once(stock: Stock) -> None:
    failing = await stock.enrolled(ONE, standing=Standing.FAILING, tries=2, failing_since_ms=NOW_MS)
    tried = await stock.enrolled(TWO)
    outage = Outage(trunk="carrier", since_ms=NOW_MS, until_ms=NOW_MS + 10)
    assert await stock.probes.outage("carrier") is None
    begins = shown(tried, outage=outage)
    assert await stock.probes.note(begins)
    longer = replace(outage, since_ms=NOW_MS + 5, until_ms=NOW_MS + 20)
    goes_on = shown(begins.health, outage=longer)
    assert not await stock.probes.note(goes_on)
    assert await stock.probes.outage("carrier") == replace(outage, until_ms=NOW_MS + 20)
    works = shown(goes_on.health, works="carrier")
    assert await stock.probes.note(works)
    assert not await stock.probes.note(shown(works.health, works="carrier"))
    assert await stock.probes.outage("carrier") is None
    after = replace(failing, tries=0, failing_since_ms=None, version=2)
    assert await stock.probes.health(ONE) == after


@pytest.mark.parametrize("fails", ["commit", "_begin_outage"])
async def test_of_what_a_probe_has_shown_all_is_written_down_or_nothing(
    stock: Stock, fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    health = await stock.enrolled(ONE)
    outage = Outage(trunk="carrier", since_ms=NOW_MS, until_ms=NOW_MS + 10)
    finding = shown(health, outage=outage, telling=TELLING)

    async def breaks(*_given: object) -> bool:
        raise RemoteError("the books are away")

    with monkeypatch.context() as patched:
        patched.setattr(rows, fails, breaks)
        with pytest.raises(RemoteError):
            await stock.probes.note(finding)
    assert await stock.probes.health(ONE) == health
    assert await stock.probes.history(ONE, "acme", 9) == []
    assert await stock.numbers.notices("acme", 0, 9) == []
    assert await stock.probes.note(finding)
    assert await stock.probes.outage("carrier") == outage
    assert len(await stock.numbers.notices("acme", 0, 9)) == 1
    stale = shown(health, works="carrier", telling=TELLING)
    with pytest.raises(ConflictError):
        await stock.probes.note(stale)
    assert await stock.probes.outage("carrier") == outage


async def test_who_is_noted_already_stays_as_he_is(stock: Stock) -> None:
    fresh = await stock.enrolled(ONE)
    wanted = replace(fresh, wanted_ms=NOW_MS, version=2)
    await stock.probes.put(wanted)
    other = await stock.enrolled(TWO)
    await stock.probes.enrol([replace(fresh, next_ms=1), replace(other, next_ms=1)])
    assert await stock.probes.healths([ONE, TWO]) == {ONE: wanted, TWO: other}
