"""Events in SQL: each function is part of the transaction that makes its event true.

Where nobody wants to be told, nothing is written.
"""

from collections.abc import Iterable
from uuid import uuid4

from sqlalchemy import exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.webhook import Event
from engine.ledger.webhooks.tables import webhook_deliveries, webhook_endpoints, webhook_events
from engine.ports.webhooks.deliveries import TRIES, DeliveryState
from engine.ports.webhooks.endpoints import EndpointState


async def enqueue(connection: AsyncConnection, event: Event) -> None:
    """Let every endpoint be told that wants the event; once, however often it is asked."""
    query = select(webhook_endpoints.c.endpoint_id, webhook_endpoints.c.events).where(
        webhook_endpoints.c.organisation == event.organisation,
        webhook_endpoints.c.state == EndpointState.ACTIVE,
    )
    wanting = [
        row.endpoint_id for row in await connection.execute(query) if event.type in row.events
    ]
    if wanting:
        await send_to(connection, wanting, event)


async def send_to(connection: AsyncConnection, endpoint_ids: Iterable[str], event: Event) -> None:
    """Let these endpoints be told, unless the event is there already."""
    event_id = event.event_id
    if await connection.scalar(select(exists().where(webhook_events.c.event_id == event_id))):
        return
    await connection.execute(
        insert(webhook_events).values(
            event_id=event_id,
            organisation=event.organisation,
            type=event.type.value,
            object_id=event.object_id,
            at_ms=event.at_ms,
            body=event.body,
        )
    )
    deliveries = [
        {
            "delivery_id": uuid4().hex,
            "organisation": event.organisation,
            "endpoint_id": endpoint_id,
            "event_id": event_id,
            "created_ms": event.at_ms,
            "state": DeliveryState.PENDING.value,
            "tries": 0,
            "tries_left": TRIES,
            "next_ms": event.at_ms,
            "answer": "",
        }
        for endpoint_id in endpoint_ids
    ]
    await connection.execute(insert(webhook_deliveries), deliveries)
