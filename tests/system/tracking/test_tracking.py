"""Calls to numbers of sales channels on a real Asterisk: the dealer is reached, and told which."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from engine.core.diversion.route import Target
from engine.core.numbers.source import Source
from engine.core.tracked import Outcome, TrackedCall
from engine.ports.numbers import Commit
from engine.ports.tracked import ReportFilter
from tests.rig.ear import Ear
from tests.rig.sip.agents import Agent
from tests.rig.sip.legs import Leg
from tests.system.stage.exchange import (
    SOURCE,
    Exchange,
    Programme,
    both_talk,
    had_by,
    rings_on,
)
from tests.tracking.cases import number, span, tracking

KEPT_WITHIN_S = 20.0
programme = Programme()
scene = programme.scene


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator["dict[str, asyncio.Task[None]]"]:
    """Every scene, under way."""
    async with programme.played(tmp_path_factory.mktemp("channels"), request) as tasks:
        yield tasks


@dataclass
class Channel:
    """A sales channel with a number, its dealers' phones, and a caller."""

    x: Exchange
    n: int

    @property
    def number(self) -> str:
        return f"+49302312{5100 + self.n}"

    @property
    def caller(self) -> str:
        """A caller of the scene's own."""
        return f"+4915228817{300 + self.n}"

    def dealer(self, nth: int = 0) -> Agent:
        """A dealer's phone."""
        return self.x.world.agent(f"+49302312{5300 + 100 * nth + self.n}")

    async def opened(self, *targets: Target, **changes: Any) -> "Channel":
        """The number is acme's, published in the source; it leads to these targets, if any."""
        await self.x.give(number(self.number))
        source = Source(
            source_id=f"s{self.n}", organisation="acme", e164=self.number, name=SOURCE, version=1
        )
        commit = Commit(author="owner", at_ms=0, sources=(source,))
        await self.x.patiently(lambda: self.x.numbers.commit(commit))
        if targets:
            terms = tracking(*targets, **changes)
            await self.x.patiently(
                lambda: self.x.routing.track("acme", self.number, terms, 0, "owner")
            )
        return self

    def target(self, nth: int = 0, *spans: Any) -> Target:
        return Target(e164=self.dealer(nth).name, spans=spans)

    async def call(self, **identity: Any) -> Leg:
        """Somebody calls; his network vouches for his number."""
        given = {"pai": self.caller, "from_user": self.caller} | identity
        return await self.x.world.call(self.number, **given)

    async def told(self, calls: int = 1) -> list[TrackedCall]:
        """What was told of the channel's calls, newest first, once there are so many."""
        today = datetime.now(UTC).date()
        wanted = ReportFilter(
            organisation="acme",
            first=today - timedelta(days=1),
            after=today + timedelta(days=2),
            number=self.number,
        )
        deadline_s = time.monotonic() + KEPT_WITHIN_S
        while True:
            found = await self.x.tracked.rows(wanted)
            if len(found) >= calls or time.monotonic() > deadline_s:
                assert len(found) == calls
                return [one.call for one in found]
            await asyncio.sleep(0.1)


def named_in(leg: Leg, x: Exchange) -> bool:
    """Whether the source is named in what a dealer heard."""
    words = x.plan.sounds / "de" / "custom" / f"whisper_source-{SOURCE}.wav"
    return bool(Ear(leg.recording).find(words))


@scene
async def test_the_dealer_is_told_the_source_and_talks_to_the_caller(x: Exchange) -> None:
    channel = Channel(x, 1)
    await channel.opened(channel.target(), whisper=True)
    channel.dealer().answers(after_s=0.5)
    caller = await channel.call()
    dealer = await channel.dealer().called()
    assert channel.caller in dealer.invite.header("From")
    await dealer.answered()
    answered_ms = await caller.answered()
    assert dealer.answered_at_ms is not None
    assert answered_ms - dealer.answered_at_ms > 1_000
    await both_talk(caller, dealer)
    assert await asyncio.to_thread(named_in, dealer, x)
    assert not await asyncio.to_thread(named_in, caller, x)
    (told,) = await channel.told()
    assert (told.outcome, told.source, told.target) == (Outcome.ANSWERED, SOURCE, 0)
    assert 1_000 < told.talk_ms < 10_000


