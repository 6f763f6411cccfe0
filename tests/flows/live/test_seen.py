"""The live calls as an operator sees them."""

import asyncio

from engine.core.identity import SignalledIdentity
from engine.flows.live import Live
from tests.fakes.clock import run_virtually
from tests.flows.world import LANDLINE, MOBILE, asserted, world


def test_a_call_shows_what_it_costs_and_how_long_its_money_lasts() -> None:
    async def main() -> None:
        async with world() as house:
            await house.book(LANDLINE, 3_000_000)
            await house.book(MOBILE, 60_000)
            first = house.call()
            await house.talks_for(first, 30.5)
            hidden = SignalledIdentity(asserted=(asserted(MOBILE),), from_user="", privacy="id")
            second = house.call(MOBILE, identity=hidden)
            await asyncio.sleep(1)
            one, two = await Live(house.store, house.clock).calls()
            assert (one.call_id, two.call_id) == (first.leg, second.leg)
            assert (one.service, one.engine, one.currency) == ("sternlicht", "e1", "EUR")
            assert (one.caller, one.withheld) == ("+493023125xxx", False)
            assert (one.agent, one.state) == ("a1", "talking")
            assert (one.cost_micros, one.left_ms) == (310_000, 268_500)
            assert (two.caller, two.withheld, two.agent) == (None, True, None)
            assert (two.cost_micros, two.left_ms) == (0, None)
            for call in (first, second):
                house.switch.hang_up(call.leg)
                await house.record(call)
            assert await Live(house.store, house.clock).calls() == ()

    run_virtually(main())


def test_the_time_left_counts_everybody_on_the_account() -> None:
    async def main() -> None:
        async with world() as house:
            await house.book(LANDLINE, 1_200_000)
            calls = [house.call(), house.call()]
            for call in calls:
                await house.talking(call)
            left = [call.left_ms for call in await Live(house.store, house.clock).calls()]
            assert sum(filter(None, left)) == 120_000
            await house.book(LANDLINE, 600_000)
            left = [call.left_ms for call in await Live(house.store, house.clock).calls()]
            assert sum(filter(None, left)) == 180_000
            for call in calls:
                house.switch.hang_up(call.leg)
                await house.record(call)

    run_virtually(main())
