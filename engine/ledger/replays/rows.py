"""Replays in SQL: each function is part of a transaction.

That one alone runs at a time is the table's to see: `running_of` is unique.
"""

from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import ConflictError
from engine.ledger.accounts import know_organisation
from engine.ledger.replays.tables import replays
from engine.ports.replays import KEPT, Run, RunState

_FIELDS = tuple(Run.__dataclass_fields__)
_ROW = replays.c


def _run_of(row: RowMapping) -> Run:
    values: dict[str, Any] = {name: row[name] for name in _FIELDS}
    return Run(**{**values, "state": RunState(values["state"])})


def _of(organisation: str | None) -> ColumnElement[bool]:
    is_of_all = _ROW.organisation.is_(None)
    return is_of_all if organisation is None else _ROW.organisation == organisation


async def begin(connection: AsyncConnection, run: Run, lost_before_ms: int) -> None:
    """See `ports.replays`."""
    if run.organisation is not None:
        await know_organisation(connection, run.organisation)
    running_of = run.organisation or ""
    await connection.execute(
        update(replays)
        .where(_ROW.running_of == running_of, _ROW.seen_ms < lost_before_ms)
        .values(state=RunState.FAILED.value, running_of=None)
    )
    running = select(_ROW.run_id).where(_ROW.running_of == running_of)
    if await connection.scalar(running) is not None:
        raise ConflictError("a replay is running already")
    values = {**asdict(run), "state": run.state.value, "running_of": running_of}
    await connection.execute(insert(replays).values(values))
    newest = _newest(run.organisation).offset(KEPT)
    old = [row.run_id for row in await connection.execute(newest)]
    await connection.execute(delete(replays).where(_ROW.run_id.in_(old)))


async def note(
    connection: AsyncConnection, run_id: str, calls: int, reached_ms: int, seen_ms: int
) -> bool:
    """See `ports.replays`."""
    changed = await connection.execute(
        update(replays)
        .where(_ROW.run_id == run_id, _ROW.state == RunState.RUNNING)
        .values(calls=calls, reached_ms=reached_ms, seen_ms=seen_ms)
    )
    return changed.rowcount == 1


async def end(connection: AsyncConnection, run_id: str, state: RunState, result: str) -> bool:
    """See `ports.replays`."""
    changed = await connection.execute(
        update(replays)
        .where(_ROW.run_id == run_id, _ROW.state == RunState.RUNNING)
        .values(state=state.value, result=result, running_of=None)
    )
    return changed.rowcount == 1


async def by_id(connection: AsyncConnection, run_id: str) -> Run | None:
    """The run with this id."""
    query = select(replays).where(_ROW.run_id == run_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _run_of(row)


async def listed(connection: AsyncConnection, organisation: str | None) -> list[Run]:
    """See `ports.replays.Replays.runs`."""
    newest = _newest(organisation).limit(KEPT)
    return [_run_of(row) for row in (await connection.execute(newest)).mappings()]


def _newest(organisation: str | None) -> Any:
    order = _ROW.begun_ms.desc(), _ROW.run_id.desc()
    return select(replays).where(_of(organisation)).order_by(*order)
