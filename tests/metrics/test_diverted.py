"""A call to a number of the stock is counted once, however often the books are asked about it."""

import asyncio
from collections.abc import Awaitable, Callable

from engine.core.diversion.route import Found
from engine.flows.diversion.directory import Directory
from engine.metrics import PrometheusMetrics
from tests.fakes.clock import LoopClock, virtually
from tests.fakes.numbers.giving import give
from tests.fakes.numbers.stock import MemoryNumbers
from tests.fakes.telephony import FakeLeg
from tests.flows.world import World, world
from tests.forwarding.cases import CANADIAN, NUMBER, OTHER_NUMBER, number, route
from tests.forwarding.memory import MemoryForwarded, MemoryRoutes
from tests.metrics.scrape import scraped


class Asked(Directory):
    """The number and its route; `meanwhile` happens before the first answer arrives."""

    def __init__(self) -> None:
        self.numbers = MemoryNumbers()
        self.routes, self.forwarded = MemoryRoutes(self.numbers), MemoryForwarded()
        super().__init__(self.numbers, self.routes, self.forwarded, None, LoopClock())
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        self.times = 0

    async def found(self, e164: str) -> Found:
        answer = await super().found(e164)
        self.times += 1
        if self.times == 1 and self.meanwhile is not None:
            await self.meanwhile()
        return answer


async def rings_on(house: World, books: Asked, did: str = NUMBER) -> FakeLeg:
    """A call from Canada to the number, which has a route."""
    await give(books.numbers, number())
    await books.routes.put(route())
    return house.call(CANADIAN, did=did)


def counted(house: World) -> tuple[float, float]:
    """How many calls were begun, and turned away."""
    assert isinstance(house.metrics, PrometheusMetrics)
    now = scraped(house.metrics)
    begun = now.get("calls_begun_total", service="forwarding")
    assert begun == now.get("calls_begun_total")
    return begun, now.get("calls_turned_away_total")


async def ended(house: World, books: Asked, leg: FakeLeg) -> None:
    """The caller hangs up, and his call is kept."""
    await asyncio.sleep(15)
    house.switch.hang_up(leg.leg)
    await house.until(lambda: any(call.ended_ms for call in books.forwarded.all.values()))
    assert books.times == 2


@virtually
async def test_an_engine_that_dies_with_the_answer_in_its_hands() -> None:
    books = Asked()
    async with world(metrics=PrometheusMetrics(), directory=books) as house:
        await house.start_engine("e2")
        dying: list[asyncio.Task[None]] = []

        async def die() -> None:
            dying.append(asyncio.ensure_future(house.kill_engine("e1")))

        books.meanwhile = die
        await ended(house, books, await rings_on(house, books))
        assert len(dying) == 1
        assert counted(house) == (1, 0)


@virtually
async def test_a_broken_stream_of_events_while_the_books_are_asked() -> None:
    books = Asked()
    async with world(metrics=PrometheusMetrics(), directory=books) as house:

        async def breaks() -> None:
            house.switch.lose_stream("e1")
            house.switch.find_stream("e1")
            await asyncio.sleep(1)

        books.meanwhile = breaks
        await ended(house, books, await rings_on(house, books))
        assert counted(house) == (1, 0)


@virtually
async def test_a_number_that_nobody_has() -> None:
    books = Asked()
    async with world(metrics=PrometheusMetrics(), directory=books) as house:
        leg = await rings_on(house, books, OTHER_NUMBER)
        await house.until(lambda: not leg.alive)
        assert counted(house) == (0, 1)
