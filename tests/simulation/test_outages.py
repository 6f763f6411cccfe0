"""Store, ledger or event stream are away in mid-call: nobody who can pay is cut off, nothing is
lost, nothing is charged twice; new calls hear of a fault and pay nothing."""

import asyncio
from collections.abc import Callable

import pytest

from engine.core.cdr import Disposition
from engine.core.events import Event, LegAnswered, LegJoined, LegLeft, PlaybackEnded
from engine.core.inventory import Agent
from engine.flows.money.books import verify
from engine.premium.call import State
from tests.fakes.clock import virtually
from tests.flows.world import LANDLINE, MOBILE, World, inventory, service, world

EURO = 1_000_000
SECOND = 10_000
LASTING = [
    State.ANNOUNCING, State.HUNTING, State.BRIEFING, State.JOINING, State.TALKING, State.CLOSING,
    State.HOLDING,
]  # fmt: skip


async def clean(house: World) -> None:
    """Store and journal are one."""
    assert await verify(house.ledger, house.store, house.clock) == ()


# --- the store ---------------------------------------------------------------------------------


@pytest.mark.parametrize("after_s", [0.0, 0.5, 20, 44, 46, 80])
@virtually
async def test_half_a_minute_without_a_store_cuts_no_call_that_can_pay(after_s: float) -> None:
    async with world() as house:
        await house.book(LANDLINE, 200 * SECOND)
        call = house.call()
        await house.talks_for(call, after_s)
        house.store_away()
        await asyncio.sleep(30)
        assert call.bridge is not None
        house.store_back()
        record = await house.record(call)
        assert record.disposition is Disposition.MONEY_ENDED
        assert record.charged_s == 200
        assert len(house.switch.talk[call.leg]) == 1
        assert house.heard_by(call).count("warning_caller") == 1
        await clean(house)


@pytest.mark.parametrize("state", [State.HUNTING, State.BRIEFING, State.JOINING])
@virtually
async def test_a_store_away_before_the_conversation_cuts_none_short(state: State) -> None:
    async with world() as house:
        await house.book(LANDLINE, 100 * SECOND)
        house.ports["e1"].gate = lambda _order: asyncio.sleep(0.01)
        call = house.call()
        await house.in_state(call, state)
        house.store_away()
        await asyncio.sleep(25)
        house.store_back()
        record = await house.record(call)
        assert (record.disposition, record.charged_s) == (Disposition.MONEY_ENDED, 100)
        await clean(house)


@virtually
async def test_who_hangs_up_while_the_store_is_away_is_billed_once() -> None:
    async with world() as house:
        await house.book(LANDLINE, 200 * SECOND)
        call = house.call()
        await house.talks_for(call, 20)
        house.store_away()
        await asyncio.sleep(5)
        house.switch.hang_up(call.leg)
        await asyncio.sleep(25)
        house.store_back()
        record = await house.record(call)
        assert record.charged_s == 25
        assert await house.balance(LANDLINE) == 175 * SECOND
        await clean(house)


@virtually
async def test_a_new_call_without_a_store_hears_of_a_fault_and_pays_nothing() -> None:
    async with world() as house:
        await house.book(LANDLINE, EURO)
        house.store_away()
        call = house.call()
        await house.until(lambda: not call.alive)
        assert house.heard_by(call) == ["fault"]
        await asyncio.sleep(1)
        house.store_back()
        record = await house.record(call)
        assert record.disposition is Disposition.FAULT
        assert record.charge_micros == 0
        await clean(house)


@virtually
async def test_money_that_ends_while_the_store_is_away_ends_the_call() -> None:
    async with world() as house:
        await house.book(LANDLINE, 60 * SECOND)
        call = house.call()
        await house.talks_for(call, 40)
        house.store_away()
        await house.until(lambda: call.bridge is None)
        assert 60_000 <= house.talked_ms(call) <= 60_100
        await asyncio.sleep(10)
        house.store_back()
        assert (await house.record(call)).charged_s == 60
        await clean(house)


# --- the ledger --------------------------------------------------------------------------------


@pytest.mark.parametrize("at_end", [False, True])
@virtually
async def test_half_a_minute_without_a_ledger_loses_nothing(at_end: bool) -> None:
    async with world() as house:
        await house.book(LANDLINE, 100 * SECOND)
        call = house.call()
        await house.talks_for(call, 90 if at_end else 20)
        house.ledger.down = True
        if at_end:
            house.switch.hang_up(call.leg)
        other = house.call(MOBILE)
        await house.until(lambda: not other.alive)
        assert house.heard_by(other) == ["fault"]
        await asyncio.sleep(30)
        assert house.data.accounts["a1"].available_micros < 100 * SECOND
        house.ledger.down = False
        record = await house.record(call)
        assert record.charged_s == (90 if at_end else 100)
        assert (await house.record(other)).charge_micros == 0
        await clean(house)


@virtually
async def test_a_commit_whose_answer_is_lost_books_once() -> None:
    async with world() as house:
        await house.book(LANDLINE, 100 * SECOND)
        call = house.call()
        await house.talks_for(call, 10)
        house.ledger.fail_next(times=3, method="settle", after=True)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
        assert record.charged_s == 10
        assert await house.balance(LANDLINE) == 90 * SECOND
        await clean(house)


