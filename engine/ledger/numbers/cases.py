"""`ports.cases` in the ledger's own database; each method is one transaction."""

from collections.abc import Sequence
from functools import partial

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.numbers.case import Case, CaseStatus
from engine.errors import ConflictError
from engine.ledger.numbers.records import record_of
from engine.ledger.numbers.tables import authority_case_lines, authority_cases
from engine.ledger.sql import SqlLedger
from engine.ports.cases import CaseLine


class SqlCases:
    """Authorities' requests in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def open(self, case: Case, line: CaseLine) -> None:
        """See `ports.cases`."""
        await self._database.write(partial(_open, case=case, line=line))

    async def end(self, case: Case, line: CaseLine) -> None:
        """See `ports.cases`."""
        await self._database.write(partial(_end, case=case, line=line))

    async def look(self, line: CaseLine) -> Case | None:
        """See `ports.cases`."""
        return await self._database.write(partial(_look, line=line))

    async def listed(self, status: CaseStatus | None, after: str, most: int) -> Sequence[Case]:
        """See `ports.cases`."""
        return await self._database.read(partial(_listed, status=status, after=after, most=most))

    async def lines(self, case_id: str) -> Sequence[CaseLine]:
        """See `ports.cases`."""
        return await self._database.read(partial(_lines, case_id=case_id))


async def _note(connection: AsyncConnection, line: CaseLine) -> None:
    await connection.execute(insert(authority_case_lines).values(msgspec.to_builtins(line)))


async def _open(connection: AsyncConnection, case: Case, line: CaseLine) -> None:
    await connection.execute(insert(authority_cases).values(msgspec.to_builtins(case)))
    await _note(connection, line)


async def _end(connection: AsyncConnection, case: Case, line: CaseLine) -> None:
    done = await connection.execute(
        update(authority_cases)
        .where(
            authority_cases.c.case_id == case.case_id,
            authority_cases.c.status == CaseStatus.OPEN,
        )
        .values(status=case.status, outcome=case.outcome)
    )
    if done.rowcount != 1:
        raise ConflictError(f"the case {case.case_id} is open no more")
    await _note(connection, line)


async def _look(connection: AsyncConnection, line: CaseLine) -> Case | None:
    query = select(authority_cases).where(authority_cases.c.case_id == line.case_id)
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        return None
    await _note(connection, line)
    return record_of(row, Case)


async def _listed(
    connection: AsyncConnection, status: CaseStatus | None, after: str, most: int
) -> list[Case]:
    query = select(authority_cases).where(authority_cases.c.case_id > after)
    if status is not None:
        query = query.where(authority_cases.c.status == status)
    query = query.order_by(authority_cases.c.case_id).limit(most)
    return [record_of(row, Case) for row in (await connection.execute(query)).mappings()]


async def _lines(connection: AsyncConnection, case_id: str) -> list[CaseLine]:
    query = select(authority_case_lines).where(authority_case_lines.c.case_id == case_id)
    rows = (await connection.execute(query.order_by(authority_case_lines.c.place))).mappings()
    return [record_of(row, CaseLine) for row in rows]
