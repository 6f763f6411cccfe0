"""Letting go: each function is part of a transaction, and bounded.

Records let go in the order of their calls' end; how far that has come is noted, so that the next
look need not begin at the first call.
"""

from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Text,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.retention import Kind
from engine.ledger.reading.withheld import forget_unused
from engine.ledger.tables import (
    aliases,
    api_answers,
    audit_acts,
    audit_ends,
    caller_notes,
    calls,
    letters,
    orders,
    retained,
    sessions,
)
from engine.ledger.webhooks.tables import webhook_events
from engine.ports.reading.retention import COUNT_MOST

_STRIPPED: dict[Kind, tuple[ColumnElement[bool], dict[str, object]]] = {
    Kind.CALLS: (
        or_(calls.c.e164.is_not(None), calls.c.received_identity != ""),
        {"e164": None, "received_identity": ""},
    ),
    Kind.PROMPTS: (cast(calls.c.prompts, Text) != "[]", {"prompts": []}),
}
"""Which records still have something to let go, and what they are left with."""

_DELETED: dict[Kind, tuple[tuple[Column[Any], ...], Column[int], ColumnElement[bool]]] = {
    Kind.FORMER: ((aliases.c.alias_id,), aliases.c.until_ms, aliases.c.until_ms.is_not(None)),
    Kind.LETTERS: ((letters.c.letter_id,), letters.c.received_ms, true()),
    Kind.ORDERS: (
        (orders.c.order_id,),
        orders.c.created_ms,
        orders.c.paid_ms.is_(None) & orders.c.ask_at_ms.is_(None),
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
}
"""The rows that go as a whole: their key, their time, and which of them."""


async def count(connection: AsyncConnection, kind: Kind, before_ms: int) -> int:
    """See `ports.reading.retention`."""
    due = (await _due(connection, kind, before_ms)).limit(COUNT_MOST).subquery()
    return int(await connection.scalar(select(func.count()).select_from(due)) or 0)


async def let_go(connection: AsyncConnection, kind: Kind, before_ms: int, most: int) -> int:
    """See `ports.reading.retention`."""
    due = (await _due(connection, kind, before_ms)).limit(most)
    rows = [tuple(row) for row in await connection.execute(due)]
    keys = [row[0] for row in rows]
    if kind in _STRIPPED:
        _, left = _STRIPPED[kind]
        await connection.execute(update(calls).where(calls.c.call_id.in_(keys)).values(left))
        await _note_done(connection, kind, before_ms, keys if len(keys) == most else [])
    else:
        key, *_ = _DELETED[kind]
        if kind is Kind.ACTS:
            await connection.execute(delete(audit_ends).where(audit_ends.c.act_id.in_(keys)))
        await connection.execute(delete(key[0].table).where(tuple_(*key).in_(rows)))
    if keys and kind in (Kind.CALLS, Kind.FORMER):
        await forget_unused(connection)
    return len(keys)


async def _due(connection: AsyncConnection, kind: Kind, before_ms: int) -> Select[Any]:
    """The keys of what is due, oldest first."""
    if kind in _DELETED:
        key, at_ms, which = _DELETED[kind]
        return select(*key).where(which, at_ms < before_ms).order_by(at_ms)
    done_ms = await connection.scalar(select(retained.c.before_ms).where(retained.c.kind == kind))
    unstripped, _ = _STRIPPED[kind]
    return (
        select(calls.c.call_id)
        .where(unstripped, calls.c.ended_ms >= (done_ms or 0), calls.c.ended_ms < before_ms)
        .order_by(calls.c.ended_ms, calls.c.call_id)
    )


async def _note_done(
    connection: AsyncConnection, kind: Kind, before_ms: int, keys: list[str]
) -> None:
    """Note that all before a time is done: the last of a full batch, else all that was asked."""
    if keys:
        ended = select(calls.c.ended_ms).where(calls.c.call_id == keys[-1])
        before_ms = await connection.scalar(ended) or 0
    await connection.execute(delete(retained).where(retained.c.kind == kind))
    await connection.execute(insert(retained).values(kind=kind, before_ms=before_ms))
