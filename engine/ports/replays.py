"""Replays that were begun from a page: how far each is, and what came of it.

At most one of an organisation's runs at a time, and one of all calls. The engine that reckons it
gives a sign of life while it does; one that gave none for long died with its engine, and holds up
nobody. Every method is one transaction, with the errors of `ports.ledger`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

KEPT = 20
"""So many of an organisation's are kept; the oldest go as new ones begin."""


class RunState(StrEnum):
    """How a run stands; all but `running` are final."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A replay of the calls that ended from `from_ms` to before `to_ms`; `days` names the day
    (2026-11-21) or the month (2026-11).

    `organisation` is whose calls, None: all. `version` is what they are replayed under, or what
    the draft was made from if they are (`drafted`). `calls` were looked at by `seen_ms`, the last
    of which ended at `reached_ms`. `result` is what came out, as `engine.flows.replay.runs` writes
    it; "" before the end.
    """

    run_id: str
    organisation: str | None
    author: str
    version: int
    drafted: bool
    days: str
    from_ms: int
    to_ms: int
    begun_ms: int
    seen_ms: int
    reached_ms: int
    state: RunState = RunState.RUNNING
    calls: int = 0
    result: str = ""


class Replays(Protocol):
    """The runs of all organisations."""

    async def begin(self, run: Run, lost_before_ms: int) -> None:
        """Write a new run down, and let go of old ones beyond `KEPT`.

        `ConflictError` while another of its organisation runs; one without a sign of life since
        `lost_before_ms` has failed.
        """
        ...

    async def note(self, run_id: str, calls: int, reached_ms: int, seen_ms: int) -> bool:
        """Write down how far it is; False if it does not run any more."""
        ...

    async def end(self, run_id: str, state: RunState, result: str = "") -> bool:
        """Bring it to an end; False if it does not run any more."""
        ...

    async def run(self, run_id: str) -> Run | None: ...

    async def runs(self, organisation: str | None) -> Sequence[Run]:
        """An organisation's, or those of all calls, newest first."""
        ...
