"""What every switch must do, on the one in memory and on a real Asterisk."""

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from engine.core.actions import HangUpReason
from engine.core.events import (
    CallArrived,
    DigitPressed,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegFailure,
    LegJoined,
    LegLeft,
    PlaybackEnded,
    PromptStarted,
)
from tests.fakes.telephony import Manner
from tests.switchboard import (
    DID,
    LONG_S,
    AsteriskBench,
    Bench,
    FakeBench,
    Plant,
    order,
)

AT_ONCE = Manner(answers_after_ms=50)


pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(params=["memory", "asterisk"])
def where(request: pytest.FixtureRequest) -> Plant | None:
    """The Asterisk to use, None for the switch in memory."""
    if request.param == "memory":
        return None
    running: Plant = request.getfixturevalue("shared_plant")
    return running


@pytest_asyncio.fixture(loop_scope="session")
async def bench(where: Plant | None) -> AsyncIterator[Bench]:
    if where is None:
        fake = FakeBench()
        yield fake
        await fake.close()
        return
    async with AsteriskBench.open(where) as real:
        yield real


async def talking(bench: Bench) -> tuple[str, str]:
    """A call in conversation: ids of the caller's and the agent's leg."""
    call = await bench.arrive()
    await bench.telephony.answer(call)
    await bench.ear.next(LegAnswered)
    dial = order(call, await bench.agent(AT_ONCE))
    await bench.telephony.dial(dial)
    await bench.ear.next(LegAnswered)
    await bench.telephony.join(call, f"{call}-b1", (call, dial.leg))
    await bench.ear.next(LegJoined)
    await bench.ear.next(LegJoined)
    return call, dial.leg


async def test_a_call_arrives_with_what_was_signalled(bench: Bench) -> None:
    began_ms = time.time_ns() // 1_000_000
    call = await bench.arrive()
    (arrived,) = bench.ear.told(CallArrived)
    assert (arrived.leg, arrived.did, arrived.trunk) == (call, DID, "carrier")
    assert arrived.identity.asserted == ()
    assert "+4915112345678" in arrived.identity.from_user
    if isinstance(bench, AsteriskBench):
        assert 0 <= arrived.at_ms - began_ms < 1000


async def test_playing_ends_once_and_says_whether_it_was_whole(bench: Bench) -> None:
    call = await bench.arrive()
    await bench.telephony.play(call, call, f"{call}-p1", (bench.short, bench.short))
    ended = await bench.ear.next(PlaybackEnded)
    assert (ended.playback, ended.complete) == (f"{call}-p1", True)
    await bench.telephony.play(call, call, f"{call}-p2", (bench.long,))
    await bench.telephony.play(call, call, f"{call}-p2", (bench.long,))
    await bench.telephony.stop_playback(f"{call}-p2")
    ended = await bench.ear.next(PlaybackEnded)
    assert (ended.playback, ended.complete) == (f"{call}-p2", False)
    await bench.telephony.stop_playback(f"{call}-p2")
    await bench.ear.quiet(PlaybackEnded)


async def test_each_prompt_is_told_as_it_starts(bench: Bench) -> None:
    """Two prompts, the first of two files, then the same beside the conversation."""
    call, _ = await talking(bench)
    await bench.telephony.part(f"{call}-b1", (call, f"{call}-a1"))
    await bench.ear.next(LegLeft)
    audio = (bench.short, bench.short, bench.short)
    await bench.telephony.play(call, call, f"{call}-p1", audio, (0, 2))
    ended = await bench.ear.next(PlaybackEnded)
    first, second = bench.ear.told(PromptStarted)
    assert [(first.playback, first.nth), (second.playback, second.nth)] == [
        (f"{call}-p1", 0), (f"{call}-p1", 1),
    ]  # fmt: skip
    # Each file lasts 300 ms; Asterisk needs a moment between them.
    assert 590 <= second.at_ms - first.at_ms < 900
    assert 290 <= ended.at_ms - second.at_ms < 600
    await bench.telephony.play(call, call, f"{call}-p3", audio[:1])
    await bench.ear.next(PlaybackEnded)
    await bench.telephony.join(call, f"{call}-b2", (call, f"{call}-a1"))
    await bench.ear.next(LegJoined)
    await bench.telephony.whisper(call, call, f"{call}-p2", audio[:1], (0,))
    assert (await bench.ear.next(PlaybackEnded)).playback == f"{call}-p2"
    assert [one.playback for one in bench.ear.told(PromptStarted)][2:] == [f"{call}-p2"]


async def test_an_answer_is_told_once_however_often_ordered(bench: Bench) -> None:
    call = await bench.arrive()
    await bench.telephony.answer(call)
    await bench.telephony.answer(call)
    assert (await bench.ear.next(LegAnswered)).leg == call
    await bench.ear.quiet(LegAnswered)


