"""A site and a client of it, fresh for each test."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from engine.verification import rehearsal
from engine.web.server import make_app
from engine.web.topup import ordering
from tests.web.site import Bench, Client, make_books, open_site, site_inventory


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def empty_books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables."""
    file = tmp_path_factory.mktemp("books") / "empty.db"
    await make_books(file)
    return file


@pytest.fixture(autouse=True)
def answers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no order wait for the step at which it is answered."""
    monkeypatch.setattr(ordering, "ANSWER_STEP_S", 0.001)


@pytest.fixture(autouse=True)
def rehearsed_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the calls of the test mode take no time."""
    monkeypatch.setattr(rehearsal, "STEP_MS", 20)


@pytest.fixture
async def bench(empty_books: Path, tmp_path: Path) -> AsyncIterator[Bench]:
    """A site without any customer."""
    file = tmp_path / "ledger.db"
    shutil.copy(empty_books, file)
    async with open_site(file, site_inventory()) as opened:
        yield opened


@pytest.fixture
async def client(bench: Bench) -> AsyncIterator[Client]:
    """A browser without scripts."""
    async with TestClient(TestServer(make_app(bench.site))) as speaking:
        yield speaking
