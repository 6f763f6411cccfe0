"""Who may ask with a publishable key: the widget itself, and the pages of the merchant's sites.

A browser says itself which origin's page asks (Fetch, 3.2), and no page can make it say something
else. A program can; it gains nothing that a visitor of the site does not have.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from engine.core.form import Form, parse_object
from engine.core.inventory import Merchant
from engine.web.problems import Handler, of_error, problem
from engine.web.publishable import merchant_of_key
from engine.web.site import SITE, Site

PREFLIGHT_KEPT_S = 600
NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Guest:
    """Who asks: somebody on a page of the merchant's; `test`: with the key of the test mode."""

    site: Site
    merchant: Merchant
    test: bool


Handle = Callable[[web.Request, Guest], Awaitable[web.StreamResponse]]


def guest_of(request: web.Request) -> Guest:
    """The guest with the key in the address; 404 if it is none, or its merchant is gone."""
    site = request.app[SITE]
    named = merchant_of_key(site.seal, request.match_info["key"])
    merchant = site.inventory().merchant(named[0]) if named else None
    if named is None or merchant is None:
        raise web.HTTPNotFound
    return Guest(site, merchant, named[1])


def open_to_sites(handle: Handle) -> Handler:
    """A handler for the pages of the merchant's sites: 403 for any other page."""

    async def handler(request: web.Request) -> web.StreamResponse:
        guest = guest_of(request)
        if not _may_ask(request, guest):
            return problem(403, "Only for pages of the merchant's sites", code="no_site")
        try:
            answer = await handle(request, guest)
        except Exception as error:
            answer = of_error(error)
        if not answer.prepared:
            answer.headers.update(shared(request))
        return answer

    return handler


def _may_ask(request: web.Request, guest: Guest) -> bool:
    """A reading that names no origin is the widget's own, or nothing that a page can read."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.method == "GET"
    return origin == guest.site.origin or origin in guest.merchant.sites


def shared(request: web.Request) -> dict[str, str]:
    """What lets the asking page read the answer (Fetch, 3.3)."""
    origin = request.headers.get("Origin")
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"} if origin else {}


async def preflight(_request: web.Request, _guest: Guest) -> web.Response:
    """What a page may send."""
    headers = {
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": "Content-Type",
        "Access-Control-Max-Age": str(PREFLIGHT_KEPT_S),
    }
    return web.Response(status=204, headers=headers)


async def read_form(request: web.Request) -> Form:
    """The JSON object that a page has sent; 415 for what is none."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    return parse_object((await request.read()).decode(errors="replace"))
