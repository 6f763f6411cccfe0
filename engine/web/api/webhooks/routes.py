"""Endpoints made, rotated and taken away; deliveries listed and sent again."""

from typing import Any

from engine.flows.webhooks import Revealed
from engine.ports.operators import Scope
from engine.ports.webhooks import deliveries as d
from engine.ports.webhooks import endpoints as e
from engine.web.api.contract import (
    NOT_FOUND,
    Asked,
    NoBody,
    NoQuery,
    Refused,
    Result,
    Route,
)
from engine.web.api.models import Form, write_time
from engine.web.api.webhooks import models
from engine.web.site import Site

_NO_ENDPOINT = Refused(NOT_FOUND, "There is no such endpoint.")
_NO_DELIVERY = Refused(NOT_FOUND, "There is no such delivery.")


# --- endpoints -----------------------------------------------------------------------------


async def list_endpoints(asked: Asked[NoQuery, NoBody]) -> Result:
    """All endpoints, oldest first; deleted ones are not there."""
    found = await asked.site.webhooks.endpoints.endpoints(asked.organisation)
    return models.Endpoints(endpoints=[_endpoint(asked.site, one) for one in found])


async def add_endpoint(asked: Asked[NoQuery, models.NewEndpoint]) -> Result:
    """Let a URL be told what happens from now on, by the Standard Webhooks.

    Each try has `webhook-id` (the event's), `webhook-timestamp` and `webhook-signature`. 2xx within
    10 seconds is taken; all else is tried again, ten times in three days. Events may come twice and
    in any order.
    """
    body = asked.body
    revealed = await asked.site.webhooks.add(
        asked.organisation, body.url, body.events, body.concurrency, asked.once
    )
    return _revealed(asked.site, revealed)


async def delete_endpoint(asked: Asked[NoQuery, NoBody]) -> Result:
    """Tell an endpoint nothing any more; what waits for it is given up."""
    found = await asked.site.webhooks.delete(asked.organisation, asked.ids["endpoint_id"])
    return _NO_ENDPOINT if found is None else _endpoint(asked.site, found)


async def rotate_endpoint(asked: Asked[NoQuery, NoBody]) -> Result:
    """Begin a new secret; the ones before it sign too for 24 hours yet."""
    found = await asked.site.webhooks.rotate(asked.organisation, asked.ids["endpoint_id"])
    return _NO_ENDPOINT if found is None else _revealed(asked.site, found)


async def disable_endpoint(asked: Asked[NoQuery, NoBody]) -> Result:
    """Tell an endpoint nothing until it is enabled; what waits for it is given up."""
    found = await asked.site.webhooks.disable(asked.organisation, asked.ids["endpoint_id"])
    return _NO_ENDPOINT if found is None else _endpoint(asked.site, found)


async def enable_endpoint(asked: Asked[NoQuery, NoBody]) -> Result:
    """Tell an endpoint again that was disabled, gone or failing; what was given up may be sent
    again."""
    found = await asked.site.webhooks.enable(asked.organisation, asked.ids["endpoint_id"])
    return _NO_ENDPOINT if found is None else _endpoint(asked.site, found)


async def ping_endpoint(asked: Asked[NoQuery, NoBody]) -> Result:
    """Send an endpoint a `ping`, whatever it wants to be told."""
    endpoint_id = asked.ids["endpoint_id"]
    found = await asked.site.webhooks.ping(asked.organisation, endpoint_id, asked.once)
    return _NO_ENDPOINT if found is None else _delivery(found)


def _revealed(site: Site, revealed: Revealed) -> models.RevealedEndpoint:
    shown = _endpoint(site, revealed.endpoint)
    return models.RevealedEndpoint(endpoint=shown, secret=revealed.secret)


def _endpoint(site: Site, endpoint: e.Endpoint) -> models.Endpoint:
    return models.Endpoint(
        endpoint_id=endpoint.endpoint_id,
        url=endpoint.url,
        events=list(endpoint.events),
        concurrency=endpoint.concurrency,
        state=endpoint.state,
        since=write_time(endpoint.state_ms),
        created=write_time(endpoint.created_ms),
        failing_since=_time(endpoint.failing_since_ms),
        public_key=site.webhooks.public_key(endpoint),
    )


# --- deliveries ----------------------------------------------------------------------------


