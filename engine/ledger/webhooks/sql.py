"""`ports.webhooks` in the ledger's own database; each method is one transaction."""

from collections.abc import Collection, Sequence
from functools import partial

from engine.core.webhook import Event
from engine.ledger.sql import SqlLedger
from engine.ledger.webhooks import deliveries, endpoints
from engine.ports.webhooks.deliveries import Batch, Delivery, DeliveryFilter, Tried
from engine.ports.webhooks.endpoints import Endpoint, EndpointState


class SqlEndpoints:
    """The endpoints in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def add(self, endpoint: Endpoint) -> Endpoint:
        """See `ports.webhooks.endpoints`."""
        return await self._database.write(partial(endpoints.add, endpoint=endpoint))

    async def endpoint(self, organisation: str | None, endpoint_id: str) -> Endpoint | None:
        """See `ports.webhooks.endpoints`."""
        work = partial(endpoints.by_id, organisation=organisation, endpoint_id=endpoint_id)
        return await self._database.read(work)

    async def endpoints(self, organisation: str | None) -> Sequence[Endpoint]:
        """See `ports.webhooks.endpoints`."""
        return await self._database.read(partial(endpoints.listed, organisation=organisation))

    async def rotate(self, organisation: str, endpoint_id: str, at_ms: int) -> Endpoint | None:
        """See `ports.webhooks.endpoints`."""
        work = partial(
            endpoints.rotate, organisation=organisation, endpoint_id=endpoint_id, at_ms=at_ms
        )
        return await self._database.write(work)

    async def set_state(
        self, organisation: str, endpoint_id: str, state: EndpointState, at_ms: int
    ) -> Endpoint | None:
        """See `ports.webhooks.endpoints`."""
        work = partial(
            endpoints.set_state,
            organisation=organisation,
            endpoint_id=endpoint_id,
            state=state,
            at_ms=at_ms,
        )
        return await self._database.write(work)


class SqlDeliveries:
    """The deliveries in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def send_to(self, endpoint: Endpoint, event: Event) -> Delivery:
        """See `ports.webhooks.deliveries`."""
        return await self._database.write(
            partial(deliveries.send_to, endpoint=endpoint, event=event)
        )

    async def delivery(self, organisation: str | None, delivery_id: str) -> Delivery | None:
        """See `ports.webhooks.deliveries`."""
        work = partial(deliveries.by_id, organisation=organisation, delivery_id=delivery_id)
        return await self._database.read(work)

    async def deliveries(self, wanted: DeliveryFilter) -> Sequence[Delivery]:
        """See `ports.webhooks.deliveries`."""
        return await self._database.read(partial(deliveries.listed, wanted=wanted))

    async def resend(self, organisation: str, delivery_id: str, at_ms: int) -> Delivery | None:
        """See `ports.webhooks.deliveries`."""
        work = partial(
            deliveries.resend, organisation=organisation, delivery_id=delivery_id, at_ms=at_ms
        )
        return await self._database.write(work)

    async def due_endpoints(
        self, now_ms: int, without: Collection[str], most: int
    ) -> Sequence[str]:
        """See `ports.webhooks.deliveries`."""
        work = partial(deliveries.due_endpoints, now_ms=now_ms, without=without, most=most)
        return await self._database.read(work)

    async def claim(self, endpoint_id: str, now_ms: int, lease_ms: int, most: int) -> Batch | None:
        """See `ports.webhooks.deliveries`."""
        work = partial(
            deliveries.claim, endpoint_id=endpoint_id, now_ms=now_ms, lease_ms=lease_ms, most=most
        )
        return await self._database.write(work)

    async def finish(self, tried: Tried) -> bool:
        """See `ports.webhooks.deliveries`."""
        return await self._database.write(partial(deliveries.finish, tried=tried))
