"""Customers and their lines as an operator lists them: each function is part of a transaction."""

from collections.abc import Sequence

from sqlalchemy import Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.posting import EntryKind
from engine.ledger.accounts import account_of, select_accounts
from engine.ledger.journal import line_of, numbered
from engine.ledger.tables import accounts, aliases, calls, entries, postings
from engine.ports.ledger import JournalLine
from engine.ports.operators import Customer, CustomerFilter, LineFilter, TopUps


def _select_customers(organisation: str) -> Select[tuple[object, ...]]:
    is_withheld = exists().where(
        calls.c.account_id == accounts.c.account_id,
        calls.c.e164 == aliases.c.e164,
        calls.c.withheld,
    )
    return (
        select_accounts()
        .add_columns(is_withheld.label("is_withheld"))
        .where(accounts.c.organisation == organisation)
    )


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


async def listed(connection: AsyncConnection, wanted: CustomerFilter) -> list[Customer]:
    """The accounts that are wanted, in the order of their ids."""
    query = _select_customers(wanted.organisation).where(accounts.c.account_id > wanted.after)
    if wanted.profile is not None:
        query = query.where(accounts.c.profile == wanted.profile)
    if wanted.e164 is not None:
        # Said of the alias too: its own index finds the number.
        query = query.where(
            aliases.c.organisation == wanted.organisation, aliases.c.e164 == wanted.e164
        )
    query = query.order_by(accounts.c.account_id).limit(wanted.most)
    return await _customers(connection, query)


async def top_ups(connection: AsyncConnection, account_ids: Sequence[str]) -> dict[str, TopUps]:
    """How often the accounts were topped up, and when last, by account."""
    query = (
        select(postings.c.account_id, func.count(), func.max(entries.c.at_ms))
        .join(entries, entries.c.entry_id == postings.c.entry_id)
        .where(postings.c.account_id.in_(account_ids), entries.c.kind == EntryKind.TOP_UP)
        .group_by(postings.c.account_id)
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
