"""What is said is true, and what the law wants said is heard whatever else there is to say."""

import asyncio

import pytest

from engine.core.cdr import Disposition
from engine.core.inventory import Agent, OnAgentLost
from engine.core.tariff import BillingStart, FirstCall, StartsFrom
from engine.premium.call import State
from tests.fakes.clock import virtually
from tests.fakes.telephony import FakeLeg, Manner
from tests.flows.world import LANDLINE, inventory, service, tariff, world

SECOND = 10_000
"""What a second costs."""


def told(leg: FakeLeg, name: str) -> list[str]:
    """In which very words a leg was told something."""
    return [heard for _at, heard in leg.heard if heard.partition("/")[2].startswith(name)]


def two_agents() -> tuple[Agent, ...]:
    return tuple(Agent(name=name, organisation="acme") for name in ("a1", "a2"))


def slow_to_answer() -> Manner:
    return Manner(answers_after_ms=15_000)


# --- minutes promised --------------------------------------------------------------------------


@virtually
async def test_a_second_caller_is_not_promised_what_the_first_goes_on_using_up() -> None:
    async with world(inventory(agents=two_agents())) as house:
        await house.book(LANDLINE, 1_200 * SECOND)
        first = house.call()
        await house.talks_for(first, 100)
        second = house.call()
        await house.talking(second)
        # About 1,090 s are left, for two.
        assert told(second, "minutes_left") == ["de/minutes_left-m9"]
        assert told(house.agent_leg(second), "whisper_agent")[0].split("-")[2] == "s540"
        for call in (first, second):
            house.switch.hang_up(call.leg)
            await house.record(call)


@virtually
async def test_the_next_agent_is_not_promised_what_was_talked_with_the_one_before() -> None:
    stock = inventory(service(on_agent_lost=OnAgentLost.NEXT), agents=two_agents())
    async with world(stock) as house:
        await house.book(LANDLINE, 400 * SECOND)
        call = house.call()
        await house.talks_for(call, 200)
        house.switch.hang_up(house.agent_leg(call).leg)
        await house.until(lambda: len(house.agent_legs(call)) == 2)
        await house.talks_for(call, 1)
        assert told(house.agent_leg(call), "whisper_agent")[0].split("-")[2] == "s180"
        house.switch.hang_up(call.leg)
        await house.record(call)


@virtually
async def test_charged_waiting_is_not_promised_to_the_agent() -> None:
    terms = tariff(billing_start=BillingStart(StartsFrom.ANNOUNCEMENT))
    async with world(inventory(service(tariff=terms), agents=two_agents())) as house:
        await house.book(LANDLINE, 190 * SECOND)
        house.switch.manners["PJSIP/a1"] = house.switch.manners["PJSIP/a2"] = slow_to_answer()
        call = house.call()
        await house.talking(call)
        assert told(call, "minutes_left") == ["de/minutes_left-m3"]
        assert told(house.agent_leg(call), "whisper_agent")[0].split("-")[2] == "s120"
        house.switch.hang_up(call.leg)
        await house.record(call)


# --- what must be heard ------------------------------------------------------------------------


@virtually
async def test_the_price_to_come_is_said_again_if_something_else_is_said_into_it() -> None:
    terms = tariff(first_call=FirstCall(0, 1))
    async with world(inventory(service(tariff=terms, caller_list="new"))) as house:
        await house.book(LANDLINE, 300 * SECOND)
        call = house.call()
        await house.until(lambda: bool(told(call, "price_change")))
        await house.book(LANDLINE, 60 * SECOND)
        await asyncio.sleep(1)
        said = [name.partition("/")[2] for _at, name in call.heard[-3:]]
        assert said == ["price_change-p600000-EUR", "topped_up_caller-s360", said[0]]
        await asyncio.sleep(5)
        await house.book(LANDLINE, 60 * SECOND)
        await asyncio.sleep(1)
        # Once heard to its end, it is not said again.
        assert len(told(call, "price_change")) == 2
        house.switch.hang_up(call.leg)
        await house.record(call)


