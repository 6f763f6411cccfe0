"""Money while people talk: it ends, it comes, it goes."""

from tests.system.lines import line
from tests.system.measures import assert_cut_off, assert_warned
from tests.system.stage import Scene, scene

TARIFF = "tariff-p660000-EUR-conversation-a0"


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