async def list_deliveries(asked: Asked[models.DeliveriesQuery, NoBody]) -> Result:
    """A page of deliveries, newest first; they are kept for one to two months."""
    query = asked.query
    wanted = d.DeliveryFilter(
        organisation=asked.organisation,
        endpoint_id=query.endpoint_id,
        state=query.state,
        after=query.after,
        most=query.limit + 1,
    )
    found = await asked.site.webhooks.deliveries.deliveries(wanted)
    page = found[: query.limit]
    return models.Deliveries(
        deliveries=[_delivery(one) for one in page],
        next=page[-1].delivery_id if len(found) > query.limit else None,
    )


async def show_delivery(asked: Asked[NoQuery, NoBody]) -> Result:
    """One delivery."""
    delivery_id = asked.ids["delivery_id"]
    found = await asked.site.webhooks.deliveries.delivery(asked.organisation, delivery_id)
    return _NO_DELIVERY if found is None else _delivery(found)


async def resend_delivery(asked: Asked[NoQuery, NoBody]) -> Result:
    """Try a delivery again from the beginning, with the same `webhook-id`."""
    found = await asked.site.webhooks.resend(asked.organisation, asked.ids["delivery_id"])
    return _NO_DELIVERY if found is None else _delivery(found)


def _delivery(delivery: d.Delivery) -> models.Delivery:
    return models.Delivery(
        delivery_id=delivery.delivery_id,
        endpoint_id=delivery.endpoint_id,
        event_id=delivery.event_id,
        type=delivery.type,
        object_id=delivery.object_id,
        created=write_time(delivery.created_ms),
        state=delivery.state,
        tries=delivery.tries,
        next=_time(delivery.next_ms),
        tried=_time(delivery.tried_ms),
        status=delivery.status,
        latency_ms=delivery.latency_ms,
        answer=delivery.answer,
    )


def _time(at_ms: int | None) -> str | None:
    return write_time(at_ms) if at_ms is not None else None


def _writing(
    path: str,
    name: str,
    summary: str,
    run: Any,
    answer: type[Any],
    *,
    method: str = "POST",
    status: int = 200,
    body: type[Form] = NoBody,
    untold: tuple[str, ...] = (),
) -> Route[Any, Any]:
    return Route(
        method=method,
        path=path,
        name=name,
        summary=summary,
        scope=Scope.WEBHOOKS_WRITE,
        query=NoQuery,
        body=body,
        answer=answer,
        run=run,
        status=status,
        untold=untold,
    )


def _reading(
    path: str,
    name: str,
    summary: str,
    run: Any,
    answer: type[Any],
    query: type[Form] = NoQuery,
) -> Route[Any, Any]:
    return Route(
        method="GET",
        path=path,
        name=name,
        summary=summary,
        scope=Scope.WEBHOOKS_READ,
        query=query,
        body=NoBody,
        answer=answer,
        run=run,
    )


_ONE = "/webhooks/{endpoint_id}"
ROUTES: tuple[Route[Any, Any], ...] = (
    _reading("/webhooks", "listEndpoints", "List endpoints", list_endpoints, models.Endpoints),
    _writing(
        "/webhooks",
        "addEndpoint",
        "Let a URL be told what happens",
        add_endpoint,
        models.RevealedEndpoint,
        status=201,
        body=models.NewEndpoint,
        untold=("secret",),
    ),
    _writing(
        _ONE,
        "deleteEndpoint",
        "Tell an endpoint nothing any more",
        delete_endpoint,
        models.Endpoint,
        method="DELETE",
    ),
    _writing(
        f"{_ONE}/rotate",
        "rotateEndpoint",
        "Give an endpoint a new secret",
        rotate_endpoint,
        models.RevealedEndpoint,
        untold=("secret",),
    ),
    _writing(
        f"{_ONE}/disable",
        "disableEndpoint",
        "Tell an endpoint nothing for a time",
        disable_endpoint,
        models.Endpoint,
    ),
    _writing(
        f"{_ONE}/enable",
        "enableEndpoint",
        "Tell an endpoint again",
        enable_endpoint,
        models.Endpoint,
    ),
    _writing(
        f"{_ONE}/ping",
        "pingEndpoint",
        "Send an endpoint a trial",
        ping_endpoint,
        models.Delivery,
        status=201,
    ),
    _reading(
        "/deliveries",
        "listDeliveries",
        "List deliveries of webhooks, newest first",
        list_deliveries,
        models.Deliveries,
        models.DeliveriesQuery,
    ),
    _reading(
        "/deliveries/{delivery_id}",
        "showDelivery",
        "Show a delivery",
        show_delivery,
        models.Delivery,
    ),
    _writing(
        "/deliveries/{delivery_id}/resend",
        "resendDelivery",
        "Send a webhook again",
        resend_delivery,
        models.Delivery,
    ),
)
