"""Statistics: calls and payments of an organisation, summed by local time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

PERIOD_MOST_MS = 400 * 24 * 3_600_000
"""The longest time that is summed up at once."""

FINE_MOST_MS = 100 * 24 * 3_600_000
"""The longest time that is told apart by anything finer than months."""


class Bucket(StrEnum):
    """What the sums are told apart by, beside service and currency."""

    WHOLE = "whole"
    HOUR = "hour"
    WEEKDAY = "weekday"
    DAY = "day"
    MONTH = "month"

    def names(self, first: date, last: date) -> list[str]:
        """The name of every bucket from one day to another, as sums have it, also of those that
        are empty."""
        match self:
            case Bucket.WHOLE:
                return [""]
            case Bucket.HOUR:
                return [f"{hour:02}" for hour in range(24)]
            case Bucket.WEEKDAY:
                return [str(day) for day in range(7)]
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        form = "%Y-%m-%d" if self is Bucket.DAY else "%Y-%m"
        return list(dict.fromkeys(f"{day:{form}}" for day in days))


@dataclass(frozen=True, slots=True, kw_only=True)
class SumFilter:
    """What is summed up: the half-open time from `from_ms` to `to_ms`, both on whole hours.

    `service` narrows calls, `profile` payments. Calls are counted in less time if services are not
    told apart (`by_service`) and outcomes are not counted (`with_outcomes`). `CallerError` for
    times that are no whole hours or too far apart, and for a time zone that is none or lies half
    an hour aside.
    """

    organisation: str
    from_ms: int
    to_ms: int
    bucket: Bucket = Bucket.WHOLE
    timezone: str = "Europe/Berlin"
    service: str | None = None
    profile: str | None = None
    by_service: bool = True
    with_outcomes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSums:
    """Calls that ended in a bucket of local time.

    `bucket` is "" for the whole, "00" to "23", "0" (Monday) to "6", `2026-11-22` or `2026-11`.
    `service` is "" where services are not told apart. `joined` had a conversation; `outcomes`
    counts refusals by reason and the rest by disposition.
    """

    service: str
    currency: str
    bucket: str
    calls: int
    joined: int
    talk_ms: int
    charged_s: int
    charge_micros: int
    outcomes: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpSums:
    """Payments that came in by an account with a provider (`counter`, the chart's name), and what
    of them went back: refunds and reversals, less what came again after a dispute.

    A payment counts when it came, a reversal when it was told.
    """

    counter: str
    currency: str
    bucket: str
    count: int
    micros: int
    reversals: int
    reversed_micros: int


class Sums(Protocol):
    """The sums of all organisations."""

    async def calls(self, wanted: SumFilter) -> Sequence[CallSums]:
        """By service, currency and bucket, in that order; what is empty is left out, and outcomes
        where they are not asked for."""
        ...

    async def top_ups(self, wanted: SumFilter) -> Sequence[TopUpSums]: ...
