"""Time left: warnings, top-ups, debits, several calls on one balance, the free hold."""

import asyncio

import pytest

from engine.core.cdr import Disposition
from engine.core.inventory import Agent
from engine.core.posting import EntryKind
from engine.core.tariff import Increment
from engine.premium.call import State
from tests.fakes.clock import virtually
from tests.fakes.telephony import FakeLeg
from tests.flows.world import LANDLINE, World, inventory, service, tariff, world

EURO = 1_000_000
SECOND = 10_000
"""What a second costs."""


def told(leg: FakeLeg, name: str) -> list[tuple[int, str]]:
    """When a leg was told something, and in which very words."""
    return [(at, heard) for at, heard in leg.heard if heard.partition("/")[2].startswith(name)]


def ends_ms(house: World, call: FakeLeg) -> int:
    return house.switch.talk[call.leg][-1][1]


# --- warnings ----------------------------------------------------------------------------------


@pytest.mark.parametrize("thresholds", [(120,), (120, 30), (45, 90, 10)])
@virtually
async def test_both_hear_each_warning_in_their_own_language(thresholds: tuple[int, ...]) -> None:
    stock = inventory(
        service(thresholds_s=thresholds), agents=(Agent(name="a1", organisation="acme", lang="en"),)
    )
    async with world(stock) as house:
        await house.book(LANDLINE, 150 * SECOND)
        call = house.call()
        await house.record(call)
        for leg, key in ((call, "warning_caller"), (house.agent_leg(call), "warning_agent")):
            heard = told(leg, key)
            due_s = sorted(thresholds, reverse=True)
            lang = "de" if leg is call else "en"
            assert [name for _, name in heard] == [f"{lang}/{key}-s{s}" for s in due_s]
            for (at_ms, _), threshold_s in zip(heard, due_s, strict=True):
                early_ms = ends_ms(house, call) - at_ms - threshold_s * 1000
                assert 0 <= early_ms <= 100


@pytest.mark.parametrize("seconds", [60, 119, 120])
@virtually
async def test_who_starts_below_a_threshold_gets_no_late_warning(seconds: int) -> None:
    async with world() as house:
        await house.book(LANDLINE, seconds * SECOND)
        call = house.call()
        await house.record(call)
        assert told(call, "warning") == []
        assert told(call, "time_changed") == []


@virtually
async def test_who_starts_just_above_a_threshold_is_warned() -> None:
    async with world() as house:
        await house.book(LANDLINE, 121 * SECOND)
        call = house.call()
        await house.record(call)
        assert len(told(call, "warning_caller")) == 1


@virtually
async def test_they_hear_each_other_while_they_are_warned() -> None:
    async with world() as house:
        await house.book(LANDLINE, 150 * SECOND)
        call = house.call()
        await house.record(call)
        assert len(house.switch.talk[call.leg]) == 1


# --- top-ups in mid-call -----------------------------------------------------------------------


@pytest.mark.parametrize("after_s", [10, 40])
@virtually
async def test_a_top_up_extends_the_call_and_makes_the_warning_due_again(after_s: int) -> None:
    async with world() as house:
        await house.book(LANDLINE, 150 * SECOND)
        call = house.call()
        await house.talks_for(call, after_s)
        await house.book(LANDLINE, 60 * SECOND)
        told_ms = house.now_ms()
        await asyncio.sleep(1)
        agent = house.agent_leg(call)
        left_s = 210 - after_s
        assert told(call, "topped_up_caller") == [
            (told_ms, f"de/topped_up_caller-s{left_s // 60 * 60}")
        ]
        assert [at for at, _ in told(agent, "agent_tone")] == [told_ms]
        record = await house.record(call)
        assert record.charged_s == 210
        # The first warning was due after 30 s; the top-up moved it or made it due once more.
        assert len(told(call, "warning_caller")) == (1 if after_s == 10 else 2)
        assert 0 <= ends_ms(house, call) - told(call, "warning_caller")[-1][0] - 120_000 <= 100


@pytest.mark.parametrize("early_ms", [200, 250, 400, 1_000, 3_000])
@virtually
async def test_a_credit_200_ms_before_the_end_always_extends_the_call(early_ms: int) -> None:
    async with world(inventory(service(free_hold_s=0))) as house:
        await house.book(LANDLINE, 30 * SECOND)
        call = house.call()
        await house.talking(call)
        began_ms = house.now_ms()
        await asyncio.sleep((30_000 - early_ms) / 1000)
        assert house.now_ms() == began_ms + 30_000 - early_ms
        await house.book(LANDLINE, 20 * SECOND)
        record = await house.record(call)
        assert record.charged_s == 50
        assert len(house.switch.talk[call.leg]) == 1


