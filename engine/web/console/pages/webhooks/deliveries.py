"""What was delivered to endpoints, and what was not: listed, looked at, sent again."""

from aiohttp import web

from engine.core.roles import Right
from engine.flows.webhooks.words import no_answer_in
from engine.ports.webhooks.deliveries import Delivery, DeliveryFilter, DeliveryState
from engine.web.console.asked import PAGE_ROWS, Asked, Belongs
from engine.web.console.forms.filters import word_of
from engine.web.console.route import Route, Whose

DELIVERIES = "/console/deliveries"
ONE = f"{DELIVERIES}/{{delivery_id}}"


async def find(asked: Asked) -> Belongs | None:
    """The delivery that the address names."""
    deliveries = asked.site.webhooks.deliveries
    return await deliveries.delivery(None, asked.request.match_info["delivery_id"])


async def show_all(asked: Asked) -> web.StreamResponse:
    """Deliveries as the filters want them, newest first."""
    webhooks = asked.site.webhooks
    wanted = DeliveryFilter(
        organisation=asked.owner,
        endpoint_id=asked.wanted("endpoint") or None,
        state=word_of(DeliveryState, asked.wanted("state")),
        after=asked.wanted("after") or None,
        most=PAGE_ROWS + 1,
    )
    found = await webhooks.deliveries.deliveries(wanted)
    page = found[:PAGE_ROWS]
    endpoints = await webhooks.endpoints.endpoints(asked.owner)
    return asked.render(
        "webhooks/deliveries.html",
        page=page,
        more=asked.link(after=page[-1].delivery_id) if len(found) > PAGE_ROWS else "",
        endpoints={one.endpoint_id: one.url for one in endpoints},
        states=tuple(DeliveryState),
    )


async def show(asked: Asked) -> web.StreamResponse:
    """One delivery with its last try."""
    delivery = asked.found(Delivery)
    endpoint = await asked.site.webhooks.endpoints.endpoint(
        delivery.organisation, delivery.endpoint_id
    )
    answer = delivery.answer
    if delivery.status is None:
        answer = no_answer_in(asked.texts.lang, answer)
    return asked.render(
        "webhooks/delivery.html", delivery=delivery, answer=answer, endpoint=endpoint
    )


async def resend(asked: Asked) -> web.StreamResponse:
    """Try a delivery again from the beginning."""
    delivery = asked.found(Delivery)
    await asked.site.webhooks.resend(delivery.organisation, delivery.delivery_id)
    return asked.done(f"{DELIVERIES}/{delivery.delivery_id}", "webhooks.resent")


ROUTES = (
    Route("GET", DELIVERIES, Right.WEBHOOKS_READ, show_all, whose=Whose.ONE),
    Route("GET", ONE, Right.WEBHOOKS_READ, show, finds=find),
    Route(
        "POST",
        f"{ONE}/resend",
        Right.WEBHOOKS_WRITE,
        resend,
        finds=find,
        action="webhooks.resend",
        again=show,
    ),
)