@virtually
async def test_the_price_to_come_is_said_again_after_a_lost_agent_broke_into_it() -> None:
    terms = tariff(first_call=FirstCall(0, 1))
    line = service(tariff=terms, caller_list="new", on_agent_lost=OnAgentLost.NEXT)
    async with world(inventory(line, agents=two_agents())) as house:
        await house.book(LANDLINE, 300 * SECOND)
        call = house.call()
        await house.until(lambda: bool(told(call, "price_change")))
        house.switch.hang_up(house.agent_leg(call).leg)
        await house.until(lambda: len(house.agent_legs(call)) == 2)
        await house.talks_for(call, 1)
        assert len(told(call, "price_change")) == 2
        house.switch.hang_up(call.leg)
        await house.record(call)


@pytest.mark.parametrize(
    ("early_s", "words"), [(60, "call_limit_soon-s60"), (3, "call_limit_soon")]
)
@virtually
async def test_a_top_up_beyond_the_forced_end_still_has_that_announced(
    early_s: int, words: str
) -> None:
    async with world(inventory(service(forced_end_min=10))) as house:
        await house.book(LANDLINE, 590 * SECOND)
        call = house.call()
        await house.talking(call)
        began_ms = house.now_ms()
        await house.until(lambda: house.now_ms() >= began_ms + 600_000 - early_s * 1000)
        assert told(call, "call_limit_soon") == []
        await house.book(LANDLINE, 300 * SECOND)
        record = await house.record(call)
        assert record.disposition is Disposition.LIMIT_REACHED
        assert told(call, "call_limit_soon") == [f"de/{words}"]


@virtually
async def test_no_money_is_said_to_end_after_the_forced_end() -> None:
    async with world(inventory(service(forced_end_min=10))) as house:
        await house.book(LANDLINE, 660 * SECOND)
        call = house.call()
        record = await house.record(call)
        assert record.disposition is Disposition.LIMIT_REACHED
        assert told(call, "call_limit_soon") == ["de/call_limit_soon-s120"]
        assert told(call, "warning_caller") == []


@virtually
async def test_nothing_of_the_conversation_is_said_into_the_words_at_its_end() -> None:
    async with world() as house:
        await house.book(LANDLINE, 30 * SECOND)
        call = house.call()
        await house.talks_for(call, 29)
        await house.book(LANDLINE, 1_000)
        await house.in_state(call, State.CLOSING)
        assert told(call, "topped_up_balance")
        assert len(house.switch.playing(call.leg)) == 1
        await house.record(call)


# --- after the free hold -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrap_up_s", "words"),
    [(0, ["rejoined_caller", "topped_up_caller"]), (300, ["topped_up_caller"])],
)
@virtually
async def test_who_is_joined_anew_after_a_top_up_hears_what_it_bought(
    wrap_up_s: int, words: list[str]
) -> None:
    agents = tuple(
        Agent(name=name, organisation="acme", wrap_up_s=wrap_up_s) for name in ("a1", "a2")
    )
    async with world(inventory(agents=agents)) as house:
        await house.book(LANDLINE, 30 * SECOND)
        call = house.call()
        await house.in_state(call, State.HOLDING)
        house.switch.hang_up(house.agent_leg(call).leg)
        await asyncio.sleep(5)
        await house.book(LANDLINE, 60 * SECOND)
        await house.talks_for(call, 1)
        same = wrap_up_s == 0
        assert house.heard_by(call)[-len(words) :] == words
        assert ("rejoined_agent" in house.heard_by(house.agent_leg(call))) is same
        house.switch.hang_up(house.agent_leg(call).leg)
        record = await house.record(call)
        assert record.agents == (("a1",) if same else ("a1", "a2"))


