"""Real calls whose books are in PostgreSQL: nothing that was written there gives a caller away."""

import asyncio
from pathlib import Path

import pytest

from engine.core.diversion.record import Outcome
from tests.rig.postgres import running_postgres
from tests.system.forwarding.line import Line
from tests.system.stage.exchange import Exchange, both_talk, exchange, rings_on
from tests.system.stage.searching import assert_nobody_is_found, logged
from tests.system.tracking.channel import Channel

BOOKS = "house"
CANADIAN = "+14165550177"


async def _put_through(x: Exchange) -> None:
    """One who shows his number, and one who withholds it."""
    line = await Line(x, 1).opened(0)
    line.target().answers()
    for identity in ({}, {"from_user": None, "privacy": "id"}):
        caller = await line.call(**identity)
        await both_talk(caller, await line.target().called(), 1)
    shown = {call.caller for call in await line.kept(2)}
    assert shown == {f"{line.us[:-3]}xxx", None}


async def _kept_out(x: Exchange) -> None:
    line = await Line(x, 2).opened(0)
    await rings_on(await line.call(CANADIAN))
    assert await line.outcome() is Outcome.NOT_LET_THROUGH


async def _tracked(x: Exchange) -> None:
    """One talks with the dealer, one misses him."""
    channel = Channel(x, 1)
    await channel.opened(channel.target())
    dealer = channel.dealer()
    dealer.answers()
    caller = await channel.call()
    await both_talk(caller, await dealer.called(), 1)
    dealer.busy()
    missed = await channel.call()
    await missed.ended()
    await channel.told(2)


@pytest.mark.timeout(180)
async def test_nothing_in_postgresql_gives_a_caller_away(tmp_path: Path) -> None:
    with running_postgres() as server, logged(tmp_path):
        server.psql("postgres", f"CREATE DATABASE {BOOKS}")
        async with exchange(tmp_path, database_url=server.url(BOOKS)) as x:
            await asyncio.gather(_put_through(x), _kept_out(x), _tracked(x))
            await assert_nobody_is_found(x.house, x.callers, lambda: server.dump(BOOKS))
