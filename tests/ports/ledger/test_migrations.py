"""The migrations make the tables the code speaks of, and can be gone back."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from msgspec import to_builtins
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.numbers.number import Purpose
from engine.errors import RemoteError
from engine.ledger import migrations
from engine.ledger.analytics import tables as _of_analytics  # noqa: F401  # METADATA needs them
from engine.ledger.api.sql import SqlCustomers
from engine.ledger.columns import METADATA
from engine.ledger.diversion.sql import SqlRoutes
from engine.ledger.journal import content_hash
from engine.ledger.mails import tables as _of_mails  # noqa: F401  # METADATA needs them
from engine.ledger.numbers import tables as _of_numbers  # noqa: F401  # METADATA needs them
from engine.ledger.probing import tables as _of_probing  # noqa: F401  # METADATA needs them
from engine.ledger.reading.sql import SqlSums, SqlTransactions
from engine.ledger.replays import tables as _of_replays  # noqa: F401  # METADATA needs them
from engine.ledger.sql import SqlLedger
from engine.ledger.tracked import tables as _of_tracked  # noqa: F401  # METADATA needs them
from engine.ledger.versions import tables as _of_versions  # noqa: F401  # METADATA needs them
from engine.ports.reading.sums import SumFilter
from engine.ports.reading.transactions import TransactionFilter
from tests.ports.ledger.books import (
    NOW_MS,
    SqlBooks,
    answered_call,
    postgres_books,
    refused_call,
    sqlite_books,
)
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


HOUR_MS = 3_600_000


def _row(table: str, row: dict[str, object]) -> str:
    told = ", ".join("NULL" if value is None else repr(value) for value in row.values())
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({told})"


def _entry(n: int, key: str, kind: str, micros: int, other: str, **more: object) -> list[str]:
    """What an entry was written as before it was summed up."""
    head = {"key": key, "kind": kind, "currency": "EUR", "reason": "", "author": "x"}
    entry = {**head, "call_id": None, **more}
    lines = [("customer:a", micros), (other, -micros)]
    row = {"entry_id": n, "organisation": "acme", "content_hash": content_hash(entry, lines)}
    theirs = {"account_id": "a", "seq": n, "balance_micros": (0, 900, 500, 550, 540)[n]}
    first, second = (
        {"entry_id": n, "line": line, "account": account, "micros": moved}
        for line, (account, moved) in enumerate(lines)
    )
    return [
        _row("entries", {**row, **entry, "at_ms": NOW_MS + n * 30 * HOUR_MS}),
        _row("postings", {**first, **theirs}),
        _row("postings", second),
    ]


def before_the_sums() -> list[str]:
    """A customer's payment, reversal and call, and calls that reached nobody, as of revision 5."""
    call = to_builtins(refused_call("c1"))
    columns = {name: call[name] for name in call if not isinstance(call[name], list | tuple)}
    calls: list[dict[str, object]] = [
        {
            **columns,
            **{name: "false" for name, value in call.items() if value is False},
            "agents": "[]",
            "prompts": "[]",
            "call_id": f"c{n}",
            "ended_ms": NOW_MS + n * 7 * HOUR_MS,
        }
        for n in range(9)
    ]
    calls[8] |= {"account_id": "a", "charge_micros": 10, "refusal": None, "e164": "+491"}
    calls[8] |= {"disposition": "caller_hung_up", "joined_ms": 1, "withheld": "true"}
    owned = {"organisation": "acme", "profile": "web"}
    named = {"alias_id": 1, "account_id": "a", **owned, "e164": "+491", "from_ms": 0}
    return [
        _row("organisations", {"organisation": "acme"}),
        _row("accounts", {"account_id": "a", **owned, "currency": "EUR"}),
        _row("aliases", named),
        _row("heads", {"account_id": "a", "balance_micros": 540, "seq": 4}),
        *_entry(1, "t1", "top_up", 900, "provider:web.stripe"),
        *_entry(2, "b1", "reversal", -400, "provider:web.stripe"),
        *_entry(3, "g1", "credit", 50, "adjustment"),
        *_entry(4, "call:c8", "call", -10, "revenue:beratung", call_id="c8"),
        *(
            _row("calls", each).replace("'false'", "false").replace("'true'", "true")
            for each in calls
        ),
    ]


async def test_filled_books_are_summed_up_on_the_way_up(bare: SqlBooks) -> None:
    ledger = bare.open()
    await ledger.database.create()
    await ledger.database.write(lambda c: migrations.upgrade(c, "0005"))
    bare.spoil(*before_the_sums())
    await ledger.migrate()
    assert await ledger.verify() == []
    await ledger.database.write(lambda c: migrations.downgrade(c, "0011"))
    await ledger.migrate()
    assert await ledger.verify() == []
    first_ms = NOW_MS - NOW_MS % HOUR_MS
    whole = SumFilter(organisation="acme", from_ms=first_ms, to_ms=first_ms + 200 * HOUR_MS)
    (called,) = await SqlSums(ledger).calls(whole)
    assert (called.calls, called.charge_micros) == (9, 10)
    assert called.outcomes == {"not_identified": 8, "caller_hung_up": 1}
    (paid,) = await SqlSums(ledger).top_ups(whole)
    assert (paid.count, paid.micros, paid.reversals, paid.reversed_micros) == (1, 900, 1, 400)
    customer = await SqlCustomers(ledger).customer("acme", "a")
    assert customer is not None
    assert customer.withheld
    theirs = TransactionFilter(organisation="acme", account_id="a")
    page = await SqlTransactions(ledger).search(theirs)
    assert [one.line.key for one in page.transactions] == ["call:c8", "g1", "b1", "t1"]
    await bare.close()


