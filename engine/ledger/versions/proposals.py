"""Proposals and what engines answer, in SQL: each function is part of a transaction."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.ledger.versions.rows import one_at_a_time
from engine.ledger.versions.tables import config_answers, config_proposals
from engine.ports.versions import PROPOSED_AT_MOST_MS, Answer, Unsaid


async def propose(connection: AsyncConnection, files: Mapping[str, str], at_ms: int) -> int:
    """Write a proposal down, under the number after that of the last that is still there."""
    await one_at_a_time(connection)
    last = (await connection.execute(select(func.max(config_proposals.c.proposal)))).scalar()
    # Never a number that an engine may have answered a moment ago: the clock's is higher.
    number = max((last or 0) + 1, at_ms)
    stale = config_proposals.c.proposed_ms < at_ms - PROPOSED_AT_MOST_MS
    await connection.execute(delete(config_proposals).where(stale))
    row = {"proposal": number, "proposed_ms": at_ms, "files": dict(files)}
    await connection.execute(insert(config_proposals).values(row))
    return number


async def proposals(connection: AsyncConnection) -> list[int]:
    """The numbers of all proposals."""
    query = select(config_proposals.c.proposal).order_by(config_proposals.c.proposal)
    return [*(await connection.execute(query)).scalars()]


async def proposed(connection: AsyncConnection, proposal: int) -> Mapping[str, str] | None:
    """A proposal's files."""
    query = select(config_proposals.c.files).where(config_proposals.c.proposal == proposal)
    files: Mapping[str, str] | None = (await connection.execute(query)).scalar_one_or_none()
    return files


async def answer(connection: AsyncConnection, said: Answer) -> None:
    """Write down what an engine answers, if the proposal is still there."""
    await one_at_a_time(connection)
    if await proposed(connection, said.proposal) is None:
        return
    same = (config_answers.c.proposal == said.proposal, config_answers.c.engine == said.engine)
    await connection.execute(delete(config_answers).where(*same))
    await connection.execute(insert(config_answers).values(asdict(said)))


async def answers(connection: AsyncConnection, proposal: int) -> list[Answer]:
    """What the engines have answered, by name."""
    query = (
        select(config_answers)
        .where(config_answers.c.proposal == proposal)
        .order_by(config_answers.c.engine)
    )
    rows: list[dict[str, Any]] = [dict(row) for row in (await connection.execute(query)).mappings()]
    return [
        Answer(**{**row, "unsaid": tuple(Unsaid(**one) for one in row["unsaid"])}) for row in rows
    ]


async def withdraw(connection: AsyncConnection, proposal: int) -> None:
    """Take a proposal away; its answers go with it."""
    await one_at_a_time(connection)
    gone = delete(config_proposals).where(config_proposals.c.proposal == proposal)
    await connection.execute(gone)
