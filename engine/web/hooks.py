"""Where payment providers call back: `POST /hooks/<profile>/<provider>[/<token>]`.

A callback is durable before it is answered. Of a forged one nothing is kept but a log line.
"""

from aiohttp import web

from engine.core.inventory import BillingProfile
from engine.flows.payments.till import Outcome
from engine.web.site import SITE


def routes() -> list[web.RouteDef]:
    """The routes of all callbacks."""
    return [
        web.post("/hooks/{profile}/{provider}", take),
        web.post("/hooks/{profile}/{provider}/{token}", take),
    ]


async def take(request: web.Request) -> web.Response:
    """Take one callback in: 200 when it is safe, 400 when it is not the provider's."""
    raw = await request.read()
    # From here to the till nothing waits, so that all of it is of one version.
    site = request.app[SITE]
    profile = _profile(request)
    name = request.match_info["provider"]
    if profile is None or site.till.provider(profile.name, name) is None:
        raise web.HTTPNotFound
    headers = {key.lower(): value for key, value in request.headers.items()}
    payee = site.till.payee(profile, name)
    outcome = await site.till.receive(payee, raw, headers, request.match_info.get("token"))
    return web.Response(status=400 if outcome is Outcome.FORGED else 200)


def _profile(request: web.Request) -> BillingProfile | None:
    return request.app[SITE].inventory().profile(request.match_info["profile"])
