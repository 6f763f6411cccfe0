"""Tracking calls on every kind of books."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial

import pytest

from engine.core.mail import Mail
from engine.core.tracked import Outcome, TrackedCall
from engine.ledger.analytics.sql import SqlCollectors
from engine.ledger.mails.rows import queue
from engine.ledger.mails.sql import SqlMails
from engine.ledger.numbers.sql import SqlNumbers
from engine.ledger.sql import SqlLedger
from engine.ledger.tracked.sql import SqlTracked
from engine.ports.analytics import Collectors
from engine.ports.mails import Mails
from engine.ports.numbers import Numbers
from engine.ports.reading.sums import Bucket
from engine.ports.tracked import ReportFilter, Tracked
from tests.fakes.analytics.memory import MemoryCollectors
from tests.fakes.numbers.stock import MemoryNumbers
from tests.fakes.tracked.memory import MemoryTracked
from tests.ports.ledger.books import Books

SECRET = b"a secret of the house, thirty-two bytes or more"
NUMBER = "+493023125001"
ANNA, BERTA, CLARA = "+493023125111", "+4915228817386", "+43512561000"


@dataclass
class Counter:
    """The calls, the mails about them and who else is told, the stock, and the way of a mail into
    them."""

    tracked: Tracked
    mails: Mails
    collectors: Collectors
    numbers: Numbers
    queue: Callable[[Mail, int], Awaitable[None]]


@pytest.fixture
def counter(books: Books) -> Counter:
    ledger = books.open()
    if not isinstance(ledger, SqlLedger):
        stock = MemoryNumbers()
        memory = MemoryTracked(collectors=MemoryCollectors(numbers=stock))
        return Counter(memory, memory.mails, memory.collectors, stock, memory.mails.queue)

    async def put(mail: Mail, at_ms: int) -> None:
        await ledger.database.write(partial(queue, mail=mail, at_ms=at_ms))

    kept, told = SqlTracked(ledger, SECRET, mailing=True), SqlCollectors(ledger, books.wall)
    return Counter(kept, SqlMails(ledger), told, SqlNumbers(ledger), put)


@pytest.fixture
def tracked(counter: Counter) -> Tracked:
    return counter.tracked


def at(text: str) -> int:
    """An instant in UTC, in milliseconds."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def call(call_id: str, arrived: str = "2026-11-22 09:00:00", **changed: object) -> TrackedCall:
    """A call that rang for 5 s and was talked for 60 s unless told otherwise."""
    arrived_ms = at(arrived)
    values: dict[str, object] = {
        "call_id": call_id,
        "organisation": "acme",
        "number": NUMBER,
        "source": "website",
        "arrived_ms": arrived_ms,
        "answered_ms": arrived_ms + 5_000,
        "ended_ms": arrived_ms + 65_000,
        "outcome": Outcome.ANSWERED,
        "target": 0,
        **changed,
    }
    return TrackedCall(**values)  # type: ignore[arg-type]  # the tests name every field rightly


def missed(call_id: str, arrived: str = "2026-11-22 09:00:00", **changed: object) -> TrackedCall:
    """A call whose caller gave up after 20 s unless told otherwise."""
    lost = {"answered_ms": None, "ended_ms": at(arrived) + 20_000, "outcome": Outcome.ABANDONED}
    return call(call_id, arrived, **{**lost, **changed})


def november(
    bucket: Bucket = Bucket.WHOLE, organisation: str = "acme", **narrowed: str
) -> ReportFilter:
    return ReportFilter(
        organisation=organisation,
        first=date(2026, 11, 1),
        after=date(2026, 12, 1),
        bucket=bucket,
        **narrowed,
    )
