"""What goes over the wire of endpoints and deliveries."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from engine.core.address import URL_CHARS_MOST
from engine.core.webhook import WANTED, EventType
from engine.flows.webhooks.webhooks import CONCURRENCY_DEFAULT, CONCURRENCY_MOST
from engine.ports.webhooks.deliveries import DeliveryState
from engine.ports.webhooks.endpoints import EndpointState
from engine.web.api.models import Form, Id, Page, Time

# JSON knows no members of an enumeration.
Wanted = Annotated[
    EventType,
    Field(strict=False),
    WithJsonSchema({"type": "string", "enum": [kind.value for kind in WANTED]}),
]
_ENDPOINT: dict[str, Any] = {
    "endpoint_id": "5d0f6c1b2a3e4f50",
    "url": "https://www.example.org/webhooks",
    "events": ["payment.credited", "call.ended"],
    "concurrency": 4,
    "state": "active",
    "since": "2026-11-03T16:20:00.000Z",
    "created": "2026-11-03T16:20:00.000Z",
    "failing_since": None,
    "public_key": "whpk_hMuV1m7ZPHyEXNmbF4N4rKQ2TQ0r4qXzHTlTvGXKhPs=",
}
_REVEALED = {
    "endpoint": _ENDPOINT,
    "secret": "whsec_q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
}


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class NewEndpoint(Form):
    """An endpoint to be."""

    model_config = _example(
        url="https://www.example.org/webhooks",
        events=["payment.credited", "call.ended"],
        concurrency=4,
    )

    url: str = Field(
        max_length=URL_CHARS_MOST, description="By https, at a public address, without redirects."
    )
    events: list[Wanted] = Field(min_length=1, max_length=20, description="What it is told.")
    concurrency: int = Field(
        CONCURRENCY_DEFAULT,
        ge=1,
        le=CONCURRENCY_MOST,
        description="How many each engine may send at once.",
    )


class Endpoint(BaseModel):
    """Where webhooks go."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ENDPOINT]})

    endpoint_id: Id
    url: str
    events: list[EventType]
    concurrency: int
    state: EndpointState = Field(
        description="`disabled` by you, `gone` after an answer 410, `failing` after five days "
        "without any success."
    )
    since: Time = Field(description="When it came into this state.")
    created: Time
    failing_since: Time | None = Field(description="Null while it takes what is sent.")
    public_key: str = Field(description="Verifies its `v1a` signatures (Ed25519).")


class Endpoints(BaseModel):
    """All endpoints, oldest first."""

    endpoints: list[Endpoint]


class RevealedEndpoint(BaseModel):
    """An endpoint and its new secret."""

    model_config = _example(**_REVEALED)

    endpoint: Endpoint
    secret: str | None = Field(
        description="Verifies its `v1` signatures (HMAC-SHA256). Told this once: null in the "
        "answer to a repeat."
    )


class DeliveriesQuery(Page):
    """Which deliveries."""

    after: Id | None = Field(None, description="The `next` of the page before.")
    endpoint_id: Id | None = Field(None, description="To this endpoint.")
    state: DeliveryState | None = Field(None, description="How the delivery stands.")


class Delivery(BaseModel):
    """An event on its way to an endpoint, with its last try."""

    model_config = _example(
        delivery_id="0c5b7b0a4a5e4f4c9c9f3e0d7a6b5c4d",
        endpoint_id="5d0f6c1b2a3e4f50",
        event_id="evt_7f83b1657ff1fc53b92dc18148a1d65d",
        type="payment.credited",
        object_id="4b0e7c1d9a2f4e538c6d7f8091a2b3c4",
        created="2026-11-03T16:20:00.000Z",
        state="pending",
        tries=2,
        next="2026-11-03T16:25:05.000Z",
        tried="2026-11-03T16:20:05.100Z",
        status=503,
        latency_ms=87,
        answer="Service Unavailable",
    )

    delivery_id: Id
    endpoint_id: Id
    event_id: str = Field(description="The `webhook-id`, the same for every try and endpoint.")
    type: EventType
    object_id: str = Field(description="The call's, the order's, or with `ping` the endpoint's.")
    created: Time
    state: DeliveryState
    tries: int = Field(description="How many were begun.")
    next: Time | None = Field(description="When it is tried again; null if it is not.")
    tried: Time | None
    status: int | None = Field(description="The last answer's; null if there was none.")
    latency_ms: int | None
    answer: str = Field(description="Its first 500 characters, or why there was none.")


class Deliveries(BaseModel):
    """A page of deliveries, newest first."""

    deliveries: list[Delivery]
    next: str | None
