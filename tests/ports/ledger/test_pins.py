"""PINs in the database: hashed, and judged by the same work whatever is wrong."""

from collections import Counter
from typing import Literal

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import select

from engine.ledger.sql import SqlLedger
from engine.ledger.tables import pins
from tests.ports.ledger.books import LANDLINE, MOBILE, NOW_MS, SqlBooks, opened


class CountingHasher(PasswordHasher):
    """Counts what was judged, by the answer."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.judged: Counter[bool] = Counter()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002  # its name
        try:
            fits = super().verify(hash, password)
        except VerifyMismatchError:
            self.judged[False] += 1
            raise
        self.judged[True] += 1
        return fits


@pytest.fixture
async def counted(file_books: SqlBooks) -> tuple[SqlLedger, CountingHasher]:
    """A ledger with a PIN for the mobile number alone, and what counts its work."""
    hasher = CountingHasher()
    ledger = file_books.open(hasher=hasher)
    await opened(ledger, LANDLINE)
    await ledger.set_pin((await opened(ledger)).account_id, "1234")
    return ledger, hasher


@pytest.mark.parametrize(
    ("e164", "pin"),
    [(MOBILE, "1234"), (MOBILE, "9999"), (LANDLINE, "1234"), ("+4940123456", "1234"), ("", "")],
)
async def test_every_try_is_one_judgement(
    counted: tuple[SqlLedger, CountingHasher], e164: str, pin: str
) -> None:
    ledger, hasher = counted
    account = await ledger.check_pin("web", e164, pin)
    assert hasher.judged.total() == 1
    assert (account is not None) == ((e164, pin) == (MOBILE, "1234"))


async def test_a_locked_pin_is_judged_as_well(counted: tuple[SqlLedger, CountingHasher]) -> None:
    ledger, hasher = counted
    for _ in range(5):
        await ledger.check_pin("web", MOBILE, "9999")
    assert await ledger.check_pin("web", MOBILE, "1234") is None
    assert hasher.judged == {False: 6}


async def test_the_database_holds_only_a_slow_hash(file_books: SqlBooks) -> None:
    ledger = SqlLedger(file_books.url, lambda: NOW_MS)
    await ledger.set_pin((await opened(ledger)).account_id, "1234")
    held = await ledger.database.read(lambda c: c.scalar(select(pins.c.hash)))
    await ledger.close()
    assert held is not None
    assert held.startswith("$argon2id$")
    parameters = dict(part.split("=") for part in held.split("$")[3].split(","))
    assert int(parameters["m"]) >= 19 * 1024
    assert int(parameters["t"]) >= 2
    assert PasswordHasher().verify(held, "1234")
