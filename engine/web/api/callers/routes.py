"""Notes and reports on callers read and written, callers blocked and let in again."""

import hashlib
from collections.abc import Sequence
from typing import Any

from engine.flows.agents import CallerFile
from engine.ports.operators import Scope
from engine.ports.people.callers import CallerNote
from engine.web.api.callers import models
from engine.web.api.contract import NOT_FOUND, Asked, NoBody, NoQuery, Refused, Result, Route
from engine.web.api.models import Form, Page, write_time

_NOT_THERE = Refused(NOT_FOUND, "There is no such account.")


async def list_notes(asked: Asked[Page, NoBody]) -> Result:
    """The newest notes on a caller, reports among them."""
    if not await _is_there(asked):
        return _NOT_THERE
    account_id = asked.ids["account_id"]
    return _notes(await asked.site.callers.notes(asked.organisation, account_id, asked.query.limit))


async def add_note(asked: Asked[NoQuery, models.NewNote]) -> Result:
    """Keep a note on a caller, or report him to the supervisors."""
    if not await _is_there(asked):
        return _NOT_THERE
    body, note_id = asked.body, hashlib.sha256(asked.once.encode()).hexdigest()[:32]
    account_id = asked.ids["account_id"]
    return _note(await _file(asked).note(account_id, asked.author, body.text, body.kind, note_id))


async def list_reports(asked: Asked[Page, NoBody]) -> Result:
    """The newest reports on any caller."""
    return _notes(await asked.site.callers.reports(asked.organisation, asked.query.limit))


async def block(asked: Asked[NoQuery, models.Blocking]) -> Result:
    """Let a caller in no more, from his next call on; a block that is there stays as it is."""
    if not await _is_there(asked):
        return _NOT_THERE
    account_id = asked.ids["account_id"]
    await _file(asked).block(account_id, asked.author, asked.body.reason)
    return models.Blocked(account_id=account_id, blocked=True)


async def unblock(asked: Asked[NoQuery, NoBody]) -> Result:
    """Let a caller in again, if he was blocked."""
    if not await _is_there(asked):
        return _NOT_THERE
    account_id = asked.ids["account_id"]
    await _file(asked).unblock(account_id, asked.author)
    return models.Blocked(account_id=account_id, blocked=False)


async def list_blocks(asked: Asked[models.BlocksQuery, NoBody]) -> Result:
    """A page of blocked callers."""
    query = asked.query
    found = await asked.site.callers.blocks(asked.organisation, query.after or "", query.limit + 1)
    page = found[: query.limit]
    return models.Blocks(
        blocks=[
            models.Block(
                account_id=one.account_id,
                author=one.author,
                reason=one.reason,
                at=write_time(one.at_ms),
            )
            for one in page
        ],
        next=page[-1].account_id if len(found) > query.limit else None,
    )


async def _is_there(asked: Asked[Form, Form]) -> bool:
    """Whether the account the path names is the organisation's."""
    found = await asked.site.customers.customer(asked.organisation, asked.ids["account_id"])
    return found is not None


def _file(asked: Asked[Form, Form]) -> CallerFile:
    return CallerFile(asked.site.callers, asked.site.clock, asked.organisation)


def _notes(found: Sequence[CallerNote]) -> models.Notes:
    return models.Notes(notes=[_note(note) for note in found])


def _note(note: CallerNote) -> models.Note:
    return models.Note(
        note_id=note.note_id,
        account_id=note.account_id,
        kind=note.kind,
        author=note.author,
        text=note.text,
        at=write_time(note.at_ms),
        seen_by=note.seen_by,
        seen_at=None if note.seen_ms is None else write_time(note.seen_ms),
    )


ROUTES: tuple[Route[Any, Any], ...] = (
    Route(
        method="GET",
        path="/accounts/{account_id}/notes",
        name="listNotes",
        summary="List the newest notes on a caller",
        scope=Scope.CALLERS_READ,
        query=Page,
        body=NoBody,
        answer=models.Notes,
        run=list_notes,
    ),
    Route(
        method="POST",
        path="/accounts/{account_id}/notes",
        name="addNote",
        summary="Note something of a caller, or report him",
        scope=Scope.CALLERS_WRITE,
        query=NoQuery,
        body=models.NewNote,
        answer=models.Note,
        run=add_note,
        status=201,
    ),
    Route(
        method="GET",
        path="/reports",
        name="listReports",
        summary="List the newest reports on callers",
        scope=Scope.CALLERS_READ,
        query=Page,
        body=NoBody,
        answer=models.Notes,
        run=list_reports,
    ),
    Route(
        method="PUT",
        path="/accounts/{account_id}/block",
        name="blockCaller",
        summary="Let a caller in no more",
        scope=Scope.CALLERS_WRITE,
        query=NoQuery,
        body=models.Blocking,
        answer=models.Blocked,
        run=block,
    ),
    Route(
        method="DELETE",
        path="/accounts/{account_id}/block",
        name="unblockCaller",
        summary="Let a caller in again",
        scope=Scope.CALLERS_WRITE,
        query=NoQuery,
        body=NoBody,
        answer=models.Blocked,
        run=unblock,
    ),
    Route(
        method="GET",
        path="/blocks",
        name="listBlocks",
        summary="List blocked callers",
        scope=Scope.CALLERS_READ,
        query=models.BlocksQuery,
        body=NoBody,
        answer=models.Blocks,
        run=list_blocks,
    ),
)
