"""What tests of several rooms share: one running Asterisk a session."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.switchboard import AsteriskBench, Plant, plant


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_plant(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Plant]:
    """An Asterisk for all tests that change nothing about it; they run in the session's loop."""
    async with plant(tmp_path_factory.mktemp("plant")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def real_bench(shared_plant: Plant) -> AsyncIterator[AsteriskBench]:
    """The real adapter with a carrier and a phone at its ends."""
    async with AsteriskBench.open(shared_plant) as bench:
        yield bench
