"""Probes: calls of ours to numbers of ours, to see that they live. Who is due, what a call says.

A number lives when a call to it comes back to us. When one does not, it is tried again, and after
the last try it is dead, but only if the trunk is known to work: another number was reached since it
first failed. Until then another number is called as a witness. When several numbers fail and none
is reached, the trunk is out: no number is judged then.

Whoever's turn has come is called in the order of the last tries, the oldest first; who was not
called when the day's hours end is put off to the first half of the next day's. So of more numbers
than a day has room for each still has its turn, every few days.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zlib import crc32
from zoneinfo import ZoneInfo

from engine.core.numbers.due import Notice, NoticeKind
from engine.core.numbers.number import Purpose

OUT_FROM = 3
"""So many numbers that fail again, while none is reached, are the trunk's fault, not their own."""

OUT_PAUSE_MOST_MS = 6 * 3_600_000
"""The longest that nothing is tried while a trunk is out."""

PROVED_FOR_MS = 2 * 24 * 3_600_000

TAKEN_LATE_S = 1
"""So long, at most, until a place that is free again is taken."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePlan:
    """How numbers are probed: through `trunk`, showing `show_number`, a number of the house's own.

    Once a local day between two hours, `at_once` at the same time and `per_minute` at most. A call
    has `arrive_within_s` to come back; after `tries`, `retry_after_s` apart, its number is dead.
    Toll-free numbers are called where the trunk reaches such (`toll_free`): few outside the North
    American plan do.
    """

    name: str = "daily"
    trunk: str
    show_number: str
    from_hour: int = 10
    to_hour: int = 16
    timezone: str = "Europe/Berlin"
    at_once: int = 2
    per_minute: int = 10
    arrive_within_s: int = 20
    tries: int = 3
    retry_after_s: int = 600
    toll_free: bool = False

    def calls(self, purpose: Purpose) -> bool:
        """Whether numbers that were given for this are called."""
        return purpose is Purpose.TRACKING or self.toll_free


class Result(StrEnum):
    """How a probe came out. `ANSWERED`: by somebody, so the call led elsewhere, or came back
    without our number."""

    ARRIVED = "arrived"
    BUSY = "busy"
    REFUSED = "refused"
    NOT_ARRIVED = "not_arrived"
    ANSWERED = "answered"
    NETWORK = "network"


WHY: Mapping[Result, str] = {
    Result.BUSY: "it is busy",
    Result.REFUSED: "the call is refused",
    Result.NOT_ARRIVED: "the call does not arrive",
    Result.ANSWERED: "the call arrives elsewhere",
    Result.NETWORK: "the network fails",
}
"""Why a number is dead, as it is written down."""


class Standing(StrEnum):
    """What is known of a number."""

    NEW = "new"
    ALIVE = "alive"
    FAILING = "failing"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A number as its probes have shown it. Times are milliseconds since 1970.

    It is due at `next_ms`; `wanted_ms` is when somebody asked for it at once, `call_id` the probe
    under way. `tries` have failed since `failing_since_ms`; `arrived_ms` is the last that arrived.
    `last_ms`, `last_result` and `delay_ms` (until it arrived) are the last one's.
    """

    e164: str
    organisation: str
    standing: Standing = Standing.NEW
    next_ms: int
    wanted_ms: int | None = None
    call_id: str = ""
    tries: int = 0
    failing_since_ms: int | None = None
    arrived_ms: int | None = None
    last_ms: int | None = None
    last_result: Result | None = None
    delay_ms: int | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A probe that is over; `delay_ms` is how long it took to arrive, None if it did not."""

    call_id: str
    e164: str
    organisation: str
    placed_ms: int
    result: Result
    delay_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """How all other numbers stand: when one was last reached, how many may be asked as witnesses,
    how many have failed again since one was last reached."""

    arrived_ms: int = 0
    witnesses: int = 0
    failing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A trunk through which no number is reached; until an instant nothing is tried."""

    trunk: str
    since_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many numbers are probed, and how many of them were called since an instant."""

    numbers: int
    called: int


def enrolled(e164: str, organisation: str, plan: ProbePlan, at_ms: int) -> Health:
    """A number that was never probed for its holder."""
    return Health(e164=e164, organisation=organisation, next_ms=next_slot(plan, e164, at_ms))


def next_slot(plan: ProbePlan, e164: str, after_ms: int) -> int:
    """When a number has its turn next; numbers are spread over the hours, each at its own time."""
    slots = (begin + _delay_ms(plan, e164) for begin in _begins(plan, after_ms))
    return next(slot for slot in slots if slot > after_ms)


def next_day(plan: ProbePlan, after_ms: int) -> int:
    """When the hours of probes begin next."""
    return next(begin for begin in _begins(plan, after_ms) if begin > after_ms)


def _begins(plan: ProbePlan, at_ms: int) -> Iterator[int]:
    """The beginnings of the hours of probes on an instant's day and the next two."""
    day, zone = _local(plan, at_ms).date(), ZoneInfo(plan.timezone)
    for n in range(3):
        begin = datetime.combine(day + timedelta(days=n), time(plan.from_hour), zone)
        yield (begin - _EPOCH) // timedelta(milliseconds=1)


def _delay_ms(plan: ProbePlan, e164: str) -> int:
    return crc32(e164.encode()) % hours_ms(plan)


def hours_ms(plan: ProbePlan) -> int:
    """How long numbers may be called each day."""
    return (plan.to_hour - plan.from_hour) * 3_600_000


