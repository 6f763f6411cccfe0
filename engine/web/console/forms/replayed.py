"""The days whose calls are replayed, as forms offer and ask for them: where the operator is."""

from dataclasses import dataclass

from engine.errors import CallerError
from engine.flows.papers.month import (
    HOME_TIMEZONE,
    Days,
    Month,
    day_before,
    month_before,
    month_or_day,
)
from engine.web.console.asked import Asked


@dataclass(frozen=True, slots=True)
class Offered:
    """What a form begins with: yesterday, and the last month that is over."""

    yesterday: Days
    month: Month


def offered(asked: Asked) -> Offered:
    """What there is now."""
    now_ms = asked.site.clock.now().wall_ms
    return Offered(day_before(now_ms, HOME_TIMEZONE), month_before(now_ms, HOME_TIMEZONE))


def days_typed(asked: Asked) -> Days:
    """Yesterday, the day or the month, as `days` says; `CallerError` for what is none."""
    chosen, now_ms = asked.typed("days"), asked.site.clock.now().wall_ms
    if chosen not in ("yesterday", "day", "month"):
        raise CallerError("must be yesterday, day or month", "days")
    month = asked.typed("month") if chosen == "month" else None
    day = asked.typed("day") if chosen == "day" else None
    return month_or_day(month, day, now_ms, HOME_TIMEZONE)
