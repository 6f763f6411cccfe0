"""Events that come late, twice or without their fellows: the bill is that of what really was."""

import asyncio

from engine.core.events import LegJoined
from engine.premium.call import State
from tests.fakes.clock import virtually
from tests.flows.world import LANDLINE, inventory, service, world

SECOND = 10_000
"""What a second costs."""


@virtually
async def test_the_conversation_begins_with_the_later_of_two_however_they_are_told() -> None:
    async with world() as house:
        await house.book(LANDLINE, 100 * SECOND)
        house.switch.fault = lambda event: () if isinstance(event, LegJoined) else (0,)
        call = house.call()
        await house.talking(call)
        at_ms, bridge = house.now_ms(), call.bridge or ""
        task = house.engines["e1"].calls.task_of(call.leg)
        assert task is not None
        task.tell(LegJoined(at_ms=at_ms, leg=call.leg, bridge=bridge))
        task.tell(LegJoined(at_ms=at_ms - 300, leg=house.agent_leg(call).leg, bridge=bridge))
        await house.in_state(call, State.TALKING)
        assert task.call.joined_ms == at_ms
        house.switch.hang_up(call.leg)
        await house.record(call)


@virtually
async def test_a_caller_who_left_the_bridge_but_did_not_hang_up_is_hung_up() -> None:
    async with world(inventory(service(free_hold_s=0))) as house:
        await house.book(LANDLINE, 100 * SECOND)
        call = house.call()
        await house.talks_for(call, 10)
        house.switch.leave(call)
        await house.until(lambda: house.machine(call) is None)
        await asyncio.sleep(1)
        assert not call.alive
        assert (await house.record(call)).talk_ms == 10_000
