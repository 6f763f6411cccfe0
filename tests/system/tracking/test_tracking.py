"""Calls to numbers of sales channels on a real Asterisk: the dealer is reached, and told which."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from engine.core.tracked import Outcome
from tests.system.stage.exchange import (
    SOURCE,
    Exchange,
    Programme,
    both_talk,
    rings_on,
)
from tests.system.stage.searching import assert_nobody_is_found
from tests.system.tracking.channel import Channel, named_in
from tests.tracking.cases import span

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


@programme.last
async def test_nothing_that_was_written_gives_a_caller_away(x: Exchange) -> None:
    """After all calls of the module."""
    await assert_nobody_is_found(x.house, x.callers)
