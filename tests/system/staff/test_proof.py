"""The record says what was heard, and when: compared with the recordings of what was."""

import asyncio

from engine.core.course import Fate, Heard
from tests.system.stage.lines import line
from tests.system.stage.listening import Witness
from tests.system.stage.scenes import Scene, scene

TARIFF = "tariff-p660000-EUR-conversation-a0"
APART_MS = 150
FIFTEEN_SECONDS = 170_000


def assert_as_recorded(rows: list[Heard], witness: Witness) -> None:
    """Each prompt began where the recording has it."""
    told = [row for row in rows if row.begun_ms is not None]
    assert [row.prompt for row in told] == witness.told
    for row, (key, hit) in zip(told, witness.prompts, strict=True):
        assert row.begun_ms is not None
        apart_ms = row.begun_ms - witness.recording.at_ms(hit.at_s)
        assert abs(apart_ms) <= APART_MS, (key, apart_ms, witness.recording.path)


@scene(line(thresholds_s=(10,)))
async def test_prompts_were_heard_when_the_record_says(s: Scene) -> None:
    await s.credit(FIFTEEN_SECONDS)
    call, leg = await s.talk()
    await call.ended()
    record = await s.record()
    said = ("welcome", "seconds_left-s15", TARIFF, "please_wait-m1", "warning_caller-s10")
    caller = await s.caller_heard(call, leg, *said, "money_ended_caller")
    agent = await s.heard(
        leg, call, None, is_agent=True, also=["seconds_left-s15", "warning_agent-s10"]
    )
    assert_as_recorded([row for row in record.prompts if row.who == "caller"], caller)
    warned = [row for row in record.prompts if row.prompt == "warning_agent-s10"]
    assert abs((warned[0].begun_ms or 0) - agent.at_ms("warning_agent-s10")[0]) <= APART_MS
    tariff = next(row for row in record.prompts if row.prompt == TARIFF)
    assert tariff.fate is Fate.WHOLE
    assert record.joined_ms is not None
    # The three seconds of silence that end a price are over before anything is charged.
    assert tariff.ended_ms is not None
    assert tariff.ended_ms <= record.joined_ms


@scene(line())
async def test_who_hangs_up_in_the_announcement_heard_its_beginning(s: Scene) -> None:
    await s.credit(FIFTEEN_SECONDS)
    call = await s.call()
    await call.progressed()
    await asyncio.sleep(3)
    await call.hang_up()
    await call.ended()
    record = await s.record()
    fates = [row.fate for row in record.prompts]
    cut = fates.index(Fate.CUT)
    assert fates == [Fate.WHOLE] * cut + [Fate.CUT] + [Fate.UNHEARD] * (len(fates) - cut - 1)
    assert record.prompts[-1].prompt == TARIFF
    assert record.prompts[-1].fate is not Fate.WHOLE
    assert abs((record.prompts[cut].ended_ms or 0) - record.ended_ms) <= APART_MS
