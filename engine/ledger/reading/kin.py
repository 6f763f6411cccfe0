"""Numbers and what they name: each function is part of a transaction."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.cdr import CallRecord
from engine.ledger.api import customers
from engine.ledger.calls import record_of
from engine.ledger.reading.withheld import is_withheld
from engine.ledger.tables import aliases, calls
from engine.ports.reading.kin import KIN_MOST, Name, Named


async def named(
    connection: AsyncConnection, organisation: str, numbers: Collection[str]
) -> list[Named]:
    """See `ports.reading.kin`; an account's present number comes first."""
    hidden = is_withheld(aliases.c.organisation, aliases.c.e164)
    query = (
        select(aliases.c.account_id, aliases.c.e164, aliases.c.until_ms, hidden)
        .where(aliases.c.organisation == organisation, aliases.c.e164.in_(sorted(numbers)))
        .order_by(aliases.c.until_ms.is_not(None), aliases.c.until_ms.desc(), aliases.c.alias_id)
        .limit(KIN_MOST)
    )
    found = (await connection.execute(query)).all()
    ids = {row[0] for row in found}
    known = {one.account.account_id: one for one in await customers.by_ids(connection, ids)}
    return [Named(known[account_id], *rest) for account_id, *rest in found]


async def names(connection: AsyncConnection, organisation: str, account_id: str) -> list[Name]:
    """See `ports.reading.kin`."""
    hidden = is_withheld(aliases.c.organisation, aliases.c.e164)
    query = (
        select(aliases.c.e164, aliases.c.from_ms, aliases.c.until_ms, hidden)
        .where(aliases.c.organisation == organisation, aliases.c.account_id == account_id)
        .order_by(aliases.c.alias_id.desc())
        .limit(KIN_MOST)
    )
    return [Name(*row) for row in await connection.execute(query)]


async def last_calls(
    connection: AsyncConnection, organisation: str, e164: str, most: int
) -> list[CallRecord]:
    """See `ports.reading.kin`."""
    query = (
        select(calls)
        .where(calls.c.organisation == organisation, calls.c.e164 == e164)
        .order_by(calls.c.ended_ms.desc(), calls.c.call_id.desc())
        .limit(most)
    )
    return [record_of(row) for row in (await connection.execute(query)).mappings()]
