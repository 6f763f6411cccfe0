"""Engines are killed in the midst of verification calls: each verification ends once, in one way.

Two engines have a call in every state that one can be in, and are killed at once. One is started
again; it goes on with the calls it had, and takes over those of the other. What happens meanwhile
(somebody answers, somebody hangs up) no engine sees.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from engine.core.verification import Mode, Status, Verification, call_id_of
from engine.flows.machines import call_of
from engine.ledger.verifications.sql import SqlVerifications
from engine.verification.call import State
from tests.rig.house import EngineProcess, RealHouse
from tests.rig.sip.agents import Agent
from tests.rig.sip.legs import Leg
from tests.system.verification.merchants import Server, merchants_server
from tests.system.verification.scenes import NUMBERS, code_in, digits_in, heard, is_part, stock
from tests.verification.cases import FIFTEEN_CENTS

SOON_S = 30
LOOK_S = 0.1
PRESS_EVERY_S = 4.0
SOME_DIGITS_S = 3.5
RING_TIMEOUT_S = 120

NETWORK = (Status.FAILED, "network")
VERIFIED = (Status.VERIFIED, "")


class Night:
    """What all stories wait for, and who kills the engines.

    `settled` is passed when every call is where it is to be killed, but for those that are in a
    state for a moment alone; `ready` when all are, `over` when all is done that happens meanwhile.
    `fallen` is set when no engine lives, `gone` when one does again.
    """

    def __init__(self, stories: int) -> None:
        self.settled = asyncio.Barrier(stories)
        self.ready, self.over = asyncio.Barrier(stories + 1), asyncio.Barrier(stories + 1)
        self.fallen, self.gone = asyncio.Event(), asyncio.Event()


@dataclass
class Story:
    """One person's call from the wish to the end."""

    night: Night
    house: RealHouse
    server: Server
    number: str
    phone: Agent
    engine: EngineProcess
    verification_id: str = ""
    leg: Leg = field(init=False)

    async def called(self, mode: Mode) -> None:
        """The phone rings."""
        self.verification_id = await self.server.begin(self.engine, self.number, mode)
        self.leg = await self.phone.called()

    async def is_at(self, *states: State) -> None:
        """Wait until the call's record says so."""
        async with asyncio.timeout(SOON_S):
            while await self._state() not in states:  # noqa: ASYNC110 - an engine writes it
                await asyncio.sleep(LOOK_S)

    async def _state(self) -> State | None:
        call_id = call_id_of(self.verification_id, 1)
        for snapshot in await self.house.store.live_calls():
            if snapshot.call_id == call_id:
                return State(call_of(snapshot).state)
        return None

    async def dies(self, *, settled: bool = True) -> None:
        """Let everything be killed now, and wait until it is."""
        if settled:
            await self.night.settled.wait()
        await self.night.ready.wait()
        await self.night.fallen.wait()

    async def lives(self) -> None:
        """Wait until an engine is there again."""
        await self.night.over.wait()
        await self.night.gone.wait()
        self.engine = self.house.engines["e1"]

    async def presses(self, keys: str) -> None:
        """Press keys now and then, until the call is over."""
        while not self.leg.is_over:
            await self.leg.dtmf(keys)
            await asyncio.sleep(PRESS_EVERY_S)

    async def known(self) -> Verification:
        """How the verification stands in the books."""
        kept = await SqlVerifications(self.house.ledger).verification(self.verification_id)
        assert kept is not None
        return kept


# --- the states in which a call can be --------------------------------------------------------


async def it_rings_on(s: Story) -> tuple[Status, str]:
    s.phone.rings_on()
    await s.called(Mode.SPEAK)
    await s.is_at(State.RINGING)
    await s.dies()
    await s.lives()
    ended = await s.leg.ended()
    assert ended.by == "engine"
    assert ended.sip_code == 487
    return NETWORK


async def it_is_answered_meanwhile(s: Story) -> tuple[Status, str]:
    """Nobody would speak: Asterisk ends the leg at once, with no engine there."""
    s.phone.rings_on()
    await s.called(Mode.SPEAK)
    await s.is_at(State.RINGING)
    await s.dies()
    await s.leg.answer()
    assert (await s.leg.ended()).by == "engine"
    await s.lives()
    return NETWORK


async def the_key_is_pressed_afterwards(s: Story) -> tuple[Status, str]:
    """The question is asked again."""
    s.phone.answers()
    await s.called(Mode.PRESS)
    await s.is_at(State.ASKING)
    await s.dies()
    await s.lives()
    await s.presses("1")
    assert "number_verified" in await asyncio.to_thread(heard, s.leg)
    return VERIFIED


async def nobody_presses_a_key(s: Story) -> tuple[Status, str]:
    """Whoever took over asks anew, and ends the call as ever."""
    s.phone.answers()
    await s.called(Mode.PRESS)
    await s.is_at(State.ASKING)
    await s.dies()
    await s.lives()
    assert (await s.leg.ended(60)).by == "engine"
    return Status.FAILED, "machine"


