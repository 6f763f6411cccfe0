"""What tests of several rooms share: one running Asterisk and one browser a session."""

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from xdist.scheduler import LoadFileScheduling

from tests.rig.browser import Visit, running_browser, visiting
from tests.switchboard import AsteriskBench, Plant, plant

SIDE_BY_SIDE = ("tests/system/calls/", "tests/system/staff/", "tests/system/houses/")
"""What is played there goes on behind the tests that wait for it, in their loop: so they are run
in one process, one after another, with nothing between them that would stop that loop."""


class Scheduling(LoadFileScheduling):
    """Each file in one process, and all that is played side by side in one."""

    def _split_scope(self, nodeid: str) -> str:
        return SIDE_BY_SIDE[0] if nodeid.startswith(SIDE_BY_SIDE) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """How the tests are given to the processes."""
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what is played side by side in front, folder by folder."""

    def place(item: pytest.Item) -> int:
        folders = (n for n, folder in enumerate(SIDE_BY_SIDE) if item.nodeid.startswith(folder))
        return next(folders, len(SIDE_BY_SIDE))

    items.sort(key=place)


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
