"""What a call costs: R(n), the rounded charge after n increments, and what a balance buys.

Charging has begun when the elapsed time from its start is greater than 0. Elapsed time is cut
down to whole seconds, at least 1, then raised to increments. An increment costs price times its
length, at the price in force when it begins; the connect fee is added once; the sum stays exact
until its one rounding. Everything is a closed form over integers, so R(3600) costs as little as
R(1). Slices of a hold are differences of R, hence they always sum to the charge of the whole call.

Prices and amounts are micro-units (prices per minute), lengths whole seconds, instants ms.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from engine.core.money import Rounding, round_ratio

HORIZON_S = 7 * 24 * 3600
"""No question about a call looks further than a week, even where nothing is charged."""

Ms = TypeVar("Ms", int, Fraction)


class StartsFrom(StrEnum):
    """The instant that starts charging, before any further free seconds."""

    ANNOUNCEMENT = "announcement"
    CONVERSATION = "conversation"


@dataclass(frozen=True, slots=True)
class BillingStart:
    """When charging begins: `after_s` seconds after the announcement's end or the joining."""

    origin: StartsFrom
    after_s: int = 0

    def __post_init__(self) -> None:
        if self.after_s < 0:
            raise ValueError(f"after_s must be at least 0, not {self.after_s}")


@dataclass(frozen=True, slots=True)
class Increment:
    """How time is charged: `first_s` seconds at once, then `next_s` at a time (60/60, 1/1, …)."""

    first_s: int
    next_s: int

    def __post_init__(self) -> None:
        if self.first_s < 1 or self.next_s < 1:
            raise ValueError(f"increments must be at least 1 s, not {self}")

    def __str__(self) -> str:
        return f"{self.first_s}/{self.next_s}"


@dataclass(frozen=True, slots=True)
class Rate:
    """All that decides the charge of one call, frozen when its price was announced.

    `first_price_micros` is in force while fewer than `first_minutes` minutes have been charged
    (for the whole call if that is None); both are None for a call at the normal price.
    """

    price_micros: int
    first_price_micros: int | None
    first_minutes: int | None
    increment: Increment
    connect_fee_micros: int
    rounding: Rounding
    max_call_minutes: int

    def __post_init__(self) -> None:
        amounts = (self.price_micros, self.first_price_micros or 0, self.connect_fee_micros)
        if min(amounts) < 0:
            raise ValueError("prices and fees must be at least 0")
        if self.max_call_minutes < 1 or (self.first_minutes is not None and self.first_minutes < 1):
            raise ValueError("minutes must be at least 1")


def elapsed_ms(start: BillingStart, wait_ms: Ms, talk_ms: Ms) -> Ms:
    """The time since charging began, 0 or less while it has not.

    `wait_ms` runs from the end of the tariff announcement to the joining of both sides,
    `talk_ms` from there to the first leaving. Who never talked is never charged.
    """
    if talk_ms <= 0:
        return talk_ms * 0
    since = talk_ms + wait_ms if start.origin is StartsFrom.ANNOUNCEMENT else talk_ms
    return since - start.after_s * 1000


def increments_begun(rate: Rate, elapsed_ms: int | Fraction) -> int:
    """How many increments are charged for the time since charging began; 0 if it has not."""
    if elapsed_ms <= 0:
        return 0
    whole_s = int(elapsed_ms // 1000)
    # The first increment covers at least 1 s, so "at least 1" needs no line of its own.
    beyond_first_s = max(0, whole_s - rate.increment.first_s)
    return 1 - (-beyond_first_s // rate.increment.next_s)


def seconds_of(rate: Rate, n: int) -> int:
    """The length of the first `n` increments together."""
    if n <= 0:
        return 0
    return rate.increment.first_s + (n - 1) * rate.increment.next_s


def charge(rate: Rate, n: int) -> int:
    """R(n): the charge of a call of `n` increments, rounded once; 0 for none, fee included."""
    if n <= 0:
        return 0
    total_s = seconds_of(rate, n)
    price_seconds = rate.price_micros * total_s
    if rate.first_price_micros is not None:
        first_s = first_price_seconds(rate, n)
        price_seconds += (rate.first_price_micros - rate.price_micros) * first_s
    return round_ratio(rate.connect_fee_micros * 60 + price_seconds, 60, rate.rounding)


def first_price_seconds(rate: Rate, n: int) -> int:
    """How many seconds of the first `n` increments are charged at the first-call price."""
    if rate.first_price_micros is None:
        return 0
    return seconds_of(rate, min(n, _first_price_increments(rate, n)))


def _first_price_increments(rate: Rate, n: int) -> int:
    """How many increments begin before `first_minutes` have been charged; `n` if all do."""
    if rate.first_minutes is None:
        return n
    beyond_first_s = max(0, rate.first_minutes * 60 - rate.increment.first_s)
    return 1 - (-beyond_first_s // rate.increment.next_s)


def is_flat(rate: Rate) -> bool:
    """Whether time costs nothing in this call, so that its price is the connect fee alone."""
    if rate.first_price_micros is not None and rate.first_minutes is None:
        return rate.first_price_micros == 0
    return rate.price_micros == 0 and not rate.first_price_micros


def max_increments(rate: Rate) -> int:
    """How many increments fit into the longest call allowed; 0 if not even the first does."""
    return _increments_within(rate, rate.max_call_minutes * 60)


def _increments_within(rate: Rate, limit_s: int) -> int:
    if limit_s < rate.increment.first_s:
        return 0
    return 1 + (limit_s - rate.increment.first_s) // rate.increment.next_s


def affordable_increments(rate: Rate, balance_micros: int, cap: bool = True) -> int:
    """The most increments whose rounded charge is at most the balance.

    Capped by `max_call_minutes`, or with `cap=False` by `HORIZON_S` alone. 0 if none fit or the
    balance is negative. Binary search: R never falls.
    """
    if balance_micros < 0:
        return 0
    low, high = 0, max_increments(rate) if cap else _increments_within(rate, HORIZON_S)
    while low < high:
        middle = (low + high + 1) // 2
        if charge(rate, middle) <= balance_micros:
            low = middle
        else:
            high = middle - 1
    return low


def affordable_seconds(rate: Rate, balance_micros: int) -> int:
    """The seconds of conversation a balance buys, counted from the start of charging."""
    return seconds_of(rate, affordable_increments(rate, balance_micros))


def hold_levels(rate: Rate, granted_n: int, upto_n: int) -> tuple[int, ...]:
    """R(granted_n + 1) … R(upto_n): what the hold must be raised to, increment by increment."""
    return tuple(charge(rate, n) for n in range(granted_n + 1, upto_n + 1))
