"""Books with a few customers, and calls made as the tests need them."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.cdr import CallRecord
from engine.ledger.sql import SqlLedger
from tests.ports.ledger.books import LANDLINE, MOBILE, SqlBooks, answered_call, refused_call


@pytest.fixture
def ledger(sql_books: SqlBooks) -> SqlLedger:
    return sql_books.open()


@pytest.fixture
async def account_id(ledger: SqlLedger) -> str:
    """The account of the mobile number at acme."""
    return (await ledger.open_account("acme", "web", MOBILE, "EUR")).account_id


def refused(call_id: str, ended_ms: int, **changes: Any) -> CallRecord:
    """A refused call that ended at that time."""
    return replace(refused_call(call_id), ended_ms=ended_ms, arrived_ms=ended_ms - 900, **changes)


def talked(call_id: str, account_id: str, ended_ms: int, **changes: Any) -> CallRecord:
    """An answered call that ended at that time; its caller does not withhold his number."""
    call = answered_call(call_id, account_id)
    before_ms = ended_ms - call.ended_ms
    times = {name: getattr(call, name) + before_ms for name in _TIMES}
    return replace(call, **{"withheld": False, "e164": LANDLINE, **times, **changes})


_TIMES = ("arrived_ms", "answered_ms", "joined_ms", "ended_ms")
