"""What Asterisk wrote down by itself: when each leg was in the conversation and when it ended.

Channel event logging puts a line into a file for each entry into and exit from a bridge and for
each end of a channel, whether an engine lives or not. The file is only ever read for the few legs
of a call that is taken over, so it is searched, not parsed. It is swapped for a fresh one when it
has grown (`swap`); the one before is kept and searched too.
"""

import asyncio
import mmap
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import structlog

SWAP_AT_BYTES = 64 * 1024 * 1024

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Note:
    """The last time a leg entered and left the conversation, and when it ended (milliseconds)."""

    joined_ms: int | None = None
    left_ms: int | None = None
    ended_ms: int | None = None


class _Line(msgspec.Struct):
    eventtype: str
    eventtime: str
    uniqueid: str


class Notes:
    """Reads the file; an Asterisk that is elsewhere, or keeps none, simply has nothing to say."""

    def __init__(self, cel_file: str) -> None:
        self._file = Path(cel_file) if cel_file else None

    async def of(self, leg: str) -> Note:
        """All that is known of one leg."""
        if self._file is None:
            return Note()
        return await asyncio.to_thread(self._search, self._file, leg)

    def _search(self, file: Path, leg: str) -> Note:
        note = Note()
        for part in (before(file), file):
            try:
                for line in _lines_with(part, f'"uniqueid":"{leg}"'.encode()):
                    note = noted(note, line)
            except OSError as fault:
                if part is file:
                    log.warning("notes.unreadable", file=str(part), error=str(fault))
        return note


def noted(note: Note, line: bytes) -> Note:
    """A note with one more line of the file taken in (pure). A torn line changes nothing."""
    try:
        said = msgspec.json.decode(line, type=_Line)
        at_ms = _milliseconds(said.eventtime)
    except (msgspec.MsgspecError, ValueError):
        return note
    if said.eventtype == "BRIDGE_ENTER":
        return replace(note, joined_ms=at_ms, left_ms=None)
    if said.eventtype == "BRIDGE_EXIT":
        return replace(note, left_ms=at_ms)
    if said.eventtype == "CHAN_END":
        return replace(note, ended_ms=at_ms)
    return note


def before(file: Path) -> Path:
    """Where the lines of before the last swap are."""
    return file.with_name(file.name + ".1")


def swap(file: Path, at_bytes: int = SWAP_AT_BYTES) -> bool:
    """Put a file that has grown aside; Asterisk, which opens it for each line, begins a new one."""
    try:
        if file.stat().st_size < at_bytes:
            return False
        file.replace(before(file))
    except FileNotFoundError:
        return False
    return True


def _lines_with(file: Path, wanted: bytes) -> list[bytes]:
    if not file.exists() or not file.stat().st_size:
        return []
    found = []
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as text:
        at = text.find(wanted)
        while at >= 0:
            start, end = text.rfind(b"\n", 0, at) + 1, text.find(b"\n", at)
            found.append(text[start : end if end >= 0 else len(text)])
            at = text.find(wanted, at + len(wanted))
    return found


def _milliseconds(eventtime: str) -> int:
    """`1795300770.013209` in milliseconds, rounded down like the event socket's times."""
    seconds, _, micros = eventtime.partition(".")
    return int(seconds) * 1000 + int(micros[:3].ljust(3, "0"))
