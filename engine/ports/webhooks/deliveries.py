"""Deliveries: one event on its way to one endpoint, tried until it is taken or given up.

An event is written in the transaction that makes it true, with a delivery for each endpoint that
wants it. Every engine sends: who claims a delivery has it for a lease, and each claim is a try with
a number of its own, so that what an engine learns too late changes nothing. A try may be made and
its engine die before that is written: what is delivered is delivered at least once.

Every method is one transaction, with the errors of `ports.ledger`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from engine.core.webhook import Event, EventType
from engine.ports.webhooks.endpoints import Endpoint, EndpointState

TRIES = 10
"""How often a delivery is tried before it is given up."""

WAIT_MOST_MS = 36 * 3_600_000
"""No try is further ahead than this. One that is was put off by a clock that went wrong."""


class DeliveryState(StrEnum):
    """How a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery with its last try. `tries` were begun; `tries_left` may still be.

    `next_ms` is when it is tried again (or its lease ends), None if it is not. Of the last try:
    when it ended, the HTTP status (None: there was no answer), how long it took, and the beginning
    of the answer, or why there was none.
    """

    delivery_id: str
    organisation: str
    endpoint_id: str
    event_id: str
    type: EventType
    object_id: str
    created_ms: int
    state: DeliveryState = DeliveryState.PENDING
    tries: int = 0
    tries_left: int = TRIES
    next_ms: int | None = None
    tried_ms: int | None = None
    status: int | None = None
    latency_ms: int | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours to try now, as its `number`th try; `left` counts this one too."""

    delivery_id: str
    number: int
    left: int
    event_id: str
    body: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What was claimed, and its endpoint as it stands."""

    endpoint: Endpoint
    claimed: tuple[Claimed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of a try; `endpoint_state` is what its endpoint becomes, None if it stays."""

    delivery_id: str
    endpoint_id: str
    number: int
    state: DeliveryState
    next_ms: int | None
    tried_ms: int
    status: int | None
    latency_ms: int
    answer: str
    endpoint_state: EndpointState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries are listed: newest first, `most` of them after the delivery `after`."""

    organisation: str
    endpoint_id: str | None = None
    state: DeliveryState | None = None
    after: str | None = None
    most: int = 50


class Deliveries(Protocol):
    """The deliveries of all organisations."""

    async def send_to(self, endpoint: Endpoint, event: Event) -> Delivery:
        """Let one endpoint be told of an event, whatever it wants; the same event again is the
        delivery that is there."""
        ...

    async def delivery(self, organisation: str | None, delivery_id: str) -> Delivery | None:
        """The delivery with this id, if it is the organisation's; whosever it is, for None."""
        ...

    async def deliveries(self, wanted: DeliveryFilter) -> Sequence[Delivery]: ...

    async def resend(self, organisation: str, delivery_id: str, at_ms: int) -> Delivery | None:
        """Try a delivery again from the beginning, also one that was taken.

        `ConflictError` if its endpoint is told nothing any more.
        """
        ...

    async def due_endpoints(
        self, now_ms: int, without: Collection[str], most: int
    ) -> Sequence[str]:
        """The active endpoints, but these, that something is to be sent to now."""
        ...

    async def claim(self, endpoint_id: str, now_ms: int, lease_ms: int, most: int) -> Batch | None:
        """Up to `most` of an endpoint's deliveries that are due, longest due first, ours for the
        lease; None if there is none, or the endpoint is told nothing."""
        ...

    async def finish(self, tried: Tried) -> bool:
        """Note what came of a try; False if a later one was begun meanwhile, which knows better, or
        if it failed and the delivery was given up."""
        ...
