"""Searching what moved on customers' accounts: each function is part of a transaction.

An account's lines are all looked at, an organisation's in the order of their time along an index
of its entries, `LOOK_MOST` at a time.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, or_, select, tuple_
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.ledger.journal import line_of
from engine.ledger.reading.withheld import is_withheld
from engine.ledger.tables import accounts, aliases, entries, postings
from engine.ports.reading.records import PAGE_MOST
from engine.ports.reading.transactions import (
    LinePlace,
    Transaction,
    TransactionFilter,
    TransactionPage,
)

LOOK_MOST = 3_000
"""How many entries a page looks at."""

_PRESENT = aliases.c.until_ms.is_(None)
_ORDER = (entries.c.at_ms, entries.c.entry_id)


async def search(connection: AsyncConnection, wanted: TransactionFilter) -> TransactionPage:
    """See `ports.reading.transactions`."""
    most = max(1, min(wanted.most, PAGE_MOST))
    place = *_ORDER, postings.c.line
    query = select(*place).join(entries, entries.c.entry_id == postings.c.entry_id)
    query = query.join(accounts, accounts.c.account_id == postings.c.account_id)
    query = query.where(*_conditions(wanted))
    by_account = wanted.account_id is not None or wanted.e164 is not None
    if by_account:
        query = query.where(*_driving(wanted))
    else:
        looked = _looked(wanted, LOOK_MOST).subquery()
        query = query.join(looked, looked.c.entry_id == entries.c.entry_id)
    if wanted.before is not None:
        before = wanted.before.at_ms, wanted.before.entry_id, wanted.before.line
        query = query.where(tuple_(*place) < before)
    newest = query.order_by(*(column.desc() for column in place)).limit(most)
    places = [LinePlace(*row) for row in await connection.execute(newest)]
    found = tuple(await _transactions(connection, places))
    if len(found) == most:
        return TransactionPage(found, found[-1].place)
    return TransactionPage(found, None if by_account else await _stopped(connection, wanted))


def _conditions(wanted: TransactionFilter) -> list[ColumnElement[bool]]:
    """What is asked of a line and its account."""
    conditions = []
    if wanted.profile is not None:
        conditions.append(accounts.c.profile == wanted.profile)
    if wanted.least_micros is not None:
        conditions.append(postings.c.micros >= wanted.least_micros)
    if wanted.most_micros is not None:
        conditions.append(postings.c.micros <= wanted.most_micros)
    if wanted.account_id is not None:
        conditions.append(postings.c.account_id == wanted.account_id)
    if wanted.e164 is not None:
        named = select(aliases.c.account_id).where(
            aliases.c.organisation == wanted.organisation, aliases.c.e164 == wanted.e164
        )
        conditions.append(postings.c.account_id.in_(named))
    return conditions


def _driving(wanted: TransactionFilter) -> list[ColumnElement[bool]]:
    """What is asked of an entry."""
    conditions = [entries.c.organisation == wanted.organisation]
    if wanted.kind is not None:
        conditions.append(entries.c.kind == wanted.kind)
    if wanted.author is not None:
        conditions.append(entries.c.author == wanted.author)
    if wanted.from_ms is not None:
        conditions.append(entries.c.at_ms >= wanted.from_ms)
    if wanted.to_ms is not None:
        conditions.append(entries.c.at_ms < wanted.to_ms)
    return conditions


def _looked(wanted: TransactionFilter, most: int) -> Select[Any]:
    """The next entries from the place on; that one's too, unless its first line is behind."""
    query = select(*_ORDER).where(*_driving(wanted))
    if wanted.before is not None:
        here = wanted.before.at_ms, wanted.before.entry_id
        place = tuple_(*_ORDER)
        query = query.where(place <= here if wanted.before.line else place < here)
    return query.order_by(*(column.desc() for column in _ORDER)).limit(most)


async def _stopped(connection: AsyncConnection, wanted: TransactionFilter) -> LinePlace | None:
    """The last entry that was looked at; None if there was nothing beyond it."""
    last = (await connection.execute(_looked(wanted, 1).offset(LOOK_MOST - 1))).one_or_none()
    # Before its first line there is none of it.
    return None if last is None else LinePlace(last.at_ms, last.entry_id, 0)


async def _transactions(connection: AsyncConnection, places: list[LinePlace]) -> list[Transaction]:
    other = postings.alias("other")
    counter = (
        select(func.coalesce(func.min(other.c.account), ""))
        .where(other.c.entry_id == entries.c.entry_id, other.c.account_id.is_(None))
        .scalar_subquery()
    )
    one_of = or_(
        false(),
        *((postings.c.entry_id == at.entry_id) & (postings.c.line == at.line) for at in places),
    )
    query = (
        select(
            postings,
            entries,
            accounts.c.profile,
            aliases.c.e164,
            is_withheld(accounts.c.organisation, aliases.c.e164).label("withheld"),
            counter.label("counter"),
        )
        .join(entries, entries.c.entry_id == postings.c.entry_id)
        .join(accounts, accounts.c.account_id == postings.c.account_id)
        .join(aliases, (aliases.c.account_id == accounts.c.account_id) & _PRESENT)
        .where(one_of)
        .order_by(*(column.desc() for column in (*_ORDER, postings.c.line)))
    )
    if not places:
        return []
    return [_transaction(row) for row in (await connection.execute(query)).mappings()]


def _transaction(row: RowMapping) -> Transaction:
    return Transaction(
        place=LinePlace(row["at_ms"], row["entry_id"], row["line"]),
        line=line_of(row),
        account_id=row["account_id"],
        profile=row["profile"],
        currency=row["currency"],
        counter=row["counter"],
        e164=row["e164"],
        withheld=row["withheld"],
    )
