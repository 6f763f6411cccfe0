"""Forwarded calls in SQL: each function is part of a transaction.

Who asks for a place under a number's caps holds the number's row in the stock, so that of two who
ask at once the later counts the earlier.
"""

from typing import Any

import msgspec
from sqlalchemy import case, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.diversion.caps import Admission, Caps, Used, admission, cost_micros
from engine.core.diversion.record import ForwardedCall
from engine.ledger.accounts import know_organisation
from engine.ledger.diversion.tables import forwarded_calls
from engine.ledger.numbers.records import record_of
from engine.ledger.numbers.tables import dids
from engine.ports.diversion import LIVE_MOST_MS, ForwardedFilter, Usage

_ROW = forwarded_calls.c


def _row(call: ForwardedCall) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(call)
    return {**row, "cost_micros": call.cost_micros}


async def admit(
    connection: AsyncConnection, call: ForwardedCall, caps: Caps, usage: Usage, wanted_ms: int
) -> Admission:
    """See `ports.diversion`."""
    held = select(dids.c.e164).where(dids.c.e164 == call.number).with_for_update()
    await connection.execute(held)
    others = await used(connection, call.organisation, call.number, usage, besides=call.call_id)
    its_own = _ROW.call_id == call.call_id
    held_ms: int | None = await connection.scalar(select(_ROW.held_ms).where(its_own))
    told = admission(caps, others, call.minute_micros, wanted_ms, held_ms)
    if told.left_ms is None:
        return told
    holds = {
        "held_ms": told.left_ms,
        "minute_micros": call.minute_micros,
        "cost_micros": cost_micros(call.minute_micros, told.left_ms),
    }
    if held_ms is None:
        await know_organisation(connection, call.organisation)
        await connection.execute(insert(forwarded_calls).values(**_row(call) | holds))
    else:
        is_live = _ROW.ended_ms.is_(None)
        await connection.execute(update(forwarded_calls).where(its_own, is_live).values(**holds))
    return told


async def used(
    connection: AsyncConnection, organisation: str, number: str, usage: Usage, besides: str = ""
) -> Used:
    """See `ports.diversion`; `besides` is a call that does not count."""
    is_live = _ROW.ended_ms.is_(None) & (_ROW.arrived_ms > usage.at_ms - LIVE_MOST_MS)
    since_ms = func.coalesce(_ROW.joined_ms, _ROW.ended_ms)
    used_ms = case((_ROW.ended_ms.is_(None), _ROW.held_ms), else_=_ROW.ended_ms - since_ms)
    counts = _ROW.currency == usage.currency
    since_day = _ROW.arrived_ms >= usage.day_from_ms
    since_month = _ROW.arrived_ms >= usage.month_from_ms
    query = select(
        func.count().filter(is_live),
        func.coalesce(func.sum(used_ms).filter(since_day), 0),
        func.coalesce(func.sum(used_ms).filter(since_month), 0),
        func.coalesce(func.sum(_ROW.cost_micros).filter(since_day, counts), 0),
        func.coalesce(func.sum(_ROW.cost_micros).filter(since_month, counts), 0),
    ).where(
        _ROW.number == number,
        _ROW.organisation == organisation,
        _ROW.arrived_ms >= min(usage.month_from_ms, usage.at_ms - LIVE_MOST_MS),
        _ROW.call_id != besides,
    )
    calls, *sums = (await connection.execute(query)).one()
    day_ms, month_ms, day_micros, month_micros = map(int, sums)
    return Used(
        calls=calls,
        day_ms=day_ms,
        month_ms=month_ms,
        day_micros=day_micros,
        month_micros=month_micros,
    )


async def keep(connection: AsyncConnection, call: ForwardedCall) -> None:
    """See `ports.diversion`."""
    present = await by_id(connection, call.call_id)
    if present is None:
        await know_organisation(connection, call.organisation)
        await connection.execute(insert(forwarded_calls).values(_row(call)))
        return
    await connection.execute(
        update(forwarded_calls)
        .where(_ROW.call_id == call.call_id, _ROW.ended_ms.is_(None))
        .values(_row(call))
    )


async def by_id(connection: AsyncConnection, call_id: str) -> ForwardedCall | None:
    """The call with this id."""
    query = select(forwarded_calls).where(_ROW.call_id == call_id)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else record_of(row, ForwardedCall)


async def listed(connection: AsyncConnection, wanted: ForwardedFilter) -> list[ForwardedCall]:
    """See `ports.diversion`."""
    query = select(forwarded_calls).where(
        _ROW.organisation == wanted.organisation, _ROW.ended_ms.is_not(None)
    )
    if wanted.number is not None:
        query = query.where(_ROW.number == wanted.number)
    if wanted.from_ms is not None:
        query = query.where(_ROW.arrived_ms >= wanted.from_ms)
    if wanted.to_ms is not None:
        query = query.where(_ROW.arrived_ms < wanted.to_ms)
    if wanted.before is not None:
        last = await by_id(connection, wanted.before)
        if last is None or last.organisation != wanted.organisation:
            return []
        query = query.where(tuple_(_ROW.arrived_ms, _ROW.call_id) < (last.arrived_ms, last.call_id))
    query = query.order_by(_ROW.arrived_ms.desc(), _ROW.call_id.desc()).limit(wanted.most)
    rows = (await connection.execute(query)).mappings()
    return [record_of(row, ForwardedCall) for row in rows]
