"""However a call ends, nothing is left of it: no leg, no hold, no agent, no offer; one record."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from engine.core.cdr import Disposition, Refusal
from engine.core.events import EndOrdered, OrderFailed
from engine.core.identity import SignalledIdentity
from engine.core.inventory import OnAgentLost
from engine.core.prompt import FORMS
from engine.core.tariff import BillingStart, FirstCall, StartsFrom
from engine.premium import machine
from engine.premium.call import State, Turn
from tests.fakes.clock import virtually
from tests.fakes.telephony import FakeLeg, open_gate
from tests.flows.world import LANDLINE, World, for_ever, inventory, service, tariff, trunk, world

EURO = 1_000_000
ANONYMOUS = SignalledIdentity(from_user="anonymous")
BEFORE_MONEY = [
    State.FINDING, State.CLAIMING, State.RESERVING, State.ANNOUNCING, State.HUNTING,
    State.BRIEFING, State.JOINING,
]  # fmt: skip
AFTER_MONEY = [State.TALKING, State.CLOSING, State.HOLDING]
REACHABLE = [*BEFORE_MONEY, *AFTER_MONEY]


async def slowly(_order: str) -> None:
    """What asks the store, the ledger or the switch takes a while, so that states last."""
    await asyncio.sleep(0.02)


@asynccontextmanager
async def slow_world(**changes: object) -> AsyncIterator[World]:
    """A house with a first-call offer whose every order takes 20 ms, each way."""
    terms = tariff(first_call=FirstCall(300_000, None))
    fields: dict[str, object] = {"tariff": terms, "caller_list": "new", **changes}
    async with world(inventory(service(**fields))) as house:
        await house.book(LANDLINE, 200_000)
        house.stores["e1"].delay = slowly
        house.ledger.on_call = slowly
        house.ports["e1"].gate = slowly
        yield house


async def offer_is_there(house: World) -> bool:
    """Whether the first-call offer can still be had by this number."""
    now_ms = house.now_ms()
    return await house.ledger.claim_first_call("acme", "new", LANDLINE, "probe", now_ms, None)


async def reach(house: World, state: State) -> FakeLeg:
    """A call that has come so far."""
    call = house.call()
    await house.in_state(call, state)
    return call


# --- the caller hangs up -----------------------------------------------------------------------


@pytest.mark.parametrize("after_ms", [0, 10, 30, 50])
@pytest.mark.parametrize("state", REACHABLE)
@virtually
async def test_the_caller_may_hang_up_at_any_time(state: State, after_ms: int) -> None:
    async with slow_world() as house:
        call = await reach(house, state)
        await asyncio.sleep(after_ms / 1000)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
        if house.talked_ms(call) == 0:
            assert record.charge_micros == 0
            assert record.disposition is Disposition.ABANDONED
            assert await offer_is_there(house)
        else:
            assert record.charge_micros > 0
            assert not await offer_is_there(house)


@virtually
async def test_who_hangs_up_while_he_keys_in_leaves_nothing() -> None:
    async with slow_world(pin_entry=True) as house:
        call = house.call(identity=ANONYMOUS)
        await house.in_state(call, State.ENTERING)
        house.switch.press(call.leg, "0302312")
        house.switch.hang_up(call.leg)
        record = await house.record(call)
        assert record.disposition is Disposition.ABANDONED
        assert record.account_id is None


@virtually
async def test_who_hangs_up_while_he_is_refused_stays_refused() -> None:
    async with world() as house:
        call = await reach(house, State.REFUSING)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
        assert record.disposition is Disposition.REFUSED
        assert record.refusal is Refusal.BALANCE_TOO_LOW


@virtually
async def test_who_hangs_up_while_charged_waiting_pays_nothing() -> None:
    terms = tariff(billing_start=BillingStart(StartsFrom.ANNOUNCEMENT))
    async with world(inventory(service(tariff=terms))) as house:
        await house.book(LANDLINE, EURO)
        house.mute("a1")
        call = await reach(house, State.HUNTING)
        await asyncio.sleep(10)
        house.switch.hang_up(call.leg)
        assert (await house.record(call)).charge_micros == 0


# --- the operator, or an agent, ends it --------------------------------------------------------


@pytest.mark.parametrize("state", REACHABLE)
@virtually
async def test_an_operator_may_end_it_at_any_time(state: State) -> None:
    async with slow_world() as house:
        call = await reach(house, state)
        task = house.engines["e1"].calls.task_of(call.leg)
        assert task is not None
        task.tell(EndOrdered(at_ms=house.now_ms(), reason="by an operator"))
        record = await house.record(call)
        kept = state in (State.CLOSING, State.HOLDING)
        expected = Disposition.MONEY_ENDED if kept else Disposition.ENDED_BY_OPERATOR
        assert record.disposition is expected
        assert not call.alive


@pytest.mark.parametrize("state", [State.HUNTING, State.BRIEFING, State.JOINING])
@virtually
async def test_who_waits_hears_that_his_call_is_ended(state: State) -> None:
    async with slow_world() as house:
        call = await reach(house, state)
        task = house.engines["e1"].calls.task_of(call.leg)
        assert task is not None
        task.tell(EndOrdered(at_ms=house.now_ms(), reason="complaint", by="anna"))
        record = await house.record(call)
        assert [what for _, _, what in record.ordered] == ["end: complaint"]
        assert (record.charge_micros, record.joined_ms) == (0, None)
        assert house.heard_by(call)[-1] == "ended_by_operator"
        await house.until(lambda: not any(leg.alive for leg in house.switch.legs.values()))
        agents = await house.store.agent_states(("a1", "a2"))
        assert [state.call_id for state in agents] == [None, None]


@pytest.mark.parametrize("state", [State.BRIEFING, State.JOINING, State.TALKING, State.HOLDING])
@pytest.mark.parametrize("on_lost", list(OnAgentLost))
@virtually
async def test_the_agent_may_hang_up_at_any_time(state: State, on_lost: OnAgentLost) -> None:
    async with slow_world(on_agent_lost=on_lost) as house:
        call = await reach(house, state)
        house.switch.hang_up(house.agent_leg(call).leg)
        await house.until(lambda: not call.alive or house.talked_ms(call) > 10_000)
        record = await house.record(call)
        if state is State.TALKING and on_lost is OnAgentLost.END:
            assert record.disposition is Disposition.AGENT_HUNG_UP
        else:
            assert record.disposition is Disposition.MONEY_ENDED
            assert record.charge_micros == 200_000


# --- prompts and orders that fail --------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(FORMS))
@virtually
async def test_a_prompt_that_is_missing_stops_no_call_but_the_price(name: str) -> None:
    async with world() as house:
        house.sounds.missing.add(name)
        await house.book(LANDLINE, 150 * 10_000)
        call = house.call()
        record = await house.record(call)
        if name in ("welcome", "minutes_left", "tariff"):
            # Who was not told the price is not charged.
            assert record.disposition is Disposition.FAULT
            assert house.heard_by(call) == ["fault"]
            assert record.charge_micros == 0
        else:
            assert record.disposition is Disposition.MONEY_ENDED
            assert record.charge_micros == 1_500_000


@virtually
async def test_no_prompt_at_all_still_ends_the_call() -> None:
    async with world() as house:
        house.sounds.missing.update(FORMS)
        await house.book(LANDLINE, EURO)
        record = await house.record(house.call())
        assert record.disposition is Disposition.FAULT


ORDERS = [
    "answer", "play", "whisper", "stop_playback", "start_music", "stop_music", "dial", "join",
    "part", "set_deadline", "indicate_ringing", "hang_up",
]  # fmt: skip


@pytest.mark.parametrize("early_media", [True, False])
@pytest.mark.parametrize("order", ORDERS)
@virtually
async def test_an_order_that_fails_once_leaves_nothing(order: str, early_media: bool) -> None:
    stock = inventory(service(max_wait_s=30), carrier=trunk(early_media=early_media))
    async with world(stock) as house:
        await house.book(LANDLINE, 400_000)
        house.fail_order("e1", order, times=1)
        call = house.call()
        record = await house.record(call)
        assert 0 <= record.charge_micros <= 400_000
        if order not in ("play", "join", "answer"):
            assert record.disposition is Disposition.MONEY_ENDED


@pytest.mark.parametrize("order", ORDERS)
@virtually
async def test_orders_that_fail_for_two_minutes_leave_nothing(order: str) -> None:
    async with world(inventory(service(max_wait_s=30))) as house:
        await house.book(LANDLINE, 400_000)
        house.fail_order("e1", order, times=None)
        call = house.call()
        await asyncio.sleep(120)
        house.ports["e1"].gate = open_gate
        record = await house.record(call)
        assert 0 <= record.charge_micros <= 400_000
        if order == "part":
            # Nobody could part them: Asterisk's own net did, within a second of the granted time.
            assert 0 <= house.talked_ms(call) - record.charged_s * 1000 <= 1_000


@virtually
async def test_an_engine_that_dies_while_both_are_joined_leaves_nobody_in_silence() -> None:
    """Ten seconds are held; both legs end by Asterisk's own nets soon after those."""
    async with world() as house:
        await house.book(LANDLINE, 100_000)

        async def joins_no_more(order: str) -> None:
            if order == "join":
                await for_ever(order)

        house.ports["e1"].gate = joins_no_more
        call = house.call()
        await house.in_state(call, State.JOINING)
        await asyncio.sleep(0.1)
        died_ms = house.now_ms()
        await house.kill_engine("e1")
        await house.until(lambda: not call.alive)
        assert not house.agent_leg(call).alive
        assert house.now_ms() - died_ms < 40_000
        await house.start_engine("e2")
        assert (await house.record(call)).charge_micros == 0


