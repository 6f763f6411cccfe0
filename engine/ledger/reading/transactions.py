"""Searching what moved on customers' accounts: each function is part of a transaction.

An organisation's entries are looked at in the order of their time along an index, an account's
lines along its own; `LOOK_MOST` at a time.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, or_, select, tuple_, union_all
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
"""How many entries, or lines of named accounts, a page looks at."""

ACCOUNTS_MOST = 20
"""How many accounts that a number has named are looked at."""

_PRESENT = aliases.c.until_ms.is_(None)
_ORDER = (entries.c.at_ms, entries.c.entry_id)
_PLACE = (*_ORDER, postings.c.line)


async def search(connection: AsyncConnection, wanted: TransactionFilter) -> TransactionPage:
    """See `ports.reading.transactions`."""
    most = max(1, min(wanted.most, PAGE_MOST))
    looking = await _looking(connection, wanted)
    if looking is None:
        return TransactionPage((), None)
    looked = looking.limit(LOOK_MOST).subquery()
    query = (
        select(*_PLACE)
        .join(entries, entries.c.entry_id == postings.c.entry_id)
        .join(accounts, accounts.c.account_id == postings.c.account_id)
        .join(looked, looked.c.entry_id == entries.c.entry_id)
        .where(*_driving(wanted), *_conditions(wanted))
    )
    if "line" in looked.c:
        query = query.where(looked.c.line == postings.c.line)
    if wanted.before is not None:
        before = wanted.before.at_ms, wanted.before.entry_id, wanted.before.line
        query = query.where(tuple_(*_PLACE) < before)
    newest = query.order_by(*(column.desc() for column in _PLACE)).limit(most)
    places = [LinePlace(*row) for row in await connection.execute(newest)]
    found = tuple(await _transactions(connection, places))
    if len(found) == most:
        return TransactionPage(found, found[-1].place)
    last = (await connection.execute(looking.limit(1).offset(LOOK_MOST - 1))).one_or_none()
    # Of an entry that was looked at as a whole nothing is before its first line.
    return TransactionPage(
        found, None if last is None else LinePlace(*last, *([0] * (3 - len(last))))
    )


async def _looking(connection: AsyncConnection, wanted: TransactionFilter) -> Select[Any] | None:
    """What is looked at in its order: entries, or the lines of the accounts that are named; None
    if none is."""
    if wanted.account_id is None and wanted.e164 is None:
        return _entries(wanted)
    query = select(accounts.c.account_id).where(accounts.c.organisation == wanted.organisation)
    if wanted.account_id is not None:
        query = query.where(accounts.c.account_id == wanted.account_id)
    if wanted.e164 is not None:
        named = select(aliases.c.account_id).where(
            aliases.c.organisation == wanted.organisation, aliases.c.e164 == wanted.e164
        )
        query = query.where(accounts.c.account_id.in_(named))
    found = (
        await connection.scalars(query.order_by(accounts.c.account_id).limit(ACCOUNTS_MOST))
    ).all()
    return _lines(wanted, found) if found else None


def _lines(wanted: TransactionFilter, account_ids: Sequence[str]) -> Select[Any]:
    """The next lines of accounts: those of each along its own index, put in one order."""
    place = postings.c.at_ms, postings.c.entry_id, postings.c.line
    newest_first = [column.desc() for column in place]
    conditions = []
    if wanted.from_ms is not None:
        conditions.append(postings.c.at_ms >= wanted.from_ms)
    if wanted.to_ms is not None:
        conditions.append(postings.c.at_ms < wanted.to_ms)
    if wanted.before is not None:
        before = wanted.before.at_ms, wanted.before.entry_id, wanted.before.line
        conditions.append(tuple_(*place) < before)
    each = (
        select(*place)
        .where(postings.c.account_id == account_id, *conditions)
        .order_by(*newest_first)
        .limit(LOOK_MOST)
        .subquery()
        for account_id in account_ids
    )
    lines = union_all(*(select(these) for these in each)).subquery()
    return select(lines).order_by(*(column.desc() for column in lines.c))


def _conditions(wanted: TransactionFilter) -> list[ColumnElement[bool]]:
    """What is asked of a line and its account."""
    conditions = []
    if wanted.profile is not None:
        conditions.append(accounts.c.profile == wanted.profile)
    if wanted.least_micros is not None:
        conditions.append(postings.c.micros >= wanted.least_micros)
    if wanted.most_micros is not None:
        conditions.append(postings.c.micros <= wanted.most_micros)
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


def _entries(wanted: TransactionFilter) -> Select[Any]:
    """The next entries from the place on; that one's too, unless its first line is behind."""
    query = select(*_ORDER).where(*_driving(wanted))
    if wanted.before is not None:
        here = wanted.before.at_ms, wanted.before.entry_id
        place = tuple_(*_ORDER)
        query = query.where(place <= here if wanted.before.line else place < here)
    return query.order_by(*(column.desc() for column in _ORDER))


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
        .order_by(*(column.desc() for column in _PLACE))
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
