"""Reports of tracking calls in SQL, from their sums alone; each function is part of a transaction.

Days are read from the rows of days, hours from those of hours.
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta
from functools import cache, partial
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    BigInteger,
    Case,
    ColumnElement,
    Table,
    and_,
    case,
    cast,
    func,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.localtime import DAY_MS
from engine.core.tracked import Counts, Origin
from engine.errors import CallerError
from engine.ledger.tracked.days import day_of, number_of
from engine.ledger.tracked.rows import call_of
from engine.ledger.tracked.tables import ALL_DAY, tracked_calls, tracked_origins, tracked_sums
from engine.ports.reading.sums import Bucket
from engine.ports.tracked import (
    DAYS_MOST,
    HOUR_DAYS_MOST,
    ROWS_MOST,
    CallPlace,
    ListedCall,
    OriginLine,
    ReportFilter,
    ReportLine,
)

_MEASURES = tuple(field.name for field in fields(Counts))


async def report(connection: AsyncConnection, wanted: ReportFilter) -> list[ReportLine]:
    """See `ports.tracked`."""
    sums = tracked_sums.c
    place: list[ColumnElement[Any]] = bucket_of(tracked_sums, wanted)
    told_apart = [sums.source, sums.number, *place]
    query = (
        select(*told_apart, *(cast(func.sum(sums[name]), BigInteger) for name in _MEASURES))
        .where(within(tracked_sums, wanted))
        # Nearly the order of the key: less is to be sorted.
        .group_by(*place, sums.source, sums.number)
        .order_by(*told_apart)
    )
    at = len(told_apart)
    name = cache(partial(name_of, wanted.bucket))
    # A year by day is thousands of lines: what is done for each is what a report takes.
    return [
        ReportLine(
            row[0], row[1], name(*row[2:at]), Counts(**dict(zip(_MEASURES, row[at:], strict=True)))
        )
        for row in map(tuple, (await connection.execute(query)).all())
    ]


async def origins(connection: AsyncConnection, wanted: ReportFilter) -> list[OriginLine]:
    """See `ports.tracked`."""
    kept = tracked_origins.c
    told_apart = kept.month, kept.source, kept.country, kept.area, kept.line
    query = (
        select(*told_apart, func.sum(kept.calls).label("n"), func.sum(kept.firsts).label("firsts"))
        .where(
            narrowed(tracked_origins, wanted),
            kept.month >= number_of(wanted.first),
            kept.month < number_of(wanted.after),
        )
        .group_by(*told_apart)
        .order_by(*told_apart)
    )
    return [
        OriginLine(
            month=day_of(row.month),
            source=row.source,
            origin=Origin(row.country, row.area, row.line),
            calls=int(row.n),
            firsts=int(row.firsts),
        )
        for row in await connection.execute(query)
    ]


async def rows(
    connection: AsyncConnection, wanted: ReportFilter, before: CallPlace | None, most: int
) -> Sequence[ListedCall]:
    """See `ports.tracked`."""
    calls = tracked_calls.c
    place = calls.arrived_ms, calls.call_id
    query = (
        select(tracked_calls)
        .where(
            narrowed(tracked_calls, wanted),
            calls.day >= number_of(wanted.first),
            calls.day < number_of(wanted.after),
            # No clock is a day aside of UTC: the index need not be read further.
            calls.arrived_ms >= (number_of(wanted.first) - 1) * DAY_MS,
            calls.arrived_ms < (number_of(wanted.after) + 1) * DAY_MS,
        )
        .order_by(*(column.desc() for column in place))
        .limit(max(1, min(most, ROWS_MOST)))
    )
    if before is not None:
        query = query.where(tuple_(*place) < (before.arrived_ms, before.call_id))
    return [
        ListedCall(call_of(row), Origin(row["country"], row["area"], row["line"]))
        for row in (await connection.execute(query)).mappings()
    ]


def check(wanted: ReportFilter) -> None:
    """Raises `CallerError` for days that are not reported at once."""
    most = HOUR_DAYS_MOST if wanted.bucket is Bucket.HOUR else DAYS_MOST
    if not 0 < (wanted.after - wanted.first).days <= most:
        raise CallerError(f"must be after the start, at most {most} days", "to")


def check_months(wanted: ReportFilter) -> None:
    """Raises `CallerError` for days that are no whole months."""
    check(wanted)
    if wanted.first.day != 1 or wanted.after.day != 1:
        raise CallerError("must be whole months", "from")


def narrowed(kept: Table, wanted: ReportFilter) -> ColumnElement[bool]:
    narrowed = [kept.c.organisation == wanted.organisation]
    if wanted.source is not None:
        narrowed.append(kept.c.source == wanted.source)
    if wanted.number is not None:
        narrowed.append(kept.c.number == wanted.number)
    return and_(*narrowed)


def within(kept: Table, wanted: ReportFilter) -> ColumnElement[bool]:
    """The rows of days, or of hours if those are wanted, that a report is made of."""
    columns = kept.c
    return and_(
        narrowed(kept, wanted),
        columns.hour.in_(range(24)) if wanted.bucket is Bucket.HOUR else columns.hour == ALL_DAY,
        columns.day >= number_of(wanted.first),
        columns.day < number_of(wanted.after),
    )


def bucket_of(kept: Table, wanted: ReportFilter) -> list[ColumnElement[int]]:
    """The number of a row's bucket, as a column to group by; none for the whole."""
    day = kept.c.day
    match wanted.bucket:
        case Bucket.WHOLE:
            return []
        case Bucket.HOUR:
            return [kept.c.hour.label("place")]
        case Bucket.WEEKDAY:
            # 1 January 1970 was a Thursday.
            return [((day + 3) % 7).label("place")]
        case Bucket.DAY:
            return [day.label("place")]
    return [_month(day, wanted).label("place")]


def _month(day: ColumnElement[int], wanted: ReportFilter) -> Case[int]:
    """The first day of a day's month."""
    starts = [wanted.first.replace(day=1)]
    while starts[-1] < wanted.after:
        starts.append((starts[-1] + timedelta(days=31)).replace(day=1))
    numbers = [number_of(start) for start in starts]
    return case(*((day < end, start) for start, end in pairwise(numbers)), else_=numbers[-1])


def name_of(bucket: Bucket, number: int = 0) -> str:
    """What a bucket is called; see `CallSums`."""
    match bucket:
        case Bucket.WHOLE:
            return ""
        case Bucket.HOUR:
            return f"{number:02}"
        case Bucket.WEEKDAY:
            return str(number)
        case Bucket.DAY:
            return day_of(number).isoformat()
    return f"{day_of(number):%Y-%m}"
