"""Replays from pages: reckoned in the background, one at a time, cancelled, never lost for ever."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import pytest

from engine.core.cdr import CallRecord
from engine.core.inventory import Inventory
from engine.errors import ConflictError, RemoteError
from engine.flows.clock import SystemClock
from engine.flows.papers.month import HOME_TIMEZONE, month_of
from engine.flows.replay import runs as room
from engine.flows.replay.runs import AT_ONCE_MOST, LOST_AFTER_MS, Runs, Wish, result_of
from engine.ports.replays import Run, RunState
from tests.fakes.ledger import MemoryLedger
from tests.flows.replay.memory import MemoryReplays
from tests.flows.replay.test_replay import NOW
from tests.flows.world import inventory
from tests.ports.ledger.books import refused_call

MONTH = month_of("2026-05", HOME_TIMEZONE)


class GatedLedger(MemoryLedger):
    """Two calls, a page each; the second is given once `gate` is open, or refused if `down`."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.down = False

    async def call_pages(
        self, from_ms: int, to_ms: int, organisation: str | None = None
    ) -> AsyncIterator[Sequence[CallRecord]]:
        call = replace(refused_call("c1"), trunk="carrier", ended_ms=from_ms + 1)
        yield [call]
        await self.gate.wait()
        if self.down:
            raise RemoteError("the database does not answer")
        yield [replace(call, call_id="c2", ended_ms=from_ms + 2)]


@pytest.fixture(autouse=True)
def noted_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "NOTE_EVERY_MS", 5)


@pytest.fixture
async def ledger() -> GatedLedger:
    return GatedLedger()


@pytest.fixture
async def replays() -> MemoryReplays:
    return MemoryReplays()


@pytest.fixture
async def runs(ledger: GatedLedger, replays: MemoryReplays) -> AsyncIterator[Runs]:
    opened = Runs(replays, ledger, SystemClock())
    yield opened
    await opened.close()


def wish(organisation: str | None = "acme", of: Inventory | None = None) -> Wish:
    return Wish(
        organisation=organisation,
        author="ada",
        inventory=of or inventory(NOW),
        version=3,
        drafted=True,
        days=MONTH,
    )


async def once(runs: Runs, run: Run, is_so: Callable[[Run], bool]) -> Run:
    """The run as soon as something is true of it."""
    async with asyncio.timeout(10):
        while True:
            found = await runs.run(run.run_id)
            assert found is not None
            if is_so(found):
                return found
            await asyncio.sleep(0)


async def over(runs: Runs, run: Run) -> Run:
    """The run once it does not run any more."""
    return await once(runs, run, lambda now: now.state is not RunState.RUNNING)


async def test_what_came_out_is_kept_and_read_again(runs: Runs, ledger: GatedLedger) -> None:
    ledger.gate.set()
    done = await over(runs, await runs.begin(wish()))
    assert (done.state, done.calls, done.reached_ms) == (RunState.DONE, 2, MONTH.to_ms)
    found = result_of(done)
    assert found is not None
    assert (found.calls, found.services[0].service) == (2, "beratung")


async def test_it_tells_how_far_it_is(runs: Runs, ledger: GatedLedger) -> None:
    now = await once(runs, await runs.begin(wish()), lambda run: run.calls > 0)
    assert (now.state, now.reached_ms) == (RunState.RUNNING, MONTH.from_ms + 1)
    assert result_of(now) is None


async def test_one_at_a_time_of_each_organisation(runs: Runs) -> None:
    await runs.begin(wish())
    with pytest.raises(ConflictError):
        await runs.begin(wish())
    for n in range(AT_ONCE_MOST - 1):
        await runs.begin(wish(f"other{n}"))
    with pytest.raises(ConflictError):
        await runs.begin(wish("one too many"))


async def test_it_is_cancelled_by_any_engine(
    runs: Runs, ledger: GatedLedger, replays: MemoryReplays
) -> None:
    run = await runs.begin(wish())
    assert await Runs(replays, ledger, SystemClock()).cancel(run.run_id)
    assert (await over(runs, run)).state is RunState.CANCELLED
    assert not await runs.cancel(run.run_id)
    ledger.gate.set()
    again = await over(runs, await runs.begin(wish()))
    assert again.state is RunState.DONE


async def test_it_fails_with_the_books_or_its_engine(runs: Runs, ledger: GatedLedger) -> None:
    ledger.down = True
    ledger.gate.set()
    assert (await over(runs, await runs.begin(wish()))).state is RunState.FAILED
    ledger.gate.clear()
    run = await runs.begin(wish())
    await asyncio.sleep(0)
    await runs.close()
    assert (await over(runs, run)).state is RunState.FAILED


async def test_one_whose_engine_died_is_shown_as_failed(runs: Runs, replays: MemoryReplays) -> None:
    run = await runs.begin(wish())
    await runs.cancel(run.run_id)
    long_ago = replace(run, run_id="old", seen_ms=run.seen_ms - LOST_AFTER_MS - 1_000)
    await replays.begin(long_ago, 0)
    found = await runs.run("old")
    assert found is not None
    assert found.state is RunState.FAILED
    states = [one.state for one in await runs.runs("acme")]
    assert sorted(states) == [RunState.CANCELLED, RunState.FAILED]


async def test_an_organisation_sees_nothing_of_anothers_services(
    runs: Runs, ledger: GatedLedger
) -> None:
    ledger.gate.set()
    theirs = inventory(replace(NOW, organisation="bolt"))
    found = result_of(await over(runs, await runs.begin(wish(of=theirs))))
    assert found is not None
    assert {total.service for total in found.services if total.after.calls} == {None}
    whole = result_of(await over(runs, await runs.begin(wish(None, of=theirs))))
    assert whole is not None
    assert {total.service for total in whole.services if total.after.calls} == {"beratung"}
