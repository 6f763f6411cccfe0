"""Engines, sockets and Asterisk itself die: who talks goes on talking, and nothing is lost."""

import asyncio
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from engine.asterisk import intake
from engine.asterisk.ari import api, socket
from engine.asterisk.telephony import AriTelephony
from engine.core.actions import HangUpReason
from engine.core.events import (
    CallArrived,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegFailure,
    LegLeft,
    LegRinging,
    PlaybackEnded,
)
from engine.errors import ConflictError
from engine.ports.telephony import SwitchLost
from tests.fakes.telephony import Manner
from tests.far_end import sine
from tests.switchboard import DID, LONG_HZ, AsteriskBench, Ear, Plant, order, plant
from tests.system.asterisk.scenes import AT_ONCE, ask, talk, wire

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_conversation_outlives_its_engine(shared_plant: Plant) -> None:
    async with AsteriskBench.open(shared_plant) as bench:
        scene = await talk(bench)
        await bench.telephony.__aexit__()
        speaking = scene.agent_side.speak(sine(600, 1.0))
        began = time.time()
        await speaking
        assert scene.caller_side.loudness(600, began + 0.2, began + 0.9) > 4000


async def test_both_legs_end_at_their_deadlines_without_an_engine(shared_plant: Plant) -> None:
    async with AsteriskBench.open(shared_plant) as bench:
        scene = await talk(bench)
        set_at = time.time()
        await bench.telephony.set_deadline(scene.agent, 700)
        await bench.telephony.set_deadline(scene.call, 900)
        await bench.telephony.__aexit__()
        await scene.agent_side.until(lambda d: d.ended_at)
        await scene.caller_side.until(lambda d: d.ended_at)
        assert 0.70 <= scene.agent_side.ended_at - set_at < 0.85
        assert 0.90 <= scene.caller_side.ended_at - set_at < 1.05


async def test_a_dialled_leg_has_its_deadline_from_the_start(real_bench: AsteriskBench) -> None:
    call = await real_bench.arrive()
    endpoint = await real_bench.agent(AT_ONCE)
    dial = replace(order(call, endpoint), deadline_ms=600)
    began = time.time()
    await real_bench.telephony.dial(dial)
    await real_bench.ear.next(LegAnswered)
    await real_bench.ear.next(LegEnded, leg=dial.leg)
    assert 0.6 <= time.time() - began < 0.8


async def test_without_any_engine_a_caller_hears_the_fault_and_is_not_charged(
    shared_plant: Plant,
) -> None:
    async with AsteriskBench.open(shared_plant) as bench:
        await bench.telephony.__aexit__()
        began = time.time()
        dialog = await bench.carrier.call(DID)
        await dialog.until(lambda d: d.final)
        assert (dialog.final, 200 in dialog.codes, 183 in dialog.codes) == (500, False, True)
        assert dialog.loudness(700, began) > 2000


async def test_one_engine_of_several_gets_a_call(real_bench: AsteriskBench) -> None:
    async with real_bench.second() as (_, ear):
        dialogs = [await real_bench.carrier.call(DID) for _ in range(6)]
        async with asyncio.timeout(5):
            while _arrivals(real_bench.ear) + _arrivals(ear) < 6:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert _arrivals(real_bench.ear) + _arrivals(ear) == 6
        for dialog in dialogs:
            dialog.hang_up()


def _arrivals(ear: Ear) -> int:
    return len(ear.told(CallArrived))


async def test_a_second_process_of_the_same_name_ends_the_first(real_bench: AsteriskBench) -> None:
    call = await real_bench.arrive()
    access = real_bench.plant.asterisk.access
    async with AriTelephony.connected(access, real_bench.app) as usurper:
        ear = Ear(usurper)
        await ear.found()
        with pytest.raises(ConflictError):
            await real_bench.ear.next(LegEnded)
        for order_of in (
            real_bench.telephony.answer(call),
            real_bench.telephony.set_deadline(call, 1000),
            real_bench.telephony.hang_up(call, HangUpReason.NORMAL),
            real_bench.telephony.join(call, "b", (call,)),
            real_bench.telephony.dial(order(call, "PJSIP/agent-anna")),
            real_bench.telephony.play(call, call, "p", (real_bench.short,)),
        ):
            with pytest.raises(ConflictError):
                await order_of
        await ear.close()


