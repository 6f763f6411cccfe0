"""Endpoints in SQL: each function is part of a transaction."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.webhook import EventType
from engine.errors import CallerError, ConflictError
from engine.ledger.accounts import know_organisation
from engine.ledger.webhooks.tables import webhook_deliveries, webhook_endpoints
from engine.ports.webhooks.deliveries import DeliveryState
from engine.ports.webhooks.endpoints import ENDPOINTS_MOST, Endpoint, EndpointState

_HERE = webhook_endpoints.c.state != EndpointState.DELETED


def _select(organisation: str | None, endpoint_id: str) -> Select[Any]:
    query = select(webhook_endpoints).where(webhook_endpoints.c.endpoint_id == endpoint_id, _HERE)
    if organisation is not None:
        query = query.where(webhook_endpoints.c.organisation == organisation)
    return query


def endpoint_of(row: RowMapping) -> Endpoint:
    """The endpoint in a row of `webhook_endpoints`."""
    values: dict[str, Any] = dict(row)
    events = tuple(EventType(kind) for kind in values["events"])
    return Endpoint(**{**values, "events": events, "state": EndpointState(values["state"])})


async def add(connection: AsyncConnection, endpoint: Endpoint) -> Endpoint:
    """See `ports.webhooks.endpoints`."""
    query = select(webhook_endpoints).where(webhook_endpoints.c.endpoint_id == endpoint.endpoint_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is not None:
        present = endpoint_of(row)
        if present.state is EndpointState.DELETED or _wish(present) != _wish(endpoint):
            raise ConflictError(f"the endpoint {endpoint.endpoint_id} is there, and is another")
        return present
    await know_organisation(connection, endpoint.organisation)
    counted = select(func.count()).where(
        webhook_endpoints.c.organisation == endpoint.organisation, _HERE
    )
    if (await connection.scalar(counted) or 0) >= ENDPOINTS_MOST:
        raise CallerError(f"there are {ENDPOINTS_MOST} endpoints already", "url")
    events = [kind.value for kind in endpoint.events]
    row_values = {**asdict(endpoint), "events": events, "state": endpoint.state.value}
    await connection.execute(insert(webhook_endpoints).values(row_values))
    return endpoint


def _wish(endpoint: Endpoint) -> tuple[object, ...]:
    return endpoint.organisation, endpoint.url, endpoint.events, endpoint.concurrency


async def by_id(
    connection: AsyncConnection, organisation: str | None, endpoint_id: str
) -> Endpoint | None:
    """See `ports.webhooks.endpoints.Endpoints.endpoint`."""
    row = (await connection.execute(_select(organisation, endpoint_id))).mappings().one_or_none()
    return None if row is None else endpoint_of(row)


async def listed(connection: AsyncConnection, organisation: str | None) -> list[Endpoint]:
    """All endpoints, or an organisation's, oldest first."""
    query = select(webhook_endpoints).where(_HERE)
    if organisation is not None:
        query = query.where(webhook_endpoints.c.organisation == organisation)
    order = webhook_endpoints.c.created_ms, webhook_endpoints.c.endpoint_id
    return [
        endpoint_of(row) for row in (await connection.execute(query.order_by(*order))).mappings()
    ]


async def rotate(
    connection: AsyncConnection, organisation: str, endpoint_id: str, at_ms: int
) -> Endpoint | None:
    """See `ports.webhooks.endpoints`."""
    if await by_id(connection, organisation, endpoint_id) is None:
        return None
    await connection.execute(
        update(webhook_endpoints)
        .where(webhook_endpoints.c.endpoint_id == endpoint_id)
        .values(generation=webhook_endpoints.c.generation + 1, rotated_ms=at_ms)
    )
    return await by_id(connection, organisation, endpoint_id)


async def set_state(
    connection: AsyncConnection,
    organisation: str,
    endpoint_id: str,
    state: EndpointState,
    at_ms: int,
) -> Endpoint | None:
    """See `ports.webhooks.endpoints`."""
    if await by_id(connection, organisation, endpoint_id) is None:
        return None
    await bring_into(connection, endpoint_id, state, at_ms)
    query = select(webhook_endpoints).where(webhook_endpoints.c.endpoint_id == endpoint_id)
    return endpoint_of((await connection.execute(query)).mappings().one())


async def bring_into(
    connection: AsyncConnection, endpoint_id: str, state: EndpointState, at_ms: int
) -> None:
    """Change an endpoint's state; deliveries are locked before their endpoint, as by `finish`."""
    if state is not EndpointState.ACTIVE:
        await lock_waiting(connection, endpoint_id)
        await connection.execute(
            update(webhook_deliveries)
            .where(_waits_for(endpoint_id))
            .values(state=DeliveryState.GIVEN_UP.value, next_ms=None)
        )
    await connection.execute(
        update(webhook_endpoints)
        .where(
            webhook_endpoints.c.endpoint_id == endpoint_id,
            webhook_endpoints.c.state.not_in([state.value, EndpointState.DELETED.value]),
        )
        .values(state=state.value, state_ms=at_ms, failing_since_ms=None)
    )


async def lock_waiting(connection: AsyncConnection, endpoint_id: str) -> None:
    """Lock all that waits for an endpoint, in one order: who does so first stands in nobody's way
    who does it at the same time."""
    delivery_id = webhook_deliveries.c.delivery_id
    waiting = select(delivery_id).where(_waits_for(endpoint_id)).order_by(delivery_id)
    await connection.execute(waiting.with_for_update())


def _waits_for(endpoint_id: str) -> ColumnElement[bool]:
    columns = webhook_deliveries.c
    return and_(columns.endpoint_id == endpoint_id, columns.next_ms.is_not(None))
