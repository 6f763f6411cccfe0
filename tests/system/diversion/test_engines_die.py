"""An engine is killed in the midst of calls that it sent on; another one, alive, takes them over.

It has one in every state that is more than a moment. What happens before the other one knows that
it is dead (somebody hangs up) no engine sees. Each call is kept once, as what it was.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.core.diversion.record import Outcome
from engine.core.tracked import Outcome as Told
from engine.core.tracked import total
from engine.diversion.call import State
from engine.flows.machines import call_of
from engine.ports.tracked import Bucket, ReportFilter
from tests.rig.sip.legs import Leg
from tests.system.forwarding.line import Line
from tests.system.stage.exchange import Exchange, both_talk, rings_on, without_engine
from tests.system.tracking.channel import Channel, named_in

TALKED_S = 1.0
SOON_S = 30
RING_S = 60
LOOK_S = 0.05
CANADIAN = "+14165550199"


class Night:
    """What all stories wait for, and who kills the engine.

    `settled` is passed when every call is there that the engine is to have, `ready` when each is
    where it is to be as the engine is killed: another one is there then (`joined`). `dead` is set
    when it is killed, `taken` when the other one has its calls.
    """

    def __init__(self, stories: int) -> None:
        self.settled, self.ready = asyncio.Barrier(stories + 1), asyncio.Barrier(stories + 1)
        self.joined, self.dead, self.taken = (asyncio.Event() for _ in range(3))

    async def is_joined(self) -> None:
        """Have the calls of all stories, and the other engine, there."""
        await self.settled.wait()
        await self.joined.wait()

    async def falls(self) -> None:
        """Let the engine be killed now, and wait until it is."""
        await self.ready.wait()
        await self.dead.wait()


async def _is_at(x: Exchange, number: str, *states: State) -> None:
    """Wait until the record of the number's call says so."""
    async with asyncio.timeout(SOON_S):
        while True:
            calls = [call_of(snapshot) for snapshot in await x.house.store.live_calls()]
            if any(call.number == number and call.state in states for call in calls):
                return
            await asyncio.sleep(LOOK_S)


def _talked_ms(leg: Leg) -> float:
    """Since when the caller has been joined."""
    assert leg.answered_at_ms is not None
    return time.time() * 1000 - leg.answered_at_ms


# --- what becomes of them ---------------------------------------------------------------------


async def they_talk_on(x: Exchange, night: Night) -> None:
    line = await Line(x, 1).opened(0)
    line.target().answers()
    caller = await line.call()
    target = await line.target().called()
    await caller.answered()
    await _is_at(x, line.number, State.TALKING)
    await night.is_joined()
    await night.falls()
    await night.taken.wait()
    talked_ms = _talked_ms(caller) + TALKED_S * 1000
    await both_talk(caller, target, TALKED_S)
    (call,) = await line.kept()
    assert (call.outcome, call.target) == (Outcome.ANSWERED, line.target().name)
    assert abs(call.talk_ms - talked_ms) < 1_000
    assert len(line.target().legs) == 1


async def the_caller_hangs_up_meanwhile(x: Exchange, night: Night) -> None:
    """The conversation is as long as it was, not as long as nobody knew of its end."""
    line = await Line(x, 2).opened(0)
    line.target().answers()
    caller = await line.call()
    target = await line.target().called()
    await caller.answered()
    await _is_at(x, line.number, State.TALKING)
    await night.is_joined()
    await night.falls()
    talked_ms = _talked_ms(caller)
    await caller.hang_up()
    await target.ended()
    (call,) = await line.kept()
    assert call.outcome is Outcome.ANSWERED
    assert abs(call.talk_ms - talked_ms) < 1_000


async def it_rings_on(x: Exchange, night: Night) -> None:
    line = await Line(x, 3).opened(0)
    caller = await line.call(CANADIAN)
    await _is_at(x, line.number, State.RINGING_ON)
    await night.is_joined()
    await night.falls()
    await night.taken.wait()
    await rings_on(caller)
    (call,) = await line.kept()
    assert call.outcome is Outcome.NOT_LET_THROUGH
    assert line.is_untouched()


async def the_target_rings(x: Exchange, night: Night) -> None:
    """It is called again, and the call is still the one that it was."""
    line = await Line(x, 4).opened(0, ring_timeout_s=RING_S)
    line.target().rings_on()
    caller = await line.call()
    await line.target().called()
    await _is_at(x, line.number, State.CALLING)
    await night.is_joined()
    await night.falls()
    await line.target().called()
    await caller.hang_up()
    await caller.ended()
    (call,) = await line.kept()
    assert (call.outcome, call.joined_ms) == (Outcome.ABANDONED, None)