async def test_what_happened_while_the_socket_was_broken_is_made_up_for(
    shared_plant: Plant,
) -> None:
    async with (
        wire(shared_plant.asterisk.access) as cable,
        AsteriskBench.open(shared_plant, cable.access) as bench,
    ):
        scene = await talk(bench)
        await bench.telephony.whisper(scene.call, scene.call, "p1", (bench.short,))
        cable.cut()
        await asyncio.sleep(0.5)
        cable.mend()
        assert not (await bench.ear.found()).restarted
        assert any(isinstance(news, SwitchLost) for news in bench.ear.heard)
        ended = await bench.ear.next(PlaybackEnded)
        assert (ended.playback, ended.complete) == ("p1", True)
        await bench.caller_hangs_up(scene.call)
        assert (await bench.ear.next(LegLeft)).leg == scene.call
        assert (await bench.ear.next(LegEnded)).leg == scene.call


async def test_a_leg_that_ended_while_the_socket_was_broken_is_known_by_its_facts(
    shared_plant: Plant,
) -> None:
    async with (
        wire(shared_plant.asterisk.access) as cable,
        AsteriskBench.open(shared_plant, cable.access) as bench,
    ):
        scene = await talk(bench)
        cable.cut()
        hung_up_ms = time.time() * 1000
        scene.agent_side.hang_up()
        await asyncio.sleep(0.3)
        cable.mend()
        await bench.ear.found()
        caller, agent = await bench.telephony.facts(scene.call, (scene.call, scene.agent))
        assert (caller.alive, agent.alive) == (True, False)
        assert abs((agent.left_ms or 0) - hung_up_ms) < 20
        assert abs((agent.ended_ms or 0) - hung_up_ms) < 20


async def test_a_call_whose_arrival_was_lost_is_found_again(
    shared_plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        wire(shared_plant.asterisk.access) as cable,
        AsteriskBench.open(shared_plant, cable.access) as bench,
    ):
        take = bench.telephony._legs.take
        lost = asyncio.Event()

        def deaf_to_arrivals(event: object) -> list[object]:
            if type(event).__name__ == "StasisStart" and not lost.is_set():
                lost.set()
                return []
            return take(event)  # type: ignore[arg-type,return-value]  # passed through

        monkeypatch.setattr(type(bench.telephony._legs), "take", lambda _, e: deaf_to_arrivals(e))
        await bench.carrier.call(DID)
        async with asyncio.timeout(5):
            await lost.wait()
        cable.cut()
        cable.mend()
        found = await bench.ear.next(CallArrived)
        assert (found.did, found.trunk) == (DID, "carrier")


async def test_the_event_filter_is_set_again_after_a_break(shared_plant: Plant) -> None:
    access = shared_plant.asterisk.access
    async with wire(access) as cable, AsteriskBench.open(shared_plant, cable.access) as bench:
        for _ in range(2):
            status, application = await ask(access, "GET", f"/applications/{bench.app}")
            assert status == 200
            assert isinstance(application, dict)
            allowed = {allowed["type"] for allowed in application["events_allowed"]}
            assert {"ApplicationReplaced", "StasisStart", "ChannelDestroyed"} <= allowed
            assert "ChannelVarset" not in allowed
            cable.cut()
            cable.mend()
            await bench.ear.found()


async def test_a_restart_of_asterisk_is_told(tmp_path: Path) -> None:
    async with plant(tmp_path / "plant") as own, AsteriskBench.open(own) as bench:
        await bench.arrive()
        os.kill(own.asterisk.pid, signal.SIGKILL)
        await asyncio.sleep(0.1)
        await own.asterisk.start_again()
        assert (await bench.ear.found()).restarted
        await bench.arrive()


