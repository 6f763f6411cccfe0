"""Medians of tracking calls, from their histograms; part of a transaction.

Histograms of days, months and sources add up. Whole months are read from the rows of months, what
is left of the days wanted from those of days.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.tracked import Measure, median_s
from engine.ledger.tracked.days import number_of
from engine.ledger.tracked.reports import narrowed
from engine.ledger.tracked.tables import Over, tracked_times
from engine.ports.tracked import MedianLine, ReportFilter

A_MONTH = timedelta(days=31)


async def medians(connection: AsyncConnection, wanted: ReportFilter) -> list[MedianLine]:
    """See `ports.tracked`."""
    times = tracked_times.c
    told_apart = times.measure, times.source, times.step
    query = (
        select(*told_apart, func.sum(times.calls).label("n"))
        .where(narrowed(tracked_times, wanted), or_(*_spans(wanted.first, wanted.after)))
        .group_by(*told_apart)
    )
    found: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for row in await connection.execute(query):
        for source in ("", row.source):
            found[row.measure, source][row.step] += int(row.n)
    return [
        MedianLine(Measure(measure), source, histogram.total(), median_s(histogram))
        for (measure, source), histogram in sorted(found.items())
    ]


def _spans(first: date, after: date) -> Iterator[ColumnElement[bool]]:
    month, last = (first - timedelta(days=1)).replace(day=1) + A_MONTH, after.replace(day=1)
    month = month.replace(day=1)
    if month < last:
        yield _within(Over.MONTH, month, last)
        yield _within(Over.DAY, first, month)
        yield _within(Over.DAY, last, after)
    else:
        yield _within(Over.DAY, first, after)


def _within(over: Over, first: date, after: date) -> ColumnElement[bool]:
    times = tracked_times.c
    return and_(times.over == over, times.day >= number_of(first), times.day < number_of(after))
