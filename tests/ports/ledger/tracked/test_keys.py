"""What the books hold of callers: a key that opens with the house's secret alone, and hashes that
go with it, down to the bytes of the file."""

import secrets
from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.engine import make_url

from engine.core.tracked import KEY_BYTES, caller_hash
from engine.ledger.sql import SqlLedger
from engine.ledger.tracked.keys import KeySeal
from engine.ledger.tracked.sql import SqlTracked
from engine.ledger.tracked.tables import tracked_callers, tracked_keys
from tests.ports.ledger.books import SqlBooks
from tests.ports.ledger.tracked.conftest import ANNA, BERTA, SECRET, call, november

NAME = "acme:2026-11-01:2026-12-01"


async def kept(ledger: SqlLedger) -> tuple[bytes, list[bytes]]:
    """The one sealed key of the books, and all hashes."""

    async def work(connection: object) -> tuple[bytes, list[bytes]]:
        [sealed] = await connection.scalars(select(tracked_keys.c.sealed))  # type: ignore[attr-defined]  # it is one
        found = await connection.scalars(select(tracked_callers.c.caller_hash))  # type: ignore[attr-defined]  # it is one
        return sealed, list(found)

    return await ledger.database.read(work)


async def test_callers_are_known_by_a_hash_under_the_sealed_key(sql_books: SqlBooks) -> None:
    ledger = sql_books.open()
    tracked = SqlTracked(ledger, SECRET, mailing=False)
    await tracked.keep(call("c1"), ANNA)
    await tracked.keep(call("c2"), BERTA)
    sealed, hashes = await kept(ledger)
    key = KeySeal(SECRET).opened(sealed, NAME)
    assert key is not None
    assert len(key) == KEY_BYTES
    assert sorted(hashes) == sorted([caller_hash(key, ANNA), caller_hash(key, BERTA)])


async def test_a_changed_secret_of_the_house_is_a_lost_key(sql_books: SqlBooks) -> None:
    ledger = sql_books.open()
    await SqlTracked(ledger, SECRET, mailing=False).keep(call("c1"), ANNA)
    other = SqlTracked(ledger, b"another" + SECRET, mailing=False)
    await other.keep(call("c2"), ANNA)
    [line] = await other.report(november())
    assert (line.counts.calls, line.counts.firsts, line.counts.repeats) == (2, 1, 0)


async def test_a_seal_fits_its_own_organisation_and_period_alone() -> None:
    seal, key = KeySeal(SECRET), secrets.token_bytes(KEY_BYTES)
    sealed = seal.seal(key, NAME)
    assert seal.opened(sealed, NAME) == key
    assert key not in sealed
    assert seal.opened(sealed, NAME.replace("acme", "other")) is None
    assert KeySeal(SECRET + b"x").opened(sealed, NAME) is None


async def test_nothing_of_a_destroyed_key_is_left_in_the_file(file_books: SqlBooks) -> None:
    """What was written is brought to the file itself whenever the books are closed."""
    ledger = file_books.open()
    await SqlTracked(ledger, SECRET, mailing=False).keep(call("c1"), ANNA)
    sealed, hashes = await kept(ledger)
    await ledger.close()
    file = Path(make_url(file_books.url).database or "")
    assert _holds(file, sealed)
    assert _holds(file, hashes[0])
    ledger = file_books.open()
    tracked = SqlTracked(ledger, SECRET, mailing=False)
    assert await tracked.destroy_keys(date(2026, 12, 1)) == 1
    await ledger.close()
    assert not _holds(file, sealed)
    assert not _holds(file, hashes[0])


def _holds(file: Path, found: bytes) -> bool:
    """Whether the file, or what SQLite keeps beside it, holds these bytes."""
    return any(found in each.read_bytes() for each in file.parent.glob(f"{file.name}*"))
