"""Medians of tracking calls, from their histograms; part of a transaction.

Histograms of days, months and sources add up. Whole months are read from the rows of months, what
is left of the days wanted from those of days.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import between, func, select
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
    summed = select(*told_apart, func.sum(times.calls)).group_by(*told_apart)
    of_all: defaultdict[str, Counter[int]] = defaultdict(Counter)
    of_sources: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    # One query for each span: SQLite would read every row for all of them at once.
    for over, first, after in _spans(wanted.first, wanted.after):
        within = between(times.day, number_of(first), number_of(after) - 1)
        query = summed.where(narrowed(tracked_times, wanted), times.over == over, within)
        for measure, source, step, calls in await connection.execute(query):
            of_all[measure][step] += int(calls)
            of_sources[measure, source][step] += int(calls)
    lines = [_line(measure, None, histogram) for measure, histogram in of_all.items()]
    lines += [_line(*key, histogram) for key, histogram in sorted(of_sources.items())]
    return sorted(lines, key=lambda line: (line.measure, line.source is not None))


def _line(measure: str, source: str | None, histogram: Counter[int]) -> MedianLine:
    return MedianLine(Measure(measure), source, histogram.total(), median_s(histogram))


def _spans(first: date, after: date) -> Iterator[tuple[Over, date, date]]:
    """The whole months of some days, and the days before and after them."""
    before_first = first - timedelta(days=1)
    month, last = (before_first.replace(day=1) + A_MONTH).replace(day=1), after.replace(day=1)
    spans = [(Over.DAY, first, after)]
    if month < last:
        spans = [(Over.DAY, first, month), (Over.MONTH, month, last), (Over.DAY, last, after)]
    return (span for span in spans if span[1] < span[2])