async def he_hangs_up_meanwhile(s: Story) -> tuple[Status, str]:
    s.phone.answers()
    await s.called(Mode.PRESS)
    await s.is_at(State.ASKING)
    await s.dies()
    await s.leg.hang_up()
    await s.leg.ended()
    await s.lives()
    return NETWORK


async def the_code_is_being_spoken(s: Story) -> tuple[Status, str]:
    """Asterisk speaks on meanwhile; then the same code is spoken from its beginning once more, to
    the same leg."""
    s.phone.answers(press="1")
    await s.called(Mode.SPEAK)
    await s.is_at(State.SPEAKING)
    await asyncio.sleep(SOME_DIGITS_S)
    await s.dies()
    await s.lives()
    await s.leg.ended(90)
    prompts = await asyncio.to_thread(heard, s.leg)
    last = len(prompts) - 1 - prompts[::-1].index("code_is")
    before, code = prompts[:last], code_in(prompts[last:])
    assert "code_is" in before
    again = before.index("code_again") if "code_again" in before else len(before)
    assert digits_in(before[:again])
    assert is_part(digits_in(before[:again]), code)
    assert is_part(digits_in(before[again:]), code)
    path = f"verifications/{s.verification_id}/check"
    assert (await s.server.ask(s.engine, "POST", path, {"code": code}))["fits"]
    return VERIFIED


async def the_code_is_being_keyed_in(s: Story) -> tuple[Status, str]:
    """What was keyed in before is forgotten with the engine; all of it counts afterwards."""
    s.phone.answers(press="1")
    await s.called(Mode.KEYPAD)
    await s.is_at(State.ENTERING)
    await s.leg.dtmf("12")
    await s.dies()
    await s.lives()
    shown = await s.server.ask(s.engine, "GET", f"verifications/{s.verification_id}")
    await s.presses(f"*{shown['code']}")
    assert (await s.known()).tries_left == shown["tries_left"]
    return VERIFIED


async def it_is_proved_and_not_told_yet(s: Story) -> tuple[Status, str]:
    """The charge and the webhook are written with the proof; the call says goodbye afterwards."""
    s.phone.answers()
    await s.called(Mode.PRESS)
    await s.is_at(State.ASKING)
    await s.night.settled.wait()
    await s.leg.dtmf("1")
    await s.is_at(State.CLOSING)
    await s.dies(settled=False)
    await s.lives()
    assert (await s.leg.ended()).by == "engine"
    return VERIFIED


STORIES: tuple[Callable[[Story], Awaitable[tuple[Status, str]]], ...] = (
    it_rings_on,
    it_is_answered_meanwhile,
    the_key_is_pressed_afterwards,
    nobody_presses_a_key,
    he_hangs_up_meanwhile,
    the_code_is_being_spoken,
    the_code_is_being_keyed_in,
    it_is_proved_and_not_told_yet,
)


@pytest.mark.timeout(300)
@pytest.mark.asyncio(loop_scope="session")
async def test_two_engines_are_killed_and_one_comes_back(tmp_path: Path) -> None:
    organise = partial(stock, (), ring_timeout_s=RING_TIMEOUT_S)
    async with (
        RealHouse(tmp_path, (), organise=organise) as house,
        merchants_server(house) as server,
    ):
        for name in ("e1", "e2"):
            await house.start_engine(name)
        stories = await all_told(house, server)
        told = await server.told_of(len(stories))
        for story, outcome in stories:
            kept = await story.known()
            assert (kept.status, kept.reason) == outcome, story.number
            assert kept.calls == 1
            assert len(story.phone.legs) == 1
            assert story.leg.is_over
            assert kept.charge_micros == (FIFTEEN_CENTS if outcome == VERIFIED else 0)
        assert sorted((event["verification_id"], event["status"]) for event in told) == sorted(
            (story.verification_id, outcome[0].value) for story, outcome in stories
        )
        assert await house.ledger.verify() == []
        assert not await house.store.live_calls()


async def all_told(house: RealHouse, server: Server) -> list[tuple[Story, tuple[Status, str]]]:
    """Every story, once with each engine: how it should have ended."""
    count = 2 * len(STORIES)
    night = Night(count)
    stories, outcomes = [], []
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            e164 = NUMBERS.format(number)
            engine = house.engines["e1" if number % 2 else "e2"]
            story = Story(night, house, server, e164, house.world.agent(e164), engine)
            stories.append(story)
            outcomes.append(group.create_task(STORIES[number // 2](story)))
        await night.ready.wait()
        for engine in house.engines.values():
            engine.kill()
            await engine.process.wait()
        night.fallen.set()
        await night.over.wait()
        await house.start_engine("e1")
        night.gone.set()
    return [(story, done.result()) for story, done in zip(stories, outcomes, strict=True)]
