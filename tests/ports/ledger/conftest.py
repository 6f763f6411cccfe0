"""Books to test on: the twin in memory, an SQLite file, a database of a private PostgreSQL."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.ports.ledger.books import Books, MemoryBooks, SqlBooks, postgres_books, sqlite_books
from tests.rig.postgres import Postgres, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running server whose database `books` has all tables."""
    with running_postgres() as server:
        server.psql("postgres", "CREATE DATABASE books")
        _migrate(postgres_books(server, "books"))
        yield server


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables."""
    file = tmp_path_factory.mktemp("ledger") / "empty.db"
    _migrate(sqlite_books(file))
    return file


def _migrate(made: SqlBooks) -> None:
    async def run() -> None:
        await made.open().migrate()
        await made.close()

    # A thread of its own, since the loop of the test that asks first is running already.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(run())).result()


def _sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> SqlBooks:
    file = tmp_path / "ledger.db"
    shutil.copy(request.getfixturevalue("empty_file"), file)
    return sqlite_books(file)


def _postgres(request: pytest.FixtureRequest) -> SqlBooks:
    server: Postgres = request.getfixturevalue("postgres")
    emptied = (
        "organisations, retained, config_versions, config_views, config_proposals, did_offers, "
        "probe_outages"
    )
    server.psql("books", f"TRUNCATE {emptied} CASCADE")
    return postgres_books(server, "books")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def books(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Books]:
    """Empty books, of each kind in turn."""
    made: Books
    match request.param:
        case "memory":
            made = MemoryBooks()
        case "sqlite":
            made = _sqlite(request, tmp_path)
        case _:
            made = _postgres(request)
    yield made
    await made.close()


@pytest.fixture(params=["sqlite", "postgres"])
async def sql_books(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlBooks]:
    """Empty books in either database."""
    made = _sqlite(request, tmp_path) if request.param == "sqlite" else _postgres(request)
    yield made
    await made.close()


@pytest.fixture
async def file_books(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlBooks]:
    """Empty books in SQLite."""
    made = _sqlite(request, tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def server_books(request: pytest.FixtureRequest) -> AsyncIterator[SqlBooks]:
    """Empty books in PostgreSQL."""
    made = _postgres(request)
    yield made
    await made.close()
