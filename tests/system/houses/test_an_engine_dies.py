"""An engine dies while twenty calls talk; played alone, before what is played side by side."""

import asyncio
import time
from pathlib import Path

import pytest

from engine.core.cdr import Disposition
from engine.flows.machines import call_of
from tests.rig.sip.legs import Leg
from tests.system.houses.parties import WARNED, all_talk, records_of, talked
from tests.system.stage.alone import alone
from tests.system.stage.measures import assert_cut_off, assert_warned
from tests.system.stage.scenes import Scene

FORTY_SECONDS = 440_000
TEN_MORE = 110_000


@pytest.mark.timeout(300)
@pytest.mark.asyncio(loop_scope="session")
async def test_an_engine_dies_while_twenty_calls_talk(tmp_path: Path) -> None:
    """By turns: one talks on to the end of his money, one is topped up when another engine has
    the call, of one the caller and of one the agent hangs up while no engine lives."""
    async with alone(tmp_path, WARNED, agents=20) as s:
        parties = await all_talk(s, [FORTY_SECONDS] * 20)
        agents = await agents_of(s)
        s.house.engines["e1"].kill()
        ends_s = await asyncio.gather(
            *(hang_up_at_half_past(party.call, party.call) for party in parties[2::4]),
            *(
                hang_up_at_half_past(party.call, s.house.world.agent(agents[party.e164]).legs[-1])
                for party in parties[3::4]
            ),
        )
        await s.house.start_engine("e2")
        await asyncio.sleep(5)
        for party in parties[1::4]:
            await s.house.book(party.e164, TEN_MORE)
        await asyncio.gather(*(party.call.ended(90) for party in parties))
        records = await records_of(s, parties)
        heard = [
            await party.heard(s, record, "warning_caller-s10")
            for party, record in zip(parties, records, strict=True)
        ]
    for record, caller in zip(records, heard, strict=True):
        assert len(caller.talk) == 1
        assert abs(caller.talk_ms - record.talk_ms) <= 100
    for number, length_s in ((0, 40), (1, 50)):
        for record, caller in zip(records[number::4], heard[number::4], strict=True):
            assert record.charged_s == length_s
            assert_cut_off(record, caller)
            due_ms = caller.talk_began_ms + (length_s - 10) * 1000
            assert_warned(caller, "warning_caller-s10", due_ms)
    ended = [*records[2::4], *records[3::4]]
    assert [record.charged_s for record in ended] == ends_s
    assert [record.disposition for record in ended] == [
        *[Disposition.CALLER_HUNG_UP] * 5, *[Disposition.AGENT_HUNG_UP] * 5
    ]  # fmt: skip


async def agents_of(s: Scene) -> dict[str, str]:
    """Who talks with whom: callers' numbers and their agents' names."""
    calls = [call_of(snapshot) for snapshot in await s.house.store.live_calls()]
    return {str(call.caller.e164): call.agent.name for call in calls if call.agent is not None}


async def hang_up_at_half_past(call: Leg, leg: Leg) -> int:
    """End `leg` half a second after a whole second of the conversation; gives that second."""
    assert call.answered_at_ms is not None
    talked_s = int((time.time_ns() / 1e6 - call.answered_at_ms) / 1000) + 1
    await talked(call, talked_s + 0.5)
    await leg.hang_up()
    return talked_s
