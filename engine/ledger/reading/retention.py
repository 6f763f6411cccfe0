"""Letting go: each function is part of a transaction, and bounded.

What is due is looked for in a transaction that only reads, since that may take long and holds
nobody up; what was found goes in one that writes, by its keys, if it is still due.

Records let go in the order of their end; how far that has come is noted, so that the next
look need not begin at the first call.
"""

from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Text,
    and_,
    cast,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.retention import Kind
from engine.ledger.diversion.tables import forwarded_calls
from engine.ledger.mails.tables import mails
from engine.ledger.reading.withheld import among, forget_unused
from engine.ledger.tables import (
    accounts,
    aliases,
    api_answers,
    audit_acts,
    audit_ends,
    blocked_callers,
    caller_notes,
    calls,
    first_calls,
    heads,
    letters,
    orders,
    pins,
    retained,
    sessions,
)
from engine.ledger.tracked.tables import tracked_calls
from engine.ledger.verifications.tables import verifications
from engine.ledger.webhooks.tables import webhook_events
from engine.ports.reading.retention import COUNT_MOST


def _is_kept(column: Column[Any]) -> ColumnElement[bool]:
    """Whether a list that older rows lack holds anything."""
    return column.is_not(None) & cast(column, Text).not_in(("[]", "null"))


_STRIPPED: dict[Kind, tuple[Column[str], Column[int], ColumnElement[bool], dict[str, object]]] = {
    Kind.CALLS: (
        calls.c.call_id,
        calls.c.ended_ms,
        or_(calls.c.e164.is_not(None), calls.c.received_identity != ""),
        {"e164": None, "received_identity": ""},
    ),
    Kind.PROMPTS: (
        calls.c.call_id,
        calls.c.ended_ms,
        or_(cast(calls.c.prompts, Text) != "[]", _is_kept(calls.c.slices), _is_kept(calls.c.stays)),
        {"prompts": [], "slices": [], "stays": []},
    ),
    Kind.ORDERED: (
        calls.c.call_id,
        calls.c.ended_ms,
        _is_kept(calls.c.ordered),
        {"ordered": []},
    ),
    Kind.VERIFICATIONS: (
        verifications.c.verification_id,
        verifications.c.ended_ms,
        or_(verifications.c.e164.is_not(None), verifications.c.address_key != ""),
        {"e164": None, "address_key": ""},
    ),
    Kind.FORWARDED: (
        forwarded_calls.c.call_id,
        # An end nobody ever heard must not keep a number for ever.
        forwarded_calls.c.arrived_ms,
        forwarded_calls.c.caller.is_not(None),
        {"caller": None},
    ),
}
"""The rows that lose something: their key, their time, which of them, and what they are left with.
"""

_FORMER = aliases.alias("former")
_UNUSED = and_(
    aliases.c.until_ms.is_(None),
    aliases.c.account_id.in_(select(heads.c.account_id).where(heads.c.seq == literal_column("0"))),
    ~exists().where(_FORMER.c.account_id == aliases.c.account_id, _FORMER.c.until_ms.is_not(None)),
    *(
        ~exists().where(one.c.account_id == aliases.c.account_id)
        for one in (orders, caller_notes, blocked_callers, pins)
    ),
)
"""Which numbers name an account that nothing came of; a call is booked even if it is free."""

_DELETED: dict[Kind, tuple[tuple[Column[Any], ...], Column[int], ColumnElement[bool]]] = {
    Kind.FORMER: ((aliases.c.alias_id,), aliases.c.until_ms, aliases.c.until_ms.is_not(None)),
    Kind.LETTERS: ((letters.c.letter_id,), letters.c.received_ms, true()),
    Kind.ORDERS: (
        (orders.c.order_id,),
        orders.c.created_ms,
        and_(
            orders.c.paid_ms.is_(None),
            orders.c.set_aside_ms.is_(None),
            orders.c.ask_at_ms.is_(None),
            orders.c.refunded_micros == 0,
            cast(orders.c.disputes, Text) == "[]",
        ),
    ),
    Kind.ACCOUNTS: ((aliases.c.account_id,), aliases.c.from_ms, _UNUSED),
    Kind.MARKS: (
        (first_calls.c.organisation, first_calls.c.caller_list, first_calls.c.e164),
        first_calls.c.at_ms,
        true(),
    ),
    Kind.NOTES: ((caller_notes.c.note_id,), caller_notes.c.at_ms, true()),
    Kind.ACTS: ((audit_acts.c.act_id,), audit_acts.c.at_ms, true()),
    Kind.SESSIONS: ((sessions.c.session_hash,), sessions.c.ends_ms, true()),
    Kind.ANSWERS: (
        (api_answers.c.organisation, api_answers.c.key),
        api_answers.c.begun_ms,
        true(),
    ),
    Kind.WEBHOOKS: (
        (webhook_events.c.event_id,),
        webhook_events.c.at_ms,
        true(),
    ),
    Kind.TRACKED: ((tracked_calls.c.call_id,), tracked_calls.c.arrived_ms, true()),
    Kind.MAILS: ((mails.c.key,), mails.c.queued_ms, mails.c.next_ms.is_(None)),
}
"""The rows that go as a whole: their key, their time, and which of them."""

