"""The versions of the operator's files and own dialplan, which is in force, how each engine stands.

A version is never changed. Exactly one is in force: that of the last activation. An activation may
have an end: unless it is confirmed by then, the version before it is put in force again, by
whoever sees the end first. Configuration is the operator's own, so a version belongs to no single
organisation: it holds all of them.

A *proposal* is files that are to become a version: the engines that live have made what it says,
and answer what of it they cannot say, before it is put in force. It is gone with its proposer's
wait.

Every method is one transaction. `RemoteError`: the database does not answer; repeat. The very same
order again changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

PROPOSED_AT_MOST_MS = 60_000
"""How long a proposal is left whose proposer has died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The files as they were applied, whole (text by name); `based_on` is 0 for the first.

    `own` are those of the own dialplan, `own_hash` their content's name; None and "" where they are
    not known yet. `restores` is the version whose own dialplan was brought back, 0 if none was.
    """

    number: int
    based_on: int
    author: str
    reason: str
    made_ms: int
    content_hash: str
    files: Mapping[str, str]
    own: Mapping[str, str] | None = None
    own_hash: str = ""
    restores: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Files that are to become the next version of the one they are based on."""

    based_on: int
    content_hash: str
    files: Mapping[str, str]
    own: Mapping[str, str] | None = None
    own_hash: str = ""
    restores: int = 0


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
class Unsaid:
    """A sentence that an engine cannot say: which entry's field asks for it, its key and words.

    `field` is the path within the entry (`tariff.landline`); `voiceless` if the engine has no voice
    at all for the language, else `reason` says what went wrong.
    """

    organisation: str
    section: str
    entry: str
    field: str
    lang: str
    key: str
    words: str
    reason: str
    voiceless: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineView:
    """The version an engine goes by, since when, and why it is not the one in force (or "").

    `problem` is in English, `translations` are the same by language, in the engine's own words: its
    release knows rules that a reader's may not. `refused` is the version that it cannot take (0:
    none), `unsaid` the sentences that are the cause, `asterisk` whether its Asterisk's files can be
    changed by it.
    """

    engine: str
    number: int
    since_ms: int
    problem: str = ""
    refused: int = 0
    unsaid: tuple[Unsaid, ...] = ()
    asterisk: bool = True
    translations: Mapping[str, str] = field(default_factory=dict)

    def why(self, lang: str) -> str:
        """Why, in a language; in English where the engine does not say it otherwise."""
        return self.translations.get(lang, self.problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an engine says to a proposal: that it is at it, or done, and what it cannot say."""

    proposal: int
    engine: str
    is_done: bool
    unsaid: tuple[Unsaid, ...] = ()


class Versions(Protocol):
    """All versions, all activations."""

    async def active(self) -> Activation | None:
        """The last activation, None before the first."""
        ...

    async def version(self, number: int) -> Version | None: ...

    async def history(self, before: int | None, most: int) -> Sequence[Activation]:
        """At most `most` activations, newest first, those before the activation `before`."""
        ...

    async def own_history(self, before: int | None, most: int) -> Sequence[Activation]:
        """As `history`, only those by which the own dialplan became another one, and the first."""
        ...

    async def own_before(self, number: int) -> int:
        """The version before that with which the own dialplan of `number` came, 0 if none.

        It is looked for along `based_on`: what was undone is not on the way, and what was brought
        back (`restores`) stands where it was before. What was typed in again is a change like any.
        """
        ...

    async def adopt_own(self, own: Mapping[str, str], own_hash: str) -> None:
        """Let the versions that do not know their own dialplan yet have this one, once for all."""
        ...

    async def apply(self, draft: Draft, order: Order) -> Activation:
        """Write the next version down and put it in force.

        `ConflictError` unless the draft is based on the version in force (0: there is none yet),
        and while that one waits to be confirmed.
        """
        ...

    async def roll_back(self, number: int, replaces: int, order: Order) -> Activation:
        """Put an older version in force again, also in place of one that waits to be confirmed.

        `CallerError` if there is none of this number, `ConflictError` if it is in force, or the
        activation `replaces` is not the last one any more.
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

    async def propose(self, files: Mapping[str, str], at_ms: int) -> int:
        """Ask all engines to prepare files; the proposal's number.

        What was proposed more than `PROPOSED_AT_MOST_MS` before is taken away: nobody waits for it.
        """
        ...

    async def proposals(self) -> Sequence[int]:
        """The numbers of what is proposed now."""
        ...

    async def proposed(self, proposal: int) -> Mapping[str, str] | None:
        """A proposal's files, None if it is gone."""
        ...

    async def answer(self, answer: Answer) -> None:
        """Answer a proposal, in place of what this engine said before; nothing if it is gone."""
        ...

    async def answers(self, proposal: int) -> Sequence[Answer]:
        """What the engines have answered, by name."""
        ...

    async def withdraw(self, proposal: int) -> None:
        """Take a proposal away, with its answers."""
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