# --- a store that was emptied ------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 3])
@virtually
async def test_an_emptied_store_is_filled_again_while_they_talk(number: int) -> None:
    agents = tuple(Agent(name=f"a{n}", organisation="acme") for n in range(number))
    async with world(inventory(service(free_hold_s=0), agents=agents)) as house:
        await house.start_engine("e2")
        await house.book(LANDLINE, 300 * SECOND)
        calls = [house.call(engine=f"e{1 + n % 2}") for n in range(number)]
        for call in calls:
            await house.talking(call)
        await asyncio.sleep(30)
        house.data.empty()
        # Who calls now is told of a fault: nobody knows yet what the others hold.
        late = house.call()
        await house.until(lambda: not late.alive)
        assert house.heard_by(late) == ["fault"]
        assert (await house.record(late)).charge_micros == 0
        records = [await house.record(call) for call in calls]
        assert sum(record.charge_micros for record in records) == 300 * SECOND
        for call in calls:
            assert len(house.switch.talk[call.leg]) == 1
        await clean(house)


@virtually
async def test_agents_who_talk_stay_claimed_in_an_emptied_store() -> None:
    async with world() as house:
        await house.book(LANDLINE, 300 * SECOND)
        call = house.call()
        await house.talks_for(call, 10)
        house.data.empty()
        await asyncio.sleep(5)
        assert house.data.agent("a1").call_id == call.leg
        assert house.data.calls[call.leg].engine == "e1"
        house.switch.hang_up(call.leg)
        await house.record(call)
        await clean(house)


# --- the event stream --------------------------------------------------------------------------


@pytest.mark.parametrize("gone", ["nobody", "caller", "agent"])
@pytest.mark.parametrize("state", LASTING)
@virtually
async def test_what_a_broken_event_stream_hid_is_made_up_for(state: State, gone: str) -> None:
    async with world() as house:
        await house.book(LANDLINE, 40 * SECOND)
        house.ports["e1"].gate = lambda _order: asyncio.sleep(0.01)
        call = house.call()
        await house.in_state(call, state)
        house.switch.lose_stream("e1")
        if gone == "caller":
            house.switch.hang_up(call.leg)
        elif gone == "agent" and house.agent_legs(call):
            house.switch.hang_up(house.agent_leg(call).leg)
        await asyncio.sleep(4)
        house.switch.find_stream("e1")
        record = await house.record(call)
        assert record.talk_ms - house.talked_ms(call) <= 100
        if gone == "nobody":
            assert record.charged_s == 40
        await clean(house)


@virtually
async def test_a_switch_that_was_restarted_ends_its_calls_at_their_last_proof_of_life() -> None:
    async with world() as house:
        await house.book(LANDLINE, 200 * SECOND)
        call = house.call()
        await house.talks_for(call, 50)
        house.switch.lose_stream("e1")
        await asyncio.sleep(3)
        house.switch.find_stream("e1", restarted=True)
        record = await house.record(call)
        # The last that was heard of it was a slice, renewed half a slice ago.
        assert 40 <= record.charged_s <= 50
        await clean(house)


def losing(kind: type[Event], which: tuple[int, ...]) -> Callable[[Event], tuple[int, ...]]:
    """A fault that loses some events of a kind, by their numbers from 1."""
    seen = [0]

    def fault(event: Event) -> tuple[int, ...]:
        seen[0] += isinstance(event, kind)
        return () if isinstance(event, kind) and seen[0] in which else (0,)

    return fault


LOST: list[type[Event]] = [LegAnswered, LegJoined, LegLeft, PlaybackEnded]


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("number", [1, 2, 3])
@virtually
async def test_an_event_that_is_lost_leaves_no_call_behind(lost: type[Event], number: int) -> None:
    async with world() as house:
        await house.book(LANDLINE, 40 * SECOND)
        house.switch.fault = losing(lost, (number,))
        call = house.call()
        await house.until(lambda: not call.alive)
        for leg in house.agent_legs(call):
            await house.until(lambda leg=leg: not leg.alive)  # type: ignore[misc]  # mypy cannot type a lambda's default
        record = await house.record(call)
        assert record.charge_micros <= 40 * SECOND
        await clean(house)


@pytest.mark.parametrize("which", [(1,), (2,), (1, 2)])
@virtually
async def test_a_joining_that_was_not_heard_of_is_billed_from_its_instant(
    which: tuple[int, ...],
) -> None:
    async with world() as house:
        await house.book(LANDLINE, 40 * SECOND)
        house.switch.fault = losing(LegJoined, which)
        call = house.call()
        record = await house.record(call)
        assert record.charged_s == 40
        assert 0 <= house.talked_ms(call) - 40_000 <= 100
        assert len(house.switch.talk[call.leg]) == 1


@pytest.mark.parametrize("which", [(1,), (2,), (1, 2)])
@pytest.mark.parametrize("gone", ["caller", "agent"])
@virtually
async def test_a_short_talk_whose_joining_was_not_heard_of_is_billed(
    which: tuple[int, ...], gone: str
) -> None:
    async with world() as house:
        await house.book(LANDLINE, 40 * SECOND)
        house.switch.fault = losing(LegJoined, which)
        call = house.call()
        await house.until(lambda: call.bridge is not None)
        await asyncio.sleep(3.5)
        house.switch.hang_up(call.leg if gone == "caller" else house.agent_legs(call)[0].leg)
        await asyncio.sleep(1)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
        assert record.charged_s == 3
        assert record.talk_ms == 3_500
        await clean(house)


@virtually
async def test_events_that_come_twice_change_nothing() -> None:
    async with world() as house:
        await house.book(LANDLINE, 40 * SECOND)
        house.switch.fault = lambda _event: (0, 0, 300)
        record = await house.record(house.call())
        assert record.charged_s == 40
        assert house.engines["e1"].calls.counts.unexpected == 0
        await clean(house)
