"""After all scenes: store and journal are one."""

import pytest

from engine.flows.clock import SystemClock
from engine.flows.money.books import verify
from tests.system.stage.scenes import Stage


@pytest.mark.timeout(600)
@pytest.mark.asyncio(loop_scope="session")
async def test_store_and_journal_are_one_after_all_calls(stage: Stage) -> None:
    await stage.over()
    assert await verify(stage.house.ledger, stage.house.store, SystemClock()) == ()
