"""Orders of people to live calls, on whatever engine these run; each is answered by that engine.

A command may be begun with for `COMMAND_TTL_MS` from its first sending, measured by the store's own
clock in its engine's line and by the engine's from there: what is not begun with by then never is.
It is known by an id of whoever sends it, so one sent twice is carried out once by an engine, and
its answer can be had again for `OUTCOME_KEPT_MS`.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

COMMAND_TTL_MS = 5_000
OUTCOME_KEPT_MS = 60_000


class CallOrder(StrEnum):
    """What a person can want of a live call."""

    END = "end"
    WARN = "warn"


class Outcome(StrEnum):
    """What came of a command: BUSY if the call could not be reached in time, so that nothing was
    done; UNANSWERED if nobody knows."""

    DONE = "done"
    GONE = "gone"
    NOT_TALKING = "not_talking"
    TOO_SOON = "too_soon"
    BUSY = "busy"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`by` is who gave it, for record and log; `organisation` whose calls he may touch, None for
    the operator, who may touch all."""

    command_id: str
    call_id: str
    organisation: str | None
    order: CallOrder
    by: str
    reason: str = ""


class Commands(Protocol):
    """Errors as of `ports.store.Store`, of which this is a part."""

    async def send(self, engine: str, command: Command, within_ms: int) -> None:
        """Put a command into an engine's line, to be begun with within so long (`COMMAND_TTL_MS` at
        most); `ConflictError` if that is full."""
        ...

    def received(self, engine: str) -> AsyncIterator[tuple[Command, int]]:
        """The engine's commands as they come, each once, with the milliseconds left to begin with
        it, expired ones never; reconnects by itself for ever."""
        ...

    async def answer(self, command_id: str, outcome: Outcome) -> None:
        """Say what came of a command."""
        ...

    async def outcome(self, command_id: str, within_ms: int) -> Outcome | None:
        """What came of it, waited for so long; None if nothing is known yet."""
        ...
