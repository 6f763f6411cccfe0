"""Some hundred tracking calls counted again, on both databases; more by scripts/simulate."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.ledger.sql import SqlLedger
from tests.rig.postgres import running_postgres
from tests.simulation.tracking import START_MS, Truth, Verdict, drawn, fill, judge, simulate

CALLS = 600
REPORTS = {
    "whole", "hour", "weekday", "day", "month", "origins", "medians",
}  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlLedger]:
    """Empty books."""
    if request.param == "sqlite":
        opened = SqlLedger(f"sqlite:///{tmp_path / 'books.db'}", lambda: START_MS, timeout_s=60)
        await opened.migrate()
        yield opened
        await opened.close()
        return
    with running_postgres() as server:
        server.psql("postgres", "CREATE DATABASE books")
        opened = SqlLedger(server.url("books"), lambda: START_MS, timeout_s=60)
        await opened.migrate()
        yield opened
        await opened.close()


@pytest.mark.timeout(300)
async def test_every_report_is_what_a_recount_gives_and_what_is_wrong_is_noticed(
    ledger: SqlLedger,
) -> None:
    verdict = await simulate(ledger, seed=1, count=CALLS)
    assert verdict.faults == []
    assert set(verdict.report_ms) == REPORTS
    spoilt = """
        UPDATE tracked_calls SET seen = '', hour = 23 - hour, ended_ms = ended_ms + 9000
        WHERE seen = 'first'
    """
    await ledger.database.write(lambda c: c.execute(text(spoilt)))
    truth, spoilt_verdict = Truth(), Verdict()
    for call, caller in [*drawn(1, CALLS), next(drawn(2, 1))]:
        truth.see(call, caller)
    await judge(ledger, truth, spoilt_verdict)
    found = " ".join(spoilt_verdict.faults)
    for fault in ("the medians", "not all calls", "first calls of", "local day and hour"):
        assert fault in found


async def test_books_filled_in_bulk_are_those_that_were_drawn(tmp_path: Path) -> None:
    ledger = SqlLedger(f"sqlite:///{tmp_path / 'books.db'}", lambda: START_MS, timeout_s=60)
    await ledger.migrate()
    verdict = await fill(ledger, seed=1, count=CALLS)
    await ledger.close()
    assert verdict.faults == []
    assert set(verdict.report_ms) == REPORTS
