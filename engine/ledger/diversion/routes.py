"""Routes in SQL: each function is part of a transaction.

A route's versions follow each other without a gap; the number's last row is what holds.
"""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import Select, func, insert, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.diversion.route import Forwarding, Route, Tracking
from engine.core.numbers.number import Purpose
from engine.errors import ConflictError
from engine.ledger.accounts import know_organisation
from engine.ledger.diversion.tables import routes

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
    }


async def put(connection: AsyncConnection, route: Route) -> None:
    """Write the next version down, unless it is there already; `ConflictError` if it is not the
    next one."""
    last = await by_number(connection, route.number)
    if last == route:
        return
    if (last.version if last is not None else 0) + 1 != route.version:
        raise ConflictError(f"the route of {route.number} has changed meanwhile")
    await know_organisation(connection, route.organisation)
    await connection.execute(insert(routes).values(_row(route)))


async def by_number(connection: AsyncConnection, number: str) -> Route | None:
    """The last version of a number's route."""
    query = select(routes).where(_ROW.number == number).order_by(_ROW.version.desc()).limit(1)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else to_route(row)


def _in_force() -> Select[Any]:
    """The last version of every route, unless it was deleted."""
    later = routes.alias("later")
    last = select(func.max(later.c.version)).where(later.c.number == _ROW.number)
    return select(routes).where(_ROW.version == last.scalar_subquery(), _ROW.purpose.is_not(None))


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