async def test_a_dialled_leg_answers(bench: Bench) -> None:
    call = await bench.arrive()
    dial = order(call, await bench.agent(AT_ONCE))
    await bench.telephony.dial(dial)
    await bench.telephony.dial(dial)
    assert (await bench.ear.next(LegAnswered)).leg == dial.leg
    await bench.ear.quiet(LegAnswered)


@pytest.mark.parametrize("reason", [LegFailure.BUSY, LegFailure.REJECTED, LegFailure.WRONG_NUMBER])
async def test_a_dialled_leg_fails_with_the_reason(bench: Bench, reason: LegFailure) -> None:
    call = await bench.arrive()
    dial = order(call, await bench.agent(Manner(fails_with=reason)))
    await bench.telephony.dial(dial)
    failed = await bench.ear.next(LegFailed)
    assert (failed.leg, failed.reason) == (dial.leg, reason)


async def test_a_leg_nobody_answers_fails_after_its_ring_time(bench: Bench) -> None:
    call = await bench.arrive()
    dial = order(call, await bench.agent(Manner(answers_after_ms=None)), ring_timeout_s=1)
    began = time.monotonic()
    await bench.telephony.dial(dial)
    assert (await bench.ear.next(LegFailed)).reason is LegFailure.NO_ANSWER
    assert 0.9 < time.monotonic() - began < 2.0


async def test_legs_join_once_and_part_alive(bench: Bench) -> None:
    call, agent = await talking(bench)
    await bench.telephony.join(call, f"{call}-b1", (call, agent))
    await bench.ear.quiet(LegJoined)
    assert bench.ear.told(LegLeft) == []
    await bench.telephony.part(f"{call}-b1", (call, agent))
    left = {(await bench.ear.next(LegLeft)).leg for _ in range(2)}
    assert left == {call, agent}
    facts = await bench.telephony.facts(call, (call, agent))
    assert [(leg.alive, leg.answered) for leg in facts] == [(True, True), (True, True)]
    await bench.telephony.part(f"{call}-b1", (call, agent))


async def test_legs_can_join_again(bench: Bench) -> None:
    call, agent = await talking(bench)
    await bench.telephony.part(f"{call}-b1", (call, agent))
    await bench.ear.next(LegLeft)
    await bench.ear.next(LegLeft)
    await bench.telephony.join(call, f"{call}-b2", (call, agent))
    assert (await bench.ear.next(LegJoined)).bridge == f"{call}-b2"


async def test_nobody_is_joined_to_one_who_is_gone(bench: Bench) -> None:
    call = await bench.arrive()
    await bench.telephony.answer(call)
    dial = order(call, await bench.agent(AT_ONCE))
    await bench.telephony.dial(dial)
    await bench.ear.next(LegAnswered, leg=dial.leg)
    await bench.caller_hangs_up(call)
    await bench.ear.next(LegEnded)
    await bench.telephony.join(call, f"{call}-b1", (call, dial.leg))
    await bench.ear.quiet(LegJoined)


async def test_a_whisper_leaves_the_conversation_alone(bench: Bench) -> None:
    call, agent = await talking(bench)
    await bench.telephony.whisper(call, call, f"{call}-p1", (bench.short,))
    await bench.telephony.whisper(call, agent, f"{call}-p2", (bench.short, bench.short))
    ended = {(await bench.ear.next(PlaybackEnded)).playback for _ in range(2)}
    assert ended == {f"{call}-p1", f"{call}-p2"}
    assert all(e.complete for e in bench.ear.told(PlaybackEnded))
    await bench.telephony.whisper(call, call, f"{call}-p3", (bench.long,))
    await bench.telephony.stop_playback(f"{call}-p3")
    assert not (await bench.ear.next(PlaybackEnded)).complete
    assert bench.ear.told(LegLeft) == []


async def test_the_caller_leaves_then_ends(bench: Bench) -> None:
    call, agent = await talking(bench)
    await bench.caller_hangs_up(call)
    left = await bench.ear.next(LegLeft)
    ended = await bench.ear.next(LegEnded)
    assert (left.leg, ended.leg) == (call, call)
    assert 0 <= ended.at_ms - left.at_ms < 100
    facts = {leg.leg: leg for leg in await bench.telephony.facts(call, (call, agent))}
    assert facts[agent].alive


async def test_hanging_up_is_told_and_may_be_repeated(bench: Bench) -> None:
    call, agent = await talking(bench)
    await bench.telephony.hang_up(agent, HangUpReason.NORMAL)
    assert (await bench.ear.next(LegEnded)).leg == agent
    await bench.telephony.hang_up(agent, HangUpReason.NORMAL)
    await bench.telephony.hang_up(call, HangUpReason.FAULT)
    assert (await bench.ear.next(LegEnded)).leg == call
    await bench.ear.quiet(LegEnded)


