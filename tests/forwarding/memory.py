"""The twins in memory of `ports.diversion`: same answers, same refusals, no database."""

from collections.abc import Collection, Sequence

from engine.core.diversion.caps import Admission, Caps, Used, admission, cost_micros
from engine.core.diversion.record import ForwardedCall
from engine.core.diversion.route import Forwarding, Route, ended, passed_on
from engine.core.numbers.number import Purpose
from engine.errors import ConflictError, RemoteError
from engine.ports.diversion import LIVE_MOST_MS, ForwardedFilter, Usage
from engine.ports.numbers import Commit
from tests.fakes.numbers.stock import MemoryNumbers


class MemoryRoutes:
    """`ports.diversion.Routes` in memory; `down` refuses everything. Without `numbers` a route can
    be put whosever its number is."""

    def __init__(self, numbers: MemoryNumbers | None = None) -> None:
        self.down = False
        self._versions: dict[str, list[Route]] = {}
        self._numbers = numbers
        if numbers is not None:
            numbers.follow = self._follow

    async def put(self, route: Route) -> None:
        versions = self._of(route.number)
        if versions and versions[-1] == route:
            return
        if self._numbers is not None:
            number = await self._numbers.number(route.number)
            if number is None or number.organisation != route.organisation:
                raise ConflictError("the number is not the organisation's")
        if len(versions) + 1 != route.version:
            raise ConflictError("the route has changed")
        self._write(route)

    def _write(self, route: Route) -> None:
        self._versions[route.number] = [*self._of(route.number), route]

    def _follow(self, commit: Commit) -> None:
        ends: dict[str, tuple[Route, Route]] = {}
        moves = [move for move in commit.moves if move.changes_hands]
        for move in moves:
            last = next(reversed(self._of(move.after.e164)), None)
            if last is not None and last.terms is not None:
                end = ended(last, commit.author, commit.at_ms, move.reason, move.other)
                ends[last.number] = (last, end)
                self._write(end)
        for move in moves:
            if move.after.is_held and move.other in ends:
                version = len(self._of(move.after.e164)) + 1
                self._write(passed_on(*ends[move.other], version))

    async def route(self, number: str) -> Route | None:
        return next(reversed(self._of(number)), None)

    async def routes(
        self, organisation: str, purpose: Purpose, after: str, most: int
    ) -> Sequence[Route]:
        found = await self.leading(self._versions)
        return [
            route
            for route in found
            if route.organisation == organisation
            and _purpose(route) is purpose
            and route.number > after
        ][:most]

    async def leading(self, numbers: Collection[str]) -> Sequence[Route]:
        last = [await self.route(number) for number in sorted(numbers)]
        return [route for route in last if route is not None and route.terms is not None]

    async def history(
        self, organisation: str, number: str, before: int | None, most: int
    ) -> Sequence[Route]:
        return [
            route
            for route in reversed(self._of(number))
            if route.organisation == organisation and (before is None or route.version < before)
        ][:most]

    def _of(self, number: str) -> list[Route]:
        if self.down:
            raise RemoteError("the books are away")
        return self._versions.get(number, [])


def _purpose(route: Route) -> Purpose:
    return Purpose.FORWARDING if isinstance(route.terms, Forwarding) else Purpose.TRACKING


class MemoryForwarded:
    """`ports.diversion.Forwarded` in memory; `down` refuses everything."""

    def __init__(self) -> None:
        self.down = False
        self.all: dict[str, ForwardedCall] = {}
        self.held: dict[str, tuple[int, int]] = {}

    async def admit(
        self, call: ForwardedCall, caps: Caps, usage: Usage, wanted_ms: int
    ) -> Admission:
        others = self._used(call.organisation, call.number, usage, besides=call.call_id)
        held = self.held.get(call.call_id, (0, 0))[0] if call.call_id in self.all else None
        told = admission(caps, others, call.minute_micros, wanted_ms, held)
        if told.left_ms is not None:
            self.all.setdefault(call.call_id, call)
            self.held[call.call_id] = told.left_ms, cost_micros(call.minute_micros, told.left_ms)
        return told

    async def used(self, organisation: str, number: str, usage: Usage) -> Used:
        return self._used(organisation, number, usage, besides="")

    def _used(self, organisation: str, number: str, usage: Usage, besides: str) -> Used:
        self._answer()
        counted = [
            one
            for one in self.all.values()
            if (one.organisation, one.number) == (organisation, number) and one.call_id != besides
        ]
        (day_ms, day_micros), (month_ms, month_micros) = (
            [sum(each) for each in zip((0, 0), *since, strict=True)]
            for since in (
                [self._of(one, usage) for one in counted if one.arrived_ms >= from_ms]
                for from_ms in (usage.day_from_ms, usage.month_from_ms)
            )
        )
        return Used(
            calls=sum(_is_live(one, usage) for one in counted),
            day_ms=day_ms,
            month_ms=month_ms,
            day_micros=day_micros,
            month_micros=month_micros,
        )

    def _of(self, call: ForwardedCall, usage: Usage) -> tuple[int, int]:
        """The time and the money that a call counts with."""
        if call.ended_ms is None:
            time_ms, cost = self.held.get(call.call_id, (0, 0))
        else:
            time_ms, cost = call.talk_ms, call.cost_micros
        return time_ms, cost if call.currency == usage.currency else 0

    async def keep(self, call: ForwardedCall) -> None:
        self._answer()
        present = self.all.get(call.call_id)
        if present is None or present.ended_ms is None:
            self.all[call.call_id] = call

    async def calls(self, wanted: ForwardedFilter) -> Sequence[ForwardedCall]:
        self._answer()
        newest_first = sorted(
            (
                call
                for call in self.all.values()
                if call.organisation == wanted.organisation and call.ended_ms is not None
            ),
            key=lambda call: (call.arrived_ms, call.call_id),
            reverse=True,
        )
        if wanted.before is not None:
            places = [call.call_id for call in newest_first]
            if wanted.before not in places:
                return []
            newest_first = newest_first[places.index(wanted.before) + 1 :]
        fitting = [
            call
            for call in newest_first
            if wanted.number in (None, call.number)
            and (wanted.from_ms is None or call.arrived_ms >= wanted.from_ms)
            and (wanted.to_ms is None or call.arrived_ms < wanted.to_ms)
        ]
        return fitting[: wanted.most]

    def _answer(self) -> None:
        if self.down:
            raise RemoteError("the books are away")


def _is_live(call: ForwardedCall, usage: Usage) -> bool:
    return call.ended_ms is None and call.arrived_ms > usage.at_ms - LIVE_MOST_MS
