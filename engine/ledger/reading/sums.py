"""Statistics in SQL, from the sums of hours and days that are kept beside the books.

Whole and months are read from the days (UTC), and from the hours of those days alone in which one
begins or ends; what is finer, from the hours.
"""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Table,
    and_,
    column,
    func,
    select,
    true,
    values,
)
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
    counted = MEASURES + (_OUTCOMES if wanted.with_outcomes else ())
    groups = ("service", "currency") if wanted.by_service else ("currency",)
    narrowed = call_sums.c.service, wanted.service
    rows = await _summed(connection, call_sums, groups, counted, narrowed, wanted)
    return [_call_sums(row, wanted) for row in rows]


def _call_sums(row: RowMapping, wanted: SumFilter) -> CallSums:
    outcomes = {name: int(row[name]) for name in _OUTCOMES} if wanted.with_outcomes else {}
    return CallSums(
        service=row["service"] if wanted.by_service else "",
        currency=row["currency"],
        bucket=_name(wanted, row["place"]),
        **{name: int(row[name]) for name in MEASURES},
        outcomes={name: count for name, count in outcomes.items() if count},
    )


async def top_ups(connection: AsyncConnection, wanted: SumFilter) -> list[TopUpSums]:
    """See `ports.reading.sums`."""
    groups, counted = ("counter", "currency"), ("count", "micros", "reversals", "reversed_micros")
    narrowed = top_up_sums.c.profile, wanted.profile
    rows = await _summed(connection, top_up_sums, groups, counted, narrowed, wanted)
    return [
        TopUpSums(
            counter=row["counter"],
            currency=row["currency"],
            bucket=_name(wanted, row["place"]),
            **{name: int(row[name]) for name in counted},
        )
        for row in rows
    ]


async def _summed(
    connection: AsyncConnection,
    table: Table,
    groups: tuple[str, ...],
    counted: tuple[str, ...],
    narrowed: tuple[ColumnElement[str], str | None],
    wanted: SumFilter,
) -> Sequence[RowMapping]:
    """What is counted, added up by group and bucket (`place`) in that order.

    The stretches of the time are joined with what is kept, so that each is looked up by itself,
    along the key: asked for in one condition, SQLite reads all rows there are.
    """
    stretches = _stretches(wanted)
    if not stretches:
        return []
    one = _COLUMNS.data([astuple(stretch) for stretch in stretches]).cte("stretches")
    narrow, value = narrowed
    within = and_(
        table.c.organisation == wanted.organisation,
        table.c.span_h == one.c.span_h,
        table.c.from_ms >= one.c.from_ms,
        table.c.from_ms < one.c.to_ms,
        *(() if value is None else (narrow == value,)),
    )
    rows: FromClause = table
    if connection.dialect.name == "postgresql":
        # Else it reads all there is once, and compares each row with each stretch.
        rows, within = select(table).where(within).offset(0).lateral(), true()
    place = _place(wanted.bucket, rows.c.from_ms + one.c.ahead_ms, one.c.number)
    order = [*(rows.c[name] for name in groups), place.label("place")]
    added = [func.sum(rows.c[name]).label(name) for name in counted]
    query = select(*order, *added).select_from(one.join(rows, within))
    found = await connection.execute(query.group_by(*order).order_by(*order))
    return found.mappings().all()


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Rows of one span that are added up, and the number of the bucket that each is in: a month's
    or that of all is the same for each of them (`number`), a finer one is reckoned of local time,
    so far ahead of UTC."""

    span_h: int
    from_ms: int
    to_ms: int
    number: int = 0
    ahead_ms: int = 0


_COLUMNS = values(*(column(field.name, BigInteger) for field in fields(_Stretch)))
"""What a statement is told of its stretches."""


def _place(
    bucket: Bucket, local_ms: ColumnElement[int], number: ColumnElement[int]
) -> ColumnElement[int]:
    """The number of the bucket that a row is in."""
    match bucket:
        case Bucket.HOUR:
            return local_ms // HOUR_MS % 24
        case Bucket.WEEKDAY:
            # 1 January 1970 was a Thursday.
            return (local_ms // DAY_MS + 3) % 7
        case Bucket.DAY:
            return local_ms // DAY_MS
    return number


def _stretches(wanted: SumFilter) -> list[_Stretch]:
    """What is added up: each instant of the time is in one of them, and none is in two buckets'
    months or reaches over a change of the clocks."""
    if wanted.bucket in _LONG:
        months = _months(wanted) if wanted.bucket is Bucket.MONTH else (0,)
        days, hours = tiles([wanted.from_ms, *months[1:], wanted.to_ms])
        spans = (*((24, each) for each in days), *((1, each) for each in hours))
        return [
            _Stretch(span_h, *each, number=months[bisect(months, each[0]) - 1])
            for span_h, each in spans
        ]
    pairs = offsets(_zone(wanted.timezone), wanted.from_ms, wanted.to_ms)
    if any(ahead_ms % HOUR_MS for _, ahead_ms in pairs):
        raise CallerError(_HALF_HOURS, "timezone")
    ends = (*(from_ms for from_ms, _ in pairs[1:]), wanted.to_ms)
    return [
        _Stretch(1, from_ms, to_ms, ahead_ms=ahead_ms)
        for (from_ms, ahead_ms), to_ms in zip(pairs, ends, strict=True)
    ]


def _months(wanted: SumFilter) -> tuple[int, ...]:
    starts = month_starts(_zone(wanted.timezone), wanted.from_ms, wanted.to_ms)
    if any(start_ms % HOUR_MS for start_ms in starts):
        raise CallerError(_HALF_HOURS, "timezone")
    return starts


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
