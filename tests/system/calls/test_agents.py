"""Who answers, who does not, and who must not be passed on."""

import asyncio

from engine.core.cdr import Disposition
from engine.core.inventory import OnAgentLost, Strategy
from tests.system.stage.lines import line
from tests.system.stage.scenes import Scene, scene

ELSEWHERE = "+4990012345"
REFUSED = 603


@scene(line(), agents=2, strategy=Strategy.IN_ORDER)
async def test_the_first_is_busy_the_next_answers(s: Scene) -> None:
    await s.credit(70_000)
    first, second = s.phones
    first.busy()
    call = await s.call()
    leg = await second.called()
    await call.ended()
    record = await s.record()
    assert record.agents == (second.name,)
    assert record.charge_micros == 70_000
    assert len(first.legs) == 1
    await s.agent_heard(leg, call, "whisper_agent-r0", "seconds_left-s6", "money_ended_agent")


@scene(line(), agents=0, outside=2, strategy=Strategy.IN_ORDER)
async def test_a_voicemail_takes_no_call(s: Scene) -> None:
    """It answers and presses nothing; the next one presses the key and has the call."""
    await s.credit(70_000)
    voicemail, second = s.phones
    voicemail.voicemail(hang_up_after_s=60)
    second.answers(press="1", press_after_s=1.5)
    call = await s.call()
    taped = await voicemail.called()
    leg = await second.called(60)
    await call.ended(60)
    record = await s.record()
    assert record.agents == (f"out{second.name[1:]}",)
    assert record.charge_micros == 70_000
    await s.agent_heard(taped, call, "whisper_agent-r0", "seconds_left-s6", "press_to_accept")
    caller = await s.heard(call, taped, None, is_agent=False)
    assert caller.talk == ()
    caller = await s.heard(call, leg, None, is_agent=False)
    assert 6_000 <= caller.talk_ms <= 6_100


@scene(line())
async def test_a_transfer_is_refused_to_both_sides(s: Scene) -> None:
    """Both stay in the conversation until one hangs up, and nobody else is called."""
    await s.credit(1_000_000)
    call, leg = await s.talk()
    await asyncio.sleep(1)
    assert await call.refer(f"sip:{ELSEWHERE}@127.0.0.1") == REFUSED
    assert await leg.refer(f"sip:{ELSEWHERE}@127.0.0.1") == REFUSED
    await asyncio.sleep(1)
    assert not call.is_over
    assert not leg.is_over
    await call.hang_up()
    await asyncio.gather(call.ended(), leg.ended())
    record = await s.record()
    assert record.disposition is Disposition.CALLER_HUNG_UP
    assert record.talk_ms > 1_900
    invited = [m for m in s.house.world.sip_trace() if m.start_line.startswith("INVITE ")]
    assert not any(ELSEWHERE in m.start_line for m in invited)


@scene(line())
async def test_the_agent_hangs_up(s: Scene) -> None:
    await s.credit(1_000_000)
    s.agent.answers(hang_up_after_s=7)
    call, _leg = await s.talk()
    await call.ended()
    record = await s.record()
    assert record.disposition is Disposition.AGENT_HUNG_UP
    assert record.charge_micros > 0
    witness = await s.heard(call, None, None, is_agent=False)
    assert witness.told[-1] == "agent_lost_goodbye"


@scene(line(on_agent_lost=OnAgentLost.NEXT), agents=2, strategy=Strategy.IN_ORDER)
async def test_the_agent_is_lost_and_the_next_talks_on(s: Scene) -> None:
    """Meanwhile the meter stands: only what was talked is paid."""
    await s.credit(110_000)
    first, second = s.phones
    first.answers(hang_up_after_s=7)
    call = await s.call()
    one = await first.called()
    first.busy()
    two = await second.called()
    await call.ended(60)
    record = await s.record()
    assert record.agents == (first.name, second.name)
    assert (record.charged_s, record.charge_micros) == (10, 110_000)
    before = await s.heard(call, one, None, is_agent=False)
    after = await s.heard(call, two, None, is_agent=False)
    assert 10_000 <= before.talk_ms + after.talk_ms <= 10_150
    assert "agent_lost_trying_next" in before.told
