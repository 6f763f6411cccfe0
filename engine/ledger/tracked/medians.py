"""Medians of tracking calls in SQL, from their histograms; part of a transaction.

Histograms of days and sources add up, and the median of the sum is exact: all that is lost is what
each time was rounded by.
"""

from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.tracked import Measure
from engine.ledger.tracked.reports import bucket_of, name_of, within
from engine.ledger.tracked.tables import tracked_times
from engine.ports.tracked import MedianLine, ReportFilter


async def medians(
    connection: AsyncConnection, wanted: ReportFilter, *, by_source: bool
) -> list[MedianLine]:
    """See `ports.tracked`."""
    times = tracked_times.c
    told_apart: list[ColumnElement[Any]] = [times.measure, *bucket_of(tracked_times, wanted)]
    if by_source:
        told_apart.insert(1, times.source)
    merged = (
        select(*told_apart, times.seconds, func.sum(times.calls).label("n"))
        .where(within(tracked_times, wanted))
        .group_by(*told_apart, times.seconds)
        .subquery()
    )
    group = [merged.c[column.name] for column in told_apart]
    ranked = select(
        *group,
        merged.c.seconds,
        func.sum(merged.c.n).over(partition_by=group, order_by=merged.c.seconds).label("upto"),
        func.sum(merged.c.n).over(partition_by=group).label("calls"),
    ).subquery()
    group = [ranked.c[column.name] for column in told_apart]
    query = (
        select(*group, func.max(ranked.c.calls), func.min(ranked.c.seconds))
        .where(2 * ranked.c.upto >= ranked.c.calls)
        .group_by(*group)
        .order_by(*group)
    )
    lines = []
    for measure, *place, calls, seconds in await connection.execute(query):
        source = place.pop(0) if by_source else ""
        bucket = name_of(wanted.bucket, *place)
        lines.append(MedianLine(Measure(measure), source, bucket, int(calls), seconds))
    return lines
