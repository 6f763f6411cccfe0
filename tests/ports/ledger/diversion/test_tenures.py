"""A route lives and dies with its number: in memory, in SQLite and in PostgreSQL."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from engine.core.diversion.route import Route
from engine.core.numbers.holder import Policy
from engine.core.numbers.life import Deactivated, Refused
from engine.core.numbers.number import Number, Purpose, Status
from engine.errors import CallerError, ConflictError
from engine.flows.diversion.directory import Directory
from engine.flows.diversion.routing import Routing
from engine.flows.numbers.allocation import ending
from engine.ledger.diversion.sql import SqlRoutes
from engine.ledger.numbers.sql import SqlNumbers
from engine.ports.diversion import Routes
from engine.ports.numbers import Move
from tests.fakes.numbers.stock import MemoryNumbers
from tests.fakes.sounds import NamedSounds
from tests.flows.numbers.town import MUNICH, SEATS, Town
from tests.forwarding.memory import MemoryForwarded, MemoryRoutes
from tests.ports.ledger.books import Books, SqlBooks
from tests.tracking.cases import DEALER, tracking

WHY = "the caller was called at night"


@dataclass
class Place:
    """A town, its numbers' routes, and what a call to one is told."""

    town: Town
    routes: Routes

    def __post_init__(self) -> None:
        given = (self.town.numbers, self.routes, MemoryForwarded())
        self.routing = Routing(*given, NamedSounds(), self.town.clock)
        self.directory = Directory(*given, None, self.town.clock)

    @property
    def now_ms(self) -> int:
        return self.town.clock.now().wall_ms

    async def led(self, organisation: str = "acme") -> tuple[Number, Route]:
        """An organisation's active number and its route."""
        number = await self.town.active(organisation)
        return number, await self.lead(number, organisation)

    async def lead(self, number: Number, organisation: str = "acme", version: int = 0) -> Route:
        return await self.routing.track(organisation, number.e164, tracking(), version, "owner")

    async def replaced(self, number: Number) -> Number:
        """The number that the operator gives for another."""
        both = await self.town.allocation.replace(number.e164, WHY, "op")
        assert not isinstance(both, Refused), both
        return both[1]

    async def history(self, number: Number, organisation: str = "acme") -> list[Route]:
        return [*await self.routing.history(organisation, number.e164, None, 9)]

    async def ordered_again(self, number: Number, organisation: str) -> None:
        """The same number once its quarantine is over, active at once."""
        await self.town.due(self.town.day + timedelta(days=200))
        await self.town.seated(organisation)
        await self.town.proved(organisation)
        for other in await self.town.numbers.free(number.area, 99):
            if other.e164 != number.e164:
                await self.town.allocation.withdraw(other.e164, WHY, "op")
        again = await self.town.given(organisation)
        assert (again.e164, again.organisation) == (number.e164, organisation)
        assert again.status is Status.ACTIVE


@pytest.fixture
async def place(books: Books) -> Place:
    if isinstance(books, SqlBooks):
        ledger = books.open()
        made = Place(Town(SqlNumbers(ledger)), SqlRoutes(ledger))
    else:
        numbers = MemoryNumbers()
        made = Place(Town(numbers), MemoryRoutes(numbers))
    await made.town.open()
    return made


async def test_a_replaced_numbers_route_goes_over_in_the_same_step(place: Place) -> None:
    old, route = await place.led()
    new = await place.replaced(old)
    end = replace(
        route,
        version=2,
        terms=None,
        author="op",
        at_ms=place.now_ms,
        reason=WHY,
        other=new.e164,
    )
    over = replace(end, number=new.e164, version=1, terms=route.terms, other=old.e164)
    assert await place.history(old) == [end, route]
    assert await place.history(new) == [over]
    assert await place.routing.route("acme", old.e164) is None
    assert await place.routing.route("acme", new.e164) == over
    assert await place.routes.routes("acme", Purpose.TRACKING, "", 9) == [over]
    assert await place.routes.leading([old.e164, new.e164]) == [over]
    changed = await place.lead(new, version=1)
    assert (changed.version, changed.reason, changed.other) == (2, "", "")


