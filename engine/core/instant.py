"""An instant as text: what programs are told of time."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def write_time(at_ms: int) -> str:
    """An RFC 3339 time in UTC, to the millisecond."""
    at = EPOCH + timedelta(milliseconds=at_ms)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
