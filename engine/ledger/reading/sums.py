"""Statistics in SQL: calls from the hourly sums, payments from the journal itself.

A record is added to its hour's row in its own transaction, so that the rows are exactly the
records; `recount` in `verify` beside this adds them up anew.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import ColumnElement, case, func, literal, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.cdr import CallRecord
from engine.core.localtime import DAY_MS, HOUR_MS, month_starts, offsets
from engine.core.posting import EntryKind
from engine.errors import CallerError
from engine.ledger.tables import OUTCOMES, accounts, call_sums, entries, postings
from engine.ports.reading.sums import (
    FINE_MOST_MS,
    PERIOD_MOST_MS,
    Bucket,
    CallSums,
    SumFilter,
    TopUpSums,
)

_KEYS = ("organisation", "service", "currency", "hour_ms")
_SUMS = ("calls", "joined", "talk_ms", "charged_s", "charge_micros")
_LONG = (Bucket.WHOLE, Bucket.MONTH)
_COUNTED = (*_SUMS, *(outcome.value for outcome in OUTCOMES))


async def add_up(connection: AsyncConnection, record: CallRecord) -> None:
    """Add a record to its hour."""
    keys = {
        "organisation": record.organisation,
        "service": record.service,
        "currency": record.currency,
        "hour_ms": record.ended_ms - record.ended_ms % HOUR_MS,
    }
    added = {
        "calls": 1,
        "joined": int(record.joined_ms is not None),
        "talk_ms": record.talk_ms,
        "charged_s": record.charged_s,
        "charge_micros": record.charge_micros,
        (record.refusal or record.disposition).value: 1,
    }
    is_sqlite = connection.dialect.name == "sqlite"
    insert: Any = sqlite_insert if is_sqlite else postgres_insert
    new = insert(call_sums).values(**keys, **added)
    risen = {name: call_sums.c[name] + micros for name, micros in added.items()}
    await connection.execute(new.on_conflict_do_update(index_elements=_KEYS, set_=risen))


async def calls(connection: AsyncConnection, wanted: SumFilter) -> list[CallSums]:
    """See `ports.reading.sums`."""
    kept = call_sums.c
    place = _place(wanted, kept.hour_ms)
    groups = kept.service, kept.currency, *place
    query = (
        select(*groups, *(func.sum(kept[name]).label(name) for name in _COUNTED))
        .where(
            kept.organisation == wanted.organisation,
            kept.hour_ms >= wanted.from_ms,
            kept.hour_ms < wanted.to_ms,
        )
        .group_by(*groups)
        .order_by(*groups)
    )
    if wanted.service is not None:
        query = query.where(kept.service == wanted.service)
    rows = (await connection.execute(query)).mappings()
    return [_call_sums(row, _name(wanted, row.get("place", 0))) for row in rows]


def _call_sums(row: Mapping[Any, Any], bucket: str) -> CallSums:
    outcomes = {outcome.value: int(row[outcome.value]) for outcome in OUTCOMES}
    return CallSums(
        service=row["service"],
        currency=row["currency"],
        bucket=bucket,
        **{name: int(row[name]) for name in _SUMS},
        outcomes={name: count for name, count in outcomes.items() if count},
    )


async def top_ups(connection: AsyncConnection, wanted: SumFilter) -> list[TopUpSums]:
    """See `ports.reading.sums`: the lines on providers' accounts of entries that are payments."""
    place = _place(wanted, entries.c.at_ms)
    groups = postings.c.account, entries.c.currency, *place
    query = (
        select(*groups, func.count().label("count"), func.sum(-postings.c.micros).label("micros"))
        .join(entries, entries.c.entry_id == postings.c.entry_id)
        .where(
            entries.c.organisation == wanted.organisation,
            entries.c.kind == EntryKind.TOP_UP,
            entries.c.at_ms >= wanted.from_ms,
            entries.c.at_ms < wanted.to_ms,
            postings.c.account_id.is_(None),
        )
        .group_by(*groups)
        .order_by(*groups)
    )
    if wanted.profile is not None:
        query = query.where(_of_profile(wanted))
    return [
        TopUpSums(
            counter=row["account"],
            currency=row["currency"],
            bucket=_name(wanted, row.get("place", 0)),
            count=int(row["count"]),
            micros=int(row["micros"]),
        )
        for row in (await connection.execute(query)).mappings()
    ]


def _of_profile(wanted: SumFilter) -> ColumnElement[bool]:
    theirs = postings.alias("theirs")
    return (
        select(literal(1))
        .join(accounts, accounts.c.account_id == theirs.c.account_id)
        .where(theirs.c.entry_id == entries.c.entry_id, accounts.c.profile == wanted.profile)
        .select_from(theirs)
        .exists()
    )


def _place(wanted: SumFilter, at_ms: ColumnElement[int]) -> list[ColumnElement[int]]:
    """The bucket's number of an instant in local time, as a column to group by; none for all."""
    if wanted.bucket is Bucket.WHOLE:
        return []
    if wanted.bucket is Bucket.MONTH:
        starts = month_starts(_zone(wanted.timezone), wanted.from_ms, wanted.to_ms)
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
        raise CallerError("must be whole hours aside of UTC", "timezone")
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