async def test_a_replaced_number_without_a_route_has_none(place: Place) -> None:
    old = await place.town.active()
    new = await place.replaced(old)
    assert await place.history(old) == await place.history(new) == []
    assert (await place.lead(new)).version == 1
    third = await place.replaced(new)
    await place.routing.delete("acme", third.e164, 1, "owner")
    fourth = await place.replaced(third)
    assert await place.history(fourth) == []


async def test_a_seat_that_moves_takes_all_routes_along(place: Place) -> None:
    await place.town.active()
    numbers = [await place.town.given() for _ in range(3)]
    for number in numbers:
        await place.lead(number)
    entered = await place.town.holders.enter("acme", SEATS[MUNICH], "owner")
    moved = {old.e164: new.e164 for old, new in entered.replaced}
    listed = await place.routes.routes("acme", Purpose.TRACKING, "", 9)
    assert {route.other: route.number for route in listed} == {
        number.e164: moved[number.e164] for number in numbers
    }


async def test_an_order_that_is_replaced_takes_its_route_along(place: Place) -> None:
    await place.town.seated()
    ordered = await place.town.ordered()
    assert isinstance(ordered, Number)
    await place.lead(ordered)
    new = await place.replaced(ordered)
    assert new.status is Status.ORDERED
    listed = await place.routes.routes("acme", Purpose.TRACKING, "", 9)
    assert [route.number for route in listed] == [new.e164]


@pytest.mark.parametrize("organisation", ["acme", "bolt"])
async def test_who_orders_a_number_again_has_no_old_route(place: Place, organisation: str) -> None:
    number, route = await place.led()
    await place.town.allocation.deactivate(number.e164, WHY, "op")
    (end, before) = await place.history(number)
    assert before == route
    assert (end.version, end.terms, end.author, end.reason) == (2, None, "op", WHY)
    assert end.other == ""
    await place.ordered_again(number, organisation)
    assert await place.routing.route(organisation, number.e164) is None
    assert await place.routes.leading([number.e164]) == []
    assert (await place.lead(number, organisation)).version == 3
    assert len(await place.history(number, "bolt")) == (organisation == "bolt")


async def test_a_number_taken_back_has_no_route(place: Place) -> None:
    """Reclaimed by the engine, for nobody called it in twelve months."""
    place.town.numbering = replace(place.town.numbering, policy=Policy(reclaim_automatic=True))
    number, _ = await place.led()
    await place.town.due(place.town.day + timedelta(days=400))
    (end, _) = await place.history(number)
    assert (end.terms, end.author) == (None, "engine")
    assert "twelve months" in end.reason


async def test_an_order_that_comes_to_nothing_has_no_route(place: Place) -> None:
    await place.town.seated()
    for end in (place.town.allocation.reject, place.town.allocation.deactivate):
        ordered = await place.town.ordered()
        assert isinstance(ordered, Number)
        await place.lead(ordered)
        await end(ordered.e164, WHY, "op")
        assert (await place.history(ordered))[0].reason == WHY
        assert await place.routes.leading([ordered.e164]) == []


async def test_nothing_of_a_commit_that_fails_is_done(place: Place) -> None:
    number, route = await place.led()
    leaving = await ending(
        place.town.numbering, number, Deactivated(), "deactivated", WHY, place.town.day
    )
    assert not isinstance(leaving, Refused)
    stale = Move(replace(number, e164=DEALER), replace(number, e164=DEALER, version=9), "tried")
    with pytest.raises(ConflictError):
        await place.town.numbers.commit(replace(leaving, moves=(*leaving.moves, stale)))
    assert await place.routing.route("acme", number.e164) == route


async def test_no_route_comes_to_a_number_that_has_left(place: Place) -> None:
    number, route = await place.led()
    await place.town.allocation.deactivate(number.e164, WHY, "op")
    with pytest.raises(ConflictError, match=r"left|not the organisation's"):
        await place.routes.put(replace(route, version=3))
    with pytest.raises(CallerError, match="none of the organisation's"):
        await place.lead(number)


async def test_a_route_set_just_as_its_number_leaves_is_not_in_force_after(place: Place) -> None:
    await place.town.active()
    for _ in range(4):
        number = await place.town.given()
        await asyncio.gather(
            place.lead(number),
            place.town.allocation.deactivate(number.e164, WHY, "op"),
            return_exceptions=True,
        )
        left = await place.town.numbers.number(number.e164)
        assert left is not None
        assert left.status is Status.QUARANTINED
        assert await place.routes.leading([number.e164]) == []
