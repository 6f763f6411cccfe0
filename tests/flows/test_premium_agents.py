"""Who is rung, in which order, what he hears, and what happens when he does not come."""

import asyncio

import pytest

from engine.core.cdr import Disposition
from engine.core.events import LegFailure
from engine.core.identity import SignalledIdentity
from engine.core.inventory import Agent, AgentKind, OnAgentLost, Strategy
from engine.premium.call import State
from tests.fakes.clock import virtually
from tests.fakes.telephony import FakeLeg
from tests.flows.world import (
    DID,
    LANDLINE,
    MOBILE,
    World,
    asserted,
    inventory,
    service,
    trunk,
    world,
)

EURO = 1_000_000
OTHERS = [f"+4930231252{number:02}" for number in range(20)]


def staff(number: int, **changes: object) -> tuple[Agent, ...]:
    """So many agents with phones."""
    fields: dict[str, object] = {"organisation": "acme", **changes}
    return tuple(Agent(name=f"a{n}", **fields) for n in range(1, number + 1))  # type: ignore[arg-type]  # checked by the dataclass


def rung(house: World, call: FakeLeg) -> list[str]:
    """The agents a call has rung so far, in order."""
    return [
        leg.dialled.endpoint.removeprefix("PJSIP/")
        for leg in house.agent_legs(call)
        if leg.dialled is not None
    ]


async def serve(house: World, e164: str, talk_s: int = 1) -> list[str]:
    """One call from end to end; whom it rang."""
    await house.book(e164, EURO)
    call = house.call(e164)
    await house.talks_for(call, talk_s)
    house.switch.hang_up(call.leg)
    await house.record(call)
    return rung(house, call)


# --- strategies --------------------------------------------------------------------------------


@virtually
async def test_all_ring_at_once_and_the_quickest_has_the_call() -> None:
    async with world(inventory(agents=staff(3), strategy=Strategy.ALL)) as house:
        await house.book(LANDLINE, EURO)
        house.manner("a1", answers_after_ms=3_000)
        house.manner("a2", answers_after_ms=1_000)
        house.manner("a3", answers_after_ms=2_000)
        call = house.call()
        await house.talking(call)
        assert sorted(rung(house, call)) == ["a1", "a2", "a3"]
        standing = [leg for leg in house.agent_legs(call) if leg.alive]
        assert [leg.dialled.endpoint for leg in standing if leg.dialled] == ["PJSIP/a2"]
        free = [state.free for state in await house.store.agent_states(("a1", "a2", "a3"))]
        assert free == [True, False, True]
        house.switch.hang_up(call.leg)
        await house.record(call)


@virtually
async def test_in_order_always_begins_with_the_first() -> None:
    stock = inventory(agents=staff(3, wrap_up_s=0), strategy=Strategy.IN_ORDER)
    async with world(stock) as house:
        assert [await serve(house, e164) for e164 in OTHERS[:3]] == [["a1"], ["a1"], ["a1"]]


@virtually
async def test_round_robin_begins_one_further_each_time() -> None:
    stock = inventory(agents=staff(3, wrap_up_s=0), strategy=Strategy.ROUND_ROBIN)
    async with world(stock) as house:
        firsts = [(await serve(house, e164))[0] for e164 in OTHERS[:4]]
        assert firsts == ["a2", "a3", "a1", "a2"]


@virtually
async def test_the_longest_idle_is_rung_first() -> None:
    stock = inventory(agents=staff(3, wrap_up_s=0), strategy=Strategy.LONGEST_IDLE)
    async with world(stock) as house:
        firsts = [(await serve(house, e164))[0] for e164 in OTHERS[:4]]
        assert firsts == ["a1", "a2", "a3", "a1"]


@virtually
async def test_after_a_talk_an_agent_has_his_wrap_up_time() -> None:
    async with world(inventory(agents=staff(1, wrap_up_s=30))) as house:
        await serve(house, OTHERS[0])
        ended_ms = house.now_ms()
        await serve(house, OTHERS[1])
        began_ms = house.switch.talk["call4"][0][0]
        assert began_ms - ended_ms >= 30_000


# --- who does not come -------------------------------------------------------------------------


