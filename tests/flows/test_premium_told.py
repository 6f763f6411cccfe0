"""What is said is true, and what the law wants said is heard whatever else there is to say."""

import asyncio

import pytest

from engine.core.cdr import Disposition
from engine.core.inventory import Agent, OnAgentLost
from engine.core.posting import EntryKind
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


def two_agents(**wrap_up: int) -> tuple[Agent, ...]:
    return tuple(Agent(name=name, organisation="acme", **wrap_up) for name in ("a1", "a2"))


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
