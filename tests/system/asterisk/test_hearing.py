"""What is heard by whom: early media, music, whispers, keys, and orders that must not wait."""

import asyncio
import time

import pytest

from engine.core.actions import HangUpReason
from engine.core.events import LegAnswered, LegEnded, LegJoined, PlaybackEnded
from tests.far_end import sine
from tests.switchboard import LONG_HZ, AsteriskBench, order
from tests.system.asterisk.scenes import AT_ONCE, ask, talk

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOUD, QUIET = 4000, 200
TALK_HZ = 600


async def test_an_announcement_is_heard_before_the_answer(real_bench: AsteriskBench) -> None:
    call = await real_bench.arrive()
    dialog = real_bench.callers[call]
    await real_bench.telephony.play(call, call, "p1", (real_bench.long,))
    await asyncio.sleep(0.6)
    assert dialog.loudness(LONG_HZ, time.time() - 0.4) > LOUD
    assert (183 in dialog.codes, 200 in dialog.codes) == (True, False)


async def test_music_is_heard_before_the_answer_and_ends_with_the_conversation(
    real_bench: AsteriskBench,
) -> None:
    call = await real_bench.arrive()
    dialog = real_bench.callers[call]
    await real_bench.telephony.indicate_ringing(call)
    await real_bench.telephony.start_music(call)
    await asyncio.sleep(0.6)
    assert dialog.loudness(440, time.time() - 0.4) > LOUD
    assert 180 in dialog.codes
    await real_bench.telephony.answer(call)
    dial = order(call, await real_bench.agent(AT_ONCE))
    await real_bench.telephony.dial(dial)
    await real_bench.ear.next(LegAnswered, leg=dial.leg)
    await real_bench.telephony.join(call, "b", (call, dial.leg))
    await real_bench.ear.next(LegJoined)
    agent = await real_bench.anna.incoming.get()
    speaking = agent.speak(sine(TALK_HZ, 0.8))
    await asyncio.sleep(0.7)
    since = time.time() - 0.4
    assert dialog.loudness(TALK_HZ, since) > LOUD
    assert dialog.loudness(440, since) < QUIET
    await speaking


@pytest.mark.parametrize("far_side", ["speaks", "is silent"])
async def test_a_whisper_is_heard_by_one_and_the_conversation_by_both(
    real_bench: AsteriskBench, far_side: str
) -> None:
    scene = await talk(real_bench)
    voices = [scene.caller_side.speak(sine(TALK_HZ, 1.4))]
    if far_side == "speaks":
        voices.append(scene.agent_side.speak(sine(TALK_HZ, 1.4)))
    await real_bench.telephony.whisper(scene.call, scene.call, "p1", (real_bench.long,))
    began = time.time()
    await asyncio.sleep(0.9)
    assert scene.caller_side.loudness(LONG_HZ, began + 0.2) > LOUD
    assert scene.agent_side.loudness(LONG_HZ, began + 0.2) < QUIET
    assert scene.agent_side.loudness(TALK_HZ, began + 0.2) > LOUD
    if far_side == "speaks":
        assert scene.caller_side.loudness(TALK_HZ, began + 0.2) > LOUD
    await asyncio.gather(*voices)


async def test_different_whispers_to_both_leave_no_channel_behind(
    real_bench: AsteriskBench,
) -> None:
    scene = await talk(real_bench)
    await asyncio.gather(
        real_bench.telephony.whisper(scene.call, scene.call, "p1", (real_bench.short,)),
        real_bench.telephony.whisper(scene.call, scene.agent, "p2", (real_bench.short,)),
    )
    assert {(await real_bench.ear.next(PlaybackEnded)).playback for _ in range(2)} == {"p1", "p2"}
    await _until_channels(real_bench, 2)


async def test_a_whisper_ends_with_its_leg(real_bench: AsteriskBench) -> None:
    scene = await talk(real_bench)
    await real_bench.telephony.whisper(scene.call, scene.call, "p1", (real_bench.long,))
    await real_bench.caller_hangs_up(scene.call)
    assert not (await real_bench.ear.next(PlaybackEnded)).complete
    await real_bench.telephony.hang_up(scene.agent, HangUpReason.NORMAL)
    await real_bench.ear.next(LegEnded, leg=scene.agent)
    await _until_channels(real_bench, 0)


async def _until_channels(bench: AsteriskBench, count: int) -> None:
    async with asyncio.timeout(2):
        while True:
            _, found = await ask(bench.plant.asterisk.access, "GET", "/channels")
            assert isinstance(found, list)
            if len(found) == count:
                return
            await asyncio.sleep(0.02)


async def test_the_bridge_is_the_kind_that_whispers_need(real_bench: AsteriskBench) -> None:
    scene = await talk(real_bench)
    access = real_bench.plant.asterisk.access
    _, bridge = await ask(access, "GET", f"/bridges/{scene.bridge}")
    assert isinstance(bridge, dict)
    assert bridge["technology"] == "softmix"


async def test_orders_do_not_wait_for_the_end_of_a_prompt(real_bench: AsteriskBench) -> None:
    call = await real_bench.arrive()
    switch = real_bench.telephony
    await switch.play(call, call, "p1", (real_bench.long,))
    async with asyncio.timeout(0.5):
        await switch.set_deadline(call, 60_000)
    async with asyncio.timeout(0.5):
        await switch.answer(call)
    assert not (await real_bench.ear.next(PlaybackEnded)).complete
    await real_bench.ear.next(LegAnswered)
    dial = order(call, await real_bench.agent(AT_ONCE))
    await switch.dial(dial)
    await real_bench.ear.next(LegAnswered)
    await switch.play(call, call, "p2", (real_bench.long,))
    await switch.play(call, dial.leg, "p3", (real_bench.long,))
    async with asyncio.timeout(0.5):
        await switch.join(call, "b1", (call, dial.leg))
    await real_bench.ear.next(LegJoined)
    await real_bench.ear.next(LegJoined)
    await switch.part("b1", (call, dial.leg))
    await switch.play(call, call, "p4", (real_bench.long,))
    async with asyncio.timeout(0.5):
        await switch.hang_up(call, HangUpReason.NORMAL)
        await real_bench.ear.next(LegEnded)


async def test_a_prompt_that_is_missing_is_told(real_bench: AsteriskBench) -> None:
    call = await real_bench.arrive()
    await real_bench.telephony.play(call, call, "p1", ("/there/is/none",))
    assert not (await real_bench.ear.next(PlaybackEnded)).complete


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (HangUpReason.NORMAL, 603),
        (HangUpReason.BUSY, 486),
        (HangUpReason.NO_ANSWER, 480),
        (HangUpReason.REJECTED, 403),
        (HangUpReason.UNALLOCATED, 404),
        (HangUpReason.FAULT, 500),
    ],
)
async def test_a_refused_caller_gets_the_code_of_the_reason(
    real_bench: AsteriskBench, reason: HangUpReason, code: int
) -> None:
    call = await real_bench.arrive()
    await real_bench.telephony.play(call, call, "p1", (real_bench.short,))
    await real_bench.ear.next(PlaybackEnded)
    await real_bench.telephony.hang_up(call, reason)
    dialog = real_bench.callers[call]
    await dialog.until(lambda d: d.final)
    assert (dialog.final, 200 in dialog.codes) == (code, False)
