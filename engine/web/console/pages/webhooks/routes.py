"""Webhooks: endpoints added, given a new secret, disabled, deleted; what was delivered to them.

An endpoint's secret is shown once, when it begins.
"""

import secrets

from aiohttp import web

from engine.core.roles import Right
from engine.core.webhook import WANTED, EventType
from engine.errors import CallerError
from engine.flows.webhooks import Revealed
from engine.flows.webhooks.webhooks import CONCURRENCY_DEFAULT, CONCURRENCY_MOST
from engine.ports.webhooks.endpoints import Endpoint
from engine.web.console.asked import Asked, Belongs
from engine.web.console.menu import Item, Section
from engine.web.console.pages.webhooks import deliveries
from engine.web.console.route import Handler, Route, Subject, Whose

WEBHOOKS = "/console/webhooks"
ONE = f"{WEBHOOKS}/{{endpoint_id}}"


async def find(asked: Asked) -> Belongs | None:
    """The endpoint that the address names."""
    endpoints = asked.site.webhooks.endpoints
    return await endpoints.endpoint(None, asked.request.match_info["endpoint_id"])


async def show_all(asked: Asked) -> web.StreamResponse:
    """The endpoints, oldest first."""
    found = await asked.site.webhooks.endpoints.endpoints(asked.organisation)
    return asked.render("webhooks/list.html", endpoints=found)


async def show(asked: Asked) -> web.StreamResponse:
    """One endpoint, and what may be done to it."""
    endpoint = asked.found(Endpoint)
    key = asked.site.webhooks.public_key(endpoint)
    return asked.render("webhooks/endpoint.html", endpoint=endpoint, public_key=key)


async def show_new(asked: Asked) -> web.StreamResponse:
    """The form for a new endpoint."""
    return asked.render(
        "webhooks/new.html",
        kinds=WANTED,
        chosen=_chosen(asked) if asked.form else WANTED,
        concurrency=CONCURRENCY_DEFAULT,
        concurrency_most=CONCURRENCY_MOST,
        form_id=asked.typed("form_id") or secrets.token_hex(12),
    )


async def add(asked: Asked) -> web.StreamResponse:
    """Add an endpoint and show its secret, this once."""
    typed = asked.typed("concurrency", 3)
    if not (typed.isascii() and typed.isdigit()):
        raise CallerError(f"must be 1 to {CONCURRENCY_MOST}", "concurrency")
    once = f"console:{asked.user.user_id}:{asked.typed('form_id', 100)}"
    made = await asked.site.webhooks.add(
        asked.owner, asked.typed("url"), _chosen(asked), int(typed), once
    )
    asked.note(endpoint=made.endpoint.endpoint_id, url=made.endpoint.url)
    return _revealed(asked, made)


async def rotate(asked: Asked) -> web.StreamResponse:
    """Begin a new secret and show it, this once."""
    endpoint = asked.found(Endpoint)
    made = await asked.site.webhooks.rotate(endpoint.organisation, endpoint.endpoint_id)
    if made is None:
        raise web.HTTPNotFound
    return _revealed(asked, made)


async def disable(asked: Asked) -> web.StreamResponse:
    """Tell an endpoint nothing until it is enabled."""
    endpoint = asked.found(Endpoint)
    await asked.site.webhooks.disable(endpoint.organisation, endpoint.endpoint_id)
    return asked.done(_path(endpoint), "webhooks.disabled_now", url=endpoint.url)


async def enable(asked: Asked) -> web.StreamResponse:
    """Tell an endpoint again."""
    endpoint = asked.found(Endpoint)
    await asked.site.webhooks.enable(endpoint.organisation, endpoint.endpoint_id)
    return asked.done(_path(endpoint), "webhooks.enabled_now", url=endpoint.url)


async def delete(asked: Asked) -> web.StreamResponse:
    """Tell an endpoint nothing any more, for good."""
    endpoint = asked.found(Endpoint)
    asked.note(url=endpoint.url)
    await asked.site.webhooks.delete(endpoint.organisation, endpoint.endpoint_id)
    return asked.done(WEBHOOKS, "webhooks.deleted_now", url=endpoint.url)


async def ping(asked: Asked) -> web.StreamResponse:
    """Send an endpoint a trial, and show how it fares."""
    endpoint = asked.found(Endpoint)
    once = f"console:{secrets.token_hex(12)}"
    sent = await asked.site.webhooks.ping(endpoint.organisation, endpoint.endpoint_id, once)
    if sent is None:
        raise web.HTTPNotFound
    asked.note(delivery=sent.delivery_id)
    return asked.done(f"{deliveries.DELIVERIES}/{sent.delivery_id}", "webhooks.pinged")


def _revealed(asked: Asked, made: Revealed) -> web.Response:
    return asked.render("webhooks/made.html", endpoint=made.endpoint, secret=made.secret)


def _chosen(asked: Asked) -> list[EventType]:
    return [kind for kind in WANTED if f"event-{kind.value}" in asked.form]


def _path(endpoint: Endpoint) -> str:
    return f"{WEBHOOKS}/{endpoint.endpoint_id}"


def _act(verb: str, handler: Handler, *, asks_first: bool = False) -> Route:
    return Route(
        "POST",
        f"{ONE}/{verb}",
        Right.WEBHOOKS_WRITE,
        handler,
        finds=find,
        action=f"webhooks.{verb}",
        asks_first=asks_first,
        again=show,
    )


SUBJECT = Subject(
    routes=(
        Route("GET", WEBHOOKS, Right.WEBHOOKS_READ, show_all),
        Route("GET", f"{WEBHOOKS}/new", Right.WEBHOOKS_WRITE, show_new, whose=Whose.ONE),
        Route(
            "POST",
            f"{WEBHOOKS}/new",
            Right.WEBHOOKS_WRITE,
            add,
            whose=Whose.ONE,
            action="webhooks.add",
            again=show_new,
        ),
        Route("GET", ONE, Right.WEBHOOKS_READ, show, finds=find),
        _act("rotate", rotate, asks_first=True),
        _act("disable", disable, asks_first=True),
        _act("enable", enable),
        _act("delete", delete, asks_first=True),
        _act("ping", ping),
        *deliveries.ROUTES,
    ),
    menu=(
        Item(Section.HOUSE, WEBHOOKS, Right.WEBHOOKS_READ, "webhooks.title", place=55),
        Item(Section.HOUSE, deliveries.DELIVERIES, Right.WEBHOOKS_READ, "webhooks.deliveries", 56),
    ),
)
