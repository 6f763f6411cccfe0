"""The audit log: two tables that are only added to."""

from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import insert, or_, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.ledger.accounts import know_organisation
from engine.ledger.tables import audit_acts, audit_ends
from engine.ports.audit import Act, ActFilter, AuditLine, Detail

_FIELDS = tuple(field.name for field in fields(Act))


def _line(row: RowMapping) -> AuditLine:
    values: dict[str, Any] = {name: row[name] for name in _FIELDS}
    return AuditLine(Act(**values), row["outcome"] or "", row["detail"] or {})


async def begin(connection: AsyncConnection, act: Act) -> None:
    """Write down what somebody is about to do."""
    there = select(audit_acts.c.place).where(audit_acts.c.act_id == act.act_id)
    if await connection.scalar(there) is None:
        if act.organisation is not None:
            await know_organisation(connection, act.organisation)
        await connection.execute(insert(audit_acts).values(asdict(act)))


async def end(connection: AsyncConnection, act_id: str, outcome: str, detail: Detail) -> None:
    """Write down how it ended, unless that is known."""
    there = select(audit_ends.c.act_id).where(audit_ends.c.act_id == act_id)
    if await connection.scalar(there) is None:
        row = {"act_id": act_id, "outcome": outcome, "detail": dict(detail)}
        await connection.execute(insert(audit_ends).values(row))


async def listed(connection: AsyncConnection, wanted: ActFilter) -> list[AuditLine]:
    """Acts, newest first."""
    acts, ends = audit_acts.c, audit_ends.c
    query = select(audit_acts, ends.outcome, ends.detail).outerjoin(
        audit_ends, ends.act_id == acts.act_id
    )
    if wanted.organisation is not None:
        query = query.where(acts.organisation == wanted.organisation)
    if wanted.author:
        query = query.where(acts.author == wanted.author)
    if wanted.action:
        of_subject = acts.action.startswith(f"{wanted.action}.", autoescape=True)
        query = query.where(or_(acts.action == wanted.action, of_subject))
    if wanted.hidden:
        query = query.where(~acts.action.startswith(f"{wanted.hidden}.", autoescape=True))
    if wanted.from_ms is not None:
        query = query.where(acts.at_ms >= wanted.from_ms)
    if wanted.to_ms is not None:
        query = query.where(acts.at_ms < wanted.to_ms)
    if wanted.before:
        place = select(acts.place).where(acts.act_id == wanted.before).scalar_subquery()
        query = query.where(acts.place < place)
    query = query.order_by(acts.place.desc()).limit(wanted.most)
    return [_line(row) for row in (await connection.execute(query)).mappings()]