_NUMBERED = (Kind.CALLS, Kind.FORMER, Kind.MARKS, Kind.ACCOUNTS)
"""What lets go of callers' numbers, which may have been withheld."""

Keys = list[tuple[Any, ...]]
"""The primary keys of rows."""


async def count(connection: AsyncConnection, kind: Kind, before_ms: int) -> int:
    """See `ports.reading.retention`."""
    due = (await _due(connection, kind, before_ms)).limit(COUNT_MOST).subquery()
    return int(await connection.scalar(select(func.count()).select_from(due)) or 0)


async def find(connection: AsyncConnection, kind: Kind, before_ms: int, most: int) -> Keys:
    """What is due, oldest first, at most so many."""
    query = (await _due(connection, kind, before_ms)).limit(most)
    return [tuple(row) for row in await connection.execute(query)]


async def _due(connection: AsyncConnection, kind: Kind, before_ms: int) -> Select[Any]:
    """The keys of what is due, oldest first."""
    if kind in _DELETED:
        keys, at_ms, which = _DELETED[kind]
        return select(*keys).where(which, at_ms < before_ms).order_by(at_ms)
    key, at_ms, which, _ = _STRIPPED[kind]
    done_ms = await connection.scalar(select(retained.c.before_ms).where(retained.c.kind == kind))
    return select(key).where(which, at_ms >= (done_ms or 0), at_ms < before_ms).order_by(at_ms, key)


async def let_go(
    connection: AsyncConnection, kind: Kind, before_ms: int, found: Keys, *, is_all: bool
) -> None:
    """Let go of what was found, and of withheld numbers that nothing knows any longer.

    `is_all` if no more was due before that time.
    """
    numbers = await _numbers(connection, kind, found)
    if kind is Kind.ACCOUNTS:
        await _close(connection, found, before_ms)
    elif kind in _STRIPPED:
        key, _, which, left = _STRIPPED[kind]
        these = among((key,), found)
        await connection.execute(update(key.table).where(these, which).values(left))
        await _note_done(connection, kind, before_ms if is_all else found[-1])
    else:
        keys, _, which = _DELETED[kind]
        these = among(keys, found)
        if kind is Kind.ACTS:
            ends = audit_ends.c.act_id.in_([act_id for (act_id,) in found])
            await connection.execute(delete(audit_ends).where(ends))
        await connection.execute(delete(keys[0].table).where(these, which))
    if numbers:
        await forget_unused(connection, numbers)


async def _close(connection: AsyncConnection, found: Keys, before_ms: int) -> None:
    """Delete accounts with their numbers, but for those that were asked for meanwhile."""
    due = among((aliases.c.account_id,), found) & (aliases.c.from_ms < before_ms) & _UNUSED
    gone = delete(aliases).where(due).returning(aliases.c.account_id)
    account_ids = (await connection.scalars(gone)).all()
    for rows in (heads, accounts):
        await connection.execute(delete(rows).where(rows.c.account_id.in_(account_ids)))


async def _numbers(connection: AsyncConnection, kind: Kind, found: Keys) -> set[tuple[str, str]]:
    """The callers' numbers in what was found, each with its organisation."""
    if kind not in _NUMBERED:
        return set()
    keys = _DELETED[kind][0] if kind in _DELETED else _STRIPPED[kind][:1]
    row = keys[0].table.c
    query = select(row.organisation, row.e164).where(among(keys, found))
    return {(owner, e164) for owner, e164 in await connection.execute(query) if e164 is not None}


async def _note_done(connection: AsyncConnection, kind: Kind, to: int | tuple[Any, ...]) -> None:
    """Note how far rows have been stripped: to a time, or to the time of the row with this key."""
    key, at_ms, *_ = _STRIPPED[kind]
    if not isinstance(to, int):
        to = await connection.scalar(select(at_ms).where(key == to[0])) or 0
    await connection.execute(delete(retained).where(retained.c.kind == kind))
    await connection.execute(insert(retained).values(kind=kind, before_ms=to))