@virtually
async def test_who_is_lost_after_a_rejoining_is_not_the_only_one_sought() -> None:
    stock = inventory(service(on_agent_lost=OnAgentLost.NEXT), agents=two_agents())
    async with world(stock) as house:
        await house.book(LANDLINE, 30 * SECOND)
        call = house.call()
        await house.in_state(call, State.HOLDING)
        await house.book(LANDLINE, 60 * SECOND)
        await house.talks_for(call, 5)
        house.switch.hang_up(house.agent_leg(call).leg)
        await house.talks_for(call, 1)
        assert "agent_lost_trying_next" in house.heard_by(call)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
        assert record.agents == ("a1", "a2")


@virtually
async def test_a_top_up_while_waiting_is_told_and_then_there_is_music_again() -> None:
    async with world(inventory(agents=two_agents())) as house:
        house.switch.manners["PJSIP/a1"] = house.switch.manners["PJSIP/a2"] = slow_to_answer()
        await house.book(LANDLINE, 60 * SECOND)
        call = house.call()
        await house.in_state(call, State.HUNTING)
        await asyncio.sleep(5)
        await house.book(LANDLINE, 120 * SECOND)
        await asyncio.sleep(0.5)
        assert call.heard[-1][1] == "de/topped_up_caller-s180"
        await asyncio.sleep(2)
        assert call.music
        await house.book(LANDLINE, 4_000)
        await asyncio.sleep(0.5)
        assert call.heard[-1][1].startswith("de/topped_up_balance")
        await house.talks_for(call, 1)
        house.switch.hang_up(call.leg)
        await house.record(call)


# --- why it is over ----------------------------------------------------------------------------


@pytest.mark.parametrize("longer", ["money_ended_caller", "money_ended_agent"])
@virtually
async def test_both_hear_to_the_end_why_it_is_over(longer: str) -> None:
    async with world(inventory(service(free_hold_s=0))) as house:
        house.switch.playback_ms = lambda audio: 4_000 if longer in audio else 1_500
        await house.book(LANDLINE, 30 * SECOND)
        call = house.call()
        await house.in_state(call, State.CLOSING)
        agent, began_ms = house.agent_leg(call), house.now_ms()
        await house.record(call)
        leg = call if longer == "money_ended_caller" else agent
        assert leg.ended_ms is not None
        assert leg.ended_ms - began_ms >= 4_000


@virtually
async def test_a_call_is_over_if_the_agent_hangs_up_in_the_middle_of_why() -> None:
    async with world(inventory(service(free_hold_s=0))) as house:
        house.switch.playback_ms = lambda audio: 9_000 if "money_ended_agent" in audio else 1_500
        await house.book(LANDLINE, 30 * SECOND)
        call = house.call()
        await house.in_state(call, State.CLOSING)
        await asyncio.sleep(3)
        assert call.alive
        house.switch.hang_up(house.agent_leg(call).leg)
        await asyncio.sleep(0.5)
        assert not call.alive
        await house.record(call)


# --- prices ------------------------------------------------------------------------------------

FEE_TOLD = {
    "beside minutes": ({}, ["minutes_left", "connect_fee", "tariff"]),
    "beside a first call's minutes": (
        {"first_call": FirstCall(0, 10)}, ["minutes_left", "connect_fee", "tariff_first_call"],
    ),
    "as the only price": (
        {"landline_micros": 0, "mobile_micros": 0, "other_micros": 0},
        ["minutes_left", "flat_price"],
    ),
    "as a first call's only price": (
        {"first_call": FirstCall(0, None)}, ["minutes_left", "flat_price"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FEE_TOLD)
@virtually
async def test_the_connect_fee_is_told_before_it_is_charged(case: str) -> None:
    changes, told = FEE_TOLD[case]
    terms = tariff(connect_fee_micros=500_000, **changes)
    line = service(tariff=terms, caller_list="new")
    async with world(inventory(line)) as house:
        await house.book(LANDLINE, 200 * SECOND)
        call = house.call()
        await house.talking(call)
        assert house.heard_by(call)[1 : 1 + len(told)] == told
        house.switch.hang_up(call.leg)
        await house.record(call)
