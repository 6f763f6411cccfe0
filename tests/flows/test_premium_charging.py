"""When charging begins, in what increments, and that the money ends to the tenth of a second."""

import asyncio

import pytest

from engine.core.cdr import CallRecord, Disposition
from engine.core.inventory import OnAgentLost
from engine.core.money import Rounding, RoundingMode
from engine.core.posting import EntryKind
from engine.core.tariff import BillingStart, FirstCall, Increment, StartsFrom
from tests.fakes.clock import virtually
from tests.flows.world import LANDLINE, World, inventory, service, tariff, world

EURO = 1_000_000
ANNOUNCEMENT, CONVERSATION = StartsFrom.ANNOUNCEMENT, StartsFrom.CONVERSATION
STARTS = [
    BillingStart(origin, after_s) for origin in StartsFrom for after_s in (0, 10, 20, 30)
]  # fmt: skip
INCREMENTS = [Increment(60, 60), Increment(1, 1), Increment(60, 1), Increment(30, 6)]


def _name(value: object) -> str:
    return f"{value.origin}+{value.after_s}" if isinstance(value, BillingStart) else str(value)


def paid_ms(record: CallRecord) -> int:
    """How long a call could be talked for what it cost: from joining to the end of the money."""
    start = record.billing_start
    assert start is not None
    waited_ms = record.wait_ms if start.origin is ANNOUNCEMENT else 0
    return (record.charged_s + start.after_s) * 1000 - waited_ms


def ended_on_time(house: World, call: object, record: CallRecord) -> None:
    """The conversation ended 0 to 100 ms after the paid time, never before."""
    late_ms = house.talked_ms(call) - paid_ms(record)  # type: ignore[arg-type]  # a leg
    assert 0 <= late_ms <= 100


@pytest.mark.parametrize("increment", INCREMENTS, ids=str)
@pytest.mark.parametrize("start", STARTS, ids=_name)
@virtually
async def test_every_charging_start_ends_with_the_money(
    start: BillingStart, increment: Increment
) -> None:
    terms = tariff(billing_start=start, increment=increment)
    async with world(inventory(service(tariff=terms))) as house:
        await house.book(LANDLINE, 1_270_000)
        call = house.call()
        record = await house.record(call)
        assert record.disposition is Disposition.MONEY_ENDED
        # 127 s by the second; else what whole increments fit into 1.27 at 0.60 a minute.
        bought = {"60/60": 120, "1/1": 127, "60/1": 127, "30/6": 126}[str(increment)]
        assert record.charged_s == bought
        assert record.charge_micros == bought * 10_000
        ended_on_time(house, call, record)
        assert house.heard_by(house.agent_leg(call))[-1] == "money_ended_agent"
        assert house.heard_by(call)[-2:] == ["money_ended_caller", "hold_top_up"]


@pytest.mark.parametrize("start", STARTS, ids=_name)
@virtually
async def test_who_hangs_up_in_the_free_seconds_pays_nothing(start: BillingStart) -> None:
    terms = tariff(billing_start=start, increment=Increment(60, 60), connect_fee_micros=EURO)
    async with world(inventory(service(tariff=terms))) as house:
        await house.book(LANDLINE, 5 * EURO)
        call = house.call()
        await house.talking(call)
        # From the end of the announcement to the joining this house takes five seconds.
        waited_s = 5 if start.origin is ANNOUNCEMENT else 0
        await house.talks_for(call, max(0.5, start.after_s - waited_s - 1))
        house.switch.hang_up(call.leg)
        record = await house.record(call)
        began = start.after_s == 0
        assert (record.charge_micros > 0) == began
        if began:
            assert record.charge_micros == EURO + 600_000


@virtually
async def test_charged_waiting_costs_nothing_if_nobody_answers() -> None:
    terms = tariff(billing_start=BillingStart(ANNOUNCEMENT))
    stock = inventory(service(tariff=terms, max_wait_s=30), ring_timeout_s=60)
    async with world(stock) as house:
        await house.book(LANDLINE, 5 * EURO)
        for agent in ("a1", "a2"):
            house.mute(agent)
        call = house.call()
        record = await house.record(call)
        assert record.disposition is Disposition.NO_AGENT
        assert record.charge_micros == 0
        assert "all_agents_busy" in house.heard_by(call)


@virtually
async def test_money_that_is_waited_away_costs_nothing() -> None:
    terms = tariff(billing_start=BillingStart(ANNOUNCEMENT))
    async with world(inventory(service(tariff=terms), ring_timeout_s=60)) as house:
        await house.book(LANDLINE, 100_000)
        for agent in ("a1", "a2"):
            house.mute(agent)
        call = house.call()
        record = await house.record(call)
        assert record.disposition is Disposition.NO_AGENT
        assert record.charge_micros == 0
        assert record.ended_ms - record.arrived_ms < 60_000


@virtually
async def test_a_top_up_while_waiting_is_waited_and_talked_away_too() -> None:
    terms = tariff(billing_start=BillingStart(ANNOUNCEMENT))
    async with world(inventory(service(tariff=terms), ring_timeout_s=60)) as house:
        await house.book(LANDLINE, 100_000)
        house.manner("a1", answers_after_ms=20_000)
        call = house.call()
        await house.until(lambda: len(house.agent_legs(call)) == 1)
        await house.book(LANDLINE, 300_000)
        record = await house.record(call)
        assert record.charged_s == 40
        assert record.charge_micros == 400_000