@pytest.mark.parametrize("latency_ms", [5, 30])
@virtually
async def test_that_holds_for_a_store_that_takes_its_time(latency_ms: int) -> None:
    async def slowly(_order: str) -> None:
        await asyncio.sleep(latency_ms / 1000)

    async with world(inventory(service(free_hold_s=0))) as house:
        house.stores["e1"].delay = slowly
        await house.book(LANDLINE, 30 * SECOND)
        call = house.call()
        await house.talks_for(call, 29.8)
        await house.book(LANDLINE, 20 * SECOND)
        record = await house.record(call)
        assert record.charged_s == 50
        assert 0 <= house.talked_ms(call) - 50_000 <= 100


@virtually
async def test_a_credit_that_completes_no_increment_is_told_as_the_new_balance() -> None:
    terms = tariff(increment=Increment(60, 60))
    async with world(inventory(service(tariff=terms))) as house:
        await house.book(LANDLINE, 600_000)
        call = house.call()
        await house.talks_for(call, 10)
        await house.book(LANDLINE, 300_000)
        await house.talks_for(call, 1)
        assert [name for _, name in told(call, "topped_up")] == ["de/topped_up_balance-b900000-EUR"]
        assert told(house.agent_leg(call), "agent_tone")
        record = await house.record(call)
        assert record.charged_s == 60


@virtually
async def test_a_second_half_completes_the_increment() -> None:
    terms = tariff(increment=Increment(60, 60))
    async with world(inventory(service(tariff=terms))) as house:
        await house.book(LANDLINE, 600_000)
        call = house.call()
        await house.talks_for(call, 10)
        for _ in range(2):
            await house.book(LANDLINE, 300_000)
            await house.talks_for(call, 5)
        assert [name.partition("-")[0] for _, name in told(call, "topped_up")] == [
            "de/topped_up_balance", "de/topped_up_caller",
        ]  # fmt: skip
        assert (await house.record(call)).charged_s == 120


# --- the free hold -----------------------------------------------------------------------------


@virtually
async def test_a_top_up_in_the_free_hold_joins_the_same_agent_again() -> None:
    async with world() as house:
        await house.book(LANDLINE, 30 * SECOND)
        call = house.call()
        await house.in_state(call, State.HOLDING)
        agent = house.agent_leg(call)
        assert call.music
        await asyncio.sleep(20)
        assert agent.alive
        assert agent.music
        await house.book(LANDLINE, 40 * SECOND)
        await house.talking(call)
        assert house.agent_leg(call) is agent
        await asyncio.sleep(0.5)
        assert [name for _, name in call.heard[-2:]] == [
            "de/rejoined_caller", "de/topped_up_caller-s40",
        ]  # fmt: skip
        assert house.heard_by(agent)[-1] == "rejoined_agent"
        record = await house.record(call)
        assert record.charged_s == 70
        assert record.agents == ("a1",)
        assert 70_000 <= house.talked_ms(call) <= 70_200


@pytest.mark.parametrize("after_s", [0.05, 1, 2, 10])
@virtually
async def test_a_top_up_at_any_time_in_the_hold_is_talked_away(after_s: float) -> None:
    async with world() as house:
        await house.book(LANDLINE, 30 * SECOND)
        call = house.call()
        await house.in_state(call, State.CLOSING)
        await asyncio.sleep(after_s)
        await house.book(LANDLINE, 20 * SECOND)
        record = await house.record(call)
        assert record.charged_s == 50
        assert record.disposition is Disposition.MONEY_ENDED


@virtually
async def test_an_agent_who_is_gone_is_rung_again_after_the_top_up() -> None:
    async with world(inventory(agents=(Agent(name="a1", organisation="acme", wrap_up_s=0),))) as h:
        await h.book(LANDLINE, 30 * SECOND)
        call = h.call()
        await h.in_state(call, State.HOLDING)
        h.switch.hang_up(h.agent_leg(call).leg)
        await asyncio.sleep(5)
        await h.book(LANDLINE, 20 * SECOND)
        await h.talking(call)
        assert len(h.agent_legs(call)) == 2
        assert "please_wait" in h.heard_by(call)
        assert (await h.record(call)).charged_s == 50


@virtually
async def test_a_credit_that_buys_nothing_in_the_hold_is_told_as_the_balance() -> None:
    terms = tariff(increment=Increment(60, 60))
    async with world(inventory(service(tariff=terms))) as house:
        await house.book(LANDLINE, 600_000)
        call = house.call()
        await house.in_state(call, State.HOLDING)
        await house.book(LANDLINE, 300_000)
        record = await house.record(call)
        assert house.heard_by(call)[-1] == "topped_up_balance"
        assert record.charged_s == 60
        assert await house.balance(LANDLINE) == 300_000


@virtually
async def test_the_hold_ends_and_costs_nothing() -> None:
    async with world(inventory(service(free_hold_s=40))) as house:
        await house.book(LANDLINE, 30 * SECOND)
        call = house.call()
        await house.in_state(call, State.CLOSING)
        began_ms = house.now_ms()
        record = await house.record(call)
        assert 40_000 <= house.now_ms() - began_ms <= 40_500
        assert record.charged_s == 30


# --- what makes time shorter -------------------------------------------------------------------


