"""Numbers and their history in SQL: each function is part of a transaction."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.numbers.number import HELD, Area, Number, Status
from engine.errors import CallerError, ConflictError
from engine.ledger.accounts import know_organisation
from engine.ledger.analytics.rows import pass_on
from engine.ledger.diversion.routes import follow
from engine.ledger.mails.rows import queue
from engine.ledger.numbers import papers
from engine.ledger.numbers.records import record_of
from engine.ledger.numbers.tables import did_events, dids
from engine.ports.numbers import Commit, Count, Move, NumberEvent, NumberFilter

IMPORT_BATCH = 500


def _event(move: Move, author: str, at_ms: int) -> dict[str, Any]:
    event = NumberEvent(
        e164=move.after.e164,
        version=move.after.version,
        organisation=move.after.organisation or move.before.organisation,
        at_ms=at_ms,
        author=author,
        action=move.action,
        status=move.after.status,
        reason=move.reason,
        other=move.other,
    )
    price = {"price_micros": move.after.price_micros, "currency": move.after.currency}
    return {**msgspec.to_builtins(event), **price}


async def stock(
    connection: AsyncConnection, numbers: Sequence[Number], author: str, at_ms: int
) -> int:
    """Take in those that are not there yet."""
    new = 0
    for begin in range(0, len(numbers), IMPORT_BATCH):
        batch = {number.e164: number for number in numbers[begin : begin + IMPORT_BATCH]}
        query = select(dids).where(dids.c.e164.in_(batch))
        for row in (await connection.execute(query)).mappings():
            there = record_of(row, Number)
            if batch.pop(there.e164).area != there.area:
                raise CallerError(f"{there.e164} is in the stock for another area", "e164")
        if batch:
            fresh = list(batch.values())
            await connection.execute(insert(dids), [msgspec.to_builtins(n) for n in fresh])
            taken = [_event(Move(number, number, "stocked"), author, at_ms) for number in fresh]
            await connection.execute(insert(did_events), taken)
        new += len(batch)
    return new


async def number(connection: AsyncConnection, e164: str) -> Number | None:
    """The number, as it is now."""
    row = (await connection.execute(select(dids).where(dids.c.e164 == e164))).mappings().first()
    return None if row is None else record_of(row, Number)


async def numbers(connection: AsyncConnection, wanted: NumberFilter) -> list[Number]:
    """A page of numbers."""
    query = select(dids).where(dids.c.e164 > wanted.after)
    for column in ("organisation", "status", "order_key", "purpose"):
        value = getattr(wanted, column)
        if value is not None:
            query = query.where(dids.c[column] == value)
    if wanted.digits:
        query = query.where(dids.c.e164.contains(wanted.digits, autoescape=True))
    if wanted.only is not None:
        query = query.where(dids.c.e164.in_(wanted.only))
    query = query.order_by(dids.c.e164).limit(wanted.most)
    return [record_of(row, Number) for row in (await connection.execute(query)).mappings()]


async def unused(connection: AsyncConnection, since: date, after: str, most: int) -> list[Number]:
    """Active numbers that nobody has called since a day."""
    day = since.isoformat()
    query = select(dids).where(
        dids.c.status == Status.ACTIVE,
        dids.c.e164 > after,
        dids.c.active_since < day,
        or_(dids.c.last_call_on.is_(None), dids.c.last_call_on < day),
    )
    rows = await connection.execute(query.order_by(dids.c.e164).limit(most))
    return [record_of(row, Number) for row in rows.mappings()]


async def counts(connection: AsyncConnection) -> list[Count]:
    """How many numbers of each area stand how."""
    alike = (dids.c.country, dids.c.area_code, dids.c.status)
    query = select(*alike, func.count().label("count")).group_by(*alike).order_by(*alike)
    rows = (await connection.execute(query)).mappings()
    return [record_of(row, Count) for row in rows]


async def free(connection: AsyncConnection, area: Area, most: int) -> list[Number]:
    """Free numbers of an area."""
    query = (
        select(dids)
        .where(
            dids.c.country == area.country,
            dids.c.area_code == area.code,
            dids.c.status == Status.FREE,
        )
        .order_by(dids.c.e164)
        .limit(most)
    )
    return [record_of(row, Number) for row in (await connection.execute(query)).mappings()]


async def held(connection: AsyncConnection, organisation: str) -> Mapping[str, int]:
    """How many numbers an organisation has, by country."""
    query = (
        select(dids.c.country, func.count())
        .where(dids.c.organisation == organisation, dids.c.status.in_(HELD))
        .group_by(dids.c.country)
    )
    return {row[0]: row[1] for row in await connection.execute(query)}


async def commit(connection: AsyncConnection, commit: Commit) -> None:
    """Carry out all of it, if nothing has changed since it was decided."""
    organisations = {
        name
        for name in (
            *(move.after.organisation for move in commit.moves),
            *(notice.organisation for notice in commit.notices),
            *(source.organisation for source in commit.sources),
            *([commit.holder.organisation] if commit.holder is not None else []),
        )
        if name
    }
    for organisation in sorted(organisations):
        await know_organisation(connection, organisation)
    if commit.holder is not None:
        await papers.put_holder(connection, commit.holder, commit)
    # What is given up goes first: an order's key is on one number at a time.
    moves = sorted(commit.moves, key=lambda m: (m.after.is_held, m.before.e164))
    for move in moves:
        await _move(connection, move, commit)
    await follow(connection, moves, commit.author, commit.at_ms)
    await pass_on(connection, moves, commit.at_ms)
    moved = {move.before.e164 for move in moves}
    for source in commit.sources:
        await papers.put_source(connection, source, is_moved=source.e164 in moved)
    for move in moves:
        await papers.check_left(connection, move)
    for notice in commit.notices:
        await papers.tell(connection, notice)
    for mail in commit.mails:
        await queue(connection, mail, commit.at_ms)


async def _move(connection: AsyncConnection, move: Move, commit: Commit) -> None:
    query = select(dids).where(dids.c.e164 == move.before.e164).with_for_update()
    row = (await connection.execute(query)).mappings().first()
    if row is None or record_of(row, Number) != move.before:
        raise ConflictError(f"{move.before.e164} has changed meanwhile")
    after = msgspec.to_builtins(move.after)
    await connection.execute(update(dids).where(dids.c.e164 == move.before.e164).values(after))
    event = _event(move, commit.author, commit.at_ms)
    await connection.execute(insert(did_events).values(event))


async def called(connection: AsyncConnection, e164: str, day: date) -> None:
    """Write down the day of the last call."""
    earlier = or_(dids.c.last_call_on.is_(None), dids.c.last_call_on < day.isoformat())
    await connection.execute(
        update(dids)
        .where(dids.c.e164 == e164, dids.c.status == Status.ACTIVE, earlier)
        .values(last_call_on=day.isoformat())
    )


async def history(
    connection: AsyncConnection, e164: str, before: int | None, most: int
) -> list[NumberEvent]:
    """What was done to a number."""
    query = select(did_events).where(did_events.c.e164 == e164)
    if before is not None:
        query = query.where(did_events.c.version < before)
    query = query.order_by(did_events.c.version.desc()).limit(most)
    rows = (await connection.execute(query)).mappings()
    return [record_of(row, NumberEvent) for row in rows]
