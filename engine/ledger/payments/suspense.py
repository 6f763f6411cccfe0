"""Payments in suspense: each function is part of a transaction."""

from typing import Any

from sqlalchemy import Select, exists, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.payment import SETTLED
from engine.core.posting import EntryKind
from engine.ledger.tables import entries, postings
from engine.ports.reading.suspense import Waiting


def _select_waiting() -> Select[Any]:
    settled = entries.alias("settled")
    return (
        select(entries, postings.c.account, postings.c.micros)
        .join(postings, postings.c.entry_id == entries.c.entry_id)
        .where(
            entries.c.kind == EntryKind.SUSPENSE,
            postings.c.micros < 0,
            ~exists().where(settled.c.key == SETTLED + entries.c.key),
        )
    )


def _waiting(row: RowMapping) -> Waiting:
    return Waiting(
        key=row["key"],
        organisation=row["organisation"],
        at_ms=row["at_ms"],
        counter=row["account"],
        currency=row["currency"],
        micros=-row["micros"],
        reason=row["reason"],
    )


async def waiting(connection: AsyncConnection, organisation: str, most: int) -> list[Waiting]:
    """See `ports.reading.suspense`."""
    query = _select_waiting().where(entries.c.organisation == organisation)
    query = query.order_by(entries.c.at_ms, entries.c.entry_id).limit(most)
    return [_waiting(row) for row in (await connection.execute(query)).mappings()]


async def by_key(connection: AsyncConnection, key: str) -> Waiting | None:
    """See `ports.reading.suspense`."""
    query = _select_waiting().where(entries.c.key == key)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else _waiting(row)
