"""The versions of the operator's files, which of them is in force, and how each engine stands.

A version is never changed. Exactly one is in force: that of the last activation. An activation may
have an end: unless it is confirmed by then, the version before it is put in force again, by
whoever sees the end first. Configuration is the operator's own, so a version belongs to no single
organisation: it holds all of them.

Every method is one transaction. `RemoteError`: the database does not answer; repeat. The very same
order again changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The files as they were applied, whole (text by name); `based_on` is 0 for the first."""

    number: int
    based_on: int
    author: str
    reason: str
    made_ms: int
    content_hash: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Files that are to become the next version of the one they are based on."""

    based_on: int
    content_hash: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who wants a change, why and when; `confirm_by_ms` is when it ends unless confirmed."""

    author: str
    reason: str
    at_ms: int
    confirm_by_ms: int | None = None


class Cause(StrEnum):
    """How a version came in force."""

    APPLIED = "applied"
    ROLLED_BACK = "rolled_back"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """A version put in force; `activation` counts from 1, `previous` was in force before (or 0).

    `confirm_by_ms` is when it ends unless confirmed, None if it stays in force anyhow.
    """

    activation: int
    number: int
    previous: int
    cause: Cause
    author: str
    reason: str
    at_ms: int
    confirm_by_ms: int | None = None
    confirmed_ms: int | None = None
    confirmed_by: str = ""

    @property
    def is_pending(self) -> bool:
        """Whether it waits to be confirmed."""
        return self.confirm_by_ms is not None and self.confirmed_ms is None

    def is_of(self, order: Order) -> bool:
        """Whether it is by the same, for the same reason, at the same instant."""
        mine = (self.author, self.reason, self.at_ms, self.confirm_by_ms)
        return mine == (order.author, order.reason, order.at_ms, order.confirm_by_ms)

    def is_over(self, now_ms: int) -> bool:
        """Whether its time to be confirmed has run out."""
        return self.is_pending and (self.confirm_by_ms or 0) <= now_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineView:
    """The version an engine goes by, since when, and why it is not the one in force (or "")."""

    engine: str
    number: int
    since_ms: int
    problem: str = ""


class Versions(Protocol):
    """All versions, all activations."""

    async def active(self) -> Activation | None:
        """The last activation, None before the first."""
        ...

    async def version(self, number: int) -> Version | None: ...

    async def history(self, before: int | None, most: int) -> Sequence[Activation]:
        """At most `most` activations, newest first, those before the activation `before`."""
        ...

    async def apply(self, draft: Draft, order: Order) -> Activation:
        """Write the next version down and put it in force.

        `ConflictError` unless the draft is based on the version in force (0: there is none yet),
        and while that one waits to be confirmed.
        """
        ...

    async def roll_back(self, number: int, order: Order) -> Activation:
        """Put an older version in force again, also in place of one that waits to be confirmed.

        `CallerError` if there is none of this number, `ConflictError` if it is in force.
        """
        ...

    async def confirm(self, number: int, order: Order) -> Activation:
        """Let the version in force stay; confirming twice changes nothing.

        `ConflictError` if another is in force, or the time is over.
        """
        ...

    async def undo(self, now_ms: int) -> Activation | None:
        """Put the version before in force if the last activation is over; None if it is not.

        Of any number who see it at once, one does it.
        """
        ...

    async def show(self, view: EngineView) -> None:
        """Write down how an engine stands."""
        ...

    async def hide(self, engine: str) -> None:
        """Forget an engine that has ended."""
        ...

    async def views(self) -> Sequence[EngineView]:
        """How every engine stands, by name; one that died stands as it last did."""
        ...
