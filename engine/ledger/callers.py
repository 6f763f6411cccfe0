"""`ports.people.callers` in the ledger's own database; each method is one transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial

from sqlalchemy import (
    Delete,
    Select,
    Text,
    Update,
    cast,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import CallerError
from engine.ledger import accounts
from engine.ledger.sql import SqlLedger
from engine.ledger.tables import REPORT_IS_OPEN, blocked_callers, caller_notes, calls
from engine.ports.people.callers import NOTE_CHARS_MOST, AgentDay, Block, CallerNote, NoteKind


class SqlCallers:
    """Notes, blocks and agents' days in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def add_note(self, note: CallerNote) -> None:
        """See `ports.people.callers`."""
        if not 0 < len(note.text.strip()) <= NOTE_CHARS_MOST or "\0" in note.text:
            raise CallerError(f"must be 1 to {NOTE_CHARS_MOST} characters", "text")
        await self._database.write(partial(_add_note, note=note))

    async def notes(self, organisation: str, account_id: str, most: int) -> Sequence[CallerNote]:
        """See `ports.people.callers`."""
        query = select(caller_notes).where(
            caller_notes.c.organisation == organisation, caller_notes.c.account_id == account_id
        )
        return await self._database.read(partial(_notes, query=query, most=most))

    async def reports(self, organisation: str, most: int) -> Sequence[CallerNote]:
        """See `ports.people.callers`."""
        query = select(caller_notes).where(
            caller_notes.c.organisation == organisation, caller_notes.c.kind == NoteKind.REPORT
        )
        return await self._database.read(partial(_notes, query=query, most=most))

    async def open_reports(self, organisation: str, most: int) -> Sequence[CallerNote]:
        """See `ports.people.callers`."""
        query = select(caller_notes).where(
            caller_notes.c.organisation == organisation, REPORT_IS_OPEN
        )
        return await self._database.read(partial(_notes, query=query, most=most))

    async def report(self, note_id: str) -> CallerNote | None:
        """See `ports.people.callers`."""
        query = select(caller_notes).where(
            caller_notes.c.note_id == note_id, caller_notes.c.kind == NoteKind.REPORT
        )
        return next(iter(await self._database.read(partial(_notes, query=query, most=1))), None)

    async def see(self, organisation: str, note_id: str, by: str, at_ms: int) -> bool:
        """See `ports.people.callers`."""
        seen = (
            update(caller_notes)
            .where(
                caller_notes.c.organisation == organisation,
                caller_notes.c.note_id == note_id,
                REPORT_IS_OPEN,
            )
            .values(seen_by=by, seen_ms=at_ms)
        )
        return await self._database.write(partial(_changed, statement=seen))

    async def block(self, block: Block) -> None:
        """See `ports.people.callers`."""
        await self._database.write(partial(_block, block=block))

    async def unblock(self, organisation: str, account_id: str) -> bool:
        """See `ports.people.callers`."""
        gone = delete(blocked_callers).where(
            blocked_callers.c.organisation == organisation,
            blocked_callers.c.account_id == account_id,
        )
        return await self._database.write(partial(_changed, statement=gone))

    async def blocks(self, organisation: str, after: str, most: int) -> Sequence[Block]:
        """See `ports.people.callers`."""
        work = partial(_blocks, organisation=organisation, after=after, most=most)
        return await self._database.read(work)

    async def days(self, organisation: str, from_ms: int, to_ms: int) -> Mapping[str, AgentDay]:
        """See `ports.people.callers`."""
        work = partial(_days, organisation=organisation, times=(from_ms, to_ms))
        return await self._database.read(work)


async def _check_owner(connection: AsyncConnection, organisation: str, account_id: str) -> None:
    account = await accounts.known(connection, account_id)
    if account.organisation != organisation:
        raise CallerError(f"there is no account {account_id}", "account_id")


async def _add_note(connection: AsyncConnection, note: CallerNote) -> None:
    await _check_owner(connection, note.organisation, note.account_id)
    is_there = select(exists().where(caller_notes.c.note_id == note.note_id))
    if not await connection.scalar(is_there):
        await connection.execute(insert(caller_notes).values(asdict(note)))


async def _notes(
    connection: AsyncConnection, query: Select[tuple[object, ...]], most: int
) -> list[CallerNote]:
    newest = query.order_by(caller_notes.c.at_ms.desc(), caller_notes.c.note_id).limit(most)
    rows = (await connection.execute(newest)).mappings()
    return [CallerNote(**{**row, "kind": NoteKind(row["kind"])}) for row in rows]


async def _block(connection: AsyncConnection, block: Block) -> None:
    await _check_owner(connection, block.organisation, block.account_id)
    is_there = select(exists().where(blocked_callers.c.account_id == block.account_id))
    if not await connection.scalar(is_there):
        await connection.execute(insert(blocked_callers).values(asdict(block)))


async def _changed(connection: AsyncConnection, statement: Delete | Update) -> bool:
    return bool((await connection.execute(statement)).rowcount)


async def _blocks(
    connection: AsyncConnection, organisation: str, after: str, most: int
) -> list[Block]:
    query = (
        select(blocked_callers)
        .where(blocked_callers.c.organisation == organisation, blocked_callers.c.account_id > after)
        .order_by(blocked_callers.c.account_id)
        .limit(most)
    )
    return [Block(**row) for row in (await connection.execute(query)).mappings()]


async def _days(
    connection: AsyncConnection, organisation: str, times: tuple[int, int]
) -> dict[str, AgentDay]:
    from_ms, to_ms = times
    # Added up by who talked: many calls, few lists of agents.
    names = cast(calls.c.agents, Text).label("names")
    query = (
        select(names, func.count(), func.sum(calls.c.talk_ms))
        .where(
            calls.c.ended_ms >= from_ms,
            calls.c.ended_ms < to_ms,
            calls.c.organisation == organisation,
        )
        .group_by(names)
    )
    found: dict[str, AgentDay] = {}
    for listed, count, talk_ms in await connection.execute(query):
        for agent in set(json.loads(listed)):
            day = found.get(agent, AgentDay())
            found[agent] = AgentDay(day.calls + count, day.talk_ms + int(talk_ms))
    return found
