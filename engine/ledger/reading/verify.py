"""The sums that are kept beside the books, against the rows they sum up."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.posting import EntryKind
from engine.ledger.reading.adding import recounted_calls, recounted_days, recounted_payments
from engine.ledger.tables import accounts, call_sums, entries, heads, postings, top_up_sums

FAULTS_MOST = 100


async def faults(connection: AsyncConnection) -> list[str]:
    """Every hour and day that is not the sum of what it counts, and every account whose payments
    are counted wrongly, as one sentence each."""
    return [
        *await _sums(connection, call_sums, recounted_calls()),
        *await _sums(connection, top_up_sums, recounted_payments()),
        *await _payments(connection),
    ]


async def _sums(connection: AsyncConnection, table: Table, hours: Select[Any]) -> list[str]:
    """The hours of a table of sums against a recount, and its days against its hours."""
    found: list[str] = []
    told_of = [column.name for column in table.primary_key]
    for span_h, counted in ((1, hours), (24, recounted_days(table))):
        kept = await _rows(connection, table, select(table).where(table.c.span_h == span_h))
        meant = await _rows(connection, table, counted)
        wrong = sorted(key for key in kept.keys() | meant.keys() if kept.get(key) != meant.get(key))
        for key in wrong[:FAULTS_MOST]:
            told = ", ".join(f"{name} {value}" for name, value in zip(told_of, key, strict=True))
            found.append(f"a row of {table.name} is not the sum of what it counts: {told}")
    return found


async def _rows(
    connection: AsyncConnection, table: Table, query: Select[Any]
) -> Mapping[tuple[Any, ...], tuple[int, ...]]:
    """What is counted, by key."""
    width = len(table.primary_key)
    rows = await connection.execute(query)
    return {tuple(row[:width]): tuple(int(count) for count in row[width:]) for row in rows.all()}


async def _payments(connection: AsyncConnection) -> list[str]:
    paid = (
        select(
            postings.c.account_id,
            func.count().label("count"),
            func.max(entries.c.at_ms).label("last_ms"),
        )
        .join(entries, entries.c.entry_id == postings.c.entry_id)
        .where(entries.c.kind == EntryKind.TOP_UP, postings.c.account_id.is_not(None))
        .group_by(postings.c.account_id)
        .subquery()
    )
    query = (
        select(heads.c.account_id, heads.c.top_ups, func.coalesce(paid.c.count, 0))
        .join(accounts, accounts.c.account_id == heads.c.account_id)
        .join(paid, paid.c.account_id == heads.c.account_id, isouter=True)
        .where(
            (heads.c.top_ups != func.coalesce(paid.c.count, 0))
            | (heads.c.last_top_up_ms != func.coalesce(paid.c.last_ms, 0))
            | (heads.c.organisation != accounts.c.organisation)
        )
        .limit(FAULTS_MOST)
    )
    return [
        f"account {account_id} counts {kept} payments (or their last, or its owner, wrongly);"
        f" the journal has {count}"
        for account_id, kept, count in await connection.execute(query)
    ]
