"""A supervisor warns and ends calls, an agent pauses: what people hear of it, and what it costs."""

import asyncio
import time
import uuid

from engine.core.cdr import Disposition
from engine.flows.clock import SystemClock
from engine.flows.live import Control, Live, LiveCall
from engine.ports.people.commands import CallOrder, Command, Outcome
from engine.ports.store import PauseReason
from tests.rig.sip.legs import Leg
from tests.system.stage.lines import line
from tests.system.stage.scenes import Scene, scene

TARIFF = "tariff-p660000-EUR-conversation-a0"
START = ("welcome", "seconds_left-s30", TARIFF, "please_wait-m1")
THIRTY_SECONDS = 330_000
WRAP_UP_S = 60


async def live_call(s: Scene) -> LiveCall:
    """The one live call of this line."""
    calls = await Live(s.house.store, SystemClock()).calls()
    (mine,) = [call for call in calls if call.service == s.cast.service.name]
    return mine


async def order(s: Scene, what: CallOrder) -> Outcome:
    """What comes of a supervisor's order."""
    command = Command(
        command_id=uuid.uuid4().hex,
        call_id=(await live_call(s)).call_id,
        organisation="acme",
        order=what,
        by="anna",
        reason="complaint",
    )
    return await Control(s.house.store, SystemClock()).carry_out(command)


async def until(call: Leg, talked_s: float) -> None:
    """Sleep until about so many seconds of conversation."""
    assert call.answered_at_ms is not None
    await asyncio.sleep((call.answered_at_ms - time.time_ns() / 1e6) / 1000 + talked_s)


@scene(line())
async def test_both_hear_what_a_supervisor_does_and_pay_to_the_second(s: Scene) -> None:
    """He warns after 3 s, when 25 can be told, and ends the call after 11 and a half."""
    await s.credit(THIRTY_SECONDS)
    call, leg = await s.talk()
    await until(call, 3)
    assert await order(s, CallOrder.WARN) is Outcome.DONE
    assert await order(s, CallOrder.WARN) is Outcome.TOO_SOON
    seen = await live_call(s)
    assert seen.left_ms is not None
    assert 24_000 < seen.left_ms < 28_000
    await until(call, 11.5)
    assert await order(s, CallOrder.END) is Outcome.DONE
    await call.ended()
    record = await s.record()
    assert record.disposition is Disposition.ENDED_BY_OPERATOR
    assert [(by, what) for _, by, what in record.ordered] == [
        ("anna", "warn"), ("anna", "end: complaint")
    ]  # fmt: skip
    assert (record.charged_s, record.charge_micros) == (11, 120_000)
    assert await s.balance() == THIRTY_SECONDS - 120_000
    caller = await s.caller_heard(
        call, leg, *START, "time_changed_caller", "seconds_left-s25", "ended_by_operator"
    )
    agent = await s.agent_heard(
        leg, call, "whisper_agent-r0", "seconds_left-s30", "time_changed_agent", "seconds_left-s25",
        "ended_by_operator",
    )  # fmt: skip
    assert len(caller.talk) == len(agent.talk) == 1
    assert abs(caller.talk_ms - record.talk_ms) <= 100


@scene(line(max_wait_s=5), wrap_up_s=WRAP_UP_S)
async def test_who_pauses_in_his_wrap_up_gets_no_call(s: Scene) -> None:
    await s.credit(THIRTY_SECONDS)
    name = s.cast.phones[0]
    call, _ = await s.talk()
    await until(call, 2)
    await call.hang_up()
    await s.record()
    (wrapping,) = await s.house.store.agent_states((name,))
    assert (wrapping.free, wrapping.call_id) == (False, None)
    await s.house.store.set_pause(name, PauseReason.BREAK)
    await s.house.store.end_wrap_up(name)
    second = await s.call()
    await second.ended()
    _, record = await s.records(2)
    assert (record.disposition, record.charge_micros) == (Disposition.NO_AGENT, 0)
    assert len(s.agent.legs) == 1
    await s.house.store.set_pause(name, None)
    third, leg = await s.talk()
    await until(third, 2)
    await third.hang_up()
    await leg.ended(10)
    assert len(s.agent.legs) == 2
    await s.records(3)
