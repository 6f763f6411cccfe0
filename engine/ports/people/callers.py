"""What staff keep of callers, and what an agent's day was like.

All of it is an organisation's own; an account of another is not there (`CallerError`, field
`account_id`). Callers are named by their accounts, so what is noted of one who withholds his number
shows it to nobody. Errors are those of `ports.ledger`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

NOTE_CHARS_MOST = 2_000


class NoteKind(StrEnum):
    """Whether something is noted for the next call, or reported to the supervisors."""

    NOTE = "note"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerNote:
    """What `author` noted of a caller; `text` has 1 to `NOTE_CHARS_MOST` characters.

    `seen_by`, `seen_ms`: which supervisor took note of a report, and when; a report without them
    is open.
    """

    note_id: str
    organisation: str
    account_id: str
    kind: NoteKind = NoteKind.NOTE
    author: str
    text: str
    at_ms: int
    seen_by: str | None = None
    seen_ms: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is a report that nobody has taken note of."""
        return self.kind is NoteKind.REPORT and self.seen_ms is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A caller who is let in no more, by whom and why."""

    organisation: str
    account_id: str
    author: str
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class AgentDay:
    """How many calls an agent talked in, and how long these were talked in all."""

    calls: int = 0
    talk_ms: int = 0


class Callers(Protocol):
    """Every method is one transaction."""

    async def add_note(self, note: CallerNote) -> None:
        """Keep a note; one with an id that is there already is the same note."""
        ...

    async def notes(self, organisation: str, account_id: str, most: int) -> Sequence[CallerNote]:
        """The newest notes on a caller, newest first."""
        ...

    async def reports(self, organisation: str, most: int) -> Sequence[CallerNote]:
        """The newest reports on any caller, newest first."""
        ...

    async def open_reports(self, organisation: str, most: int) -> Sequence[CallerNote]:
        """The newest reports that nobody has taken note of, newest first."""
        ...

    async def report(self, note_id: str) -> CallerNote | None:
        """One report of whichever organisation, by its id; a note is none."""
        ...

    async def see(self, organisation: str, note_id: str, by: str, at_ms: int) -> bool:
        """Take note of a report; False if it is not open. Of two at once, one does."""
        ...

    async def block(self, block: Block) -> None:
        """Let a caller in no more: from his next call on `ports.ledger.Account.blocked` says so of
        every account of the organisation with his number. A block that is there stays as it is."""
        ...

    async def unblock(self, organisation: str, account_id: str) -> bool:
        """Let him in again; whether he was blocked."""
        ...

    async def blocks(self, organisation: str, after: str, most: int) -> Sequence[Block]:
        """Blocked callers in the order of their account ids, those that follow `after`."""
        ...

    async def days(self, organisation: str, from_ms: int, to_ms: int) -> Mapping[str, AgentDay]:
        """By agent, the calls that ended in the half-open interval; one in which several talked
        counts whole for each. Who talked in none is left out."""
        ...