async def test_a_ringing_leg_can_be_taken_back(bench: Bench) -> None:
    call = await bench.arrive()
    dial = order(call, await bench.agent(Manner(answers_after_ms=None)))
    await bench.telephony.dial(dial)
    await bench.telephony.hang_up(dial.leg, HangUpReason.NORMAL)
    assert (await bench.ear.next(LegFailed)).leg == dial.leg


async def test_orders_for_what_is_gone_are_done(bench: Bench) -> None:
    call = await bench.arrive()
    await bench.telephony.hang_up(call, HangUpReason.NORMAL)
    await bench.ear.next(LegEnded)
    await bench.telephony.answer(call)
    await bench.telephony.indicate_ringing(call)
    await bench.telephony.start_music(call)
    await bench.telephony.stop_music(call)
    await bench.telephony.set_deadline(call, 1000)
    await bench.telephony.stop_playback(f"{call}-p9")
    await bench.telephony.part(f"{call}-b1", (call,))
    await bench.telephony.join(call, f"{call}-b2", (call,))
    facts = await bench.telephony.facts(call, (call, f"{call}-a9"))
    assert [leg.alive for leg in facts] == [False, False]
    await bench.telephony.play(call, call, f"{call}-p1", (bench.short,))
    assert not (await bench.ear.next(PlaybackEnded)).complete
    await bench.telephony.whisper(call, call, f"{call}-p2", (bench.short,))
    assert not (await bench.ear.next(PlaybackEnded)).complete


async def test_a_deadline_ends_a_leg_also_while_something_plays(bench: Bench) -> None:
    call = await bench.arrive()
    await bench.telephony.set_deadline(call, 100)
    await bench.telephony.play(call, call, f"{call}-p1", (bench.long,))
    began = time.monotonic()
    await bench.telephony.set_deadline(call, 600)
    await bench.ear.next(LegEnded)
    assert 0.55 < time.monotonic() - began < LONG_S


async def test_a_deadline_ends_one_leg_of_a_conversation(bench: Bench) -> None:
    call, agent = await talking(bench)
    began = time.monotonic()
    await bench.telephony.set_deadline(agent, 400)
    assert (await bench.ear.next(LegEnded)).leg == agent
    assert time.monotonic() - began > 0.35
    facts = await bench.telephony.facts(call, (call, agent))
    assert [leg.alive for leg in facts] == [True, False]


async def test_keys_are_told_before_and_in_a_conversation(bench: Bench) -> None:
    call, _ = await talking(bench)
    await bench.caller_presses(call, "5")
    pressed = await bench.ear.next(DigitPressed)
    assert (pressed.leg, pressed.digit) == (call, "5")
    await bench.telephony.part(f"{call}-b1", (call,))
    await bench.caller_presses(call, "#")
    assert (await bench.ear.next(DigitPressed)).digit == "#"


async def test_facts_remember_what_has_ended(bench: Bench) -> None:
    call, agent = await talking(bench)
    joined_ms = max(event.at_ms for event in bench.ear.told(LegJoined))
    await bench.telephony.hang_up(agent, HangUpReason.NORMAL)
    ended = await bench.ear.next(LegEnded)
    left = bench.ear.told(LegLeft)[0]
    caller_facts, agent_facts = await bench.telephony.facts(call, (call, agent))
    assert caller_facts.alive
    assert caller_facts.left_ms is None
    assert not agent_facts.alive
    assert abs((agent_facts.joined_ms or 0) - joined_ms) <= 5
    assert abs((agent_facts.left_ms or 0) - left.at_ms) <= 5
    assert abs((agent_facts.ended_ms or 0) - ended.at_ms) <= 5


async def test_a_leg_that_rings_for_another_engine_fails_by_the_network(bench: Bench) -> None:
    call = await bench.arrive()
    dial = order(call, await bench.agent(Manner(answers_after_ms=None)))
    await bench.telephony.dial(dial)
    async with bench.second() as (other, ear):
        await other.adopt(call, (call, dial.leg))
        failed = await ear.next(LegFailed)
        assert (failed.leg, failed.reason) == (dial.leg, LegFailure.NETWORK)


async def test_another_engine_takes_a_conversation_over(bench: Bench) -> None:
    call, agent = await talking(bench)
    async with bench.second() as (other, ear):
        await other.adopt(call, (call, agent))
        facts = await other.facts(call, (call, agent))
        assert [(leg.alive, leg.left_ms) for leg in facts] == [(True, None), (True, None)]
        await other.whisper(call, call, f"{call}-p7", (bench.short,))
        assert (await ear.next(PlaybackEnded)).playback == f"{call}-p7"
        await bench.caller_presses(call, "3")
        assert (await ear.next(DigitPressed)).digit == "3"
        await other.part(f"{call}-b1", (call, agent))
        assert {(await ear.next(LegLeft)).leg for _ in range(2)} == {call, agent}
        await other.hang_up(agent, HangUpReason.NORMAL)
        assert (await ear.next(LegEnded)).leg == agent
        await bench.caller_hangs_up(call)
        assert (await ear.next(LegEnded)).leg == call