@virtually
async def test_a_failure_of_nothing_that_matters_changes_nothing() -> None:
    async with world() as house:
        await house.book(LANDLINE, 100_000)
        call = await reach(house, State.TALKING)
        task = house.engines["e1"].calls.task_of(call.leg)
        assert task is not None
        task.tell(
            OrderFailed(at_ms=house.now_ms(), order="SetDeadline", target=call.leg, reason="gone")
        )
        assert (await house.record(call)).charge_micros == 100_000


@virtually
async def test_a_number_nobody_owns_is_turned_away() -> None:
    async with world() as house:
        call = house.call(did="+4930231259999")
        await house.until(lambda: not call.alive)
        assert call.reason == "unallocated"
        assert house.live() == 0


@virtually
async def test_a_step_that_raises_ends_its_call_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world() as house:
        await house.book(LANDLINE, EURO)
        await house.book("+493023125101", 100_000)
        call, other = await reach(house, State.TALKING), house.call("+493023125101")
        await house.talks_for(other, 2)
        task = house.engines["e1"].calls.task_of(call.leg)
        assert task is not None
        key = (State.TALKING, EndOrdered)
        table = machine.TABLE
        decide = table.transitions[key]

        def broken(turn: Turn, event: EndOrdered) -> None:
            if event.reason == "broken":
                raise ZeroDivisionError
            decide(turn, event)

        transitions = {**table.transitions, key: broken}
        monkeypatch.setattr(machine, "TABLE", replace(table, transitions=transitions))
        task.tell(EndOrdered(at_ms=house.now_ms(), reason="broken"))
        record = await house.record(call)
        assert record.disposition is Disposition.ENDED_BY_OPERATOR
        assert house.engines["e1"].calls.counts.faults == 1
        assert (await house.record(other)).disposition is Disposition.MONEY_ENDED