def calls_a_day(plan: ProbePlan) -> int:
    """How many numbers can be called in a day's hours, at most."""
    hours_s = hours_ms(plan) // 1000
    return min(
        hours_s * plan.at_once // (plan.arrive_within_s + TAKEN_LATE_S),
        hours_s * plan.per_minute // (60 + TAKEN_LATE_S),
    )


def days_each(plan: ProbePlan, numbers: int) -> int:
    """In how many days each of so many numbers has its turn, at best."""
    return max(1, -(-numbers // calls_a_day(plan)))


def is_time(plan: ProbePlan, health: Health, at_ms: int, *, is_out: bool) -> bool:
    """Whether a number that is due may be called now: in its hours, or because it was asked for or
    is tried again for the first times. Calls that get lost may ring somebody, so nothing else is
    called out of hours, least of all while the trunk `is_out`."""
    hours = range(plan.from_hour, plan.to_hour)
    is_retried = health.standing is Standing.FAILING and health.tries < plan.tries and not is_out
    return health.wanted_ms is not None or is_retried or _local(plan, at_ms).hour in hours


def _local(plan: ProbePlan, at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(ZoneInfo(plan.timezone))


def claimed(health: Health, call_id: str, until_ms: int) -> Health:
    """The number while a probe of it is under way; due again if nothing is heard of that."""
    return _next(health, call_id=call_id, next_ms=until_ms)


def judged(health: Health, probe: Probe, others: Others, plan: ProbePlan) -> Health:
    """The number after a probe."""
    after = _next(
        health,
        call_id="",
        wanted_ms=None,
        last_ms=probe.placed_ms,
        last_result=probe.result,
        delay_ms=probe.delay_ms,
        next_ms=_slot_tomorrow(plan, health.e164, probe.placed_ms),
    )
    if probe.result is Result.ARRIVED:
        return replace(
            after,
            standing=Standing.ALIVE,
            tries=0,
            failing_since_ms=None,
            arrived_ms=probe.placed_ms + (probe.delay_ms or 0),
        )
    if health.standing is Standing.DEAD:
        return after
    since_ms = health.failing_since_ms or probe.placed_ms
    after = replace(
        after, standing=Standing.FAILING, tries=health.tries + 1, failing_since_ms=since_ms
    )
    # Whoever was rung in vain is not rung again on the same day.
    was_answered = probe.result is Result.ANSWERED
    if (after.tries >= plan.tries or was_answered) and (
        _is_trunk_proved(after, others) or _is_alone(others)
    ):
        return replace(after, standing=Standing.DEAD)
    if was_answered:
        return after
    return replace(after, next_ms=probe.placed_ms + plan.retry_after_s * 1000)


def _slot_tomorrow(plan: ProbePlan, e164: str, at_ms: int) -> int:
    """A number's turn on the day after; who was called before it has none any more on this day."""
    _, tomorrow, _ = _begins(plan, at_ms)
    return tomorrow + _delay_ms(plan, e164)


def _is_trunk_proved(after: Health, others: Others) -> bool:
    """Whether another number was reached since this one failed. That our number comes back with
    the calls is not forgotten from one day to the next."""
    since_ms = after.failing_since_ms or 0
    if after.last_result is Result.ANSWERED:
        since_ms -= PROVED_FOR_MS
    return others.arrived_ms >= since_ms


def _is_alone(others: Others) -> bool:
    """Whether there are too few numbers to tell one that is dead from a trunk that is out."""
    return others.witnesses == 0 and others.failing + 1 < OUT_FROM


def wants_witness(after: Health, others: Others) -> bool:
    """Whether another number must be called before this one can be judged."""
    is_failing = after.standing is Standing.FAILING and after.last_result is not Result.ANSWERED
    return is_failing and others.witnesses > 0 and not _is_trunk_proved(after, others)


def outage_of(
    after: Health, others: Others, plan: ProbePlan, known: Outage | None
) -> Outage | None:
    """The outage that a probe which failed has shown: several numbers have failed again, and none
    was reached since; or somebody answered, though no number was reached of late. One that is
    `known` goes on, and the longer it does the longer nothing is tried."""
    at_ms = after.last_ms or 0
    again_ms = at_ms + plan.retry_after_s * 1000
    if known is not None:
        pause_ms = min(at_ms - known.since_ms, OUT_PAUSE_MOST_MS)
        return replace(known, until_ms=max(known.until_ms, again_ms, at_ms + pause_ms))
    if after.standing is not Standing.FAILING or _is_trunk_proved(after, others):
        return None
    since_ms = after.failing_since_ms or at_ms
    if after.last_result is Result.ANSWERED:
        return Outage(trunk=plan.trunk, since_ms=since_ms, until_ms=after.next_ms)
    if after.tries >= 2 and others.failing + 1 >= OUT_FROM:
        return Outage(trunk=plan.trunk, since_ms=since_ms, until_ms=again_ms)
    return None


def told(before: Health, after: Health, day: date) -> Notice | None:
    """What the number's holder is told of the change: that it is dead, or alive again."""
    was_dead, is_dead = (one.standing is Standing.DEAD for one in (before, after))
    if was_dead == is_dead:
        return None
    kind = NoticeKind.UNREACHABLE if is_dead else NoticeKind.REACHABLE
    return Notice(
        key=f"{kind}:{after.e164}:{after.failing_since_ms or after.last_ms}",
        organisation=after.organisation,
        kind=kind,
        day=day,
        e164=after.e164,
        detail=WHY[after.last_result] if is_dead and after.last_result is not None else "",
    )


def _next(health: Health, **changes: object) -> Health:
    return replace(health, version=health.version + 1, **changes)  # type: ignore[arg-type]  # fields
