"""The journal: entries booked once, their customers' postings numbered without a gap.

Booking locks the heads of the accounts it touches (in the order of their ids, so that no two wait
for each other), moves each on by its postings and puts these into the outbox, in one transaction.
The hash of an entry's content tells a repeat from another use of its key, and lets `verify`
find rows changed afterwards; its time is no part of it, since a repeat comes later.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.posting import Entry, EntryKind, call_key, customer_id, ended_hold
from engine.errors import CallerError, ConflictError
from engine.ledger.reading.adding import add_payment
from engine.ledger.tables import accounts, entries, heads, outbox, postings
from engine.ports.ledger import JournalLine
from engine.ports.store import StorePosting

_MOVING = ("balance_micros", "seq", "top_ups", "last_top_up_ms")
_CONTENT = ("key", "kind", "currency", "reason", "author", "call_id")


@dataclass(slots=True)
class _Head:
    """Where an account stands while an entry is booked on it."""

    account_id: str
    balance_micros: int
    seq: int
    top_ups: int
    last_top_up_ms: int
    organisation: str
    currency: str
    profile: str


def content_hash(entry: Mapping[str, object], lines: Sequence[tuple[str, int]]) -> str:
    """The SHA-256 of what an entry's row and its lines (account, micros) say, in hexadecimal."""
    content = [entry[name] for name in _CONTENT]
    return hashlib.sha256(json.dumps([*content, lines]).encode()).hexdigest()


async def book(connection: AsyncConnection, entry: Entry) -> tuple[StorePosting, ...]:
    """Book the entry unless it is booked already; its customers' postings either way.

    Raises `ConflictError` if the key was used for another entry, `CallerError` if an account is
    unknown or does not fit.
    """
    content = {name: getattr(entry, name) for name in _CONTENT}
    digest = content_hash(content, [(line.account, line.micros) for line in entry.postings])
    held = await connection.scalar(select(entries.c.content_hash).where(entries.c.key == entry.key))
    if held is None:
        rows = await _write(connection, entry, {**content, "content_hash": digest})
        return tuple(_store_posting({**content, **row}) for row in rows if row["account_id"])
    if held != digest:
        raise ConflictError(f"the key {entry.key} was used for another entry")
    query = numbered().where(entries.c.key == entry.key).order_by(postings.c.line)
    return tuple(await _store_postings(connection, query))


async def _write(
    connection: AsyncConnection, entry: Entry, content: Mapping[str, object]
) -> list[dict[str, Any]]:
    """Book the entry; its postings' rows."""
    standing = await _lock(connection, entry)
    rows = _rows(entry, standing)
    organisation = next((head.organisation for head in standing.values()), entry.organisation)
    entry_id = await connection.scalar(
        insert(entries)
        .values(organisation=organisation, at_ms=entry.at_ms, **content)
        .returning(entries.c.entry_id)
    )
    await connection.execute(insert(postings), [{**row, "entry_id": entry_id} for row in rows])
    for head in standing.values():
        await connection.execute(
            update(heads)
            .where(heads.c.account_id == head.account_id)
            .values({name: getattr(head, name) for name in _MOVING})
        )
    waiting = [
        {"account_id": row["account_id"], "seq": row["seq"]} for row in rows if row["account_id"]
    ]
    if waiting:
        await connection.execute(insert(outbox), waiting)
    profiles = [head.profile for head in standing.values()]
    await add_payment(connection, entry, organisation, profiles)
    return rows


async def _lock(connection: AsyncConnection, entry: Entry) -> dict[str, _Head]:
    """The locked heads of the entry's customers by account id, judged fit for it."""
    wanted = {name for posting in entry.postings if (name := customer_id(posting.account))}
    query = (
        select(heads, accounts.c.currency, accounts.c.profile)
        .join(accounts, accounts.c.account_id == heads.c.account_id)
        .where(heads.c.account_id.in_(wanted))
        .order_by(heads.c.account_id)
        .with_for_update(of=heads)
    )
    found = [_Head(**row) for row in (await connection.execute(query)).mappings()]
    missing = wanted - {head.account_id for head in found}
    if missing:
        raise CallerError(f"there is no account {', '.join(sorted(missing))}", "account_id")
    if any(head.currency != entry.currency for head in found):
        raise CallerError("differs from the account's currency", "currency")
    if len({head.organisation for head in found}) > 1:
        raise CallerError("accounts of two organisations in one entry", "postings")
    return {head.account_id: head for head in found}


