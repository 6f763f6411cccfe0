"""Where calls to our numbers are sent on, and what is kept of forwarded ones.

Every method is one transaction, with the errors of `ports.ledger`. What another organisation has is
not there.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.core.diversion.record import ForwardedCall
from engine.core.diversion.route import Caps, Route
from engine.core.numbers.number import Purpose


class Routes(Protocol):
    """The routes of all organisations; every version of them is kept.

    As a number leaves its holder its route ends by itself: see `ports.numbers`.
    """

    async def put(self, route: Route) -> None:
        """Write a route's next version down; in force for the next call. A repeat changes nothing.

        `ConflictError` unless the version before it is the last one, and the organisation has the
        number now.
        """
        ...

    async def route(self, number: str) -> Route | None:
        """The last version of a number's route, also a deleted one, whosever it was."""
        ...

    async def routes(
        self, organisation: str, purpose: Purpose, after: str, most: int
    ) -> Sequence[Route]:
        """An organisation's routes that were not deleted, by number, those that follow `after`."""
        ...

    async def leading(self, numbers: Collection[str]) -> Sequence[Route]:
        """The routes, not deleted, of those of these numbers that have one."""
        ...

    async def history(
        self, organisation: str, number: str, before: int | None, most: int
    ) -> Sequence[Route]:
        """The organisation's versions of a number's route, newest first, before a version."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an admission is measured by: the time, and when the local day and month began (ms)."""

    at_ms: int
    day_from_ms: int
    month_from_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a number's calls have used up of its caps: calls that go on now, and the time (ms) of
    those that arrived in the local day and month."""

    calls: int
    day_ms: int
    month_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardedFilter:
    """Which forwarded calls are listed: newest first, `most` of them before `before` (an id)."""

    organisation: str
    number: str | None = None
    before: str | None = None
    most: int = 50


class Forwarded(Protocol):
    """The forwarded calls of all organisations."""

    async def admit(self, call: ForwardedCall, caps: Caps, usage: Usage) -> int | None:
        """How long (ms) a call may talk, and have it count from now on; None: a cap is reached.

        Who is put through is exact however many ask at once: by calls at once, and the minutes of
        the calls that arrived in the day and the month. A live call counts with the time since its
        arrival, not with what it may still talk: each may talk for all that is left as it is put
        through, so calls at once can go beyond the minutes together. A repeat is counted once. A
        call of which no end was ever heard counts for `LIVE_MOST_MS`.
        """
        ...

    async def used(self, organisation: str, number: str, usage: Usage) -> Used:
        """What is used up of a number's caps, counted as `admit` counts it."""
        ...

    async def keep(self, call: ForwardedCall) -> None:
        """Write down a call that is over, once: what is there already stands."""
        ...

    async def calls(self, wanted: ForwardedFilter) -> Sequence[ForwardedCall]:
        """Calls that are over."""
        ...


LIVE_MOST_MS = 6 * 3_600_000
"""Longer than any call: after that long the switch has ended it, whoever saw that or not."""

LEFT_LEAST_MS = 60_000
"""With less than this left no further call is put through."""