@pytest.mark.parametrize("failure", list(LegFailure))
@virtually
async def test_who_does_not_answer_is_followed_by_the_next(failure: LegFailure) -> None:
    async with world() as house:
        await house.book(LANDLINE, EURO)
        house.manner("a1", fails_with=failure)
        call = house.call()
        await house.talking(call)
        assert rung(house, call) == ["a1", "a2"]
        house.switch.hang_up(call.leg)
        await house.record(call)


@virtually
async def test_if_nobody_answers_the_caller_hears_it_and_pays_nothing() -> None:
    async with world(inventory(ring_timeout_s=10, rounds=2)) as house:
        await house.book(LANDLINE, EURO)
        house.mute("a1")
        house.manner("a2", fails_with=LegFailure.BUSY)
        call = house.call()
        record = await house.record(call)
        assert sorted(rung(house, call)) == ["a1", "a1", "a2", "a2"]
        assert record.disposition is Disposition.NO_AGENT
        assert record.charge_micros == 0
        assert house.heard_by(call)[-1] == "all_agents_busy"
        assert record.answered_ms is None


@virtually
async def test_who_waits_for_busy_agents_gets_the_first_that_is_free() -> None:
    async with world(inventory(agents=staff(1, wrap_up_s=5))) as house:
        await house.book(LANDLINE, 300_000)
        await house.book(MOBILE, EURO)
        first = house.call(LANDLINE)
        await house.talking(first)
        second = house.call(MOBILE)
        await house.in_state(second, State.HUNTING)
        assert second.music or house.heard_by(second)[-1] == "please_wait"
        await house.until(lambda: not first.alive or not house.agent_leg(first).alive)
        freed_ms = house.now_ms()
        await house.talking(second)
        assert 5_000 <= house.now_ms() - freed_ms < 12_000
        house.switch.hang_up(second.leg)
        await house.record(second)
        await house.record(first)


@virtually
async def test_nobody_waits_longer_than_the_longest_wait() -> None:
    async with world(inventory(service(max_wait_s=40), agents=staff(1))) as house:
        await house.book(LANDLINE, EURO)
        await house.book(MOBILE, EURO)
        first = house.call(LANDLINE)
        await house.talking(first)
        second = house.call(MOBILE)
        await house.in_state(second, State.HUNTING)
        began_ms = house.now_ms()
        await house.in_state(second, State.CLOSING)
        assert 40_000 <= house.now_ms() - began_ms <= 40_100
        record = await house.record(second)
        assert record.disposition is Disposition.NO_AGENT
        house.switch.hang_up(first.leg)
        await house.record(first)


# --- what he hears, and the key ----------------------------------------------------------------


@virtually
async def test_the_agent_hears_service_caller_and_minutes_in_his_own_language() -> None:
    async with world(inventory(agents=staff(1, lang="en", wrap_up_s=0))) as house:
        await house.book(LANDLINE, 2_500_000)
        call = house.call()
        await house.talking(call)
        whisper = house.agent_leg(call).heard[0][1]
        assert whisper == "en/whisper_agent-r0-s240-sternlicht"
        house.switch.hang_up(call.leg)
        await house.record(call)
        again = house.call()
        await house.talking(again)
        assert house.agent_leg(again).heard[0][1].startswith("en/whisper_agent-r1-s240")
        house.switch.hang_up(again.leg)
        await house.record(again)


@virtually
async def test_without_a_whisper_both_are_joined_at_once() -> None:
    async with world(inventory(service(whisper=False))) as house:
        await house.book(LANDLINE, 100_000)
        call = house.call()
        record = await house.record(call)
        assert house.heard_by(house.agent_leg(call)) == ["money_ended_agent"]
        assert record.charge_micros == 100_000


OUTSIDE = (
    Agent(
        name="a1", organisation="acme", kind=AgentKind.OUTSIDE, address="+4915228817000",
        trunk="carrier",
    ),
    Agent(name="a2", organisation="acme"),
)  # fmt: skip


@virtually
async def test_an_outside_number_takes_the_call_with_a_key() -> None:
    async with world(inventory(agents=OUTSIDE)) as house:
        await house.book(LANDLINE, EURO)
        house.manner("a1", presses="91", presses_after_ms=4_000)
        call = house.call()
        await house.talking(call)
        assert rung(house, call) == ["a1"]
        assert house.heard_by(house.agent_leg(call)) == ["whisper_agent", "press_to_accept"]
        house.switch.hang_up(call.leg)
        await house.record(call)


