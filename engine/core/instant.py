"""An instant as text, what programs are told of time; and which times may be told to us."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

YEARS = range(2000, 3000)
"""Of which years a day or a time may be that comes from outside: so far from both ends of the
calendar that whatever is reckoned from it (a zone, the days before) is still a date."""

YEARS_RULE = f"must be of the years {YEARS[0]} to {YEARS[-1]}"


def write_time(at_ms: int) -> str:
    """An RFC 3339 time in UTC, to the millisecond."""
    at = EPOCH + timedelta(milliseconds=at_ms)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