async def caller_and_dealer_talk_on(x: Exchange, night: Night) -> None:
    channel = Channel(x, 1)
    await channel.opened(channel.target())
    channel.dealer().answers()
    caller = await channel.call()
    dealer = await channel.dealer().called()
    await caller.answered()
    await _is_at(x, channel.number, State.TALKING)
    await night.is_joined()
    await night.falls()
    await night.taken.wait()
    talked_ms = _talked_ms(caller) + TALKED_S * 1000
    await both_talk(caller, dealer, TALKED_S)
    await _is_told_once(channel, Told.ANSWERED, talked_ms)


async def the_dealer_hangs_up_meanwhile(x: Exchange, night: Night) -> None:
    channel = Channel(x, 2)
    await channel.opened(channel.target())
    channel.dealer().answers()
    caller = await channel.call()
    dealer = await channel.dealer().called()
    await caller.answered()
    await _is_at(x, channel.number, State.TALKING)
    await night.is_joined()
    await night.falls()
    talked_ms = _talked_ms(caller)
    await dealer.hang_up()
    await caller.ended()
    await _is_told_once(channel, Told.ANSWERED, talked_ms)


async def the_dealer_is_told_the_source(x: Exchange, night: Night) -> None:
    """He hears it whole before he is joined; the caller hears nothing of it."""
    channel, caller, dealer = await _briefed(x, 3, night)
    await caller.answered()
    talked_ms = _talked_ms(caller) + TALKED_S * 1000
    await both_talk(caller, dealer, TALKED_S)
    assert await asyncio.to_thread(named_in, dealer, x)
    assert not await asyncio.to_thread(named_in, caller, x)
    await _is_told_once(channel, Told.ANSWERED, talked_ms)
    assert len(channel.dealer().legs) == 1


async def the_caller_gives_up_in_the_whisper(x: Exchange, night: Night) -> None:
    channel, caller, dealer = await _briefed(x, 4, night)
    await caller.hang_up()
    await dealer.ended()
    await _is_told_once(channel, Told.ABANDONED, 0)


async def _briefed(x: Exchange, n: int, night: Night) -> tuple[Channel, Leg, Leg]:
    """A call whose dealer is being told its source as the engine falls."""
    channel = Channel(x, n)
    await channel.opened(channel.target(), whisper=True, ring_timeout_s=RING_S)
    channel.dealer().rings_on()
    caller = await channel.call()
    dealer = await channel.dealer().called()
    await night.is_joined()
    await dealer.answer()
    await _is_at(x, channel.number, State.BRIEFING)
    await night.falls()
    return channel, caller, dealer


async def _is_told_once(channel: Channel, outcome: Told, talked_ms: float) -> None:
    """In the list of calls, and in the sums that reports are made of."""
    (told,) = await channel.told()
    assert told.outcome is outcome
    assert abs(told.talk_ms - talked_ms) < 1_000
    today = datetime.now(UTC).date()
    wanted = ReportFilter(
        organisation="acme",
        first=today - timedelta(days=1),
        after=today + timedelta(days=2),
        bucket=Bucket.WHOLE,
        number=channel.number,
    )
    counts = total([line.counts for line in await channel.x.tracked.report(wanted)])
    assert (counts.calls, counts.answered) == (1, outcome is Told.ANSWERED)


Story = Callable[[Exchange, Night], Awaitable[None]]
STORIES: tuple[Story, ...] = (
    they_talk_on,
    the_caller_hangs_up_meanwhile,
    it_rings_on,
    the_target_rings,
    caller_and_dealer_talk_on,
    the_dealer_hangs_up_meanwhile,
    the_dealer_is_told_the_source,
    the_caller_gives_up_in_the_whisper,
)


@pytest.mark.timeout(180)
async def test_an_engine_is_killed_and_another_takes_its_calls(tmp_path: Path) -> None:
    async with without_engine(tmp_path) as x:
        killed = await x.start_engine("e1")
        night = Night(len(STORIES))
        async with asyncio.TaskGroup() as stories:
            for story in STORIES:
                stories.create_task(story(x, night))
            await night.settled.wait()
            await x.start_engine("e2")
            night.joined.set()
            await night.ready.wait()
            killed.kill()
            await killed.process.wait()
            night.dead.set()
            await _all_taken_by(x, "e2")
            night.taken.set()
        assert await x.live() == 0


async def _all_taken_by(x: Exchange, engine: str) -> None:
    async with asyncio.timeout(SOON_S):
        while {one.engine for one in await x.house.store.live_calls()} != {engine}:  # noqa: ASYNC110 - an engine writes it
            await asyncio.sleep(LOOK_S)
