"""A day of probes over a carrier that loses numbers, or everything; on real books."""

import shutil
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from engine.core.call import Now
from engine.core.inventory import Inventory
from engine.core.numbers.due import NoticeKind
from engine.core.numbers.holder import Policy
from engine.core.numbers.number import Number, Purpose
from engine.core.probe import (
    Coverage,
    Probe,
    ProbePlan,
    Result,
    Standing,
    calls_a_day,
    days_each,
    enrolled,
    next_day,
)
from engine.errors import CallerError, RemoteError
from engine.flows.numbers.numbering import Numbering, read_areas
from engine.flows.probing.asking import ask, probed
from engine.flows.probing.judging import Judging
from engine.flows.probing.placing import Placing
from engine.ledger.diversion.sql import SqlRoutes
from engine.ledger.numbers.sql import SqlNumbers
from engine.ledger.probing.sql import SqlProbes
from engine.ledger.sql import SqlLedger
from engine.ports.metrics import Metrics
from engine.ports.numbers import Commit, Move
from engine.probing.call import ProbeCall
from tests.fakes.clock import LoopClock
from tests.fakes.store import MemoryStore
from tests.fakes.valkey import StoreData
from tests.forwarding import cases as toll_free
from tests.tracking.cases import found, number

NOW_MS = 1_795_300_000_000
MINUTE_MS = 60_000
STEP_MS = 150_000
DAY_MS = 24 * 60 * MINUTE_MS
PLAN = ProbePlan(trunk="carrier", show_number="+493023125999", at_once=5, per_minute=5)
NUMBERS = [f"+4930231251{n:02}" for n in range(8)]


class SetClock(LoopClock):
    """A clock that is set, and goes on while it is slept on."""

    def __init__(self) -> None:
        super().__init__()
        self.at_ms = NOW_MS

    def now(self) -> Now:
        return Now(self.at_ms, self.at_ms)

    async def sleep(self, ms: int) -> None:
        self.at_ms += ms


class Counted(Metrics):
    def __init__(self) -> None:
        self.results: list[Result] = []
        self.is_out = False
        self.deferred: list[int] = []

    def probed(self, result: Result) -> None:
        self.results.append(result)

    def probes_deferred(self, numbers: int) -> None:
        self.deferred.append(numbers)

    def probe_trunk_out(self, is_out: bool) -> None:
        self.is_out = is_out


