"""What tests of several rooms share: one running Asterisk and one browser a session."""

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.rig.browser import Visit, running_browser, visiting
from tests.switchboard import AsteriskBench, Plant, plant


def pytest_collection_finish() -> None:
    """Let searches for garbage pass over what was imported and stays, which makes them cheap."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def leaves_nothing_open() -> Iterator[None]:
    """Search for garbage after each file: what it left open is told of itself, and every time."""
    yield
    gc.collect()


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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_browser() -> AsyncIterator[Browser]:
    """A browser for all tests with pages; they run in the session's loop."""
    async with running_browser() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def visit(shared_browser: Browser, tmp_path: Path) -> AsyncIterator[Visit]:
    """A visitor of his own for each test; fails a test whose pages had faults."""
    async with visiting(shared_browser, tmp_path) as visit:
        yield visit
