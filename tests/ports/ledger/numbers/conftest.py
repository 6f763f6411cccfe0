"""A town whose numbers are in memory, in SQLite and in PostgreSQL."""

import pytest

from engine.ledger.numbers.sql import SqlNumbers
from engine.ports.numbers import Numbers
from tests.fakes.numbers.stock import MemoryNumbers
from tests.flows.numbers.town import Town
from tests.ports.ledger.books import Books, SqlBooks


@pytest.fixture
def numbers(books: Books) -> Numbers:
    return SqlNumbers(books.open()) if isinstance(books, SqlBooks) else MemoryNumbers()


@pytest.fixture
async def town(numbers: Numbers) -> Town:
    town = Town(numbers)
    await town.open()
    return town
