"""Probes in SQL: each function is part of a transaction."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.numbers.number import Purpose, Status
from engine.core.probe import Health, Others, Outage, Probe, Standing
from engine.errors import ConflictError
from engine.ledger.columns import insert_into
from engine.ledger.diversion.tables import routes
from engine.ledger.numbers.records import record_of
from engine.ledger.numbers.tables import dids
from engine.ledger.probing.tables import number_healths, number_probes, probe_outages

HISTORY_MOST = 60

_H = number_healths.c
_ASIDE = (Standing.FAILING, Standing.DEAD)


def _takes_calls() -> ColumnElement[bool]:
    """Of a number: it takes calls, is tracked, and its holder's last route is none deleted."""
    last = (
        select(routes.c.purpose)
        .where(routes.c.number == dids.c.e164, routes.c.organisation == dids.c.organisation)
        .order_by(routes.c.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        (dids.c.status == Status.ACTIVE)
        & (dids.c.purpose == Purpose.TRACKING)
        & (last == Purpose.TRACKING)
    )


_PROBED = number_healths.join(
    dids, (dids.c.e164 == _H.e164) & (dids.c.organisation == _H.organisation)
)


async def strangers(
    connection: AsyncConnection, most: int, e164: str | None
) -> list[tuple[str, str]]:
    """See `ports.probes`."""
    known = select(_H.e164).where(_H.e164 == dids.c.e164, _H.organisation == dids.c.organisation)
    query = select(dids.c.e164, dids.c.organisation).where(_takes_calls(), ~known.exists())
    if e164 is not None:
        query = query.where(dids.c.e164 == e164)
    rows = await connection.execute(query.order_by(dids.c.e164).limit(most))
    return [(number, organisation) for number, organisation in rows]


async def enrol(connection: AsyncConnection, fresh: Sequence[Health]) -> None:
    """See `ports.probes`."""
    there = [health.e164 for health in fresh]
    await connection.execute(delete(number_healths).where(_H.e164.in_(there)))
    rows = [msgspec.to_builtins(health) for health in fresh]
    await connection.execute(insert(number_healths), rows)


async def due(connection: AsyncConnection, at_ms: int, most: int) -> list[Health]:
    """See `ports.probes`."""
    query = (
        select(number_healths)
        .select_from(_PROBED)
        .where(_H.next_ms <= at_ms, _takes_calls())
        .order_by(_H.wanted_ms.is_(None), _H.next_ms, _H.e164)
        .limit(most)
    )
    return [record_of(row, Health) for row in (await connection.execute(query)).mappings()]


async def healths(connection: AsyncConnection, numbers: Collection[str]) -> Mapping[str, Health]:
    """See `ports.probes`."""
    query = select(number_healths).where(_H.e164.in_(numbers))
    rows = (await connection.execute(query)).mappings()
    return {row["e164"]: record_of(row, Health) for row in rows}


async def others(connection: AsyncConnection, e164: str) -> Others:
    """See `ports.probes`."""
    of_others = (_takes_calls(), _H.e164 != e164)
    last = select(func.max(_H.arrived_ms)).select_from(_PROBED).where(*of_others)
    arrived_ms = await connection.scalar(last) or 0
    failing = (
        (_H.standing == Standing.FAILING) & (_H.tries >= 2) & (_H.failing_since_ms > arrived_ms)
    )
    query = (
        select(func.count().filter(_H.standing.not_in(_ASIDE)), func.count().filter(failing))
        .select_from(_PROBED)
        .where(*of_others)
    )
    witnesses, count = (await connection.execute(query)).one()
    return Others(arrived_ms=arrived_ms, witnesses=witnesses, failing=count)


async def wake_witness(connection: AsyncConnection, e164: str, at_ms: int) -> None:
    """See `ports.probes`."""
    query = (
        select(_H.e164, _H.call_id, _H.next_ms)
        .select_from(_PROBED)
        .where(_takes_calls(), _H.e164 != e164, _H.standing.not_in(_ASIDE))
        .order_by(_H.call_id == "", _H.next_ms > at_ms, func.coalesce(_H.last_ms, 0), _H.e164)
        .limit(1)
    )
    found = (await connection.execute(query)).first()
    if found is None or found.call_id or found.next_ms <= at_ms:
        return
    await connection.execute(
        update(number_healths)
        .where(_H.e164 == found.e164, _H.call_id == "")
        .values(next_ms=at_ms, wanted_ms=at_ms, version=_H.version + 1)
    )


async def put(connection: AsyncConnection, health: Health, probe: Probe | None) -> None:
    """See `ports.probes`."""
    before = (_H.e164 == health.e164) & (_H.version == health.version - 1)
    done = await connection.execute(
        update(number_healths).where(before).values(msgspec.to_builtins(health))
    )
    if done.rowcount != 1:
        raise ConflictError(f"the probes of {health.e164} have gone on meanwhile")
    if probe is not None:
        await connection.execute(insert(number_probes).values(msgspec.to_builtins(probe)))
        await _let_go(connection, health.e164)


async def _let_go(connection: AsyncConnection, e164: str) -> None:
    of_number = number_probes.c.e164 == e164
    oldest = (
        select(number_probes.c.placed_ms)
        .where(of_number)
        .order_by(number_probes.c.placed_ms.desc())
        .offset(HISTORY_MOST)
        .limit(1)
    )
    last_ms = await connection.scalar(oldest)
    if last_ms is not None:
        old = number_probes.c.placed_ms <= last_ms
        await connection.execute(delete(number_probes).where(of_number, old))


async def history(
    connection: AsyncConnection, e164: str, organisation: str, most: int
) -> list[Probe]:
    """See `ports.probes`."""
    columns = number_probes.c
    query = (
        select(number_probes)
        .where(columns.e164 == e164, columns.organisation == organisation)
        .order_by(columns.placed_ms.desc())
        .limit(most)
    )
    return [record_of(row, Probe) for row in (await connection.execute(query)).mappings()]


async def dead(
    connection: AsyncConnection, organisation: str | None, after: str, most: int
) -> list[str]:
    """See `ports.probes`."""
    query = (
        select(_H.e164)
        .select_from(_PROBED)
        .where(_takes_calls(), _H.standing == Standing.DEAD, _H.e164 > after)
    )
    if organisation is not None:
        query = query.where(_H.organisation == organisation)
    return list(await connection.scalars(query.order_by(_H.e164).limit(most)))


async def outage(connection: AsyncConnection, trunk: str) -> Outage | None:
    """See `ports.probes`."""
    query = select(probe_outages).where(probe_outages.c.trunk == trunk)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else record_of(row, Outage)


async def begin_outage(connection: AsyncConnection, new: Outage) -> bool:
    """See `ports.probes`."""
    row: dict[str, Any] = msgspec.to_builtins(new)
    statement = insert_into(connection.dialect.name, probe_outages).values(row)
    done = await connection.execute(statement.on_conflict_do_nothing())
    if done.rowcount == 1:
        return True
    of_trunk = probe_outages.c.trunk == new.trunk
    await connection.execute(update(probe_outages).where(of_trunk).values(until_ms=new.until_ms))
    return False


async def end_outage(connection: AsyncConnection, trunk: str) -> bool:
    """See `ports.probes`."""
    done = await connection.execute(delete(probe_outages).where(probe_outages.c.trunk == trunk))
    if done.rowcount != 1:
        return False
    await connection.execute(
        update(number_healths)
        .where(_H.standing == Standing.FAILING)
        .values(tries=0, failing_since_ms=None, version=_H.version + 1)
    )
    return True
