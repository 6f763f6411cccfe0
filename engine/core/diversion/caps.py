"""Caps of a forwarded number: calls at once, minutes, money. Pure.

A call holds minutes before they are talked away, and what they cost. Every minute that is begun
counts as a whole one, so that a carrier which bills by shorter increments bills no more; what a
number of minutes costs is `core.rating`. The day and the month are local ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from engine.core.money import DECIMALS, Rounding
from engine.core.rating import (
    Increment,
    Rate,
    affordable_increments,
    charge,
    increments_begun,
    seconds_of,
)

MINUTE_MS = 60_000
TALK_MOST_MINUTES = 4 * 60
LEFT_LEAST_MS = MINUTE_MS
"""With less than this left no further call is put through."""


class Cap(StrEnum):
    """A cap that was reached, by the name of its field."""

    CALLS_AT_ONCE = "calls_at_once"
    MINUTES_A_DAY = "minutes_a_day"
    MINUTES_A_MONTH = "minutes_a_month"
    COST_A_DAY = "cost_a_day"
    COST_A_MONTH = "cost_a_month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What forwarding may cost by day and month, and what a minute does: `minute_micros` has a
    price for each target of the route, in their order. All in micro-units of `currency`."""

    currency: str
    minute_micros: tuple[int, ...]
    a_day_micros: int
    a_month_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """What forwarding may use up: conversations at once, their minutes by local day and month, and
    their cost if that is capped. Who calls beyond them hears ringing. A conversation holds minutes,
    a few at a time, so that all that go on at once never use up more than is left.
    """

    calls_at_once: int = 10
    minutes_a_day: int = 600
    minutes_a_month: int = 6_000
    cost: Cost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a number's calls have used up of its caps: calls that go on now; the time (ms) that
    those talked, or hold, that arrived in the local day and month; and what it cost (micro-units of
    the currency that was asked for)."""

    calls: int = 0
    day_ms: int = 0
    month_ms: int = 0
    day_micros: int = 0
    month_micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """How long (ms) a call may talk in all; None: not at all. `cap` is what keeps it from more."""

    left_ms: int | None
    cap: Cap | None = None


def cost_micros(minute_micros: int, talk_ms: int) -> int:
    """What so long a talk costs at a price per minute."""
    rate = _rate(minute_micros)
    return charge(rate, increments_begun(rate, talk_ms))


def admission(
    caps: Caps, others: Used, minute_micros: int, wanted_ms: int, held_ms: int | None
) -> Admission:
    """What a call may hold beside what all others have used up or hold.

    `held_ms` is what it holds already, None for a call that is new: one that goes on never holds
    less than before. Nothing is held that is not left, by any cap.
    """
    left_ms, cap = min(_left(caps, others, minute_micros))
    if held_ms is None:
        if others.calls >= caps.calls_at_once:
            return Admission(left_ms=None, cap=Cap.CALLS_AT_ONCE)
        if left_ms < LEFT_LEAST_MS:
            return Admission(left_ms=None, cap=cap)
    given_ms = max(held_ms or 0, min(wanted_ms, left_ms))
    return Admission(left_ms=given_ms, cap=cap if given_ms < wanted_ms else None)


def _left(caps: Caps, others: Used, minute_micros: int) -> Iterator[tuple[int, Cap]]:
    """The time that each cap leaves; more than none of money is whole minutes."""
    yield caps.minutes_a_day * MINUTE_MS - others.day_ms, Cap.MINUTES_A_DAY
    yield caps.minutes_a_month * MINUTE_MS - others.month_ms, Cap.MINUTES_A_MONTH
    if caps.cost is not None:
        day_micros = caps.cost.a_day_micros - others.day_micros
        yield _affordable_ms(minute_micros, day_micros), Cap.COST_A_DAY
        month_micros = caps.cost.a_month_micros - others.month_micros
        yield _affordable_ms(minute_micros, month_micros), Cap.COST_A_MONTH


def _affordable_ms(minute_micros: int, left_micros: int) -> int:
    rate = _rate(minute_micros)
    return seconds_of(rate, affordable_increments(rate, left_micros)) * 1000


def _rate(minute_micros: int) -> Rate:
    return Rate(
        price_micros=minute_micros,
        first_price_micros=None,
        first_minutes=None,
        increment=Increment(60, 60),
        connect_fee_micros=0,
        rounding=Rounding(DECIMALS),
        max_call_minutes=TALK_MOST_MINUTES,
    )
