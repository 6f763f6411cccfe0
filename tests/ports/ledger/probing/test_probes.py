"""The suite of probes: SQLite and PostgreSQL."""

from dataclasses import dataclass, replace

import pytest

from engine.core.numbers.number import Number, Status
from engine.core.probe import Health, Others, Outage, Probe, Result, Standing, claimed
from engine.errors import ConflictError
from engine.ledger.diversion.sql import SqlRoutes
from engine.ledger.numbers.sql import SqlNumbers
from engine.ledger.probing.rows import HISTORY_MOST
from engine.ledger.probing.sql import SqlProbes
from engine.ports.numbers import Commit, Move
from tests.ports.ledger.books import SqlBooks
from tests.tracking.cases import found, number

NOW_MS = 1_795_300_000_000
ONE, TWO, THREE, FOUR = (f"+4930231251{n:02}" for n in range(4))


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

    async def enrolled(self, e164: str, **changes: object) -> Health:
        await self.give(e164)
        await self.lead(e164)
        health = replace(
            Health(e164=e164, organisation="acme", next_ms=NOW_MS),
            **changes,  # type: ignore[arg-type]  # whatever a test changes
        )
        await self.probes.enrol([health])
        return health


@pytest.fixture
async def stock(sql_books: SqlBooks) -> Stock:
    ledger = sql_books.open()
    return Stock(SqlNumbers(ledger), SqlRoutes(ledger), SqlProbes(ledger))


async def test_numbers_that_take_calls_and_lead_somewhere_are_probed(stock: Stock) -> None:
    await stock.give(ONE)
    await stock.lead(ONE)
    await stock.give(TWO)
    await stock.give(THREE, status=Status.APPROVED)
    await stock.lead(THREE)
    await stock.give(FOUR)
    await stock.lead(FOUR)
    await stock.lead(FOUR, 2, terms=None)
    assert await stock.probes.strangers(9) == [(ONE, "acme")]
    assert await stock.probes.strangers(9, TWO) == []
    health = Health(e164=ONE, organisation="acme", next_ms=NOW_MS)
    await stock.probes.enrol([health])
    assert await stock.probes.strangers(9) == []
    assert await stock.probes.health(ONE) == health
    await stock.lead(ONE, 2, terms=None)
    assert await stock.probes.due(NOW_MS, 9) == []


async def test_what_was_known_of_a_holder_before_is_forgotten(stock: Stock) -> None:
    before = await stock.enrolled(ONE, standing=Standing.DEAD)
    mine = await stock.numbers.number(ONE)
    assert mine is not None
    move = Move(mine, replace(mine, organisation="bolt", version=2), "given")
    await stock.numbers.commit(Commit(author="operator", at_ms=1, moves=(move,)))
    await stock.lead(ONE, 3, organisation="bolt")
    assert await stock.probes.strangers(9) == [(ONE, "bolt")]
    assert await stock.probes.due(NOW_MS, 9) == []
    assert await stock.probes.dead(None, "", 9) == []
    await stock.probes.enrol([replace(before, organisation="bolt", standing=Standing.NEW)])
    assert [one.organisation for one in await stock.probes.due(NOW_MS, 9)] == ["bolt"]


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
        await stock.probes.put(health, probe)
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
    outage = Outage(trunk="carrier", since_ms=NOW_MS, until_ms=NOW_MS + 10)
    assert await stock.probes.outage("carrier") is None
    assert await stock.probes.begin_outage(outage)
    longer = replace(outage, since_ms=NOW_MS + 5, until_ms=NOW_MS + 20)
    assert not await stock.probes.begin_outage(longer)
    assert await stock.probes.outage("carrier") == replace(outage, until_ms=NOW_MS + 20)
    assert await stock.probes.end_outage("carrier")
    assert not await stock.probes.end_outage("carrier")
    assert await stock.probes.outage("carrier") is None
    after = replace(failing, tries=0, failing_since_ms=None, version=2)
    assert await stock.probes.health(ONE) == after
