"""Who is probed when, and what a probe says of a number and of the trunk."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from engine.core.numbers.due import NoticeKind
from engine.core.probe import (
    PROVED_FOR_MS,
    WHY,
    Health,
    Others,
    Outage,
    Probe,
    ProbePlan,
    Result,
    Standing,
    calls_a_day,
    claimed,
    days_each,
    enrolled,
    is_time,
    judged,
    next_day,
    next_slot,
    outage_of,
    told,
    wants_witness,
)

HOUR_MS = 3_600_000
NUMBER = "+493023125100"
NOW_MS = 1_795_300_000_000
PLAN = ProbePlan(trunk="carrier", show_number="+493023125999")
PROVED = Others(arrived_ms=NOW_MS + 10**9, witnesses=5)
UNPROVED = Others(arrived_ms=NOW_MS - 1, witnesses=5)
ALIVE = Health(e164=NUMBER, organisation="acme", standing=Standing.ALIVE, next_ms=0)


def probe(result: Result, placed_ms: int = NOW_MS, delay_ms: int | None = None) -> Probe:
    return Probe(
        call_id="p1",
        e164=NUMBER,
        organisation="acme",
        placed_ms=placed_ms,
        result=result,
        delay_ms=delay_ms,
    )


def after(health: Health, *results: Result, others: Others = PROVED) -> Health:
    """The number after probes, each as soon as it is due."""
    at_ms = NOW_MS
    for result in results:
        health = judged(health, probe(result, at_ms), others, PLAN)
        at_ms = health.next_ms
    return health


def local(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(PLAN.timezone))


# --- when ------------------------------------------------------------------------------------


def test_each_number_has_a_turn_of_its_own_each_day() -> None:
    numbers = [f"+4930231251{n:02}" for n in range(100)]
    slots = [next_slot(PLAN, number, NOW_MS) for number in numbers]
    assert all(slot > NOW_MS and 10 <= local(slot).hour < 16 for slot in slots)
    assert len(set(slots)) == 100
    by_hour = [local(slot).hour for slot in slots]
    assert set(by_hour) == set(range(10, 16))
    for number, slot in zip(numbers, slots, strict=True):
        assert (local(next_slot(PLAN, number, slot)).date() - local(slot).date()).days == 1


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_turn_stays_within_its_hours_when_the_clocks_change(day: date) -> None:
    begin = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(PLAN.timezone))
    slot = next_slot(PLAN, NUMBER, int(begin.timestamp()) * 1000)
    assert local(slot).date() == day
    assert 10 <= local(slot).hour < 16


def test_whoever_was_called_has_no_second_turn_on_that_day() -> None:
    slot = next_slot(PLAN, NUMBER, NOW_MS)
    for before_ms in (0, HOUR_MS, local(slot).hour * HOUR_MS):
        arrived = judged(ALIVE, probe(Result.ARRIVED, slot - before_ms), PROVED, PLAN)
        assert arrived.next_ms == slot + 24 * HOUR_MS


def test_who_is_put_off_waits_for_the_hours_to_begin() -> None:
    begin = next_day(PLAN, NOW_MS)
    assert (local(begin).hour, local(begin).minute) == (PLAN.from_hour, 0)
    assert 0 < begin - NOW_MS <= 24 * HOUR_MS
    assert next_day(PLAN, begin) == begin + 24 * HOUR_MS


@pytest.mark.parametrize(
    ("changes", "a_day"),
    [
        ({}, 2_057),
        ({"at_once": 50}, 3_540),
        ({"at_once": 50, "per_minute": 600}, 51_428),
        ({"from_hour": 15}, 342),
    ],
)
def test_a_day_has_room_for_so_many(changes: dict[str, int], a_day: int) -> None:
    plan = replace(PLAN, **changes)  # type: ignore[arg-type]  # whole numbers alone
    assert calls_a_day(plan) == a_day
    assert [days_each(plan, n) for n in (0, 1, a_day, a_day + 1, 4 * a_day)] == [1, 1, 1, 2, 4]


def test_out_of_its_hours_only_what_is_urgent_is_called() -> None:
    slot = next_slot(PLAN, NUMBER, NOW_MS)
    night = slot + (24 - local(slot).hour) * HOUR_MS
    health = enrolled(NUMBER, "acme", PLAN, NOW_MS)
    assert is_time(PLAN, health, slot, is_out=True)
    assert not is_time(PLAN, health, night, is_out=False)
    assert is_time(PLAN, replace(health, wanted_ms=night), night, is_out=True)
    failing = after(health, Result.BUSY)
    assert is_time(PLAN, failing, night, is_out=False)
    # What is not told from the trunk's fault by so many tries rings nobody at night.
    assert not is_time(PLAN, failing, night, is_out=True)
    assert not is_time(PLAN, replace(failing, tries=PLAN.tries), night, is_out=False)


# --- a number --------------------------------------------------------------------------------


def test_a_probe_that_arrives_proves_a_number() -> None:
    health = judged(claimed(ALIVE, "p1", 1), probe(Result.ARRIVED, delay_ms=250), UNPROVED, PLAN)
    assert (health.standing, health.call_id, health.version) == (Standing.ALIVE, "", 3)
    assert (health.arrived_ms, health.delay_ms) == (NOW_MS + 250, 250)


def test_it_is_tried_again_before_it_is_dead() -> None:
    once = after(ALIVE, Result.BUSY)
    assert (once.standing, once.tries, once.failing_since_ms) == (Standing.FAILING, 1, NOW_MS)
    assert once.next_ms == NOW_MS + PLAN.retry_after_s * 1000
    assert after(ALIVE, Result.BUSY, Result.REFUSED).standing is Standing.FAILING
    dead = after(ALIVE, Result.BUSY, Result.REFUSED, Result.NOT_ARRIVED)
    assert (dead.standing, dead.tries, dead.failing_since_ms) == (Standing.DEAD, 3, NOW_MS)
    assert local(dead.next_ms).hour in range(10, 16)
    again = after(dead, Result.BUSY)
    assert (again.standing, again.failing_since_ms, again.tries) == (Standing.DEAD, NOW_MS, 3)
    assert after(ALIVE, Result.BUSY, Result.ARRIVED).standing is Standing.ALIVE
    assert after(ALIVE, Result.BUSY, Result.ARRIVED).failing_since_ms is None


def test_whoever_answered_is_not_called_again_on_that_day() -> None:
    dead = after(ALIVE, Result.ANSWERED)
    assert dead.standing is Standing.DEAD
    unproved = Others(arrived_ms=NOW_MS - PROVED_FOR_MS - 1, witnesses=5)
    health = after(ALIVE, Result.ANSWERED, others=unproved)
    assert health.standing is Standing.FAILING
    assert health.next_ms == next_slot(PLAN, NUMBER, NOW_MS)


def test_its_holder_is_told_of_death_and_life_once() -> None:
    day = date(2026, 11, 22)
    dead = after(ALIVE, *[Result.BUSY] * 3)
    notice = told(ALIVE, dead, day)
    assert notice is not None
    assert (notice.kind, notice.organisation, notice.e164) == (
        NoticeKind.UNREACHABLE,
        "acme",
        NUMBER,
    )
    assert notice.detail == WHY[Result.BUSY]
    assert told(dead, after(dead, Result.BUSY), day) is None
    assert told(ALIVE, after(ALIVE, Result.BUSY), day) is None
    alive = told(dead, after(dead, Result.ARRIVED), day)
    assert alive is not None
    assert (alive.kind, alive.detail) == (NoticeKind.REACHABLE, "")


# --- the trunk -------------------------------------------------------------------------------


def test_without_a_witness_nobody_is_dead() -> None:
    health = after(ALIVE, *[Result.REFUSED] * 9, others=UNPROVED)
    assert (health.standing, health.tries) == (Standing.FAILING, 9)
    assert wants_witness(health, UNPROVED)
    assert not wants_witness(health, PROVED)
    assert not wants_witness(health, Others())
    assert not wants_witness(after(ALIVE, Result.ARRIVED), UNPROVED)
    assert judged(health, probe(Result.REFUSED), PROVED, PLAN).standing is Standing.DEAD


@pytest.mark.parametrize(("failing", "standing"), [(1, Standing.DEAD), (2, Standing.FAILING)])
def test_too_few_numbers_are_judged_alone(failing: int, standing: Standing) -> None:
    others = Others(failing=failing)
    assert after(ALIVE, *[Result.BUSY] * 3, others=others).standing is standing


def test_when_several_fail_again_the_trunk_is_out() -> None:
    others = Others(arrived_ms=NOW_MS - 1, witnesses=90, failing=2)
    once, twice = (after(ALIVE, *[Result.NETWORK] * n, others=others) for n in (1, 2))
    assert outage_of(once, others, PLAN, None) is None
    found = outage_of(twice, others, PLAN, None)
    assert found == Outage(trunk="carrier", since_ms=NOW_MS, until_ms=twice.next_ms)
    assert outage_of(twice, Others(arrived_ms=NOW_MS - 1, failing=1), PLAN, None) is None
    assert outage_of(twice, Others(arrived_ms=NOW_MS + 1, failing=2), PLAN, None) is None


def test_when_somebody_answers_and_none_was_reached_of_late_nobody_else_is_rung() -> None:
    others = Others(witnesses=90)
    health = after(ALIVE, Result.ANSWERED, others=others)
    found = outage_of(health, others, PLAN, None)
    assert found is not None
    assert found.until_ms == health.next_ms


def test_an_outage_goes_on_and_less_is_tried_the_longer_it_does() -> None:
    health = after(ALIVE, Result.BUSY, others=UNPROVED)
    assert health.last_ms is not None
    for lasted_ms, pause_ms in ((0, 600_000), (HOUR_MS, HOUR_MS), (48 * HOUR_MS, 6 * HOUR_MS)):
        since_ms = health.last_ms - lasted_ms
        known = Outage(trunk="carrier", since_ms=since_ms, until_ms=health.last_ms)
        found = outage_of(health, UNPROVED, PLAN, known)
        assert found == replace(known, until_ms=health.last_ms + pause_ms)