@virtually
async def test_a_debit_in_mid_call_brings_the_warning_forward() -> None:
    async with world() as house:
        await house.book(LANDLINE, 300 * SECOND)
        call = house.call()
        await house.talks_for(call, 10)
        await house.book(LANDLINE, -100 * SECOND, EntryKind.DEBIT)
        record = await house.record(call)
        assert record.charged_s == 200
        assert told(call, "time_changed") == []
        (at_ms, _name) = told(call, "warning_caller")[0]
        assert 0 <= ends_ms(house, call) - at_ms - 120_000 <= 100


@virtually
async def test_below_a_threshold_by_a_refund_both_hear_the_true_time_once_in_30_s() -> None:
    async with world(inventory(service(thresholds_s=(240, 120)))) as house:
        await house.book(LANDLINE, 400 * SECOND)
        call = house.call()
        await house.talks_for(call, 10)
        began_ms = house.now_ms()
        await house.book(LANDLINE, -200 * SECOND, EntryKind.REFUND)
        await asyncio.sleep(1)
        agent = house.agent_leg(call)
        assert told(call, "time_changed") == [(began_ms, "de/time_changed_caller-s180")]
        assert told(agent, "time_changed") == [(began_ms, "de/time_changed_agent-s180")]
        await house.book(LANDLINE, -80 * SECOND, EntryKind.REFUND)
        record = await house.record(call)
        # The second was told as soon as thirty seconds had passed since the first.
        assert told(call, "time_changed")[1:] == [(began_ms + 30_000, "de/time_changed_caller-s60")]
        assert told(call, "warning") == []
        assert record.charged_s == 120


# --- several calls on one balance --------------------------------------------------------------


@pytest.mark.parametrize("number", [2, 10])
@virtually
async def test_calls_that_share_a_balance_spend_exactly_all_of_it(number: int) -> None:
    agents = tuple(Agent(name=f"a{n}", organisation="acme") for n in range(number))
    stock = inventory(service(free_hold_s=0), agents=agents)
    async with world(stock) as house:
        await house.book(LANDLINE, 500_000)
        calls = [house.call() for _ in range(number)]
        records = [await house.record(call) for call in calls]
        assert sum(record.charge_micros for record in records) == 500_000
        assert await house.balance(LANDLINE) == 0
        for call, record in zip(calls, records, strict=True):
            assert 0 <= house.talked_ms(call) - record.charged_s * 1000 <= 100


@pytest.mark.parametrize("increment", [Increment(60, 60), Increment(60, 1), Increment(30, 6)])
@virtually
async def test_what_is_left_buys_no_further_increment_of_any_of_them(increment: Increment) -> None:
    agents = tuple(Agent(name=f"a{n}", organisation="acme") for n in range(4))
    terms = tariff(landline_micros=1_990_000, increment=increment)
    async with world(inventory(service(tariff=terms, free_hold_s=0), agents=agents)) as house:
        await house.book(LANDLINE, 10 * EURO)
        calls = [house.call() for _ in range(4)]
        records = [await house.record(call) for call in calls]
        left = await house.balance(LANDLINE)
        assert left == 10 * EURO - sum(record.charge_micros for record in records)
        next_costs = 1_990_000 * increment.next_s // 60
        assert 0 <= left < next_costs + 10_000


@virtually
async def test_time_left_reckons_with_the_other_call() -> None:
    agents = tuple(Agent(name=f"a{n}", organisation="acme") for n in range(2))
    async with world(inventory(agents=agents)) as house:
        await house.book(LANDLINE, 500 * SECOND)
        first = house.call()
        await house.talks_for(first, 100)
        second = house.call()
        await house.talking(second)
        began_ms = house.now_ms()
        await asyncio.sleep(1)
        # 400 s are left for two: the warning comes 80 s from now, not 280.
        await house.until(lambda: bool(told(first, "warning_caller")))
        waited_ms = told(first, "warning_caller")[0][0] - began_ms
        assert 70_000 <= waited_ms <= 90_000
        house.switch.hang_up(second.leg)
        await house.record(second)
        record = await house.record(first)
        # With the other gone it lasted longer, and was warned again.
        assert len(told(first, "warning_caller")) == 2
        assert record.disposition is Disposition.MONEY_ENDED
        assert await house.balance(LANDLINE) == 0


@virtually
async def test_a_second_call_below_the_threshold_tells_the_first_the_true_time() -> None:
    agents = tuple(Agent(name=f"a{n}", organisation="acme") for n in range(2))
    async with world(inventory(agents=agents)) as house:
        await house.book(LANDLINE, 200 * SECOND)
        first = house.call()
        await house.talks_for(first, 20)
        second = house.call()
        await house.talks_for(second, 1)
        assert len(told(first, "time_changed_caller")) == 1
        assert len(told(house.agent_leg(first), "time_changed_agent")) == 1
        for call in (first, second):
            await house.record(call)
        assert await house.balance(LANDLINE) == 0
