"""What a diverted call asks of the books: where its number leads, whether it may, to be kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from engine.core.diversion.caps import Admission
from engine.core.diversion.record import ForwardedCall
from engine.core.diversion.route import Forwarding, Found, Route
from engine.core.localtime import day_start_ms, month_starts
from engine.core.numbers.number import Number, Purpose, Status
from engine.core.numbers.source import Source
from engine.core.tracked import TrackedCall
from engine.flows.numbers.numbering import local_day
from engine.forwarding.rules import leads_back, talk_most_ms
from engine.ports.clock import Clock
from engine.ports.diversion import Forwarded, Routes, Usage
from engine.ports.numbers import Numbers
from engine.ports.tracked import Tracked

CHAIN_MOST = 10
"""So many routes after each other are followed; a longer chain counts as one without an end."""

SOURCES_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the books say of a number whether it takes calls or not; what a call is told is `found`.

    `number` is None where the stock has none; `last` is its holder's route, perhaps a deleted one.
    """

    number: Number | None
    last: Route | None
    found: Found


class Directory:
    """The way of each number's calls, as it is in the books now."""

    def __init__(
        self,
        numbers: Numbers,
        routes: Routes,
        forwarded: Forwarded,
        tracked: Tracked | None,
        clock: Clock,
    ) -> None:
        """Without `tracked` no number leads to a dealer."""
        self._numbers = numbers
        self._routes = routes
        self._forwarded = forwarded
        self._tracked = tracked
        self._clock = clock

    async def found(self, e164: str) -> Found:
        """What is known of a number that is called just now; only an active one takes calls."""
        number = await self._numbers.number(e164)
        if number is None or number.status is not Status.ACTIVE or number.organisation is None:
            return Found()
        if number.purpose is Purpose.TRACKING and self._tracked is None:
            return Found()
        route = await self._routes.route(e164)
        if route is None or route.organisation != number.organisation or route.terms is None:
            return Found(organisation=number.organisation, purpose=number.purpose)
        return Found(
            organisation=number.organisation,
            purpose=number.purpose,
            route=route,
            loops=await is_loop(self._routes, route),
            source=await self._source(number),
        )

    async def known(self, e164: str) -> Known:
        """All that is known of a number, for somebody who asks ahead of a call."""
        number, last = await self._numbers.number(e164), await self._routes.route(e164)
        holder = number.organisation if number is not None else None
        own = last if last is not None and last.organisation == holder else None
        return Known(number=number, last=own, found=await self.found(e164))

    async def note_call(self, e164: str) -> None:
        """Write down that a number is in use."""
        await self._numbers.called(e164, local_day(self._now_ms()))

    async def _source(self, number: Number) -> str:
        """The name of the sales channel in which a number is published now."""
        if number.purpose is not Purpose.TRACKING:
            return ""
        return await source_at(self._numbers, number.organisation, number.e164, self._now_ms())

    async def admit(self, call: ForwardedCall, terms: Forwarding, wanted_ms: int) -> Admission:
        """How long a forwarded call may talk in all, `wanted_ms` at most. The day and month are
        those in which it arrived."""
        usage = replace(usage_of(terms, call.arrived_ms), at_ms=self._now_ms())
        return await self._forwarded.admit(call, terms.caps, usage, talk_most_ms(wanted_ms))

    async def keep(self, call: ForwardedCall) -> None:
        """Write a forwarded call down."""
        await self._forwarded.keep(call)

    async def keep_tracked(self, call: TrackedCall, caller: str | None) -> None:
        """Tell of a tracking call."""
        assert self._tracked is not None, "a tracking call where none are counted"
        await self._tracked.keep(call, caller)

    def _now_ms(self) -> int:
        return self._clock.now().wall_ms


async def source_at(numbers: Numbers, organisation: str | None, e164: str, at_ms: int) -> str:
    """The name of the sales channel in which a number is published at an instant; "" for none."""
    sources = await numbers.sources(organisation, e164, "", SOURCES_MOST)
    return source_of(sources, local_day(at_ms))


def source_of(sources: Sequence[Source], day: date) -> str:
    """The name of the first source that is not over; of one whose last day is, but which nobody has
    confirmed to be out of all offers, only if no other goes on."""
    there = [source for source in sources if source.removed_on is None]
    there.sort(key=lambda source: source.has_ended(day))
    return there[0].name if there else ""


def usage_of(terms: Forwarding, at_ms: int) -> Usage:
    """When the local day and month of an instant began, and in what its cost is capped."""
    zone = ZoneInfo(terms.timezone)
    return Usage(
        at_ms=at_ms,
        day_from_ms=day_start_ms(zone, at_ms),
        month_from_ms=month_starts(zone, at_ms, at_ms + 1)[0],
        currency=terms.caps.cost.currency if terms.caps.cost is not None else "",
    )


async def is_loop(routes: Routes, route: Route) -> bool:
    """Whether a route leads back to its own number over others of ours, as they are now."""
    known: dict[str, Sequence[str]] = {route.number: route.targets}
    wanted = set(route.targets)
    for _ in range(CHAIN_MOST):
        further = await routes.leading(sorted(wanted - known.keys()))
        if not further:
            break
        known |= {one.number: one.targets for one in further}
        wanted = {target for one in further for target in one.targets}
    else:
        return True
    return leads_back(route.number, known)
