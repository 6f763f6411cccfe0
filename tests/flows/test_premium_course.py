"""What a record says was held when, and who was joined when."""

import asyncio

import msgspec

from engine.core.course import SLICES_MOST, Slice
from engine.core.inventory import OnAgentLost
from engine.core.rating import BillingStart, Increment, StartsFrom
from tests.fakes.clock import virtually
from tests.flows.world import LANDLINE, inventory, service, tariff, world


@virtually
async def test_each_slice_says_what_is_held_and_how_far_it_reaches() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talks_for(call, 100)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
    joined_ms = record.joined_ms
    assert joined_ms is not None
    held = [row.held_micros for row in record.slices]
    assert held == sorted(held)
    assert held[-1] >= record.charge_micros
    before = [row for row in record.slices if row.at_ms < joined_ms]
    after = [row for row in record.slices if row.at_ms > joined_ms]
    assert before[0].at_ms < joined_ms - record.wait_ms
    assert before[-1].paid_until_ms is not None
    assert before[-1].paid_until_ms > joined_ms
    assert after
    for row, following in zip(record.slices[len(before) - 1 :], after, strict=False):
        assert row.paid_until_ms is not None
        assert following.paid_until_ms is not None
        assert following.at_ms < row.paid_until_ms < following.paid_until_ms
    assert (record.slices[-1].paid_until_ms or 0) >= record.ended_ms


@virtually
async def test_free_seconds_lie_before_the_paid_end() -> None:
    late = tariff(
        billing_start=BillingStart(StartsFrom.CONVERSATION, 10), increment=Increment(60, 60)
    )
    async with world(inventory(service(tariff=late, slice_s=60))) as house:
        await house.book(LANDLINE, 600_000)
        call = house.call()
        record = await house.record(call)
    assert record.joined_ms is not None
    assert record.slices[-1] == Slice(record.slices[-1].at_ms, 600_000, record.joined_ms + 70_000)


@virtually
async def test_every_joining_and_leaving_is_kept() -> None:
    """The first agent is lost, another one takes over; then the caller leaves."""
    async with world(inventory(service(on_agent_lost=OnAgentLost.NEXT))) as house:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talks_for(call, 20)
        house.switch.hang_up(house.agent_leg(call).leg)
        await asyncio.sleep(1)
        await house.talks_for(call, 30)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
    talks = house.switch.talk[call.leg]
    assert [(stay.joined_ms, stay.left_ms) for stay in record.stays] == talks
    assert [end - start for start, end in talks] == [20_000, 30_000]
    assert len({stay.agent for stay in record.stays}) == len(record.agents)
    between = [row for row in record.slices if talks[0][1] < row.at_ms <= talks[1][0]]
    assert (between[-1].paid_until_ms or 0) > talks[1][1]


@virtually
async def test_the_course_lasts_beyond_an_engine() -> None:
    async with world() as house:
        await house.start_engine("e2")
        await house.book(LANDLINE, 3_000_000)
        call = house.call(engine="e1")
        await house.talks_for(call, 50)
        await house.kill_engine("e1")
        await asyncio.sleep(60)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
    ((joined_ms, left_ms),) = [(stay.joined_ms, stay.left_ms) for stay in record.stays]
    assert (joined_ms, left_ms) == (record.joined_ms, record.ended_ms)
    assert (record.slices[-1].paid_until_ms or 0) >= record.ended_ms


@virtually
async def test_calls_of_engines_that_kept_no_course_are_read() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talks_for(call, 5)
        machine = house.machine(call)
        house.switch.hang_up(call.leg)
        await house.record(call)
    assert machine is not None
    before = msgspec.to_builtins(machine)
    del before["slices"], before["stays"]
    read = msgspec.convert(before, type(machine))
    assert (read.slices, read.stays) == ((), ())


@virtually
async def test_a_long_call_keeps_its_first_and_last_slices() -> None:
    short = service(tariff=tariff(max_call_minutes=120), slice_s=20)
    async with world(inventory(short)) as house:
        await house.book(LANDLINE, 1_000_000_000)
        call = house.call()
        await house.talks_for(call, 3_600)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
    assert len(record.slices) == SLICES_MOST + 1
    assert record.joined_ms is not None
    assert record.slices[0].at_ms < record.joined_ms
    assert (record.slices[-1].paid_until_ms or 0) >= record.ended_ms
