"""Notes, blocks and agents' days in memory, beside a ledger's twin."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.errors import CallerError
from engine.ports.people.callers import NOTE_CHARS_MOST, AgentDay, Block, CallerNote, NoteKind
from tests.fakes.ledger import MemoryLedger


class MemoryCallers:
    """`ports.people.callers.Callers` in memory."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self._notes: dict[str, CallerNote] = {}
        self._blocks: dict[str, Block] = {}

    async def add_note(self, note: CallerNote) -> None:
        if not 0 < len(note.text.strip()) <= NOTE_CHARS_MOST or "\0" in note.text:
            raise CallerError(f"must be 1 to {NOTE_CHARS_MOST} characters", "text")
        await self._check_owner(note.organisation, note.account_id)
        self._notes.setdefault(note.note_id, note)

    async def notes(self, organisation: str, account_id: str, most: int) -> Sequence[CallerNote]:
        mine = (organisation, account_id)
        return self._newest(
            [n for n in self._notes.values() if (n.organisation, n.account_id) == mine], most
        )

    async def reports(self, organisation: str, most: int) -> Sequence[CallerNote]:
        mine = (organisation, NoteKind.REPORT)
        return self._newest(
            [n for n in self._notes.values() if (n.organisation, n.kind) == mine], most
        )

    async def open_reports(self, organisation: str, most: int) -> Sequence[CallerNote]:
        mine = [n for n in self._notes.values() if n.organisation == organisation and n.is_open]
        return self._newest(mine, most)

    async def report(self, note_id: str) -> CallerNote | None:
        found = self._notes.get(note_id)
        return found if found is not None and found.kind is NoteKind.REPORT else None

    async def see(self, organisation: str, note_id: str, by: str, at_ms: int) -> bool:
        found = self._notes.get(note_id)
        if found is None or found.organisation != organisation or not found.is_open:
            return False
        self._notes[note_id] = replace(found, seen_by=by, seen_ms=at_ms)
        return True

    def _newest(self, notes: list[CallerNote], most: int) -> list[CallerNote]:
        return sorted(notes, key=lambda note: (-note.at_ms, note.note_id))[:most]

    async def block(self, block: Block) -> None:
        await self._check_owner(block.organisation, block.account_id)
        self._blocks.setdefault(block.account_id, block)
        self._mark()

    async def unblock(self, organisation: str, account_id: str) -> bool:
        block = self._blocks.get(account_id)
        if block is None or block.organisation != organisation:
            return False
        del self._blocks[account_id]
        self._mark()
        return True

    async def blocks(self, organisation: str, after: str, most: int) -> Sequence[Block]:
        mine = [b for b in self._blocks.values() if b.organisation == organisation]
        later = [block for block in mine if block.account_id > after]
        return sorted(later, key=lambda block: block.account_id)[:most]

    async def days(self, organisation: str, from_ms: int, to_ms: int) -> Mapping[str, AgentDay]:
        talked: dict[str, list[int]] = {}
        for record in await self._ledger.calls(None, from_ms, to_ms):
            for agent in set(record.agents) if record.organisation == organisation else ():
                talked.setdefault(agent, []).append(record.talk_ms)
        return {agent: AgentDay(len(each), sum(each)) for agent, each in talked.items()}

    async def _check_owner(self, organisation: str, account_id: str) -> None:
        account = await self._ledger.account(account_id)
        if account is None or account.organisation != organisation:
            raise CallerError(f"there is no account {account_id}", "account_id")

    def _mark(self) -> None:
        self._ledger.blocked = set(self._blocks)
        self._ledger.mark_blocked()
