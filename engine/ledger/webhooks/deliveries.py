"""Deliveries in SQL: each function is part of a transaction.

A claim counts as a try when it is made and puts the delivery off by the lease; what came of it is
written only while that try is the last.
"""

from collections.abc import Collection
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, or_, select, tuple_, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.webhook import Event, EventType
from engine.errors import CallerError, ConflictError
from engine.ledger.webhooks import endpoints, events
from engine.ledger.webhooks.tables import webhook_deliveries, webhook_endpoints, webhook_events
from engine.ports.webhooks.deliveries import (
    TRIES,
    WAIT_MOST_MS,
    Batch,
    Claimed,
    Delivery,
    DeliveryFilter,
    DeliveryState,
    Tried,
)
from engine.ports.webhooks.endpoints import Endpoint, EndpointState

_FIELDS = tuple(field.name for field in fields(Delivery))


def _told() -> Select[Any]:
    return select(
        webhook_deliveries, webhook_events.c.type, webhook_events.c.object_id, webhook_events.c.body
    ).join(webhook_events, webhook_events.c.event_id == webhook_deliveries.c.event_id)


def _delivery_of(row: RowMapping) -> Delivery:
    values: dict[str, Any] = {name: row[name] for name in _FIELDS}
    state, kind = DeliveryState(values["state"]), EventType(values["type"])
    return Delivery(**{**values, "state": state, "type": kind})


async def send_to(connection: AsyncConnection, endpoint: Endpoint, event: Event) -> Delivery:
    """See `ports.webhooks.deliveries`."""
    await events.send_to(connection, [endpoint.endpoint_id], event)
    query = _told().where(
        webhook_deliveries.c.event_id == event.event_id,
        webhook_deliveries.c.endpoint_id == endpoint.endpoint_id,
    )
    return _delivery_of((await connection.execute(query)).mappings().one())


async def by_id(
    connection: AsyncConnection, organisation: str | None, delivery_id: str
) -> Delivery | None:
    """See `ports.webhooks.deliveries.Deliveries.delivery`."""
    query = _told().where(webhook_deliveries.c.delivery_id == delivery_id)
    if organisation is not None:
        query = query.where(webhook_deliveries.c.organisation == organisation)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _delivery_of(row)


async def listed(connection: AsyncConnection, wanted: DeliveryFilter) -> list[Delivery]:
    """The deliveries that are wanted; `CallerError` for an `after` that is none of theirs."""
    query = _told().where(webhook_deliveries.c.organisation == wanted.organisation)
    if wanted.endpoint_id is not None:
        query = query.where(webhook_deliveries.c.endpoint_id == wanted.endpoint_id)
    if wanted.state is not None:
        query = query.where(webhook_deliveries.c.state == wanted.state)
    place = webhook_deliveries.c.created_ms, webhook_deliveries.c.delivery_id
    if wanted.after is not None:
        last = await by_id(connection, wanted.organisation, wanted.after)
        if last is None:
            raise CallerError("is no `next` of a page", "after")
        query = query.where(tuple_(*place) < (last.created_ms, last.delivery_id))
    newest = query.order_by(*(column.desc() for column in place)).limit(wanted.most)
    return [_delivery_of(row) for row in (await connection.execute(newest)).mappings()]


async def resend(
    connection: AsyncConnection, organisation: str, delivery_id: str, at_ms: int
) -> Delivery | None:
    """See `ports.webhooks.deliveries`."""
    held = await by_id(connection, organisation, delivery_id)
    if held is None:
        return None
    endpoint = await endpoints.by_id(connection, organisation, held.endpoint_id)
    if endpoint is None or endpoint.state is not EndpointState.ACTIVE:
        raise ConflictError("the endpoint is told nothing any more")
    await connection.execute(
        update(webhook_deliveries)
        .where(webhook_deliveries.c.delivery_id == delivery_id)
        .values(state=DeliveryState.PENDING.value, tries_left=TRIES, next_ms=at_ms)
    )
    return await by_id(connection, organisation, delivery_id)


