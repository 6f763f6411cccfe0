"""Searching what moved on customers' accounts: each function is part of a transaction.

An organisation's entries are looked at in the order of their time along an index, an account's
lines along its own; `LOOK_MOST` at a time.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    false,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)
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

LOOK_MOST = 2_000
"""How many entries, or lines of named accounts, a page looks at."""

ACCOUNTS_MOST = 20
"""How many accounts that a number has named are looked at."""

_PRESENT = aliases.c.until_ms.is_(None)
_ORDER = (entries.c.at_ms, entries.c.entry_id)


async def search(connection: AsyncConnection, wanted: TransactionFilter) -> TransactionPage:
    """See `ports.reading.transactions`."""
    most = max(1, min(wanted.most, PAGE_MOST))
    account_ids = await _account_ids(connection, wanted)
    if account_ids == []:
        return TransactionPage((), None)
    filtered = wanted.least_micros is not None or wanted.most_micros is not None
    if account_ids is None:
        look_most = LOOK_MOST if filtered or wanted.profile is not None else most + 1
        looking = _entries(wanted).limit(look_most)
        found = _lines_of_entries(wanted, looking.subquery())
    else:
        filtered = filtered or wanted.kind is not None or wanted.author is not None
        look_most = LOOK_MOST if filtered else most + 1
        looking = _lines(wanted, account_ids, look_most)
        found = _of_their_entries(wanted, looking.subquery())
    newest = found.order_by(*(column.desc() for column in found.selected_columns)).limit(most + 1)
    places = [LinePlace(*row) for row in await connection.execute(newest)]
    transactions = tuple(await _transactions(connection, places[:most]))
    if len(places) > most:
        return TransactionPage(transactions, places[most - 1])
    last = (await connection.execute(looking.limit(2).offset(look_most - 1))).all()
    return TransactionPage(transactions, LinePlace(*last[0][:3]) if len(last) > 1 else None)


async def _account_ids(
    connection: AsyncConnection, wanted: TransactionFilter
) -> Sequence[str] | None:
    """The accounts that are asked for; None for all."""
    if wanted.account_id is None and wanted.e164 is None:
        return None
    account = accounts.c
    query = select(account.account_id).where(account.organisation == wanted.organisation)
    if wanted.profile is not None:
        query = query.where(account.profile == wanted.profile)
    if wanted.account_id is not None:
        query = query.where(account.account_id == wanted.account_id)
    if wanted.e164 is not None:
        named = select(aliases.c.account_id).where(
            aliases.c.organisation == wanted.organisation, aliases.c.e164 == wanted.e164
        )
        query = query.where(account.account_id.in_(named))
    return (await connection.scalars(query.order_by(account.account_id).limit(ACCOUNTS_MOST))).all()


def _lines(wanted: TransactionFilter, account_ids: Sequence[str], most: int) -> Select[Any]:
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
        select(*place, postings.c.micros)
        .where(postings.c.account_id == account_id, *conditions)
        .order_by(*newest_first)
        .limit(most)
        .subquery()
        for account_id in account_ids
    )
    lines = union_all(*(select(these) for these in each)).subquery()
    order = lines.c.at_ms.desc(), lines.c.entry_id.desc(), lines.c.line.desc()
    return select(lines).order_by(*order).limit(most)


def _of_their_entries(wanted: TransactionFilter, looked: Subquery) -> Select[Any]:
    """The places of the lines looked at that are asked for."""
    query = select(looked.c.at_ms, looked.c.entry_id, looked.c.line)
    query = query.where(*_of_amount(wanted, looked.c.micros))
    if wanted.kind is None and wanted.author is None:
        return query
    of_entry = entries.c.entry_id == looked.c.entry_id
    return query.join(entries, of_entry).where(*_of_entry(wanted))


def _entries(wanted: TransactionFilter) -> Select[Any]:
    """The next entries from the place on; that one's too, unless its first line is behind.

    Each with line 0, since nothing of an entry that was looked at is before its first line.
    """
    query = select(*_ORDER, literal_column("0").label("line"))
    query = query.where(entries.c.organisation == wanted.organisation, *_of_entry(wanted))
    if wanted.from_ms is not None:
        query = query.where(entries.c.at_ms >= wanted.from_ms)
    if wanted.to_ms is not None:
        query = query.where(entries.c.at_ms < wanted.to_ms)
    if wanted.before is not None:
        here = wanted.before.at_ms, wanted.before.entry_id
        place = tuple_(*_ORDER)
        query = query.where(place <= here if wanted.before.line else place < here)
    return query.order_by(*(column.desc() for column in _ORDER))


def _lines_of_entries(wanted: TransactionFilter, looked: Subquery) -> Select[Any]:
    """The places of customers' lines, of the entries looked at, that are asked for."""
    place = looked.c.at_ms, looked.c.entry_id, postings.c.line
    query = (
        select(*place)
        .join(postings, postings.c.entry_id == looked.c.entry_id)
        .where(postings.c.account_id.is_not(None), *_of_amount(wanted, postings.c.micros))
    )
    if wanted.profile is not None:
        theirs = accounts.c.account_id == postings.c.account_id
        query = query.join(accounts, theirs).where(accounts.c.profile == wanted.profile)
    if wanted.before is not None:
        before = wanted.before.at_ms, wanted.before.entry_id, wanted.before.line
        query = query.where(tuple_(*place) < before)
    return query


def _of_amount(wanted: TransactionFilter, micros: ColumnElement[int]) -> list[ColumnElement[bool]]:
    conditions = []
    if wanted.least_micros is not None:
        conditions.append(micros >= wanted.least_micros)
    if wanted.most_micros is not None:
        conditions.append(micros <= wanted.most_micros)
    return conditions


def _of_entry(wanted: TransactionFilter) -> list[ColumnElement[bool]]:
    conditions = []
    if wanted.kind is not None:
        conditions.append(entries.c.kind == wanted.kind)
    if wanted.author is not None:
        conditions.append(entries.c.author == wanted.author)
    return conditions


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
