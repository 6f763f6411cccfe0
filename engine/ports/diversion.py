"""Where calls to our numbers are sent on, and what is kept of forwarded ones.

Every method is one transaction, with the errors of `ports.ledger`. What another organisation has is
not there.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.core.diversion.caps import Admission, Caps, Used
from engine.core.diversion.record import ForwardedCall
from engine.core.diversion.route import Route
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
        """An organisation's routes that were not deleted, by number, those that follow `after`.

        As in `leading`, one left on a number that its organisation has no more is not told.
        """
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
    """What an admission is measured by: the time, when the local day and month began (ms), and the
    currency in which costs are capped, "" where they are not."""

    at_ms: int
    day_from_ms: int
    month_from_ms: int
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardedFilter:
    """Which forwarded calls are listed: newest first, `most` of them before `before` (an id), that
    arrived from `from_ms`, before `to_ms`."""

    organisation: str
    number: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    before: str | None = None
    most: int = 50


class Forwarded(Protocol):
    """The forwarded calls of all organisations."""

    async def admit(
        self, call: ForwardedCall, caps: Caps, usage: Usage, wanted_ms: int
    ) -> Admission:
        """How long a call may talk in all: `wanted_ms`, or what is left beside all others, and no
        less than it was told before (`core.diversion.caps`). It holds that, and its cost, from now
        on.

        Exact however many ask at once, of whatever engine: by calls at once, and the minutes and
        the cost of the calls that arrived since the day and the month began. A call that goes on
        counts with all that it holds, so calls at once never use up more than is left. A repeat
        holds nothing more. A call of which no end was ever heard counts among the calls at once for
        `LIVE_MOST_MS`; what it held stays used up, for a carrier may bill all of it.
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
