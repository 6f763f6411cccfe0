"""Calendar days: periods of months as the German Civil Code counts them."""

from calendar import monthrange
from datetime import UTC, date, datetime, tzinfo


def months_later(day: date, months: int) -> date:
    """The last day of a period of months that an event on `day` began (§§ 187(1), 188(2) BGB).

    A month without that day ends it with its own last day (§ 188(3) BGB): 31 August and six
    months are 29 February, or the 28th.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def is_over(day: date, months: int, now: date) -> bool:
    """Whether a period of months that began with an event on `day` has ended before `now`."""
    return now > months_later(day, months)


def day_of(at_ms: int, zone: tzinfo) -> date:
    """The local day of an instant (milliseconds since 1970)."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(zone).date()
