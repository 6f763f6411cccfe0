"""What people and programs do with webhooks: endpoints made, tried, rotated; deliveries sent again.

A secret is told when it begins, and then to nobody.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from engine.core.address import check_url
from engine.core.webhook import WANTED, EventType, ping
from engine.errors import CallerError, ConflictError
from engine.flows.webhooks.signing import Signer
from engine.ports.clock import Clock
from engine.ports.webhooks.deliveries import Deliveries, Delivery
from engine.ports.webhooks.endpoints import Endpoint, Endpoints, EndpointState

CONCURRENCY_DEFAULT = 4
CONCURRENCY_MOST = 10


@dataclass(frozen=True, slots=True)
class Revealed:
    """An endpoint and its present secret, which is told this once."""

    endpoint: Endpoint
    secret: str


class Webhooks:
    """The endpoints of all organisations; `loopback` lets this very machine be one (for trials)."""

    def __init__(
        self,
        endpoints: Endpoints,
        deliveries: Deliveries,
        signer: Signer,
        clock: Clock,
        *,
        loopback: bool = False,
    ) -> None:
        self.endpoints = endpoints
        self.deliveries = deliveries
        self._signer = signer
        self._clock = clock
        self._loopback = loopback

    def public_key(self, endpoint: Endpoint) -> str:
        """The key that an endpoint's present signatures can be verified with."""
        return self._signer.public_key(endpoint.endpoint_id, endpoint.generation)

    async def add(
        self,
        organisation: str,
        url: str,
        events: Sequence[EventType],
        concurrency: int,
        once: str,
    ) -> Revealed:
        """A new endpoint; the same `once` again is the same endpoint.

        `CallerError` for a URL that nothing is sent to, and for events that are none.
        """
        check_url(url, loopback=self._loopback)
        if not events or not set(events) <= set(WANTED):
            raise CallerError(f"must be some of {', '.join(WANTED)}", "events")
        if not 1 <= concurrency <= CONCURRENCY_MOST:
            raise CallerError(f"must be 1 to {CONCURRENCY_MOST}", "concurrency")
        now_ms = self._clock.now().wall_ms
        endpoint = await self.endpoints.add(
            Endpoint(
                endpoint_id=hashlib.sha256(f"{organisation}:{once}".encode()).hexdigest()[:16],
                organisation=organisation,
                url=url,
                events=tuple(kind for kind in WANTED if kind in events),
                concurrency=concurrency,
                created_ms=now_ms,
                state_ms=now_ms,
            )
        )
        return self._revealed(endpoint)

    async def rotate(self, organisation: str, endpoint_id: str) -> Revealed | None:
        """Begin a new secret; None if there is no such endpoint."""
        now_ms = self._clock.now().wall_ms
        endpoint = await self.endpoints.rotate(organisation, endpoint_id, now_ms)
        return None if endpoint is None else self._revealed(endpoint)

    def _revealed(self, endpoint: Endpoint) -> Revealed:
        return Revealed(endpoint, self._signer.secret(endpoint.endpoint_id, endpoint.generation))

    async def delete(self, organisation: str, endpoint_id: str) -> Endpoint | None:
        """Tell an endpoint nothing any more, for good; None if there is none."""
        return await self._bring_into(organisation, endpoint_id, EndpointState.DELETED)

    async def disable(self, organisation: str, endpoint_id: str) -> Endpoint | None:
        """Tell an endpoint nothing until it is enabled, what waits neither; None if there is
        none."""
        return await self._bring_into(organisation, endpoint_id, EndpointState.DISABLED)

    async def enable(self, organisation: str, endpoint_id: str) -> Endpoint | None:
        """Tell an endpoint again that was disabled, gone or failing; None if there is none."""
        return await self._bring_into(organisation, endpoint_id, EndpointState.ACTIVE)

    async def _bring_into(
        self, organisation: str, endpoint_id: str, state: EndpointState
    ) -> Endpoint | None:
        now_ms = self._clock.now().wall_ms
        return await self.endpoints.set_state(organisation, endpoint_id, state, now_ms)

    async def ping(self, organisation: str, endpoint_id: str, once: str) -> Delivery | None:
        """Send an endpoint a trial; None if there is no such endpoint.

        `ConflictError` if it is told nothing.
        """
        endpoint = await self.endpoints.endpoint(organisation, endpoint_id)
        if endpoint is None:
            return None
        if endpoint.state is not EndpointState.ACTIVE:
            raise ConflictError(f"the endpoint is {endpoint.state}: enable it first")
        event = ping(organisation, endpoint_id, once, self._clock.now().wall_ms)
        return await self.deliveries.send_to(endpoint, event)

    async def resend(self, organisation: str, delivery_id: str) -> Delivery | None:
        """Send again what was taken, given up, or waits; None if there is no such delivery."""
        now_ms = self._clock.now().wall_ms
        return await self.deliveries.resend(organisation, delivery_id, now_ms)