def before_routes_ended() -> list[str]:
    """As of revision 26: numbers that left (one for another holder, who has a route of his own),
    one that stays, one whose route was deleted; each set before its number left."""
    rows = [_row("organisations", {"organisation": name}) for name in ("acme", "bolt")]
    stands = (("1", None), ("2", "bolt"), ("3", "bolt"), ("4", "acme"), ("5", None))
    for name, holder in stands:
        e164 = f"+4930231251{name}"
        number = {"e164": e164, "country": "DE", "area_code": "30", "organisation": holder}
        rest = {"price_micros": 0, "currency": "", "version": 3}
        status = "active" if holder else "quarantined"
        rows.append(_row("dids", {**number, **rest, "status": status}))
        events = [
            ("acme", "active", "", ""),
            ("acme", "quarantined", "moved away", "+493023125199"),
        ]
        if holder == "acme":
            events = events[:1]
        elif holder:
            events.append(("bolt", "active", "", ""))
        rows += [
            _row(
                "did_events",
                {"e164": e164, "version": n, "organisation": whose, "at_ms": NOW_MS + n}
                | {"author": f"by{n}", "action": "x", "status": status, "reason": why}
                | {"other": other},
            )
            for n, (whose, status, why, other) in enumerate(events, 1)
        ]
    versions = [(name, 1, "acme", "tracking") for name, _ in stands]
    versions += [("3", 2, "bolt", "tracking"), ("5", 2, "acme", None)]
    for name, version, whose, purpose in versions:
        route = {"number": f"+4930231251{name}", "version": version, "organisation": whose}
        terms = '{"targets": [{"e164": "+493023125050"}]}' if purpose else None
        more = {"purpose": purpose, "terms": terms, "author": "ada", "at_ms": NOW_MS}
        rows.append(_row("routes", {**route, **more}))
    return rows


async def test_routes_of_numbers_that_left_end_on_the_way_up(bare: SqlBooks) -> None:
    ledger = bare.open()
    await ledger.database.create()
    await ledger.database.write(lambda c: migrations.upgrade(c, "0026"))
    bare.spoil(*before_routes_ended())
    await ledger.migrate()
    routes = SqlRoutes(ledger)
    for whose, listed in (("acme", ["4"]), ("bolt", ["3"])):
        found = await routes.routes(whose, Purpose.TRACKING, "", 9)
        assert [route.number[-1] for route in found] == listed
    for name in ("1", "2"):
        end = await routes.route(f"+4930231251{name}")
        assert end is not None
        assert (end.version, end.organisation, end.terms) == (2, "acme", None)
        assert (end.author, end.at_ms) == ("by2", NOW_MS + 2)
        assert (end.reason, end.other) == ("moved away", "")
    for name, last in (("4", 1), ("5", 2)):
        route = await routes.route(f"+4930231251{name}")
        assert route is not None
        assert route.version == last
    await ledger.database.write(lambda c: migrations.downgrade(c, "0026"))
    await ledger.migrate()
    end = await routes.route("+49302312511")
    assert end is not None
    assert end.version == 2
    await bare.close()


async def test_two_engines_may_migrate_at_once(bare: SqlBooks) -> None:
    await asyncio.gather(*(bare.open().migrate() for _ in range(3)))
    assert await differences(bare.open()) == []
    await bare.close()


async def test_an_engine_waits_for_another_that_migrates_long(bare: SqlBooks) -> None:
    """It waits for the whole of that migration, longer than a transaction waits for a lock."""
    first, second = bare.open(), bare.open(timeout_s=0.2)
    await first.migrate()
    begun = asyncio.Event()

    async def long(connection: AsyncConnection) -> None:
        await migrations.downgrade(connection, "base")
        begun.set()
        await asyncio.sleep(0.5)
        await migrations.upgrade(connection)

    migrating = asyncio.create_task(first.database.write(long))
    await begun.wait()
    await second.migrate()
    assert migrating.done()
    await migrating
    assert await differences(bare.open()) == []
    await bare.close()


async def test_one_program_may_migrate_several_books_at_once(tmp_path: Path) -> None:
    books = [sqlite_books(tmp_path / f"{name}.db") for name in ("a", "b", "c")]
    await asyncio.gather(*(one.open().migrate() for one in books))
    for one in books:
        assert await differences(one.open()) == []
        await one.close()


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