@scene
async def test_a_withheld_number_is_shown_to_no_dealer(x: Exchange) -> None:
    channel = Channel(x, 2)
    await channel.opened(channel.target())
    channel.dealer().answers()
    caller = await channel.call(from_user=None, privacy="id")
    dealer = await channel.dealer().called()
    await both_talk(caller, dealer, 1)
    assert channel.number in dealer.invite.header("From")
    national = channel.caller.removeprefix("+49")
    assert not [m.text for m in dealer.messages if national in re.sub(r"[^0-9]", "", m.text)]


@scene
async def test_the_caller_hangs_up_in_the_whisper(x: Exchange) -> None:
    channel = Channel(x, 3)
    await channel.opened(channel.target(), whisper=True)
    channel.dealer().answers()
    caller = await channel.call()
    dealer = await channel.dealer().called()
    await dealer.answered()
    await asyncio.sleep(0.5)
    await caller.hang_up()
    assert (await dealer.ended()).by == "engine"
    assert (await caller.ended()).sip_code == 487
    (told,) = await channel.told()
    assert (told.outcome, told.answered_ms) == (Outcome.ABANDONED, None)


@scene
async def test_a_busy_dealer(x: Exchange) -> None:
    channel = Channel(x, 4)
    await channel.opened(channel.target())
    channel.dealer().busy()
    ended = await (await channel.call()).ended()
    assert (ended.by, ended.sip_code) == ("engine", 486)
    (told,) = await channel.told()
    assert (told.outcome, told.target) == (Outcome.BUSY, 0)


@scene
async def test_the_next_dealer_is_called_who_is_on_duty(x: Exchange) -> None:
    """The first is at work on other days, the second lets it ring, the third answers."""
    channel = Channel(x, 5)
    today = datetime.now(ZoneInfo("Europe/Berlin")).weekday()
    away = [span((today + day) % 7, 0, 24) for day in (2, 3, 4, 5)]
    targets = (channel.target(0, *away), channel.target(1), channel.target(2))
    await channel.opened(*targets, ring_timeout_s=5)
    channel.dealer(1).rings_on()
    channel.dealer(2).answers()
    caller = await channel.call()
    await (await channel.dealer(1).called()).ended()
    dealer = await channel.dealer(2).called()
    await both_talk(caller, dealer, 1)
    assert channel.dealer(0).legs == []
    (told,) = await channel.told()
    assert (told.outcome, told.target) == (Outcome.ANSWERED, 2)
    assert told.ring_ms > 4_000


@scene
async def test_without_a_route_it_rings_unanswered(x: Exchange) -> None:
    channel = await Channel(x, 6).opened()
    await rings_on(await channel.call())
    (told,) = await channel.told()
    assert (told.outcome, told.target) == (Outcome.FAILED, None)


@scene
async def test_its_engine_dies_and_they_talk_on(x: Exchange) -> None:
    """Another engine takes over; the call is told once, with its whole length."""
    channel = Channel(x, 7)
    await channel.opened(channel.target())
    channel.dealer().answers()

    async def joined() -> Leg:
        leg = await channel.call()
        await leg.answered()
        await asyncio.sleep(1)
        return leg

    async with x.other_engine() as run:
        caller, tries = await had_by(run, joined)
        dealer = channel.dealer().legs[-1]
    await asyncio.sleep(4)
    await both_talk(caller, dealer, 2)
    told = await channel.told(tries)
    assert told[0].outcome is Outcome.ANSWERED
    assert told[0].talk_ms > 6_000
