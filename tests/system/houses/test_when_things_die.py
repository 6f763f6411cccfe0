"""Engines, stores and databases that die while people talk: nobody who can pay is cut off,
nothing is lost, nothing charged twice.

Each has a house of its own; the last tests of all, so that no scene is played beside them.
"""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.core.cdr import CallRecord, Disposition
from engine.errors import RemoteError
from tests.ports.ledger.books import answered_call
from tests.rig.engine_main import bound_disk
from tests.rig.postgres import running_postgres
from tests.rig.sip.legs import Leg
from tests.system.houses.parties import WARNED, all_talk, records_of, talked
from tests.system.stage.alone import alone, in_its_own_house
from tests.system.stage.lines import line
from tests.system.stage.measures import assert_cut_off, assert_warned
from tests.system.stage.scenes import Scene

TWENTY_SECONDS = 220_000
FORTY_SECONDS = 440_000
FILLINGS_MOST = 200


# --- the engine ------------------------------------------------------------------------------


@in_its_own_house
async def test_no_engine_comes_back(folder: Path) -> None:
    """Asterisk itself ends the conversation within a second of the granted time; the engine that
    comes at last bills it."""
    async with alone(folder, line(), agents=3) as s:
        parties = await all_talk(s, [TWENTY_SECONDS] * 3)
        s.house.engines["e1"].kill()
        for party in parties:
            await party.call.ended(90)
        await s.house.start_engine("e2")
        for record, party in zip(await records_of(s, parties), parties, strict=True):
            caller = await party.heard(s, record)
            assert 20_000 <= caller.talk_ms <= 21_000
            assert record.charge_micros == TWENTY_SECONDS


# --- the store -------------------------------------------------------------------------------


async def fault_is_heard(s: Scene) -> None:
    """A new call hears that there is a fault, and is not charged."""
    newcomer = s.cast.mobile
    call = await s.call(pai=newcomer, from_user=newcomer)
    await call.ended()
    assert call.answered_at_ms is None
    await s.caller_heard(call, None, "fault")


@in_its_own_house
async def test_the_store_is_restarted_in_mid_call(folder: Path) -> None:
    async with alone(folder, WARNED) as s:
        await s.credit(TWENTY_SECONDS)
        call, leg = await s.talk()
        await talked(call, 3)
        await s.house.store_process.stop()
        await talked(call, 6)
        await s.house.store_process.start()
        await call.ended(60)
        record = await s.record()
        assert record.charge_micros == TWENTY_SECONDS
        caller = await s.heard(call, leg, None, is_agent=False, also=["warning_caller-s10"])
        assert_cut_off(record, caller)
        assert_warned(caller, "warning_caller-s10", caller.talk_began_ms + 10_000)
        assert len(caller.talk) == 1


@in_its_own_house
async def test_a_store_that_is_away_cuts_nobody_and_lets_nobody_in(folder: Path) -> None:
    """Thirty seconds without it; the money ends after it has come back."""
    async with alone(folder, WARNED) as s:
        await s.credit(FORTY_SECONDS)
        await s.house.account(s.cast.mobile)
        call, leg = await s.talk()
        await talked(call, 3)
        await s.house.store_process.stop()
        await fault_is_heard(s)
        await talked(call, 33)
        await s.house.store_process.start()
        await call.ended(60)
        record = next(r for r in await s.records(2) if r.e164 == s.caller)
        assert record.charge_micros == FORTY_SECONDS
        caller = await s.heard(call, leg, None, is_agent=False, also=["warning_caller-s10"])
        assert_cut_off(record, caller)
        assert_warned(caller, "warning_caller-s10", caller.talk_began_ms + 30_000)


# --- the database ----------------------------------------------------------------------------


@in_its_own_house
async def test_postgresql_is_stopped_in_mid_call(folder: Path) -> None:
    """The money ends while it is away; the call is booked when it is back."""
    with running_postgres() as postgres:
        async with alone(folder, WARNED, database_url=postgres.url("postgres")) as s:
            await s.credit(TWENTY_SECONDS)
            call, leg = await s.talk()
            await talked(call, 3)
            postgres.stop(at_once=True)
            await fault_is_heard(s)
            await call.ended(60)
            postgres.start()
            await ends_as_if_nothing_had_been(s, call, leg, await of_caller(s))


@in_its_own_house
async def test_sqlite_is_locked_in_mid_call(folder: Path) -> None:
    """Another process keeps the file to itself."""
    async with alone(folder, WARNED) as s:
        await s.credit(TWENTY_SECONDS)
        call, leg = await s.talk()
        await talked(call, 3)
        with locked(s.house.folder / "ledger.sqlite3"):
            await fault_is_heard(s)
            await call.ended(60)
        await ends_as_if_nothing_had_been(s, call, leg, await of_caller(s))


@in_its_own_house
async def test_sqlite_is_full_in_mid_call(folder: Path) -> None:
    """No page more fits in; the pages that are there are filled up before."""
    full = folder / "full"
    bound_disk(full)
    async with alone(folder, WARNED) as s:
        await s.credit(TWENTY_SECONDS)
        filler = await s.house.ledger.open_account("acme", "filler", s.cast.foreign, "EUR")
        call, leg = await s.talk()
        await talked(call, 3)
        full.touch()
        with pytest.raises(RemoteError, match="full"):
            await fill(s, filler.account_id)
        await call.ended(60)
        await asyncio.sleep(1)
        assert not any(r.e164 == s.caller for r in await s.house.ledger.calls(None, 0, 2**53))
        full.unlink()
        await ends_as_if_nothing_had_been(s, call, leg, await s.record())


async def fill(s: Scene, account_id: str) -> None:
    """Book calls of somebody else until no further one fits in."""
    for number in range(FILLINGS_MOST):
        await s.house.ledger.settle(answered_call(f"f{number}", account_id))


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Nobody else may write to the database."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


async def of_caller(s: Scene) -> CallRecord:
    """The record of the caller who talked, beside that of one who was turned away for nothing."""
    records = await s.records(2)
    turned_away = next(r for r in records if r.e164 == s.cast.mobile)
    assert turned_away.disposition is Disposition.FAULT
    assert turned_away.charge_micros == 0
    return next(r for r in records if r.e164 == s.caller)


async def ends_as_if_nothing_had_been(s: Scene, call: Leg, leg: Leg, record: CallRecord) -> None:
    """Warned, cut off and billed as ever."""
    assert record.charge_micros == TWENTY_SECONDS
    assert await s.balance() == 0
    caller = await s.heard(call, leg, None, is_agent=False, also=["warning_caller-s10"])
    assert_cut_off(record, caller)
    assert_warned(caller, "warning_caller-s10", caller.talk_began_ms + 10_000)
    assert len(caller.talk) == 1
