"""A report's rows as a table and a chart have them, each beside that of the time before; pure."""

from collections.abc import Sequence
from enum import StrEnum

from engine.flows.tracked.report import Row, no_calls
from engine.ports.reading.sums import Bucket


class By(StrEnum):
    """What calls are told apart by."""

    SOURCE = "source"
    DAY = "day"
    WEEKDAY = "weekday"
    HOUR = "hour"
    MONTH = "month"

    @property
    def bucket(self) -> Bucket:
        """How the report is asked for."""
        return Bucket.WHOLE if self is By.SOURCE else Bucket(self.value)


class Measure(StrEnum):
    """What a chart shows."""

    CALLS = "calls"
    ANSWERED = "answered"
    MISSED = "missed"
    MINUTES = "minutes"


Pair = tuple[Row, Row]
"""A row, and what it is compared with."""


def value(row: Row, measure: Measure) -> int:
    """What a chart shows of a row: calls, or whole minutes."""
    match measure:
        case Measure.ANSWERED:
            return row.answered
        case Measure.MISSED:
            return row.missed
        case Measure.MINUTES:
            return row.talk_ms // 60_000
    return row.calls


def of_source(rows: Sequence[Row], total: Row, source: str) -> Row:
    """The row of a source; `total` if none is asked for."""
    if not source:
        return total
    return next((row for row in rows if row.source == source), no_calls(source))


def by_source(now: Sequence[Row], before: Sequence[Row]) -> list[Pair]:
    """Each source with itself in the time before, also those that had calls only then."""
    earlier = {row.source: row for row in before}
    these = [row.source for row in now]
    gone = [no_calls(source) for source in earlier if source not in these]
    return [(row, earlier.get(row.source) or no_calls(row.source)) for row in (*now, *gone)]


def by_place(now: Sequence[Row], before: Sequence[Row]) -> list[Pair]:
    """Each bucket with the one in its place in the time before."""
    return [
        (row, before[place] if place < len(before) else no_calls(row.source))
        for place, row in enumerate(now)
    ]