def _rows(entry: Entry, standing: dict[str, _Head]) -> list[dict[str, Any]]:
    """The entry's posting rows; the heads move on with them."""
    rows: list[dict[str, Any]] = []
    for line, posting in enumerate(entry.postings):
        head = standing.get(customer_id(posting.account) or "")
        if head is not None:
            head.seq += 1
            head.balance_micros += posting.micros
            if entry.kind is EntryKind.TOP_UP:
                head.top_ups += 1
                head.last_top_up_ms = max(head.last_top_up_ms, entry.at_ms)
        rows.append(
            {
                "line": line,
                "account": posting.account,
                "micros": posting.micros,
                "account_id": head and head.account_id,
                "seq": head and head.seq,
                "balance_micros": head and head.balance_micros,
                "at_ms": head and entry.at_ms,
            }
        )
    return rows


def numbered() -> Select[tuple[object, ...]]:
    """All customers' postings with their entries, in rows for `line_of`."""
    return (
        select(postings, entries)
        .join(entries, entries.c.entry_id == postings.c.entry_id)
        .where(postings.c.account_id.is_not(None))
    )


async def _store_postings(
    connection: AsyncConnection, query: Select[tuple[object, ...]]
) -> list[StorePosting]:
    return [_store_posting(dict(row)) for row in (await connection.execute(query)).mappings()]


def _store_posting(row: Mapping[str, Any]) -> StorePosting:
    kind = EntryKind(row["kind"])
    return StorePosting(
        account_id=row["account_id"],
        currency=row["currency"],
        seq=row["seq"],
        micros=row["micros"],
        kind=kind,
        key=row["key"],
        hold_id=ended_hold(kind, row["key"], row["call_id"], row["micros"]),
    )


async def waiting(connection: AsyncConnection, most: int) -> list[StorePosting]:
    """The outbox, oldest first; an account's rows were put there in order, under its lock."""
    query = (
        numbered()
        .join(
            outbox,
            (outbox.c.account_id == postings.c.account_id) & (outbox.c.seq == postings.c.seq),
        )
        .order_by(outbox.c.place)
        .limit(most)
    )
    return await _store_postings(connection, query)


async def mark_applied(connection: AsyncConnection, done: Iterable[StorePosting]) -> None:
    """Take postings out of the outbox."""
    for posting in done:
        await connection.execute(
            delete(outbox).where(
                outbox.c.account_id == posting.account_id, outbox.c.seq == posting.seq
            )
        )


async def postings_after(
    connection: AsyncConnection, account_id: str, seq: int
) -> list[StorePosting]:
    """The account's postings that follow a sequence number, in order."""
    query = (
        numbered()
        .where(postings.c.account_id == account_id, postings.c.seq > seq)
        .order_by(postings.c.seq)
    )
    return await _store_postings(connection, query)


async def lines(
    connection: AsyncConnection, account_id: str, from_ms: int, to_ms: int
) -> list[JournalLine]:
    """The account's postings of entries made in the half-open interval, in order."""
    query = (
        numbered()
        .where(
            postings.c.account_id == account_id,
            entries.c.at_ms >= from_ms,
            entries.c.at_ms < to_ms,
        )
        .order_by(postings.c.seq)
    )
    return [line_of(row) for row in (await connection.execute(query)).mappings()]


async def balances_after(connection: AsyncConnection, call_ids: Sequence[str]) -> dict[str, int]:
    """By call: the balance of its account once it was booked."""
    balance = (  # looked up entry by entry: a join may read every posting there is for a page
        select(postings.c.balance_micros)
        .where(postings.c.entry_id == entries.c.entry_id, postings.c.account_id.is_not(None))
        .scalar_subquery()
        .label("balance_micros")
    )
    query = select(entries.c.call_id, balance).where(
        entries.c.key.in_([call_key(call_id) for call_id in call_ids])
    )
    rows = await connection.execute(query)
    return {row.call_id: row.balance_micros for row in rows if row.balance_micros is not None}


def line_of(row: RowMapping) -> JournalLine:
    """The line in a row of `numbered`."""
    return JournalLine(
        seq=row["seq"],
        at_ms=row["at_ms"],
        kind=EntryKind(row["kind"]),
        micros=row["micros"],
        balance_micros=row["balance_micros"],
        key=row["key"],
        reason=row["reason"],
        author=row["author"],
        call_id=row["call_id"],
    )
