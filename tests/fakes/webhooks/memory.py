"""Endpoints and deliveries in memory; `tell` is what the ledger does in its own transactions.

`tries` has every claim there was: which delivery, the number of the try, and when.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from engine.core.webhook import Event
from engine.errors import CallerError, ConflictError
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
from engine.ports.webhooks.endpoints import ENDPOINTS_MOST, Endpoint, EndpointState


@dataclass
class MemoryWebhooks:
    """`ports.webhooks.endpoints` and `ports.webhooks.deliveries` on one memory."""

    all: dict[str, Endpoint] = field(default_factory=dict)
    held: dict[str, Delivery] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    tries: list[tuple[str, int, int]] = field(default_factory=list)

    # --- endpoints -------------------------------------------------------------------------

    async def add(self, endpoint: Endpoint) -> Endpoint:
        present = self.all.get(endpoint.endpoint_id)
        if present is not None:
            if present.state is EndpointState.DELETED or _wish(present) != _wish(endpoint):
                raise ConflictError("the endpoint is there, and is another")
            return present
        if len(await self.endpoints(endpoint.organisation)) >= ENDPOINTS_MOST:
            raise CallerError("there are too many", "url")
        self.all[endpoint.endpoint_id] = endpoint
        return endpoint

    async def endpoint(self, organisation: str | None, endpoint_id: str) -> Endpoint | None:
        found = await self.endpoints(organisation)
        return next((one for one in found if one.endpoint_id == endpoint_id), None)

    async def endpoints(self, organisation: str | None) -> Sequence[Endpoint]:
        found = [
            one
            for one in self.all.values()
            if organisation in (None, one.organisation) and one.state is not EndpointState.DELETED
        ]
        return sorted(found, key=lambda one: (one.created_ms, one.endpoint_id))

    async def rotate(self, organisation: str, endpoint_id: str, at_ms: int) -> Endpoint | None:
        found = await self.endpoint(organisation, endpoint_id)
        if found is None:
            return None
        changed = replace(found, generation=found.generation + 1, rotated_ms=at_ms)
        self.all[endpoint_id] = changed
        return changed

    async def set_state(
        self, organisation: str, endpoint_id: str, state: EndpointState, at_ms: int
    ) -> Endpoint | None:
        if await self.endpoint(organisation, endpoint_id) is None:
            return None
        self._bring_into(endpoint_id, state, at_ms)
        return self.all[endpoint_id]

    def _bring_into(self, endpoint_id: str, state: EndpointState, at_ms: int) -> None:
        found = self.all[endpoint_id]
        if state is not EndpointState.ACTIVE:
            for one in list(self.held.values()):
                if one.endpoint_id == endpoint_id and one.next_ms is not None:
                    given_up = replace(one, state=DeliveryState.GIVEN_UP, next_ms=None)
                    self.held[one.delivery_id] = given_up
        if found.state not in (state, EndpointState.DELETED):
            self.all[endpoint_id] = replace(
                found, state=state, state_ms=at_ms, failing_since_ms=None
            )

    # --- deliveries ------------------------------------------------------------------------

    async def tell(self, event: Event) -> None:
        """Let every endpoint be told that wants the event."""
        wanting = [
            one
            for one in await self.endpoints(event.organisation)
            if one.state is EndpointState.ACTIVE and event.type in one.events
        ]
        self._send_to(wanting, event)

    def _send_to(self, endpoints: Sequence[Endpoint], event: Event) -> None:
        if event.event_id in self.events or not endpoints:
            return
        self.events[event.event_id] = event
        for endpoint in endpoints:
            delivery_id = f"d{len(self.held) + 1:03}"
            self.held[delivery_id] = Delivery(
                delivery_id=delivery_id,
                organisation=event.organisation,
                endpoint_id=endpoint.endpoint_id,
                event_id=event.event_id,
                type=event.type,
                object_id=event.object_id,
                created_ms=event.at_ms,
                next_ms=event.at_ms,
            )

    async def send_to(self, endpoint: Endpoint, event: Event) -> Delivery:
        self._send_to([endpoint], event)
        wanted = event.event_id, endpoint.endpoint_id
        return next(d for d in self.held.values() if (d.event_id, d.endpoint_id) == wanted)

    async def delivery(self, organisation: str | None, delivery_id: str) -> Delivery | None:
        found = self.held.get(delivery_id)
        is_theirs = found is not None and organisation in (None, found.organisation)
        return found if is_theirs else None

    async def deliveries(self, wanted: DeliveryFilter) -> Sequence[Delivery]:
        found = [
            one
            for one in self.held.values()
            if one.organisation == wanted.organisation
            and wanted.endpoint_id in (None, one.endpoint_id)
            and wanted.state in (None, one.state)
        ]
        if wanted.after is not None:
            last = await self.delivery(wanted.organisation, wanted.after)
            if last is None:
                raise CallerError("is no `next` of a page", "after")
            found = [one for one in found if _place(one) < _place(last)]
        return sorted(found, key=_place, reverse=True)[: wanted.most]

    async def resend(self, organisation: str, delivery_id: str, at_ms: int) -> Delivery | None:
        found = await self.delivery(organisation, delivery_id)
        if found is None:
            return None
        if self.all[found.endpoint_id].state is not EndpointState.ACTIVE:
            raise ConflictError("the endpoint is told nothing any more")
        again = replace(found, state=DeliveryState.PENDING, tries_left=TRIES, next_ms=at_ms)
        self.held[delivery_id] = again
        return again

    async def due_endpoints(
        self, now_ms: int, without: Collection[str], most: int
    ) -> Sequence[str]:
        due = {one.endpoint_id for one in self.held.values() if _is_due(one, now_ms)}
        active = {k for k, one in self.all.items() if one.state is EndpointState.ACTIVE}
        return sorted((due & active) - set(without))[:most]

    async def claim(self, endpoint_id: str, now_ms: int, lease_ms: int, most: int) -> Batch | None:
        endpoint = self.all[endpoint_id]
        due = [
            one
            for one in self.held.values()
            if one.endpoint_id == endpoint_id and _is_due(one, now_ms)
        ]
        if not due or endpoint.state is not EndpointState.ACTIVE:
            return None
        claimed = []
        for one in sorted(due, key=lambda one: one.next_ms or 0)[:most]:
            number, left = one.tries + 1, one.tries_left
            body = self.events[one.event_id].body
            claimed.append(Claimed(one.delivery_id, number, left, one.event_id, body))
            self.tries.append((one.delivery_id, number, now_ms))
            self.held[one.delivery_id] = replace(
                one, tries=number, tries_left=left - 1, next_ms=now_ms + lease_ms
            )
        return Batch(endpoint, tuple(claimed))

    async def finish(self, tried: Tried) -> bool:
        one = self.held[tried.delivery_id]
        is_taken = tried.state is DeliveryState.DELIVERED
        if one.tries != tried.number or not (is_taken or one.state is DeliveryState.PENDING):
            return False
        self.held[tried.delivery_id] = replace(
            one,
            state=tried.state,
            next_ms=tried.next_ms,
            tried_ms=tried.tried_ms,
            status=tried.status,
            latency_ms=tried.latency_ms,
            answer=tried.answer,
        )
        endpoint = self.all[tried.endpoint_id]
        since = None if is_taken else endpoint.failing_since_ms or tried.tried_ms
        self.all[tried.endpoint_id] = replace(endpoint, failing_since_ms=since)
        if tried.endpoint_state is not None:
            self._bring_into(tried.endpoint_id, tried.endpoint_state, tried.tried_ms)
        return True


def _wish(endpoint: Endpoint) -> tuple[object, ...]:
    return endpoint.organisation, endpoint.url, endpoint.events, endpoint.concurrency


def _place(delivery: Delivery) -> tuple[int, str]:
    return delivery.created_ms, delivery.delivery_id


def _is_due(delivery: Delivery, now_ms: int) -> bool:
    next_ms = delivery.next_ms
    return next_ms is not None and (next_ms <= now_ms or next_ms > now_ms + WAIT_MOST_MS)
