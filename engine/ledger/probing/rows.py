"""Probes in SQL: each function is part of a transaction."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.numbers.number import Purpose, Status
from engine.core.probe import Coverage, Health, Others, Outage, Probe, Standing
from engine.errors import ConflictError
from engine.ledger.columns import insert_into
from engine.ledger.numbers.records import record_of
from engine.ledger.numbers.rows import commit
from engine.ledger.numbers.tables import dids
from engine.ledger.probing.tables import number_healths, number_probes, probe_outages
from engine.ports.probes import Finding

HISTORY_MOST = 60

_H = number_healths.c
_ASIDE = (Standing.FAILING, Standing.DEAD)


def _takes_calls() -> ColumnElement[bool]:
    """Of a number: it takes calls, wherever they lead."""
    return dids.c.status == Status.ACTIVE


_PROBED = number_healths.join(
    dids, (dids.c.e164 == _H.e164) & (dids.c.organisation == _H.organisation)
)


async def strangers(
    connection: AsyncConnection, purposes: Collection[Purpose], most: int, e164: str | None
) -> list[tuple[str, str]]:
    """See `ports.probes`."""
    known = select(_H.e164).where(_H.e164 == dids.c.e164, _H.organisation == dids.c.organisation)
    query = select(dids.c.e164, dids.c.organisation).where(
        _takes_calls(), dids.c.purpose.in_(purposes), ~known.exists()
    )
    if e164 is not None:
        query = query.where(dids.c.e164 == e164)
    rows = await connection.execute(query.order_by(dids.c.e164).limit(most))
    return [(number, organisation) for number, organisation in rows]


async def enrol(connection: AsyncConnection, fresh: Sequence[Health]) -> None:
    """See `ports.probes`."""
    numbers = select(dids.c.e164, dids.c.organisation).where(
        dids.c.e164.in_([health.e164 for health in fresh])
    )
    # Held, so that none changes hands, and is asked for by its new holder, in this moment.
    rows = await connection.execute(numbers.order_by(dids.c.e164).with_for_update(read=True))
    holders = {row.e164: row.organisation for row in rows}
    for health in fresh:
        if holders.get(health.e164) != health.organisation:
            continue
        new = insert_into(connection.dialect.name, number_healths).values(
            msgspec.to_builtins(health)
        )
        changed = {one.name: new.excluded[one.name] for one in _H if one is not _H.e164}
        await connection.execute(
            new.on_conflict_do_update(
                index_elements=["e164"],
                set_={**changed, "version": _H.version + 1},
                where=_H.organisation != new.excluded.organisation,
            )
        )


async def dismiss(connection: AsyncConnection, purpose: Purpose) -> None:
    """See `ports.probes`."""
    given_for = select(dids.c.e164).where(dids.c.purpose == purpose)
    await connection.execute(delete(number_healths).where(_H.e164.in_(given_for)))


async def due(
    connection: AsyncConnection, at_ms: int, most: int, *, retries_first: bool
) -> list[Health]:
    """See `ports.probes`."""
    retried = [_H.standing != Standing.FAILING] if retries_first else []
    order = (_H.wanted_ms.is_(None), *retried, func.coalesce(_H.last_ms, 0), _H.next_ms, _H.e164)
    query = (
        select(number_healths)
        .select_from(_PROBED)
        .where(_H.next_ms <= at_ms, _takes_calls())
        .order_by(*order)
        .limit(most)
    )
    return [record_of(row, Health) for row in (await connection.execute(query)).mappings()]


async def put_off(
    connection: AsyncConnection, at_ms: int, until_ms: int, spread_ms: int, tries: int
) -> int:
    """See `ports.probes`. Turns are spread already: the rest of their division is, too.

    Of two at once the second asks the rows again that the first has changed, and finds none due.
    """
    is_retried = (_H.standing == Standing.FAILING) & (_H.tries < tries)
    its_number = (dids.c.e164 == _H.e164) & (dids.c.organisation == _H.organisation)
    done = await connection.execute(
        update(number_healths)
        .where(_H.next_ms <= at_ms, _H.wanted_ms.is_(None), ~is_retried)
        .where(exists().where(its_number, _takes_calls()))
        .values(call_id="", next_ms=until_ms + _H.next_ms % spread_ms, version=_H.version + 1)
    )
    return done.rowcount


async def coverage(
    connection: AsyncConnection, since_ms: int, organisation: str | None
) -> Coverage:
    """See `ports.probes`."""
    query = (
        select(func.count(), func.count().filter(_H.last_ms >= since_ms))
        .select_from(_PROBED)
        .where(_takes_calls())
    )
    if organisation is not None:
        query = query.where(_H.organisation == organisation)
    numbers, called = (await connection.execute(query)).one()
    return Coverage(numbers, called)


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


async def note(connection: AsyncConnection, finding: Finding) -> bool:
    """See `ports.probes`."""
    health = finding.health
    await put(connection, health)
    await connection.execute(insert(number_probes).values(msgspec.to_builtins(finding.probe)))
    await _let_go(connection, health.e164)
    if finding.telling is not None:
        await commit(connection, finding.telling)
    if finding.works is not None:
        return await _end_outage(connection, finding.works)
    return finding.outage is not None and await _begin_outage(connection, finding.outage)


async def put(connection: AsyncConnection, health: Health) -> None:
    """See `ports.probes`."""
    before = (_H.e164 == health.e164) & (_H.version == health.version - 1)
    done = await connection.execute(
        update(number_healths).where(before).values(msgspec.to_builtins(health))
    )
    if done.rowcount != 1:
        raise ConflictError(f"the probes of {health.e164} have gone on meanwhile")


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


async def _begin_outage(connection: AsyncConnection, new: Outage) -> bool:
    row: dict[str, Any] = msgspec.to_builtins(new)
    statement = insert_into(connection.dialect.name, probe_outages).values(row)
    done = await connection.execute(statement.on_conflict_do_nothing())
    if done.rowcount == 1:
        return True
    of_trunk = probe_outages.c.trunk == new.trunk
    await connection.execute(update(probe_outages).where(of_trunk).values(until_ms=new.until_ms))
    return False


async def _end_outage(connection: AsyncConnection, trunk: str) -> bool:
    done = await connection.execute(delete(probe_outages).where(probe_outages.c.trunk == trunk))
    if done.rowcount != 1:
        return False
    await connection.execute(
        update(number_healths)
        .where(_H.standing == Standing.FAILING)
        .values(tries=0, failing_since_ms=None, version=_H.version + 1)
    )
    return True
