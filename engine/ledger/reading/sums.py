"""Statistics in SQL, from the sums of hours and days that are kept beside the books.

Whole and months are read from the days (UTC), and from the hours of those days alone in which one
begins or ends; what is finer, from the hours.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import ColumnElement, Table, and_, case, false, func, literal, or_, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.localtime import DAY_MS, HOUR_MS, month_starts, offsets, tiles
from engine.errors import CallerError
from engine.ledger.reading.adding import MEASURES
from engine.ledger.tables import OUTCOMES, call_sums, top_up_sums
from engine.ports.reading.sums import (
    FINE_MOST_MS,
    PERIOD_MOST_MS,
    Bucket,
    CallSums,
    SumFilter,
    TopUpSums,
)

_OUTCOMES = tuple(outcome.value for outcome in OUTCOMES)
_LONG = (Bucket.WHOLE, Bucket.MONTH)
_HALF_HOURS = "must be whole hours aside of UTC"


async def calls(connection: AsyncConnection, wanted: SumFilter) -> list[CallSums]:
    """See `ports.reading.sums`."""
    groups = call_sums.c.service, call_sums.c.currency
    narrowed = call_sums.c.service, wanted.service
    rows = await _summed(connection, call_sums, groups, narrowed, wanted)
    return [_call_sums(row, _name(wanted, row.get("place", 0))) for row in rows]


def _call_sums(row: Mapping[Any, Any], bucket: str) -> CallSums:
    outcomes = {name: int(row[name]) for name in _OUTCOMES}
    return CallSums(
        service=row["service"],
        currency=row["currency"],
        bucket=bucket,
        **{name: int(row[name]) for name in MEASURES},
        outcomes={name: count for name, count in outcomes.items() if count},
    )


async def top_ups(connection: AsyncConnection, wanted: SumFilter) -> list[TopUpSums]:
    """See `ports.reading.sums`."""
    groups = top_up_sums.c.counter, top_up_sums.c.currency
    narrowed = top_up_sums.c.profile, wanted.profile
    rows = await _summed(connection, top_up_sums, groups, narrowed, wanted)
    return [
        TopUpSums(
            counter=row["counter"],
            currency=row["currency"],
            bucket=_name(wanted, row.get("place", 0)),
            count=int(row["count"]),
            micros=int(row["micros"]),
            reversals=int(row["reversals"]),
            reversed_micros=int(row["reversed_micros"]),
        )
        for row in rows
    ]


async def _summed(
    connection: AsyncConnection,
    table: Table,
    groups: tuple[ColumnElement[str], ...],
    narrowed: tuple[ColumnElement[str], str | None],
    wanted: SumFilter,
) -> Sequence[RowMapping]:
    """The rows of a table of sums, added up by group and bucket in that order."""
    told_apart: list[ColumnElement[Any]] = [*groups, *_place(wanted, table.c.from_ms)]
    counted = [column for column in table.columns if not column.primary_key]
    sums: list[ColumnElement[Any]] = [func.sum(column).label(column.name) for column in counted]
    query = (
        select(*told_apart, *sums)
        .where(table.c.organisation == wanted.organisation, _read(wanted, table))
        .group_by(*told_apart)
        .order_by(*told_apart)
    )
    column, value = narrowed
    if value is not None:
        query = query.where(column == value)
    return (await connection.execute(query)).mappings().all()


def _read(wanted: SumFilter, table: Table) -> ColumnElement[bool]:
    """Which rows are added up: each instant of the time is in one of them."""
    days, hours = (
        tiles(_cuts(wanted)) if wanted.bucket in _LONG else ((), ((wanted.from_ms, wanted.to_ms),))
    )
    stretches = (*((24, each) for each in days), *((1, each) for each in hours))
    kept = table.c
    return or_(
        false(),
        *(
            and_(kept.span_h == span_h, kept.from_ms >= from_ms, kept.from_ms < to_ms)
            for span_h, (from_ms, to_ms) in stretches
        ),
    )


def _cuts(wanted: SumFilter) -> list[int]:
    """The ends of the time, and the months that begin within it."""
    if wanted.bucket is Bucket.WHOLE:
        return [wanted.from_ms, wanted.to_ms]
    _, *later = _months(wanted)
    return [wanted.from_ms, *later, wanted.to_ms]


def _months(wanted: SumFilter) -> tuple[int, ...]:
    starts = month_starts(_zone(wanted.timezone), wanted.from_ms, wanted.to_ms)
    if any(start_ms % HOUR_MS for start_ms in starts):
        raise CallerError(_HALF_HOURS, "timezone")
    return starts


def _place(wanted: SumFilter, at_ms: ColumnElement[int]) -> list[ColumnElement[int]]:
    """The bucket's number of an instant in local time, as a column to group by; none for all."""
    if wanted.bucket is Bucket.WHOLE:
        return []
    if wanted.bucket is Bucket.MONTH:
        starts = _months(wanted)
        number: ColumnElement[int] = case(
            *((at_ms < end_ms, start_ms) for start_ms, end_ms in pairwise(starts)),
            else_=starts[-1],
        )
        return [number.label("place")]
    local_ms = at_ms + _ahead_ms(wanted, at_ms)
    match wanted.bucket:
        case Bucket.HOUR:
            number = local_ms // HOUR_MS % 24
        case Bucket.WEEKDAY:
            # 1 January 1970 was a Thursday.
            number = (local_ms // DAY_MS + 3) % 7
        case _:
            number = local_ms // DAY_MS
    return [number.label("place")]


def _ahead_ms(wanted: SumFilter, at_ms: ColumnElement[int]) -> ColumnElement[int]:
    """How far local time is ahead at an instant of the period."""
    pairs = offsets(_zone(wanted.timezone), wanted.from_ms, wanted.to_ms)
    if any(offset_ms % HOUR_MS for _, offset_ms in pairs):
        raise CallerError(_HALF_HOURS, "timezone")
    last = literal(pairs[-1][1])
    if len(pairs) == 1:
        return last
    until = pairwise(pairs)
    return case(*((at_ms < end_ms, ahead_ms) for (_, ahead_ms), (end_ms, _) in until), else_=last)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CallerError(f"{name!r} is no time zone", "timezone") from error


def check(wanted: SumFilter) -> None:
    """Raises `CallerError` for a time that is not summed up."""
    for field in ("from_ms", "to_ms"):
        if getattr(wanted, field) % HOUR_MS:
            raise CallerError("must be a whole hour", field)
    most_ms = PERIOD_MOST_MS if wanted.bucket in _LONG else FINE_MOST_MS
    if not 0 <= wanted.to_ms - wanted.from_ms <= most_ms:
        told = f"must be after the start, at most {most_ms // DAY_MS} days"
        raise CallerError(told, "to_ms")


def _name(wanted: SumFilter, number: int) -> str:
    match wanted.bucket:
        case Bucket.WHOLE:
            return ""
        case Bucket.HOUR:
            return f"{number:02}"
        case Bucket.WEEKDAY:
            return str(number)
        case Bucket.DAY:
            return f"{datetime.fromtimestamp(number * DAY_MS // 1000, UTC):%Y-%m-%d}"
    return f"{datetime.fromtimestamp(number // 1000, _zone(wanted.timezone)):%Y-%m}"
