"""Money while people talk: it ends, it comes, it goes."""

import asyncio
import time

from engine.core.cdr import Disposition
from tests.rig.sip.legs import Leg
from tests.system.stage.lines import line
from tests.system.stage.measures import assert_cut_off, assert_told, assert_warned
from tests.system.stage.scenes import Scene, scene

TARIFF = "tariff-p660000-EUR-conversation-a0"
START = ("welcome", "seconds_left-s15", TARIFF, "please_wait-m1")
FIFTEEN_SECONDS = 170_000
TEN_MORE = 110_000


async def until(call: Leg, talked_s: float) -> None:
    """Sleep until about so many seconds of conversation."""
    assert call.answered_at_ms is not None
    await asyncio.sleep((call.answered_at_ms - time.time_ns() / 1e6) / 1000 + talked_s)


@scene(line(thresholds_s=(10,)))
async def test_both_are_warned_and_talk_on_until_the_money_ends(s: Scene) -> None:
    """0.22 buys 20 s: the warning comes at 10 s and disturbs nobody."""
    await s.credit(220_000)
    call, leg = await s.talk()
    await call.ended()
    record = await s.record()
    assert record.charge_micros == 220_000
    assert await s.balance() == 0
    caller = await s.caller_heard(
        call, leg, "welcome", "seconds_left-s20", TARIFF, "please_wait-m1",
        "warning_caller-s10", "money_ended_caller",
    )  # fmt: skip
    agent = await s.agent_heard(
        leg, call, "whisper_agent-r0", "seconds_left-s20", "warning_agent-s10", "money_ended_agent"
    )
    assert_cut_off(record, caller)
    due_ms = caller.talk_began_ms + 10_000
    assert_warned(caller, "warning_caller-s10", due_ms)
    assert_warned(agent, "warning_agent-s10", due_ms)
    assert len(caller.talk) == len(agent.talk) == 1


@scene(line(thresholds_s=(10,)))
async def test_a_top_up_before_the_warning(s: Scene) -> None:
    """The warning comes as late as the new end."""
    await s.credit(FIFTEEN_SECONDS)
    call, leg = await s.talk()
    await until(call, 2)
    await s.credit(TEN_MORE)
    await call.ended()
    record = await s.record()
    assert (record.charged_s, record.charge_micros) == (25, 280_000)
    caller = await s.caller_heard(
        call, leg, *START, "topped_up_caller", "seconds_left-s20", "warning_caller-s10",
        "money_ended_caller",
    )  # fmt: skip
    agent = await s.agent_heard(
        leg, call, "whisper_agent-r0", "seconds_left-s15", "agent_tone", "warning_agent-s10",
        "money_ended_agent",
    )  # fmt: skip
    assert_cut_off(record, caller)
    due_ms = caller.talk_began_ms + 15_000
    assert_warned(caller, "warning_caller-s10", due_ms)
    assert_warned(agent, "warning_agent-s10", due_ms)
    assert len(caller.talk) == len(agent.talk) == 1


@scene(line(thresholds_s=(10,)))
async def test_a_top_up_after_the_warning(s: Scene) -> None:
    """The warning is given again before the new end."""
    await s.credit(FIFTEEN_SECONDS)
    call, leg = await s.talk()
    await until(call, 9)
    await s.credit(TEN_MORE)
    await call.ended()
    record = await s.record()
    assert (record.charged_s, record.charge_micros) == (25, 280_000)
    caller = await s.caller_heard(
        call, leg, *START, "warning_caller-s10", "topped_up_caller", "seconds_left-s15",
        "warning_caller-s10", "money_ended_caller",
    )  # fmt: skip
    agent = await s.agent_heard(
        leg, call, "whisper_agent-r0", "seconds_left-s15", "warning_agent-s10", "agent_tone",
        "warning_agent-s10", "money_ended_agent",
    )  # fmt: skip
    assert_cut_off(record, caller)
    began_ms = caller.talk_began_ms
    assert_warned(caller, "warning_caller-s10", began_ms + 5_000, began_ms + 15_000)
    assert_warned(agent, "warning_agent-s10", began_ms + 5_000, began_ms + 15_000)


@scene(line())
async def test_a_top_up_in_the_last_second(s: Scene) -> None:
    """Booked 200 ms before the end or earlier, it extends the call."""
    await s.credit(FIFTEEN_SECONDS)
    call, leg = await s.talk()
    await until(call, 14.5)
    await s.credit(TEN_MORE)
    booked_ms = time.time_ns() / 1e6
    await call.ended()
    record = await s.record()
    caller = await s.heard(call, leg, None, is_agent=False)
    assert caller.talk_began_ms + 15_000 - booked_ms > 200
    assert (record.charged_s, record.charge_micros) == (25, 280_000)
    assert_cut_off(record, caller)
    assert len(caller.talk) == 1


