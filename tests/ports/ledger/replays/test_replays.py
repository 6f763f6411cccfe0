"""The port's suite for replays: the twin in memory, SQLite and PostgreSQL."""

import asyncio
from dataclasses import replace

import pytest

from engine.errors import ConflictError
from engine.ledger.replays.sql import SqlReplays
from engine.ledger.sql import SqlLedger
from engine.ports.replays import KEPT, Replays, Run, RunState
from tests.flows.replay.memory import MemoryReplays
from tests.ports.ledger.books import NOW_MS, Books

RUN = Run(
    run_id="r1",
    organisation="acme",
    author="ada",
    version=3,
    drafted=False,
    days="2026-10",
    from_ms=NOW_MS - 1_000_000,
    to_ms=NOW_MS - 1_000,
    begun_ms=NOW_MS,
    seen_ms=NOW_MS,
    reached_ms=NOW_MS - 1_000_000,
)


@pytest.fixture
def replays(books: Books) -> Replays:
    ledger = books.open()
    return SqlReplays(ledger) if isinstance(ledger, SqlLedger) else MemoryReplays()


async def test_a_run_from_its_beginning_to_its_end(replays: Replays) -> None:
    await replays.begin(RUN, NOW_MS - 1)
    assert await replays.run("r1") == RUN
    assert await replays.run("r2") is None
    assert await replays.note("r1", 500, NOW_MS - 2_000, NOW_MS + 5)
    further = replace(RUN, calls=500, reached_ms=NOW_MS - 2_000, seen_ms=NOW_MS + 5)
    assert await replays.run("r1") == further
    assert await replays.end("r1", RunState.DONE, '{"calls":500}')
    done = replace(further, state=RunState.DONE, result='{"calls":500}')
    assert await replays.runs("acme") == [done]
    assert not await replays.note("r1", 1, 1, NOW_MS + 9)
    assert not await replays.end("r1", RunState.CANCELLED)
    assert await replays.run("r1") == done


async def test_one_runs_at_a_time_of_each_organisation_and_of_all(replays: Replays) -> None:
    runs = [replace(RUN, run_id=f"n{n}") for n in range(5)]
    begun = await asyncio.gather(
        *(replays.begin(run, NOW_MS) for run in runs), return_exceptions=True
    )
    assert sum(answer is None for answer in begun) == 1
    assert sum(isinstance(answer, ConflictError) for answer in begun) == 4
    await replays.begin(replace(RUN, run_id="theirs", organisation="bolt"), NOW_MS)
    everybodys = replace(RUN, run_id="all", organisation=None)
    await replays.begin(everybodys, NOW_MS)
    with pytest.raises(ConflictError):
        await replays.begin(replace(everybodys, run_id="all2"), NOW_MS)
    assert await replays.runs(None) == [everybodys]


async def test_one_that_is_lost_holds_up_nobody(replays: Replays) -> None:
    await replays.begin(RUN, NOW_MS)
    second = replace(RUN, run_id="r2", begun_ms=NOW_MS + 50, seen_ms=NOW_MS + 50)
    await replays.begin(second, NOW_MS + 1)
    lost = replace(RUN, state=RunState.FAILED)
    assert await replays.runs("acme") == [second, lost]
    assert not await replays.note("r1", 1, 1, NOW_MS + 60)


async def test_so_many_are_kept(replays: Replays) -> None:
    for n in range(KEPT + 2):
        await replays.begin(replace(RUN, run_id=f"n{n:02}", begun_ms=NOW_MS + n), NOW_MS)
        await replays.end(f"n{n:02}", RunState.DONE, "{}")
    kept = await replays.runs("acme")
    assert [run.run_id for run in kept] == [f"n{n:02}" for n in range(KEPT + 1, 1, -1)]
    assert await replays.run("n01") is None
