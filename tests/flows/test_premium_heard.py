"""What a record says each side heard, and when: as the switch played it, not as it was ordered."""

import asyncio

import msgspec

from engine.core.course import Fate, Heard
from engine.premium.call import State
from tests.fakes.clock import virtually
from tests.fakes.telephony import FakeLeg
from tests.flows.world import LANDLINE, World, world

ANNOUNCED = ("welcome", "minutes_left", "tariff")


def rows(record_prompts: tuple[Heard, ...], who: str) -> list[tuple[str, Fate]]:
    return [(row.prompt.split("-")[0], row.fate) for row in record_prompts if row.who == who]


async def announcing(house: World, engine: str = "e1") -> FakeLeg:
    """A call whose caller hears the second of three prompts since half a second."""
    await house.book(LANDLINE, 3_000_000)
    call = house.call(engine=engine)
    await house.until(lambda: bool(call.heard))
    await asyncio.sleep(2)
    return call


@virtually
async def test_each_prompt_begins_where_the_one_before_ends() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talks_for(call, 10)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
    told = [row for row in record.prompts if row.who == "caller"][:3]
    assert [row.prompt.split("-")[0] for row in told] == list(ANNOUNCED)
    assert {row.fate for row in record.prompts} == {Fate.WHOLE}
    began_ms = call.heard[0][0]
    assert [row.begun_ms for row in told] == [began_ms, began_ms + 1_500, began_ms + 3_000]
    assert [row.ended_ms for row in told] == [began_ms + 1_500, began_ms + 3_000, began_ms + 9_000]
    assert record.joined_ms is not None
    assert record.joined_ms - record.wait_ms == told[2].ended_ms
    assert {row.lang for row in told} == {"de"}


@virtually
async def test_who_hangs_up_in_the_announcement_has_heard_no_more_of_it() -> None:
    async with world() as house:
        call = await announcing(house)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
    assert rows(record.prompts, "caller") == list(
        zip(ANNOUNCED, (Fate.WHOLE, Fate.CUT, Fate.UNHEARD), strict=True)
    )
    welcome, minutes, tariff = record.prompts
    assert minutes.begun_ms == welcome.ended_ms
    assert minutes.ended_ms == call.ended_ms == record.ended_ms
    assert (tariff.begun_ms, tariff.ended_ms) == (None, None)


@virtually
async def test_who_leaves_the_conversation_hears_the_rest_of_no_whisper() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talks_for(call, 5)
        await house.book(LANDLINE, 1_000_000)
        await asyncio.sleep(0.5)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
    told = [row for row in record.prompts if row.prompt.startswith("topped_up")]
    toned = [row for row in record.prompts if row.prompt == "agent_tone"]
    assert [row.fate for row in (*told, *toned)] == [Fate.CUT, Fate.CUT]
    assert told[0].ended_ms == toned[0].ended_ms == record.ended_ms
    assert told[0].begun_ms == record.ended_ms - 500


@virtually
async def test_what_newer_words_break_into_is_cut() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talks_for(call, 5)
        for _ in range(2):
            await house.book(LANDLINE, 1_000_000)
            await asyncio.sleep(1)
        await asyncio.sleep(5)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
    first, second = [row for row in record.prompts if row.prompt.startswith("topped_up")]
    assert (first.fate, second.fate) == (Fate.CUT, Fate.WHOLE)
    assert first.ended_ms == second.ordered_ms


@virtually
async def test_a_live_call_tells_what_plays_as_well() -> None:
    async with world() as house:
        call = await announcing(house)
        machine = house.machine(call)
        assert machine is not None
        assert machine.heard == ()
        assert [key.split("-")[0] for _, _, key in machine.told] == list(ANNOUNCED)
        house.switch.hang_up(call.leg)
        await house.record(call)


@virtually
async def test_what_nobody_lived_to_see_is_not_claimed() -> None:
    """The engine dies in the announcement; who takes over says it again, to its end."""
    async with world() as house:
        await house.start_engine("e2")
        call = await announcing(house)
        await house.kill_engine("e1")
        await house.in_state(call, State.HUNTING)
        await house.talks_for(call, 5)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
    told = rows(record.prompts, "caller")
    assert told[:3] == list(zip(ANNOUNCED, (Fate.WHOLE, Fate.BEGUN, Fate.ORDERED), strict=True))
    assert told[3:6] == [(name, Fate.WHOLE) for name in ANNOUNCED]
    assert record.prompts[1].ended_ms is None


@virtually
async def test_calls_of_engines_that_kept_orders_alone_are_read() -> None:
    """Rows of the three first places are what snapshots held before."""
    async with world() as house:
        call = await announcing(house)
        machine = house.machine(call)
        house.switch.hang_up(call.leg)
        await house.record(call)
    assert machine is not None
    before = msgspec.to_builtins(machine) | {"heard": [[1, "caller", "welcome"]]}
    del before["playing"]
    read = msgspec.convert(before, type(machine))
    assert read.heard == (Heard(1, "caller", "welcome", Fate.ORDERED),)
    assert read.playing == ()