class Switchboard:
    """The switch with the carrier behind it: calls come back unless it says otherwise."""

    def __init__(self, ledger: SqlLedger) -> None:
        self.clock = SetClock()
        self.fails: dict[str, Result] = {}
        self.is_out = False
        self.placed: list[str] = []
        self.under_way: list[ProbeCall] = []
        self.metrics = Counted()
        self.numbers, self.routes = SqlNumbers(ledger), SqlRoutes(ledger)
        self.probes = SqlProbes(ledger)
        self.store = MemoryStore(StoreData(lambda: self.clock.at_ms))
        self.numbering = Numbering(self.numbers, read_areas(), self.clock, Policy())
        self.inventory = Inventory(version=1, probing=(PLAN,))
        self.judging = Judging(
            self.probes, self.store, self.numbering, lambda: self.inventory, self.metrics
        )
        calls: Any = self
        self.placing = Placing(self.judging, calls, self.store, self.metrics)

    def place(self, _machine: object, call: ProbeCall) -> None:
        """As `Calls`."""
        self.under_way.append(call)

    async def give(self, *numbers: str) -> None:
        for e164 in numbers:
            given = number(e164, version=1)
            free = Number(e164=e164, country="DE", area_code="30")
            await self.numbers.stock([free], "operator", 0)
            move = Move(free, given, "given")
            await self.numbers.commit(Commit(author="operator", at_ms=0, moves=(move,)))
            route = found().route
            assert route is not None
            await self.routes.put(replace(route, number=e164))

    async def look(self) -> None:
        """One look, and the calls that come of it, to their ends."""
        await self.placing.look()
        for call in self.under_way:
            self.placed.append(call.e164)
            result = Result.NETWORK if self.is_out else self.fails.get(call.e164)
            if result is None:
                assert await self.judging.is_probe(call.e164)
            await self.judging.told(
                Probe(
                    call_id=call.call_id,
                    e164=call.e164,
                    organisation=call.organisation,
                    placed_ms=self.clock.at_ms,
                    result=result or Result.REFUSED,
                )
            )
        self.under_way.clear()

    async def go_on(self, ms: int) -> None:
        """Look every two and a half minutes."""
        for _ in range(ms // STEP_MS):
            self.clock.at_ms += STEP_MS
            await self.look()

    async def standings(self) -> dict[str, Standing]:
        return {e164: one.standing for e164, one in (await self.probes.healths(NUMBERS)).items()}

    async def told(self) -> list[tuple[NoticeKind, str]]:
        notices = await self.numbers.notices(None, 0, 99)
        return [(notice.kind, notice.e164) for _, notice in notices]

    async def all_due(self) -> None:
        """Everybody is asked about now."""
        for e164 in NUMBERS:
            await ask(self.numbering, self.probes, PLAN, e164)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Books with eight numbers that lead to a dealer."""
    file = tmp_path_factory.mktemp("books") / "books.db"
    ledger = SqlLedger(f"sqlite:///{file}", lambda: NOW_MS)
    await ledger.migrate()
    await Switchboard(ledger).give(*NUMBERS)
    await ledger.close()
    return file


@pytest.fixture
async def board(made: Path, tmp_path: Path) -> AsyncIterator[Switchboard]:
    """Those numbers, and a carrier that brings their calls back."""
    ledger = SqlLedger(f"sqlite:///{shutil.copy(made, tmp_path)}", lambda: NOW_MS)
    yield Switchboard(ledger)
    await ledger.close()


async def test_within_a_day_each_number_is_called_once(board: Switchboard) -> None:
    await board.look()
    for _ in range(24 * 2):
        board.clock.at_ms += 30 * MINUTE_MS
        await board.look()
    assert sorted(board.placed) == NUMBERS
    assert set((await board.standings()).values()) == {Standing.ALIVE}
    assert board.metrics.results == [Result.ARRIVED] * 8
    assert await board.told() == []


async def test_of_more_numbers_than_a_day_has_room_for_each_has_its_turn_in_time(
    board: Switchboard,
) -> None:
    plan = replace(PLAN, to_hour=11, at_once=1, arrive_within_s=1_199)
    assert (calls_a_day(plan), days_each(plan, len(NUMBERS))) == (3, 3)
    board.inventory = Inventory(version=2, probing=(plan,))
    await board.look()
    opens_ms, days = next_day(plan, NOW_MS), list[list[str]]()
    for day in range(9):
        before = len(board.placed)
        for minute in (5, 25, 45, 65):
            board.clock.at_ms = opens_ms + day * DAY_MS + minute * MINUTE_MS
            await board.look()
            await board.look()
        days.append(board.placed[before:])
    assert all(len(day) == len(set(day)) <= 3 for day in days)
    for first in range(len(days) - 3):
        assert {one for day in days[first : first + 4] for one in day} == set(NUMBERS)
    assert board.metrics.deferred == [len(NUMBERS) - len(day) for day in days]
    since_ms = opens_ms + 8 * DAY_MS
    assert await board.probes.coverage(since_ms) == Coverage(len(NUMBERS), len(days[-1]))


async def test_nothing_is_called_where_no_number_to_show_is_configured(board: Switchboard) -> None:
    board.inventory = Inventory(version=2)
    await board.look()
    assert await board.probes.healths(NUMBERS) == {}


async def test_a_number_that_is_lost_is_told_of_once_and_so_is_its_return(
    board: Switchboard,
) -> None:
    lost = NUMBERS[3]
    board.fails[lost] = Result.BUSY
    await ask(board.numbering, board.probes, PLAN, lost)
    await board.look()
    await board.go_on(25 * MINUTE_MS)
    assert (await board.standings())[lost] is Standing.DEAD
    assert await board.told() == [(NoticeKind.UNREACHABLE, lost)]
    assert board.placed.count(lost) == PLAN.tries
    assert len(board.placed) == PLAN.tries + 1
    await ask(board.numbering, board.probes, PLAN, lost)
    await board.look()
    assert len(await board.told()) == 1
    del board.fails[lost]
    health = await ask(board.numbering, board.probes, PLAN, lost)
    await board.look()
    assert health.standing is Standing.DEAD
    told = [(NoticeKind.UNREACHABLE, lost), (NoticeKind.REACHABLE, lost)]
    assert await board.told() == told


@pytest.mark.parametrize("begins", ["all", "one"])
async def test_a_trunk_that_is_out_is_one_alarm_and_no_dead_numbers(
    board: Switchboard, begins: str
) -> None:
    """However it begins: with all numbers at once, or with a single one whose witnesses fail."""
    await board.all_due()
    await board.go_on(5 * MINUTE_MS)
    board.is_out = True
    if begins == "all":
        await board.all_due()
    else:
        await ask(board.numbering, board.probes, PLAN, NUMBERS[0])
    await board.go_on(60 * MINUTE_MS)
    assert board.metrics.is_out
    assert await board.probes.outage("carrier") is not None
    assert Standing.DEAD not in (await board.standings()).values()
    before = len(board.placed)
    await board.go_on(60 * MINUTE_MS)
    assert len(board.placed) - before <= 2
    board.is_out = False
    board.fails[NUMBERS[7]] = Result.REFUSED
    await board.go_on(26 * 60 * MINUTE_MS)
    assert not board.metrics.is_out
    standings = await board.standings()
    assert Standing.FAILING not in standings.values()
    if begins == "all":
        assert await board.told() == [(NoticeKind.UNREACHABLE, NUMBERS[7])]
    else:
        assert [told for told in await board.told() if told[1] != NUMBERS[7]] == []


async def test_a_trunk_that_brings_calls_back_without_our_number_rings_one_phone(
    board: Switchboard,
) -> None:
    board.fails = dict.fromkeys(NUMBERS, Result.ANSWERED)
    await board.look()
    board.clock.at_ms += DAY_MS
    for _ in range(24):
        board.clock.at_ms += 60 * MINUTE_MS
        await board.look()
    assert len(board.placed) <= 2
    assert await board.told() == []
    assert board.metrics.is_out


async def test_not_too_many_at_once_nor_in_a_minute(board: Switchboard) -> None:
    await board.all_due()
    for _ in range(5):
        await board.look()
    assert len(board.placed) == 5
    board.clock.at_ms += PLAN.arrive_within_s * 1000
    await board.look()
    assert len(board.placed) == 5
    board.clock.at_ms += MINUTE_MS
    await board.look()
    assert len(board.placed) == 8


async def test_of_two_engines_one_calls_and_what_it_leaves_is_due_again(
    board: Switchboard,
) -> None:
    await ask(board.numbering, board.probes, PLAN, NUMBERS[0])
    for _ in range(3):
        await board.placing.look()
    assert [call.e164 for call in board.under_way] == [NUMBERS[0]]
    board.under_way.clear()
    await board.go_on(STEP_MS)
    assert board.placed == [NUMBERS[0]]
    assert (await board.standings())[NUMBERS[0]] is Standing.ALIVE


async def test_a_number_that_is_asked_for_just_as_it_is_noted_is_called_at_once(
    board: Switchboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    strangers = board.probes.strangers

    async def asked_for_meanwhile(
        purposes: Collection[Purpose], most: int, e164: str | None = None
    ) -> Sequence[tuple[str, str]]:
        found = await strangers(purposes, most, e164)
        if e164 is None and found:
            await ask(board.numbering, board.probes, PLAN, NUMBERS[0])
        elif e164 is not None and found:
            await board.probes.enrol([enrolled(*found[0], PLAN, NOW_MS)])
        return found

    monkeypatch.setattr(board.probes, "strangers", asked_for_meanwhile)
    await board.look()
    assert board.placed == [NUMBERS[0]]


async def test_a_result_of_a_probe_that_was_given_up_counts_for_nothing(
    board: Switchboard,
) -> None:
    await ask(board.numbering, board.probes, PLAN, NUMBERS[0])
    before = await board.probes.health(NUMBERS[0])
    late = Probe(
        call_id="gone",
        e164=NUMBERS[0],
        organisation="acme",
        placed_ms=1,
        result=Result.BUSY,
    )
    await board.judging.told(late)
    assert await board.probes.health(NUMBERS[0]) == before


async def test_toll_free_numbers_are_called_where_the_trunk_reaches_them(
    board: Switchboard,
) -> None:
    given = toll_free.number(version=1)
    free = Number(e164=given.e164, country="US", area_code="")
    await board.numbers.stock([free], "operator", 0)
    moves = (Move(free, given, "given"),)
    await board.numbers.commit(Commit(author="operator", at_ms=0, moves=moves))
    with pytest.raises(CallerError, match="toll_free"):
        await ask(board.numbering, board.probes, PLAN, given.e164)
    await board.go_on(DAY_MS)
    assert given.e164 not in board.placed
    board.inventory = Inventory(version=2, probing=(replace(PLAN, toll_free=True),))
    await board.go_on(DAY_MS)
    assert board.placed.count(given.e164) == 1
    health = await board.probes.health(given.e164)
    assert health is not None
    assert health.standing is Standing.ALIVE
    board.inventory = Inventory(version=3, probing=(PLAN,))
    await board.go_on(DAY_MS)
    assert board.placed.count(given.e164) == 1
    assert await board.probes.health(given.e164) is None


async def test_only_what_is_probed_can_be_asked_for(board: Switchboard) -> None:
    with pytest.raises(CallerError):
        await ask(board.numbering, board.probes, PLAN, "+493023125799")
    await board.numbers.stock([number("+493023125798", status="free")], "operator", 0)
    with pytest.raises(CallerError):
        await ask(board.numbering, board.probes, PLAN, "+493023125798")
    with pytest.raises(RemoteError):
        await probed(board.numbering, board.probes, PLAN, NUMBERS[0])
