"""Collectors and hits in SQL: each function is part of a transaction."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.analytics.collector import COLLECTORS_MOST, Collector, Hit, Program, hit_of
from engine.core.tracked import TrackedCall
from engine.errors import CallerError
from engine.ledger.accounts import know_organisation
from engine.ledger.analytics.tables import collectors, hits
from engine.ledger.columns import insert_into
from engine.ledger.numbers.tables import dids
from engine.ledger.tables import organisations
from engine.ports.analytics import Claim, Done, Standing
from engine.ports.numbers import Move

_FIELDS = tuple(field.name for field in fields(Collector))


async def queue(connection: AsyncConnection, call: TrackedCall) -> None:
    """Let every collector be told of a call that wants it."""
    query = select(collectors.c.collector_id).where(
        collectors.c.organisation == call.organisation,
        collectors.c.number.in_(["", call.number]),
        collectors.c.ended_ms.is_(None),
    )
    told = asdict(hit_of(call))
    rows = [{"collector_id": one, **told} for one in (await connection.execute(query)).scalars()]
    if rows:
        await connection.execute(insert(hits), rows)


async def add(connection: AsyncConnection, collector: Collector, at_ms: int) -> None:
    """See `ports.analytics`.

    Its number's row is held, so that it does not leave just now, and then the organisation's, so
    that two at once are counted one after the other.
    """
    name, e164 = collector.organisation, collector.number
    its = select(dids.c.e164).where(dids.c.e164 == e164, dids.c.organisation == name)
    if e164 and await connection.scalar(its.with_for_update()) is None:
        raise CallerError("must be one of yours", "number")
    await know_organisation(connection, name)
    whose = select(organisations.c.organisation).where(organisations.c.organisation == name)
    await connection.execute(whose.with_for_update(key_share=True))
    theirs = collectors.c.organisation == name
    known = (await connection.execute(select(collectors.c.collector_id).where(theirs))).scalars()
    if collector.collector_id in (ids := set(known)):
        return
    if len(ids) >= COLLECTORS_MOST:
        raise CallerError(f"must be at most {COLLECTORS_MOST}", "collectors")
    values = {
        **asdict(collector),
        "program": collector.program.value,
        "added_ms": at_ms,
        **dict.fromkeys(("claims", "failures", "next_ms", "sent", "given_up"), 0),
        "problem": "",
    }
    new = insert_into(connection.dialect.name, collectors).values(values)
    await connection.execute(new.on_conflict_do_nothing())


async def pass_on(connection: AsyncConnection, moves: Sequence[Move], at_ms: int) -> None:
    """Let collectors follow the numbers they are told of, or end with them: `ports.analytics`."""
    holders = {move.after.e164: move.after.organisation for move in moves}
    for move in moves:
        holder = move.before.organisation
        if holder is None or not move.changes_hands:
            continue
        its = (collectors.c.organisation == holder) & (collectors.c.number == move.before.e164)
        is_replaced = holders.get(move.other) == holder
        changed = {"number": move.other} if is_replaced else {"ended_ms": at_ms}
        running = update(collectors).where(its, collectors.c.ended_ms.is_(None))
        await connection.execute(running.values(changed))


async def listed(connection: AsyncConnection, organisation: str) -> list[Standing]:
    """See `ports.analytics`."""
    waiting = (
        select(func.count())
        .where(hits.c.collector_id == collectors.c.collector_id)
        .scalar_subquery()
        .label("waiting")
    )
    query = (
        select(collectors, waiting)
        .where(collectors.c.organisation == organisation)
        .order_by(collectors.c.added_ms, collectors.c.collector_id)
    )
    names = ("waiting", "sent", "given_up", "problem", "problem_ms", "ended_ms")
    return [
        Standing(collector=_collector_of(row), **{name: row[name] for name in names})
        for row in (await connection.execute(query)).mappings()
    ]


async def by_id(connection: AsyncConnection, collector_id: str) -> Collector | None:
    """See `ports.analytics.Collectors.collector`."""
    query = select(collectors).where(collectors.c.collector_id == collector_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _collector_of(row)


async def remove(connection: AsyncConnection, organisation: str, collector_id: str) -> bool:
    """See `ports.analytics.Collectors.delete`."""
    which = (collectors.c.collector_id == collector_id) & (
        collectors.c.organisation == organisation
    )
    return bool((await connection.execute(delete(collectors).where(which))).rowcount)


async def claim(connection: AsyncConnection, now_ms: int, lease_ms: int, most: int) -> Claim | None:
    """See `ports.analytics`; what another claims at this moment is passed over."""
    columns = collectors.c
    query = (
        select(collectors)
        .where(
            columns.next_ms <= now_ms,
            exists().where(hits.c.collector_id == columns.collector_id),
        )
        .order_by(columns.next_ms)
        .limit(1)
        .with_for_update(skip_locked=True, of=collectors)
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        return None
    its = columns.collector_id == row["collector_id"]
    leased = {"claims": row["claims"] + 1, "next_ms": now_ms + lease_ms}
    await connection.execute(update(collectors).where(its).values(leased))
    oldest = (
        select(hits)
        .where(hits.c.collector_id == row["collector_id"])
        .order_by(hits.c.at_ms, hits.c.call_id)
        .limit(most)
    )
    found = (await connection.execute(oldest)).mappings()
    return Claim(
        _collector_of(row), row["claims"] + 1, row["failures"], tuple(_hit_of(one) for one in found)
    )


async def finish(connection: AsyncConnection, done: Done) -> bool:
    """See `ports.analytics`."""
    columns = collectors.c
    noted: dict[str, Any] = {
        "failures": done.failures,
        "next_ms": done.next_ms,
        "sent": columns.sent + len(done.sent),
        "given_up": columns.given_up + len(done.given_up),
        "problem": done.problem,
        "problem_ms": done.at_ms if done.problem else None,
    }
    its = (columns.collector_id == done.collector_id) & (columns.claims == done.number)
    if not (await connection.execute(update(collectors).where(its).values(noted))).rowcount:
        return False
    over = hits.c.call_id.in_([*done.sent, *done.given_up])
    of = hits.c.collector_id == done.collector_id
    await connection.execute(delete(hits).where(of, over))
    return True


def _collector_of(row: RowMapping) -> Collector:
    values = {name: row[name] for name in _FIELDS}
    return Collector(**{**values, "program": Program(values["program"])})


def _hit_of(row: RowMapping) -> Hit:
    return Hit(**{field.name: row[field.name] for field in fields(Hit)})
