"""Each side hears its own language."""

from tests.system.stage.lines import line
from tests.system.stage.measures import assert_cut_off, assert_warned
from tests.system.stage.scenes import Scene, scene

TARIFF = "tariff-p660000-EUR-conversation-a0"


@scene(line(lang="en", thresholds_s=(10,)), lang="de")
async def test_an_english_line_with_a_german_agent(s: Scene) -> None:
    await s.credit(170_000)
    call, leg = await s.talk()
    await call.ended()
    record = await s.record()
    caller = await s.caller_heard(
        call, leg, "welcome", "seconds_left-s15", TARIFF, "please_wait-m1", "warning_caller-s10",
        "money_ended_caller",
    )  # fmt: skip
    agent = await s.agent_heard(
        leg, call, "whisper_agent-r0", "seconds_left-s15", "warning_agent-s10",
        "money_ended_agent",
    )  # fmt: skip
    assert_cut_off(record, caller)
    assert_warned(caller, "warning_caller-s10", caller.talk_began_ms + 5_000)
    assert_warned(agent, "warning_agent-s10", caller.talk_began_ms + 5_000)


@scene(line(lang="de"), lang="en")
async def test_a_german_line_with_an_english_agent(s: Scene) -> None:
    await s.credit(70_000)
    call, leg = await s.talk()
    await call.ended()
    await s.records()
    await s.caller_heard(
        call, leg, "welcome", "seconds_left-s6", TARIFF, "please_wait-m1", "money_ended_caller"
    )
    await s.agent_heard(leg, call, "whisper_agent-r0", "seconds_left-s6", "money_ended_agent")
