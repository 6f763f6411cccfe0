"""What staff note of callers, report of them, and whom they let in no more.

A caller is named by his account, which a live call tells (`LiveCall.account_id`), so nobody need
see a number to do any of this. Who did it is kept with it, and in the log.
"""

from collections.abc import Sequence
from uuid import uuid4

import structlog

from engine.ports.clock import Clock
from engine.ports.people.callers import Block, CallerNote, Callers, NoteKind

NOTES_SHOWN = 50

log = structlog.get_logger(__name__)


class CallerFile:
    """An organisation's notes and blocks; `CallerError` for an account that it has not."""

    def __init__(self, callers: Callers, clock: Clock, organisation: str) -> None:
        self._callers = callers
        self._clock = clock
        self._organisation = organisation

    async def notes(self, account_id: str) -> Sequence[CallerNote]:
        """The newest notes on a caller, reports among them, newest first."""
        return await self._callers.notes(self._organisation, account_id, NOTES_SHOWN)

    async def open_reports(self) -> Sequence[CallerNote]:
        """The newest reports that no supervisor has taken note of, newest first: one more than are
        shown, if there are so many."""
        return await self._callers.open_reports(self._organisation, NOTES_SHOWN + 1)

    async def see(self, note_id: str, by: str) -> bool:
        """Take note of a report; False if somebody has already."""
        at_ms = self._clock.now().wall_ms
        is_first = await self._callers.see(self._organisation, note_id, by, at_ms)
        log.info("caller.report_seen", note=note_id, by=by, is_first=is_first)
        return is_first

    async def note(
        self,
        account_id: str,
        author: str,
        text: str,
        kind: NoteKind = NoteKind.NOTE,
        note_id: str = "",
    ) -> CallerNote:
        """Keep a note; with a `note_id` of the author's own a repeat is the same note."""
        note = CallerNote(
            note_id=note_id or uuid4().hex,
            organisation=self._organisation,
            account_id=account_id,
            kind=kind,
            author=author,
            text=text.strip(),
            at_ms=self._clock.now().wall_ms,
        )
        await self._callers.add_note(note)
        log.info("caller.noted", account=account_id, kind=kind, by=author)
        return note

    async def block(self, account_id: str, author: str, reason: str) -> None:
        """Let a caller in no more, from his next call on."""
        await self._callers.block(
            Block(
                organisation=self._organisation,
                account_id=account_id,
                author=author,
                reason=reason,
                at_ms=self._clock.now().wall_ms,
            )
        )
        log.info("caller.blocked", account=account_id, by=author, reason=reason)

    async def unblock(self, account_id: str, author: str) -> bool:
        """Let him in again; whether he was blocked."""
        was_blocked = await self._callers.unblock(self._organisation, account_id)
        log.info("caller.unblocked", account=account_id, by=author, was_blocked=was_blocked)
        return was_blocked
