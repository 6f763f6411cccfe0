"""Routes set, changed and deleted by whoever has the number; in force for the next call."""

from collections.abc import Collection, Mapping, Sequence

from engine.core.diversion.caps import Used
from engine.core.diversion.record import ForwardedCall
from engine.core.diversion.route import Forwarding, Found, Route, Tracking
from engine.core.numbers.number import Purpose
from engine.errors import CallerError, ConflictError
from engine.flows.diversion.directory import is_loop, source_at, usage_of
from engine.forwarding import rules as forwarding
from engine.ports.clock import Clock
from engine.ports.diversion import Forwarded, ForwardedFilter, Routes
from engine.ports.numbers import Numbers
from engine.ports.speech import Sounds
from engine.tracking import rules as tracking


class Routing:
    """The routes of all organisations, as their holders work on them.

    A number can have a route as soon as it was ordered, before it takes calls. What is another's
    answers as if it were not there.
    """

    def __init__(
        self,
        numbers: Numbers,
        routes: Routes,
        forwarded: Forwarded,
        sounds: Sounds,
        clock: Clock,
    ) -> None:
        self._numbers = numbers
        self._routes = routes
        self._forwarded = forwarded
        self._sounds = sounds
        self._clock = clock

    async def forward(
        self, organisation: str, number: str, terms: Forwarding, version: int, author: str
    ) -> Route:
        """Set or change a toll-free number's route.

        `version` is that of the route this was decided on, 0 for none. Raises `CallerError` with
        the field for what the rules refuse, `ConflictError` if the route has changed since.
        """
        e164 = forwarding.check_number(number)
        await self._check_held(organisation, e164, Purpose.FORWARDING)
        terms = forwarding.checked(e164, terms)
        return await self._put(organisation, e164, version, terms, author)

    async def track(
        self, organisation: str, number: str, terms: Tracking, version: int, author: str
    ) -> Route:
        """Set or change to whom a tracked number leads; as `forward`.

        What its targets are told before they are joined is spoken now, not in a call.
        """
        e164 = tracking.check_number(number)
        await self._check_held(organisation, e164, Purpose.TRACKING)
        terms = tracking.checked(e164, terms)
        route = await self._put(organisation, e164, version, terms, author)
        await self.make_words(organisation, e164)
        return route

    async def make_words(self, organisation: str, number: str) -> None:
        """Speak what the number's targets are told, so that the next call can be told of it."""
        route = await self.route(organisation, number)
        source = await self.source(organisation, number)
        known = Found(organisation=organisation, route=route, source=source)
        for prompt, lang in tracking.whispers(known):
            await self._sounds.ensure((prompt,), lang)

    async def _put(
        self,
        organisation: str,
        number: str,
        version: int,
        terms: Forwarding | Tracking,
        author: str,
    ) -> Route:
        route = await self._next(organisation, number, version, terms, author)
        if await is_loop(self._routes, route):
            raise CallerError("leads back to the number", "targets")
        await self._routes.put(route)
        return route

    async def delete(self, organisation: str, number: str, version: int, author: str) -> Route:
        """Delete a route: who calls now hears ringing, and nobody is called.

        Raises as `forward`; `CallerError` too where there is no route.
        """
        if await self.route(organisation, number) is None:
            raise CallerError("has no route", "number")
        route = await self._next(organisation, number, version, None, author)
        await self._routes.put(route)
        return route

    async def route(self, organisation: str, number: str) -> Route | None:
        """The organisation's route of a number, if it has one."""
        last = await self._routes.route(number)
        is_there = last is not None and last.organisation == organisation
        return last if is_there and last is not None and last.terms is not None else None

    async def routes(
        self, organisation: str, purpose: Purpose, after: str, most: int
    ) -> Sequence[Route]:
        """A page of the organisation's routes, by number."""
        return await self._routes.routes(organisation, purpose, after, most)

    async def in_force(self, organisation: str, numbers: Collection[str]) -> Mapping[str, Route]:
        """The organisation's routes of those of these numbers that have one, by number."""
        found = await self._routes.leading(numbers)
        return {route.number: route for route in found if route.organisation == organisation}

    async def used(self, route: Route, terms: Forwarding) -> Used:
        """What is used up now of the caps in a route's terms."""
        usage = usage_of(terms, self._clock.now().wall_ms)
        return await self._forwarded.used(route.organisation, route.number, usage)

    async def source(self, organisation: str, number: str) -> str:
        """The name of the sales channel in which a number is published now; "" for none."""
        return await source_at(self._numbers, organisation, number, self._clock.now().wall_ms)

    async def history(
        self, organisation: str, number: str, before: int | None, most: int
    ) -> Sequence[Route]:
        """The organisation's versions of a number's route, newest first."""
        return await self._routes.history(organisation, number, before, most)

    async def calls(self, wanted: ForwardedFilter) -> Sequence[ForwardedCall]:
        """The organisation's forwarded calls that are over, newest first."""
        return await self._forwarded.calls(wanted)

    async def _check_held(self, organisation: str, e164: str, purpose: Purpose) -> None:
        number = await self._numbers.number(e164)
        is_held = number is not None and number.is_held and number.organisation == organisation
        if number is None or not is_held:
            raise CallerError("is none of the organisation's numbers", "number")
        if number.purpose is not purpose:
            raise CallerError(f"was not given for {purpose}", "number")

    async def _next(
        self,
        organisation: str,
        number: str,
        version: int,
        terms: Forwarding | Tracking | None,
        author: str,
    ) -> Route:
        """The version that follows the one this was decided on."""
        last = await self._routes.route(number)
        is_own = last is not None and last.organisation == organisation
        seen = last.version if last is not None and is_own and last.terms is not None else 0
        if version != seen:
            raise ConflictError(f"the route of {number} has changed meanwhile")
        return Route(
            number=number,
            version=(last.version if last is not None else 0) + 1,
            organisation=organisation,
            terms=terms,
            author=author,
            at_ms=self._clock.now().wall_ms,
        )