@scene(line(free_hold_s=60))
async def test_a_top_up_in_the_free_hold(s: Scene) -> None:
    """The caller is joined with the same agent again, who was kept for him."""
    await s.credit(70_000)
    call, leg = await s.talk()
    await until(call, 6 + 14)
    assert not call.is_over
    assert not leg.is_over
    await s.credit(TEN_MORE)
    await asyncio.sleep(14)
    await call.hang_up()
    await asyncio.gather(call.ended(), leg.ended())
    record = await s.record()
    assert record.disposition is Disposition.MONEY_ENDED
    assert record.agents == (s.agent.name,)
    assert len(s.agent.legs) == 1
    assert (record.charged_s, record.charge_micros) == (16, 180_000)
    caller = await s.heard(
        call,
        leg,
        None,
        is_agent=False,
        also=["seconds_left-s6", TARIFF, "please_wait-m1", "hold_top_up-s60"],
    )
    assert_told(
        caller.told, "welcome", "seconds_left", "tariff", "please_wait", "money_ended_caller",
        "hold_top_up", "rejoined_caller", "topped_up_caller", "seconds_left",
        "money_ended_caller",
    )  # fmt: skip
    (began_s, ended_s), _again = caller.talk
    assert 6_000 <= (ended_s - began_s) * 1000 <= 6_100
    talked_ms = sum(end - begin for begin, end in caller.talk) * 1000
    assert 0 <= talked_ms - 16_000 <= 200
    await s.agent_heard(
        leg, call, "whisper_agent-r0", "seconds_left-s6", "money_ended_agent", "rejoined_agent",
        "money_ended_agent",
    )  # fmt: skip


@scene(line(thresholds_s=(10,), slice_s=5))
async def test_a_debit_brings_the_warning_forward(s: Scene) -> None:
    """0.44 would last 40 s; after a debit of 0.22 the warning comes 10 s before the 20th."""
    await s.credit(440_000)
    call, leg = await s.talk()
    await until(call, 3)
    await s.debit(220_000)
    await call.ended(60)
    record = await s.record()
    assert (record.charged_s, record.charge_micros) == (20, 220_000)
    caller = await s.caller_heard(
        call, leg, "welcome", "seconds_left-s40", TARIFF, "please_wait-m1",
        "warning_caller-s10", "money_ended_caller",
    )  # fmt: skip
    agent = await s.agent_heard(
        leg, call, "whisper_agent-r0", "seconds_left-s40", "warning_agent-s10",
        "money_ended_agent",
    )  # fmt: skip
    assert_cut_off(record, caller)
    assert_warned(caller, "warning_caller-s10", caller.talk_began_ms + 10_000)
    assert_warned(agent, "warning_agent-s10", caller.talk_began_ms + 10_000)


@scene(line(thresholds_s=(30,), slice_s=5))
async def test_a_debit_past_the_warning_tells_the_true_time_at_once(s: Scene) -> None:
    """0.44 would last 40 s, 0.33 30 s of which 8 are gone: there is no warning any more, but
    both hear what is left."""
    await s.credit(440_000)
    call, leg = await s.talk()
    await until(call, 8)
    debited_ms = time.time_ns() / 1e6
    await s.debit(110_000)
    await call.ended(60)
    record = await s.record()
    assert (record.charged_s, record.charge_micros) == (30, 330_000)
    caller = await s.caller_heard(
        call, leg, "welcome", "seconds_left-s40", TARIFF, "please_wait-m1",
        "time_changed_caller", "seconds_left-s20", "money_ended_caller",
    )  # fmt: skip
    await s.agent_heard(
        leg, call, "whisper_agent-r0", "seconds_left-s40", "time_changed_agent",
        "seconds_left-s20", "money_ended_agent",
    )  # fmt: skip
    assert_cut_off(record, caller)
    (told_ms,) = caller.at_ms("time_changed_caller")
    assert told_ms - debited_ms < 500


@scene(line())
async def test_a_credit_that_buys_nothing_is_told_as_the_new_balance(s: Scene) -> None:
    """Half a cent in a call that costs more than a cent a second."""
    await s.credit(FIFTEEN_SECONDS)
    call, leg = await s.talk()
    await until(call, 3)
    await s.credit(5_000)
    await call.ended()
    record = await s.record()
    assert record.charge_micros == 170_000
    assert await s.balance() == 5_000
    await s.caller_heard(call, leg, *START, "topped_up_balance", "money_ended_caller")
