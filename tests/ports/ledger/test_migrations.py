"""The migrations make the tables the code speaks of, and can be gone back."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from engine.errors import RemoteError
from engine.ledger import migrations
from engine.ledger.sql import SqlLedger
from engine.ledger.tables import METADATA
from tests.ports.ledger.books import SqlBooks, answered_call, postgres_books, sqlite_books
from tests.rig.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgres"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlBooks]:
    """A database without any table."""
    if request.param == "sqlite":
        yield sqlite_books(tmp_path / "bare.db")
        return
    server: Postgres = request.getfixturevalue("postgres")
    server.psql("postgres", "CREATE DATABASE bare")
    yield postgres_books(server, "bare")
    server.psql("postgres", "DROP DATABASE bare WITH (FORCE)")


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return list(compare_metadata(context, METADATA))


async def differences(ledger: SqlLedger) -> list[object]:
    return await ledger.database.read(lambda c: c.run_sync(_differences))


async def tables(ledger: SqlLedger) -> set[str]:
    names = await ledger.database.read(lambda c: c.run_sync(lambda p: inspect(p).get_table_names()))
    return set(names)


async def test_migrations_make_the_tables_of_the_code(bare: SqlBooks) -> None:
    ledger = bare.open()
    assert await differences(ledger) != []
    await ledger.migrate()
    assert await differences(ledger) == []
    assert set(METADATA.tables) < await tables(ledger)
    await bare.close()


async def test_a_table_changed_by_hand_differs(bare: SqlBooks) -> None:
    ledger = bare.open()
    await ledger.migrate()
    bare.spoil("ALTER TABLE heads ADD COLUMN note TEXT", "DROP INDEX ix_calls_ended")
    assert len(await differences(ledger)) == 2
    await bare.close()


async def test_down_and_up_again(bare: SqlBooks) -> None:
    ledger = bare.open()
    await ledger.migrate()
    await ledger.database.write(lambda c: migrations.downgrade(c, "base"))
    assert await tables(ledger) == {"alembic_version"}
    await ledger.migrate()
    assert await differences(ledger) == []
    one = (await ledger.open_account("acme", "web", "+491", "EUR")).account_id
    await ledger.settle(answered_call("c1", one))
    assert await ledger.verify() == []
    await bare.close()


async def test_two_engines_may_migrate_at_once(bare: SqlBooks) -> None:
    await asyncio.gather(*(bare.open().migrate() for _ in range(3)))
    assert await differences(bare.open()) == []
    await bare.close()


async def test_before_the_migration_nothing_is_booked(bare: SqlBooks) -> None:
    with pytest.raises(RemoteError) as refusal:
        await bare.open().find_account("web", "+491")
    assert not refusal.value.retryable
    await bare.close()


def modes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


async def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    made = sqlite_books(tmp_path / "made.db")
    ledger = made.open()
    await ledger.migrate()
    await ledger.open_account("acme", "web", "+491", "EUR")
    assert modes(tmp_path) == {"made.db": 0o600, "made.db-wal": 0o600, "made.db-shm": 0o600}
    await made.close()


async def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    made = sqlite_books(tmp_path / "missing" / "made.db")
    with pytest.raises(RemoteError):
        await made.open().migrate()
    await made.close()