@virtually
async def test_the_connect_fee_is_paid_once() -> None:
    terms = tariff(connect_fee_micros=200_000, billing_start=BillingStart(CONVERSATION, 10))
    async with world(inventory(service(tariff=terms))) as house:
        await house.book(LANDLINE, EURO)
        call = house.call()
        record = await house.record(call)
        assert record.charged_s == 80
        assert record.charge_micros == EURO
        ended_on_time(house, call, record)


ROUNDINGS = [Rounding(digits, mode) for digits in (0, 2, 6) for mode in RoundingMode]


@pytest.mark.parametrize("rounding", ROUNDINGS, ids=lambda r: f"{r.digits}-{r.mode}")
@virtually
async def test_the_rounded_charge_is_what_is_held_and_booked(rounding: Rounding) -> None:
    terms = tariff(landline_micros=1_234_567, increment=Increment(7, 3), rounding=rounding)
    async with world(inventory(service(tariff=terms))) as house:
        await house.book(LANDLINE, 3_333_333)
        call = house.call()
        record = await house.record(call)
        assert record.disposition is Disposition.MONEY_ENDED
        ended_on_time(house, call, record)
        assert await house.balance(LANDLINE) == 3_333_333 - record.charge_micros >= 0


@virtually
async def test_the_longest_call_ends_without_asking_for_money() -> None:
    async with world(inventory(service(tariff=tariff(max_call_minutes=2)))) as house:
        await house.book(LANDLINE, 5 * EURO)
        call = house.call()
        record = await house.record(call)
        assert record.disposition is Disposition.LIMIT_REACHED
        assert record.charged_s == 120
        assert house.heard_by(call)[-1] == "call_limit_reached"
        ended_on_time(house, call, record)


@virtually
async def test_a_call_is_ended_an_hour_after_the_connection_and_told_before() -> None:
    terms = tariff(max_call_minutes=120, billing_start=BillingStart(CONVERSATION, 30))
    async with world(inventory(service(tariff=terms))) as house:
        await house.book(LANDLINE, 200 * EURO)
        call = house.call()
        record = await house.record(call)
        assert record.disposition is Disposition.LIMIT_REACHED
        assert record.answered_ms is not None
        began_ms, ended_ms = house.switch.talk[call.leg][0]
        assert 0 <= ended_ms - record.answered_ms - 3_600_000 <= 100
        for leg, lang in ((call, "de"), (house.agent_leg(call), "de")):
            told = [at for at, name in leg.heard if name.startswith(f"{lang}/call_limit_soon")]
            assert len(told) == 1
            assert 0 <= told[0] - (record.answered_ms + 3_480_000) <= 100
        assert house.heard_by(call)[-1] == "call_limit_reached"
        assert record.charged_s == (ended_ms - began_ms) // 1000 - 30


@virtually
async def test_a_free_call_needs_no_money() -> None:
    terms = tariff(first_call=FirstCall(0, None))
    async with world(inventory(service(tariff=terms, caller_list="new"))) as house:
        call = house.call()
        await house.talks_for(call, 100)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
        assert record.charged_s == 100
        assert record.charge_micros == 0


@pytest.mark.parametrize("on_lost", list(OnAgentLost))
@virtually
async def test_interrupted_conversations_add_up(on_lost: OnAgentLost) -> None:
    terms = tariff(billing_start=BillingStart(CONVERSATION, 10), connect_fee_micros=50_000)
    stock = inventory(service(tariff=terms, on_agent_lost=on_lost, max_wait_s=20))
    async with world(stock) as house:
        await house.book(LANDLINE, EURO)
        house.manner("a1", hangs_up_after_ms=9_000)
        house.manner("a2", hangs_up_after_ms=9_000)
        call = house.call()
        await house.talking(call)
        house.mute("a1")
        record = await house.record(call)
        stretches = [end - start for start, end in house.switch.talk[call.leg]]
        goes_on = on_lost is OnAgentLost.NEXT
        assert len(stretches) == (2 if goes_on else 1)
        assert record.talk_ms == sum(stretches)
        assert record.charged_s == (5 if goes_on else 0)
        assert record.charge_micros == (100_000 if goes_on else 0)
        assert record.disposition is Disposition.AGENT_HUNG_UP
        assert house.heard_by(call)[-1] == "agent_lost_goodbye"


@virtually
async def test_a_refund_below_zero_cuts_no_call_short_of_what_is_held() -> None:
    async with world() as house:
        await house.book(LANDLINE, 2 * EURO)
        call = house.call()
        await house.talks_for(call, 20)
        held = await house.held(LANDLINE)
        await house.book(LANDLINE, -2 * EURO, EntryKind.REVERSAL)
        record = await house.record(call)
        assert record.charge_micros == held
        ended_on_time(house, call, record)
        assert await house.balance(LANDLINE) == -held


@virtually
async def test_a_stepped_clock_bills_the_smaller_time_and_says_so() -> None:
    async with world() as house:
        await house.book(LANDLINE, 5 * EURO)
        call = house.call()
        await house.talks_for(call, 30)
        house.clock.skew_ms += 20_000
        await house.talks_for(call, 10)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
        assert record.clock_alarm
        assert 38 <= record.charged_s <= 41


@virtually
async def test_the_clocks_are_compared_also_after_another_engine_took_over() -> None:
    async with world() as house:
        await house.start_engine("e2")
        await house.book(LANDLINE, 5 * EURO)
        call = house.call()
        await house.talks_for(call, 10)
        await house.kill_engine("e1")
        await asyncio.sleep(10)
        house.clock.skew_ms += 20_000
        await asyncio.sleep(10)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
        assert record.clock_alarm
        assert 29 <= record.charged_s <= 31
