"""Webhooks on every kind of books."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from engine.core.webhook import WANTED, Event, EventType
from engine.ledger.sql import SqlLedger
from engine.ledger.webhooks.events import enqueue
from engine.ledger.webhooks.sql import SqlDeliveries, SqlEndpoints
from engine.ports.webhooks.deliveries import Deliveries, Tried
from engine.ports.webhooks.endpoints import Endpoint, Endpoints
from tests.fakes.webhooks.memory import MemoryWebhooks
from tests.ports.ledger.books import NOW_MS, Books

LEASE_MS = 60_000


@dataclass
class Desk:
    """Endpoints and deliveries, and the way of an event into them."""

    endpoints: Endpoints
    deliveries: Deliveries
    tell: Callable[[Event], Awaitable[None]]

    async def claimed(self, endpoint_id: str = "e1", now_ms: int = NOW_MS) -> list[tuple[str, int]]:
        """What is claimed now, ten at most: events and the numbers of their tries."""
        batch = await self.deliveries.claim(endpoint_id, now_ms, LEASE_MS, 10)
        return [] if batch is None else [(one.event_id, one.number) for one in batch.claimed]


@pytest.fixture
def desk(books: Books) -> Desk:
    ledger = books.open()
    if not isinstance(ledger, SqlLedger):
        webhooks = MemoryWebhooks()
        return Desk(webhooks, webhooks, webhooks.tell)

    async def tell(event: Event) -> None:
        await ledger.database.write(lambda connection: enqueue(connection, event))

    return Desk(SqlEndpoints(ledger), SqlDeliveries(ledger), tell)


def endpoint(
    endpoint_id: str = "e1", organisation: str = "acme", events: tuple[EventType, ...] = WANTED
) -> Endpoint:
    return Endpoint(
        endpoint_id=endpoint_id,
        organisation=organisation,
        url="https://www.example.org/webhooks",
        events=events,
        concurrency=4,
        created_ms=NOW_MS,
        state_ms=NOW_MS,
    )


def event(number: int = 1, organisation: str = "acme") -> Event:
    return Event(
        organisation=organisation,
        type=EventType.CALL_ENDED,
        key=f"c{number}",
        object_id=f"c{number}",
        at_ms=NOW_MS + number,
        data={"call_id": f"c{number}", "word": "größer\u2028"},
    )


def tried(delivery_id: str, number: int, **changed: object) -> Tried:
    """A try that was taken unless told otherwise."""
    values: dict[str, object] = {
        "delivery_id": delivery_id,
        "endpoint_id": "e1",
        "number": number,
        "state": "delivered",
        "next_ms": None,
        "tried_ms": NOW_MS + 100,
        "status": 200,
        "latency_ms": 90,
        "answer": "ok",
        **changed,
    }
    return Tried(**values)  # type: ignore[arg-type]  # the tests name every field rightly