async def test_an_asterisk_that_answers_no_more_is_lost_and_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "HEARTBEAT_S", 0.4)
    async with plant(tmp_path / "plant") as own, AsteriskBench.open(own) as bench:
        os.kill(own.asterisk.pid, signal.SIGSTOP)
        try:
            await bench.ear.lost()
        finally:
            os.kill(own.asterisk.pid, signal.SIGCONT)
        assert not (await bench.ear.found()).restarted
        await bench.arrive()


async def test_an_application_that_hangs_is_given_up(
    real_bench: AsteriskBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "HEALTH_EVERY_S", 0.05)
    monkeypatch.setattr(socket, "HEALTH_TIMEOUT_S", 0.1)
    hangs = asyncio.Event()

    async def hang(_: object, __: str) -> None:
        await hangs.wait()

    monkeypatch.setattr(api.Calls, "applications_get", hang)
    async with real_bench.second() as (_, ear):
        await ear.lost()
        hangs.set()
        await ear.found()


async def test_events_that_nobody_takes_do_not_pile_up(
    shared_plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "NEWS_MOST", 4)
    async with AsteriskBench.open(shared_plant) as bench:
        await bench.ear.close()
        for _ in range(6):
            await bench.carrier.call(DID)
        await asyncio.sleep(0.3)
        late = Ear(bench.telephony)
        await late.found()
        assert any(isinstance(news, SwitchLost) for news in late.heard)
        await late.close()


async def test_a_leg_still_ringing_for_a_dead_engine_is_ended(shared_plant: Plant) -> None:
    async with AsteriskBench.open(shared_plant) as bench:
        call = await bench.arrive()
        dial = order(call, await bench.agent(Manner(answers_after_ms=None)))
        await bench.telephony.dial(dial)
        await bench.ear.next(LegRinging)
        async with bench.second() as (other, ear):
            await bench.telephony.__aexit__()
            await other.adopt(call, (call, dial.leg))
            failed = await ear.next(LegFailed)
            assert (failed.leg, failed.reason) == (dial.leg, LegFailure.NETWORK)
            ringing = await bench.anna.incoming.get()
            await ringing.until(lambda d: d.ended_at)
            await other.answer(call)
            assert (await ear.next(LegAnswered)).leg == call


async def test_a_prompt_of_a_dead_engine_goes_on_and_is_not_heard_twice(
    shared_plant: Plant,
) -> None:
    async with AsteriskBench.open(shared_plant) as bench:
        call = await bench.arrive()
        await bench.telephony.play(call, call, f"{call}-p1", (bench.short, bench.short))
        async with bench.second() as (other, ear):
            await bench.telephony.__aexit__()
            await other.adopt(call, (call,))
            await other.play(call, call, f"{call}-p1", (bench.short, bench.short))
            assert (await ear.next(PlaybackEnded)).complete
            await ear.quiet(PlaybackEnded, 0.5)


async def test_whispers_of_a_dead_engine_are_cleared_away(shared_plant: Plant) -> None:
    async with AsteriskBench.open(shared_plant) as bench:
        scene = await talk(bench)
        await bench.telephony.whisper(scene.call, scene.call, "p1", (bench.long,))
        async with bench.second() as (other, ear):
            await bench.telephony.__aexit__()
            await other.adopt(scene.call, (scene.call, scene.agent))
            began = time.time()
            await other.whisper(scene.call, scene.call, "p2", (bench.short,))
            assert (await ear.next(PlaybackEnded)).playback == "p2"
            assert scene.caller_side.loudness(LONG_HZ, began + 0.1) < 500


async def test_an_engine_that_comes_back_under_its_name_goes_on(shared_plant: Plant) -> None:
    async with AsteriskBench.open(shared_plant) as bench:
        scene = await talk(bench)
        await bench.telephony.__aexit__()
        async with AriTelephony.connected(shared_plant.asterisk.access, bench.app) as again:
            ear = Ear(again)
            await ear.found()
            await again.adopt(scene.call, (scene.call, scene.agent))
            await bench.caller_hangs_up(scene.call)
            assert (await ear.next(LegLeft)).leg == scene.call
            assert (await ear.next(LegEnded)).leg == scene.call
            await again.hang_up(scene.agent, HangUpReason.NORMAL)
            assert (await ear.next(LegEnded)).leg == scene.agent
            await ear.close()
