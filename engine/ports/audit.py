"""The audit log: who did what, from where, to what. It is only ever added to, and let
go of after its time (`core.retention`).

An act is written down twice: before it is carried out (`begin`), so that none goes unseen however
it ends, and afterwards how it ended (`end`). An act without an end was interrupted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.errors import CallerError, ConflictError, EngineError

Detail = Mapping[str, str | int | bool | None]
"""What there is to know of an act; no secret, and no number in full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What somebody is about to do.

    `organisation` is None for what concerns the operator alone. `author` is a user's name (or
    `cli:<user>`, or `api:<key's id>`), empty for one who is not known. `action` is
    `<subject>.<verb>`; `target` names what it is done to, such as `user/3f9c…`.
    """

    act_id: str
    at_ms: int
    organisation: str | None
    author: str
    address: str
    action: str
    target: str = ""


def ended_by(error: Exception) -> tuple[str, str]:
    """How an act ended that raised: its outcome, and what the fault is called."""
    outcome = "refused" if isinstance(error, CallerError | ConflictError) else "failed"
    return outcome, error.code if isinstance(error, EngineError) else type(error).__name__


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An act, and how it ended: `done`, `refused` or `failed`; empty while it has not."""

    act: Act
    outcome: str = ""
    detail: Detail = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActFilter:
    """Which acts are listed: newest first, `most` of them before the act `before`.

    No organisation: everybody's. `action` may be a subject alone, `hidden` is one whose acts are
    left out. Times are half-open.
    """

    organisation: str | None
    author: str = ""
    action: str = ""
    hidden: str = ""
    from_ms: int | None = None
    to_ms: int | None = None
    before: str = ""
    most: int = 50


class Audit(Protocol):
    """The log of all organisations. Each method is one transaction, errors as in `ports.ledger`."""

    async def begin(self, act: Act) -> None: ...

    async def end(self, act_id: str, outcome: str, detail: Detail) -> None:
        """How an act ended; the first word stands."""
        ...

    async def lines(self, wanted: ActFilter) -> Sequence[AuditLine]: ...
