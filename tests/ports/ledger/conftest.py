"""Books to test on: the twin in memory, an SQLite file, a database of a private PostgreSQL."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.ports.ledger.books import Books, MemoryBooks, SqlBooks, postgres_books, sqlite_books
from tests.rig.postgres import Postgres, running_postgres

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running server whose database `empty_books` has all tables."""
    with running_postgres() as server:
        server.psql("postgres", "CREATE DATABASE empty_books")
        _migrate(postgres_books(server, "empty_books"))
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

    asyncio.run(run())


def _sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> SqlBooks:
    file = tmp_path / "ledger.db"
    shutil.copy(request.getfixturevalue("empty_file"), file)
    return sqlite_books(file)


def _postgres(request: pytest.FixtureRequest) -> SqlBooks:
    server: Postgres = request.getfixturevalue("postgres")
    database = f"books_{next(_NUMBERS)}"
    server.psql("postgres", f"CREATE DATABASE {database} TEMPLATE empty_books")
    return postgres_books(server, database)


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
