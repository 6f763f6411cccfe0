"""Call records: written once with the call's charge, read for the itemised bill.

A record's row has a column for each of its fields, so that the record read back equals the one
written; whatever is nested (rate, agents, prompts) is JSON.
"""

from dataclasses import dataclass, fields

import msgspec
from sqlalchemy import insert, select, tuple_
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.cdr import CallRecord
from engine.core.posting import call_entry
from engine.core.webhook import call_ended
from engine.errors import ConflictError
from engine.ledger import accounts, journal
from engine.ledger.reading import withheld
from engine.ledger.reading.adding import add_call
from engine.ledger.tables import calls
from engine.ledger.webhooks.events import enqueue
from engine.ports.store import StorePosting

_FIELDS = tuple(field.name for field in fields(CallRecord))


async def settle(connection: AsyncConnection, record: CallRecord) -> tuple[StorePosting, ...]:
    """Write the record and book its charge, unless both are there already.

    Raises `ConflictError` if the call has another record or entry.
    """
    held = await by_id(connection, record.call_id)
    if held is not None and held != record:
        raise ConflictError(f"the call {record.call_id} has another record")
    entry = call_entry(record)
    booked = () if entry is None else await journal.book(connection, entry)
    if held is None:
        await accounts.know_organisation(connection, record.organisation)
        await connection.execute(insert(calls).values(msgspec.to_builtins(record)))
        if record.withheld and record.e164:
            await withheld.note(connection, record.organisation, record.e164)
        hidden = await withheld.was_withheld(connection, record.organisation, record.e164)
        await enqueue(connection, call_ended(record, hidden=hidden))
        await add_call(connection, record)
    return booked


async def by_id(connection: AsyncConnection, call_id: str) -> CallRecord | None:
    """The record with this id."""
    query = select(calls).where(calls.c.call_id == call_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else record_of(row)


@dataclass(frozen=True, slots=True)
class Period:
    """Calls that ended in the half-open interval: all, or those of an account or organisation, or
    those of a verified caller (profile, number) that reached no account."""

    from_ms: int
    to_ms: int
    account_id: str | None = None
    unknown_caller: tuple[str, str] | None = None
    organisation: str | None = None


async def page(
    connection: AsyncConnection, period: Period, after: CallRecord | None, most: int
) -> list[CallRecord]:
    """Up to `most` records of the period that follow `after`, oldest first."""
    place = calls.c.ended_ms, calls.c.call_id
    # SQLite finds its place in an index by the plain column alone: from the period's start on,
    # every page would pass over all that were before it.
    from_ms = period.from_ms if after is None else after.ended_ms
    query = (
        select(calls)
        .where(calls.c.ended_ms >= from_ms, calls.c.ended_ms < period.to_ms)
        .order_by(*place)
        .limit(most)
    )
    if period.account_id is not None:
        query = query.where(calls.c.account_id == period.account_id)
    if period.organisation is not None:
        query = query.where(calls.c.organisation == period.organisation)
    if period.unknown_caller is not None:
        profile, e164 = period.unknown_caller
        query = query.where(
            calls.c.account_id.is_(None),
            calls.c.profile == profile,
            calls.c.e164 == e164,
            calls.c.verified,
        )
    if after is not None:
        query = query.where(tuple_(*place) > (after.ended_ms, after.call_id))
    return [record_of(row) for row in (await connection.execute(query)).mappings()]


def record_of(row: RowMapping) -> CallRecord:
    """The record in a row of `calls`."""
    values = {name: row[name] for name in _FIELDS}
    # Records from before these were kept have NULL there.
    later = {name: row[name] or () for name in ("ordered", "slices", "stays")}
    return msgspec.convert(values | later, CallRecord)
