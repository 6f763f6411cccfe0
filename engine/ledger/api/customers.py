"""Customers and their lines as an operator lists them: each function is part of a transaction."""

from collections.abc import Collection, Sequence

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.ledger.accounts import account_of, select_accounts
from engine.ledger.journal import line_of, numbered
from engine.ledger.reading.withheld import is_withheld
from engine.ledger.tables import accounts, aliases, entries, heads, postings
from engine.ports.ledger import JournalLine
from engine.ports.operators import (
    Customer,
    CustomerFilter,
    CustomerOrder,
    LineFilter,
    TopUps,
)

_ORDERS = {
    CustomerOrder.NUMBER: aliases.c.e164,
    CustomerOrder.BALANCE: heads.c.balance_micros,
    CustomerOrder.LAST_TOP_UP: heads.c.last_top_up_ms,
}
_PRESENT = aliases.c.until_ms.is_(None)


def _select_customers(organisation: str) -> Select[tuple[object, ...]]:
    return _told().where(accounts.c.organisation == organisation)


def _told() -> Select[tuple[object, ...]]:
    hidden = is_withheld(accounts.c.organisation, aliases.c.e164)
    return select_accounts().add_columns(hidden.label("is_withheld"))


async def _customers(
    connection: AsyncConnection, query: Select[tuple[object, ...]]
) -> list[Customer]:
    rows = (await connection.execute(query)).mappings()
    return [Customer(account_of(row), row["is_withheld"]) for row in rows]


async def by_id(connection: AsyncConnection, organisation: str, account_id: str) -> Customer | None:
    """The organisation's account with this id."""
    query = _select_customers(organisation).where(accounts.c.account_id == account_id)
    found = await _customers(connection, query)
    return found[0] if found else None


async def by_ids(connection: AsyncConnection, account_ids: Collection[str]) -> list[Customer]:
    """The accounts with these ids."""
    return await _customers(connection, _told().where(accounts.c.account_id.in_(account_ids)))


async def listed(connection: AsyncConnection, wanted: CustomerFilter) -> list[Customer]:
    """The accounts that are wanted, in their order."""
    # Whose they are is asked of the table whose index gives the order: asked of the accounts too,
    # SQLite reads them all and sorts them.
    in_order_of_id = wanted.order is CustomerOrder.ID
    query = _select_customers(wanted.organisation) if in_order_of_id else _told()
    if wanted.profile is not None:
        query = query.where(accounts.c.profile == wanted.profile)
    if wanted.e164 is not None:
        # Said of the alias too: its own index finds the number.
        query = query.where(
            aliases.c.organisation == wanted.organisation, aliases.c.e164 == wanted.e164
        )
    if in_order_of_id:
        query = query.where(accounts.c.account_id > wanted.after).order_by(accounts.c.account_id)
        return await _customers(connection, query.limit(wanted.most))
    return await _customers(connection, await _ordered(connection, query, wanted))


async def _ordered(
    connection: AsyncConnection, query: Select[tuple[object, ...]], wanted: CustomerFilter
) -> Select[tuple[object, ...]]:
    """The query in the order of a column that has an index with the organisation before it."""
    key = _ORDERS[wanted.order]
    place = key, key.table.c.account_id
    query = query.where(key.table.c.organisation == wanted.organisation)
    if wanted.after:
        at = select(key).where(key.table.c.account_id == wanted.after)
        last = await connection.scalar(at.where(_PRESENT) if key.table is aliases else at)
        here = (last, wanted.after)
        is_rising = wanted.order is CustomerOrder.NUMBER
        query = query.where(tuple_(*place) > here if is_rising else tuple_(*place) < here)
    if wanted.order is CustomerOrder.NUMBER:
        return query.order_by(*place).limit(wanted.most)
    return query.order_by(*(column.desc() for column in place)).limit(wanted.most)


async def top_ups(connection: AsyncConnection, account_ids: Sequence[str]) -> dict[str, TopUps]:
    """How often the accounts were topped up, and when last, by account."""
    query = select(heads.c.account_id, heads.c.top_ups, heads.c.last_top_up_ms).where(
        heads.c.account_id.in_(account_ids), heads.c.top_ups > 0
    )
    rows = (await connection.execute(query)).all()
    return {account_id: TopUps(count, last_ms) for account_id, count, last_ms in rows}


async def lines(connection: AsyncConnection, wanted: LineFilter) -> list[JournalLine]:
    """The account's lines that are wanted, newest first."""
    query = numbered().where(postings.c.account_id == wanted.account_id)
    if wanted.kind is not None:
        query = query.where(entries.c.kind == wanted.kind)
    if wanted.from_ms is not None:
        query = query.where(entries.c.at_ms >= wanted.from_ms)
    if wanted.to_ms is not None:
        query = query.where(entries.c.at_ms < wanted.to_ms)
    if wanted.before_seq is not None:
        query = query.where(postings.c.seq < wanted.before_seq)
    query = query.order_by(postings.c.seq.desc()).limit(wanted.most)
    return [line_of(row) for row in (await connection.execute(query)).mappings()]
