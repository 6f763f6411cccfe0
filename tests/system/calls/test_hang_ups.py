"""The caller hangs up, in every phase of the call: nobody is left over, the bill is right."""

import asyncio

import pytest

from engine.core.cdr import Disposition
from tests.rig.sip.legs import Leg
from tests.system.stage.lines import line
from tests.system.stage.scenes import Scene, scene

PHASES = ("announcing", "ringing", "briefing", "talking", "closing", "free hold")
CHARGES = {"talking": range(10_000, 60_000), "closing": (70_000,), "free hold": (70_000,)}
ENDS = {
    "talking": Disposition.CALLER_HUNG_UP,
    "closing": Disposition.MONEY_ENDED,
    "free hold": Disposition.MONEY_ENDED,
}


@pytest.mark.parametrize("phase", PHASES)
@scene(lambda phase: line(free_hold_s=60 if phase == "free hold" else 0))
async def test_the_caller_hangs_up(s: Scene, phase: str) -> None:
    await s.credit(70_000)
    if phase == "ringing":
        s.agent.rings_on()
    call = await s.call()
    await REACH[phase](s, call)
    await call.hang_up()
    await call.ended()
    record = await s.record()
    assert record.disposition is ENDS.get(phase, Disposition.ABANDONED)
    assert record.charge_micros in CHARGES.get(phase, (0,))
    assert await s.balance() == 70_000 - record.charge_micros
    for leg in s.agent.legs:
        await leg.ended(10)


async def _announcing(s: Scene, call: Leg) -> None:
    await call.progressed()
    await asyncio.sleep(3)
    assert s.agent.legs == []


async def _ringing(s: Scene, call: Leg) -> None:
    await s.agent.called()
    await asyncio.sleep(1)


async def _briefing(s: Scene, call: Leg) -> None:
    leg = await s.agent.called()
    await leg.answered()
    await asyncio.sleep(1)
    assert call.answered_at_ms is None


async def _talking(s: Scene, call: Leg) -> None:
    await call.answered()
    await asyncio.sleep(3)


async def _closing(s: Scene, call: Leg) -> None:
    await call.answered()
    await asyncio.sleep(7)


async def _free_hold(s: Scene, call: Leg) -> None:
    await call.answered()
    await asyncio.sleep(6 + 3.6 + 10 + 2)
    assert not call.is_over


REACH = {
    "announcing": _announcing,
    "ringing": _ringing,
    "briefing": _briefing,
    "talking": _talking,
    "closing": _closing,
    "free hold": _free_hold,
}