# --- sending -------------------------------------------------------------------------------


def _is_due(now_ms: int) -> ColumnElement[bool]:
    """Also what a clock that went wrong has put off further than anything is."""
    next_ms = webhook_deliveries.c.next_ms
    return or_(next_ms <= now_ms, next_ms > now_ms + WAIT_MOST_MS)


async def due_endpoints(
    connection: AsyncConnection, now_ms: int, without: Collection[str], most: int
) -> list[str]:
    """See `ports.webhooks.deliveries`; one look into an index for each active endpoint."""
    endpoint_id = webhook_endpoints.c.endpoint_id
    query = (
        select(endpoint_id)
        .where(
            webhook_endpoints.c.state == EndpointState.ACTIVE,
            endpoint_id.not_in(without),
            exists().where(webhook_deliveries.c.endpoint_id == endpoint_id, _is_due(now_ms)),
        )
        .limit(most)
    )
    return list((await connection.execute(query)).scalars())


async def claim(
    connection: AsyncConnection, endpoint_id: str, now_ms: int, lease_ms: int, most: int
) -> Batch | None:
    """See `ports.webhooks.deliveries`; what another claims at this moment is passed over."""
    query = select(webhook_endpoints).where(webhook_endpoints.c.endpoint_id == endpoint_id)
    endpoint = endpoints.endpoint_of((await connection.execute(query)).mappings().one())
    due = (
        _told()
        .where(webhook_deliveries.c.endpoint_id == endpoint_id, _is_due(now_ms))
        .order_by(webhook_deliveries.c.next_ms)
        .limit(most)
        .with_for_update(of=webhook_deliveries, skip_locked=True)
    )
    rows = (await connection.execute(due)).mappings().all()
    if not rows or endpoint.state is not EndpointState.ACTIVE:
        return None
    columns = webhook_deliveries.c
    await connection.execute(
        update(webhook_deliveries)
        .where(columns.delivery_id.in_([row["delivery_id"] for row in rows]))
        .values(
            tries=columns.tries + 1, tries_left=columns.tries_left - 1, next_ms=now_ms + lease_ms
        )
    )
    claimed = (
        Claimed(
            row["delivery_id"], row["tries"] + 1, row["tries_left"], row["event_id"], row["body"]
        )
        for row in rows
    )
    return Batch(endpoint, tuple(claimed))


async def finish(connection: AsyncConnection, tried: Tried) -> bool:
    """See `ports.webhooks.deliveries`; who stops the endpoint has all that waits for it first."""
    if tried.endpoint_state is not None:
        await endpoints.lock_waiting(connection, tried.endpoint_id)
    columns = webhook_deliveries.c
    which = (columns.delivery_id == tried.delivery_id) & (columns.tries == tried.number)
    is_taken = tried.state is DeliveryState.DELIVERED
    if not is_taken:
        which &= columns.state == DeliveryState.PENDING
    done = await connection.execute(
        update(webhook_deliveries)
        .where(which)
        .values(
            state=tried.state.value,
            next_ms=tried.next_ms,
            tried_ms=tried.tried_ms,
            status=tried.status,
            latency_ms=tried.latency_ms,
            answer=tried.answer,
        )
    )
    if not done.rowcount:
        return False
    await _note_health(connection, tried, is_taken)
    if tried.endpoint_state is not None:
        state, at_ms = tried.endpoint_state, tried.tried_ms
        await endpoints.bring_into(connection, tried.endpoint_id, state, at_ms)
    return True


async def _note_health(connection: AsyncConnection, tried: Tried, is_taken: bool) -> None:
    """Note since when an endpoint takes nothing; its row is changed only where that changes."""
    since = webhook_endpoints.c.failing_since_ms
    its = update(webhook_endpoints).where(webhook_endpoints.c.endpoint_id == tried.endpoint_id)
    if is_taken:
        await connection.execute(its.where(since.is_not(None)).values(failing_since_ms=None))
    else:
        await connection.execute(its.where(since.is_(None)).values(failing_since_ms=tried.tried_ms))
