"""What a call is told of its number: whose it is, where it leads, and how much of it is left."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.core.call import Now
from engine.core.diversion.caps import Caps
from engine.core.diversion.route import Found
from engine.core.numbers.number import Number, Purpose, Status
from engine.core.numbers.source import Source
from engine.errors import CallerError, ConflictError
from engine.flows.diversion.directory import CHAIN_MOST, Directory, is_loop, source_of, usage_of
from engine.flows.diversion.routing import Routing
from engine.forwarding.rules import TALK_MOST_MS
from tests.fakes.clock import LoopClock
from tests.fakes.numbers.stock import MemoryNumbers
from tests.fakes.sounds import NamedSounds
from tests.forwarding.cases import (
    NOW_MS,
    NUMBER,
    OTHER_NUMBER,
    TARGET,
    forwarding,
    live,
    number,
    route,
)
from tests.forwarding.memory import MemoryForwarded, MemoryRoutes
from tests.tracking import cases as tracked


class StillClock(LoopClock):
    """A clock that stands."""

    def now(self) -> Now:
        return Now(NOW_MS, 0)


@dataclass
class Office:
    """The books, the directory over them, and where routes are set."""

    numbers: MemoryNumbers = field(default_factory=MemoryNumbers)
    routes: MemoryRoutes = field(default_factory=MemoryRoutes)
    forwarded: MemoryForwarded = field(default_factory=MemoryForwarded)

    def __post_init__(self) -> None:
        clock = StillClock()
        self.directory = Directory(self.numbers, self.routes, self.forwarded, None, clock)
        self.routing = Routing(self.numbers, self.routes, self.forwarded, NamedSounds(), clock)

    async def has(self, *numbers: Number) -> None:
        await self.numbers.stock(numbers, "operator", 0)


@pytest.fixture
async def office() -> Office:
    """An active number with a route."""
    made = Office()
    await made.has(number())
    await made.routes.put(route())
    return made


async def test_an_active_number_leads_where_its_holder_says(office: Office) -> None:
    found = await office.directory.found(NUMBER)
    assert found == Found(organisation="acme", purpose=Purpose.FORWARDING, route=route())
    await office.directory.note_call(NUMBER)
    noted = await office.numbers.number(NUMBER)
    assert noted is not None
    assert noted.last_call_on is not None


@pytest.mark.parametrize("status", [one for one in Status if one is not Status.ACTIVE])
async def test_any_other_number_leads_nowhere(status: Status) -> None:
    office = Office()
    await office.has(number(status=status))
    await office.routes.put(route())
    assert await office.directory.found(NUMBER) == Found()
    assert await office.directory.found(OTHER_NUMBER) == Found()


async def test_a_route_is_good_for_whoever_set_it_alone() -> None:
    """The number has passed to another after its quarantine: the old target is not called."""
    office = Office()
    await office.has(number(organisation="bolt"))
    await office.routes.put(route())
    found = await office.directory.found(NUMBER)
    assert (found.organisation, found.route) == ("bolt", None)
    assert await office.routing.route("bolt", NUMBER) is None
    made = await office.routing.forward("bolt", NUMBER, forwarding(), 0, "owner")
    assert (made.version, made.organisation) == (2, "bolt")
    assert (await office.directory.found(NUMBER)).route == made
    assert await office.routing.history("bolt", NUMBER, None, 9) == [made]
    with pytest.raises(CallerError):
        await office.routing.delete("acme", NUMBER, 1, "owner")


async def test_a_deleted_route_is_none(office: Office) -> None:
    await office.routing.delete("acme", NUMBER, 1, "owner")
    found = await office.directory.found(NUMBER)
    assert (found.organisation, found.route) == ("acme", None)
    with pytest.raises(ConflictError):
        await office.routing.forward("acme", NUMBER, forwarding(), 1, "owner")
    assert (await office.routing.forward("acme", NUMBER, forwarding(), 0, "owner")).version == 3


async def test_a_circle_is_seen_by_every_call(office: Office) -> None:
    await office.has(number(OTHER_NUMBER))
    await office.routes.put(route(forwarding(TARGET, NUMBER), number=OTHER_NUMBER))
    await office.routes.put(route(forwarding(OTHER_NUMBER), version=2))
    assert (await office.directory.found(NUMBER)).loops
    assert (await office.directory.found(OTHER_NUMBER)).loops
    await office.routing.forward("acme", NUMBER, forwarding(TARGET), 2, "owner")
    assert not (await office.directory.found(NUMBER)).loops


@pytest.mark.parametrize("length", [CHAIN_MOST - 1, CHAIN_MOST])
async def test_a_chain_without_an_end_in_sight_counts_as_a_circle(length: int) -> None:
    routes = MemoryRoutes()
    chain = [route(forwarding(_nth(n + 1)), number=_nth(n)) for n in range(length + 1)]
    for one in chain:
        await routes.put(one)
    assert await is_loop(routes, chain[0]) is (length >= CHAIN_MOST)


def _nth(n: int) -> str:
    return f"+1888555{n:04}"


async def test_nobody_sets_a_route_for_what_he_has_not(office: Office) -> None:
    await office.has(tracked.number(), number(OTHER_NUMBER, organisation="bolt"))
    refused: tuple[tuple[str, str], ...] = (
        ("acme", OTHER_NUMBER),
        ("acme", "+18665550100"),
        ("bolt", NUMBER),
    )
    for organisation, e164 in refused:
        with pytest.raises(CallerError) as fault:
            await office.routing.forward(organisation, e164, forwarding(), 0, "owner")
        assert fault.value.field == "number"
    with pytest.raises(CallerError):
        await office.routing.track("acme", NUMBER, tracked.tracking(), 0, "owner")


async def test_where_no_calls_are_counted_no_number_is_tracked() -> None:
    office = Office()
    await office.has(tracked.number())
    await office.routing.track("acme", tracked.NUMBER, tracked.tracking(), 0, "owner")
    assert await office.directory.found(tracked.NUMBER) == Found()


def test_a_source_that_is_over_names_nothing() -> None:
    old = Source(source_id="a", organisation="acme", e164=NUMBER, name="Messe")
    gone = replace(old, removed_on=datetime(2026, 11, 1, tzinfo=UTC).date())
    new = replace(old, source_id="b", name="Website")
    day = datetime(2026, 11, 22, tzinfo=UTC).date()
    assert source_of([gone, new], day) == "Website"
    assert source_of([gone], day) == source_of([], day) == ""


def test_a_source_whose_last_day_is_over_gives_way_to_one_that_goes_on() -> None:
    day = datetime(2026, 11, 22, tzinfo=UTC).date()
    fair = Source(source_id="a", organisation="acme", e164=NUMBER, name="Messe", ends_on=day)
    website = replace(fair, source_id="b", name="Website", ends_on=None)
    assert source_of([fair, website], day) == "Messe"
    later = day + timedelta(days=1)
    assert source_of([fair, website], later) == "Website"
    assert source_of([fair], later) == "Messe"


async def test_a_call_talks_no_longer_than_is_left(office: Office) -> None:
    terms = forwarding(caps=Caps(minutes_a_day=5))
    assert (await office.directory.admit(live(), terms, 3 * 60_000)).left_ms == 3 * 60_000
    assert (await office.directory.admit(live(), terms, 9 * 60_000)).left_ms == 5 * 60_000
    ample = forwarding(caps=Caps(minutes_a_day=10_000, minutes_a_month=10_000))
    assert (
        await office.directory.admit(live("c2"), ample, 2 * TALK_MOST_MS)
    ).left_ms == TALK_MOST_MS


def at(*utc: Any) -> int:
    return int(datetime(*utc, tzinfo=UTC).timestamp()) * 1000


@pytest.mark.parametrize(
    ("now", "day", "month"),
    [
        ((2026, 7, 15, 3, 59), (2026, 7, 14, 4), (2026, 7, 1, 4)),
        ((2026, 7, 15, 4, 0), (2026, 7, 15, 4), (2026, 7, 1, 4)),
        ((2026, 11, 1, 12, 0), (2026, 11, 1, 4), (2026, 11, 1, 4)),
        ((2026, 11, 2, 12, 0), (2026, 11, 2, 5), (2026, 11, 1, 4)),
        ((2026, 3, 8, 12, 0), (2026, 3, 8, 5), (2026, 3, 1, 5)),
    ],
)
def test_days_and_months_begin_by_the_clocks_there(now: Any, day: Any, month: Any) -> None:
    """New York: summer time ends on 1 November 2026, and begins on 8 March."""
    usage = usage_of(forwarding(), at(*now))
    assert (usage.day_from_ms, usage.month_from_ms) == (at(*day), at(*month))
