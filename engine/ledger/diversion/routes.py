"""Routes in SQL: each function is part of a transaction.

A route's versions follow each other without a gap; the number's last row is what holds.
"""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, func, insert, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.diversion.route import Forwarding, Route, Tracking, ended, passed_on
from engine.core.numbers.number import Purpose
from engine.errors import ConflictError
from engine.ledger.diversion.tables import routes
from engine.ledger.numbers.tables import dids
from engine.ports.numbers import Move

_ROW = routes.c
_TERMS: dict[Purpose, type[Forwarding] | type[Tracking]] = {
    Purpose.FORWARDING: Forwarding,
    Purpose.TRACKING: Tracking,
}


def to_route(row: RowMapping) -> Route:
    """The route that a row describes."""
    terms = None
    if row["purpose"] is not None:
        terms = msgspec.convert(row["terms"], _TERMS[Purpose(row["purpose"])])
    return Route(
        number=row["number"],
        version=row["version"],
        organisation=row["organisation"],
        terms=terms,
        author=row["author"],
        at_ms=row["at_ms"],
        reason=row["reason"],
        other=row["other"],
    )


def _row(route: Route) -> dict[str, Any]:
    purpose = next((p for p, kind in _TERMS.items() if isinstance(route.terms, kind)), None)
    terms = None if route.terms is None else msgspec.to_builtins(route.terms)
    return {
        "number": route.number,
        "version": route.version,
        "organisation": route.organisation,
        "purpose": purpose,
        "terms": terms,
        "author": route.author,
        "at_ms": route.at_ms,
        "reason": route.reason,
        "other": route.other,
    }


async def put(connection: AsyncConnection, route: Route) -> None:
    """Write the next version down, unless it is there already; `ConflictError` if it is not the
    next one, or the number is not the organisation's.

    The number's row in the stock is held, so that no route comes to a number that leaves just now.
    """
    held = select(dids.c.e164).where(
        dids.c.e164 == route.number,
        dids.c.organisation == route.organisation,
    )
    is_held = await connection.scalar(held.with_for_update()) is not None
    last = await by_number(connection, route.number)
    if last == route:
        return
    if not is_held:
        raise ConflictError(f"{route.number} has left {route.organisation} meanwhile")
    if (last.version if last is not None else 0) + 1 != route.version:
        raise ConflictError(f"the route of {route.number} has changed meanwhile")
    await connection.execute(insert(routes).values(_row(route)))


async def follow(
    connection: AsyncConnection, moves: Sequence[Move], author: str, at_ms: int
) -> None:
    """Let routes follow their numbers, which are moved and held: see `ports.numbers`.

    Numbers that are given up come before those that replace them.
    """
    ends: dict[str, tuple[Route, Route]] = {}
    for move in moves:
        if not move.changes_hands:
            continue
        last = await by_number(connection, move.after.e164)
        if last is not None and last.terms is not None:
            is_theirs = last.organisation == move.before.organisation
            end = ended(last, author, at_ms, move.reason, move.other if is_theirs else "")
            if is_theirs:
                ends[last.number] = (last, end)
            await connection.execute(insert(routes).values(_row(end)))
            last = end
        if move.after.is_held and move.other in ends:
            version = (last.version if last is not None else 0) + 1
            taken_over = passed_on(*ends[move.other], version)
            await connection.execute(insert(routes).values(_row(taken_over)))


async def by_number(connection: AsyncConnection, number: str) -> Route | None:
    """The last version of a number's route."""
    query = select(routes).where(_ROW.number == number).order_by(_ROW.version.desc()).limit(1)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else to_route(row)


def _in_force() -> Select[Any]:
    """The last version of every route, unless it was deleted, or was left behind on a number that
    was given up when routes did not end with their numbers yet."""
    later = routes.alias("later")
    last = select(func.max(later.c.version)).where(later.c.number == _ROW.number)
    is_theirs = (dids.c.e164 == _ROW.number) & (dids.c.organisation == _ROW.organisation)
    return (
        select(routes)
        .join(dids, is_theirs)
        .where(_ROW.version == last.scalar_subquery(), _ROW.purpose.is_not(None))
    )


async def listed(
    connection: AsyncConnection, organisation: str, purpose: Purpose, after: str, most: int
) -> list[Route]:
    """See `ports.diversion`."""
    query = (
        _in_force()
        .where(_ROW.organisation == organisation, _ROW.purpose == purpose, _ROW.number > after)
        .order_by(_ROW.number)
        .limit(most)
    )
    return [to_route(row) for row in (await connection.execute(query)).mappings()]


async def leading(connection: AsyncConnection, numbers: Collection[str]) -> list[Route]:
    """See `ports.diversion`."""
    query = _in_force().where(_ROW.number.in_(numbers)).order_by(_ROW.number)
    return [to_route(row) for row in (await connection.execute(query)).mappings()]


async def history(
    connection: AsyncConnection, organisation: str, number: str, before: int | None, most: int
) -> list[Route]:
    """See `ports.diversion`."""
    query = select(routes).where(_ROW.organisation == organisation, _ROW.number == number)
    if before is not None:
        query = query.where(_ROW.version < before)
    query = query.order_by(_ROW.version.desc()).limit(most)
    return [to_route(row) for row in (await connection.execute(query)).mappings()]
