"""Forwarded calls in SQL: each function is part of a transaction.

Who asks for a place under a number's caps holds the number's row in the stock, so that of two who
ask at once the later counts the earlier.
"""

from typing import Any

import msgspec
from sqlalchemy import case, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.diversion.record import ForwardedCall
from engine.core.diversion.route import Caps
from engine.ledger.accounts import know_organisation
from engine.ledger.diversion.tables import forwarded_calls
from engine.ledger.numbers.records import record_of
from engine.ledger.numbers.tables import dids
from engine.ports.diversion import LEFT_LEAST_MS, LIVE_MOST_MS, ForwardedFilter, Usage, Used

_ROW = forwarded_calls.c


def _row(call: ForwardedCall) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(call)
    return row


async def admit(
    connection: AsyncConnection, call: ForwardedCall, caps: Caps, usage: Usage
) -> int | None:
    """See `ports.diversion`."""
    held = select(dids.c.e164).where(dids.c.e164 == call.number).with_for_update()
    await connection.execute(held)
    present = await by_id(connection, call.call_id)
    left_ms = await _left_ms(connection, call, caps, usage)
    if left_ms is None or present is not None:
        return left_ms
    await know_organisation(connection, call.organisation)
    await connection.execute(insert(forwarded_calls).values(_row(call)))
    return left_ms


async def _left_ms(
    connection: AsyncConnection, call: ForwardedCall, caps: Caps, usage: Usage
) -> int | None:
    """How long a call may talk beside all others to its number; None if it may not."""
    others = await used(connection, call.organisation, call.number, usage, besides=call.call_id)
    left_ms = caps.left_ms(day_ms=others.day_ms, month_ms=others.month_ms)
    return left_ms if others.calls < caps.calls_at_once and left_ms >= LEFT_LEAST_MS else None


async def used(
    connection: AsyncConnection, organisation: str, number: str, usage: Usage, besides: str = ""
) -> Used:
    """See `ports.diversion`; `besides` is a call that does not count."""
    is_live = _ROW.ended_ms.is_(None) & (_ROW.arrived_ms > usage.at_ms - LIVE_MOST_MS)
    since_ms = func.coalesce(_ROW.joined_ms, _ROW.ended_ms)
    used_ms = case((is_live, usage.at_ms - _ROW.arrived_ms), else_=_ROW.ended_ms - since_ms)
    since_day = _ROW.arrived_ms >= usage.day_from_ms
    since_month = _ROW.arrived_ms >= usage.month_from_ms
    query = select(
        func.count().filter(is_live),
        func.coalesce(func.sum(used_ms).filter(since_day), 0),
        func.coalesce(func.sum(used_ms).filter(since_month), 0),
    ).where(
        _ROW.number == number,
        _ROW.organisation == organisation,
        _ROW.arrived_ms >= min(usage.month_from_ms, usage.at_ms - LIVE_MOST_MS),
        _ROW.call_id != besides,
    )
    calls, day_ms, month_ms = (await connection.execute(query)).one()
    return Used(calls=calls, day_ms=int(day_ms), month_ms=int(month_ms))


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
    if wanted.before is not None:
        last = await by_id(connection, wanted.before)
        if last is None or last.organisation != wanted.organisation:
            return []
        query = query.where(tuple_(_ROW.arrived_ms, _ROW.call_id) < (last.arrived_ms, last.call_id))
    query = query.order_by(_ROW.arrived_ms.desc(), _ROW.call_id.desc()).limit(wanted.most)
    rows = (await connection.execute(query)).mappings()
    return [record_of(row, ForwardedCall) for row in rows]