@pytest.mark.parametrize(
    ("own", "privacy", "shown"),
    [("+49302312599", "", LANDLINE), ("+49302312599", "id", "+49302312599"),
     ("", "", LANDLINE), ("", "id", DID)],
)  # fmt: skip
@virtually
async def test_an_outside_number_is_shown_its_trunks_own_for_a_withheld_one(
    own: str, privacy: str, shown: str
) -> None:
    async with world(inventory(agents=OUTSIDE, carrier=trunk(caller_id=own))) as house:
        await house.book(LANDLINE, EURO)
        call = house.call(
            identity=SignalledIdentity(asserted=(asserted(LANDLINE),), privacy=privacy)
        )
        await house.until(lambda: len(house.agent_legs(call)) == 2)
        outside, phone = (leg.dialled for leg in house.agent_legs(call))
        assert outside is not None
        assert phone is not None
        assert outside.caller_number == shown
        assert phone.caller_number == (DID if privacy else LANDLINE)
        house.switch.hang_up(call.leg)
        await house.record(call)


@virtually
async def test_a_voicemail_takes_no_call() -> None:
    async with world(inventory(agents=OUTSIDE)) as house:
        await house.book(LANDLINE, EURO)
        call = house.call()
        await house.talking(call)
        assert rung(house, call) == ["a1", "a2"]
        mailbox = house.agent_leg(call, 0)
        assert mailbox.answered
        assert mailbox.joined_ms is None
        house.switch.hang_up(call.leg)
        record = await house.record(call)
        assert record.agents == ("a2",)


# --- an agent who hangs up ---------------------------------------------------------------------


@pytest.mark.parametrize("after_ms", [100, 1_000, 2_900])
@virtually
async def test_an_agent_who_hangs_up_before_he_is_joined_is_followed_by_the_next(
    after_ms: int,
) -> None:
    async with world(inventory(agents=OUTSIDE)) as house:
        await house.book(LANDLINE, EURO)
        house.manner("a1", hangs_up_after_ms=after_ms)
        call = house.call()
        await house.talking(call)
        assert rung(house, call) == ["a1", "a2"]
        house.switch.hang_up(call.leg)
        await house.record(call)


@virtually
async def test_an_agent_lost_in_mid_call_is_followed_by_the_next_and_the_meter_stands() -> None:
    stock = inventory(service(on_agent_lost=OnAgentLost.NEXT))
    async with world(stock) as house:
        await house.book(LANDLINE, EURO)
        house.manner("a1", hangs_up_after_ms=20_000)
        house.manner("a2", answers_after_ms=8_000)
        call = house.call()
        await house.talking(call)
        await house.until(lambda: call.bridge is None)
        await house.talking(call)
        assert "agent_lost_trying_next" in house.heard_by(call)
        record = await house.record(call)
        assert record.agents == ("a1", "a2")
        assert record.charged_s == 100
        assert 100_000 <= house.talked_ms(call) <= 100_100


@virtually
async def test_a_caller_who_gives_up_while_the_next_is_sought_pays_what_he_talked() -> None:
    async with world(inventory(service(on_agent_lost=OnAgentLost.NEXT))) as house:
        await house.book(LANDLINE, EURO)
        house.manner("a1", hangs_up_after_ms=20_000)
        house.mute("a2")
        call = house.call()
        await house.talking(call)
        await house.until(lambda: call.bridge is None)
        await asyncio.sleep(10)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
        assert record.disposition is Disposition.CALLER_HUNG_UP
        assert record.charge_micros == record.charged_s * 10_000 == 180_000


@virtually
async def test_an_agent_who_hangs_up_while_the_caller_is_told_the_end_is_given_back() -> None:
    async with world() as house:
        await house.book(LANDLINE, 100_000)
        call = house.call()
        await house.in_state(call, State.CLOSING)
        house.switch.hang_up(house.agent_leg(call).leg)
        await asyncio.sleep(1)
        assert [a.call_id for a in house.data.agents.values() if a.call_id] == []
        await house.record(call)


@virtually
async def test_an_agent_whom_the_switch_cannot_dial_is_followed_by_the_next() -> None:
    async with world() as house:
        await house.book(LANDLINE, EURO)
        house.fail_dialling("a1")
        call = house.call()
        await house.talking(call)
        assert rung(house, call) == ["a2"]
        house.switch.hang_up(call.leg)
        await house.record(call)
