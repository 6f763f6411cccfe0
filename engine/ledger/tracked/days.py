"""Days as the books hold them: their number, counted from 1 January 1970, a Thursday."""

from datetime import date, timedelta

_EPOCH = date(1970, 1, 1)


def number_of(day: date) -> int:
    """The number of a day."""
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    """The day with a number."""
    return _EPOCH + timedelta(days=number)
