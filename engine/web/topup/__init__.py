"""The top-up page: shown in a frame on the operator's site, and what its payer watches afterwards.

It keeps no cookie and no session: what a payer may see hangs on the seal in the address he was
given. Nobody learns here whether a number has an account, or its balance, unless he just paid.
"""

from aiohttp import web

from engine.web.topup import ordering, page, typed
from engine.web.topup.watching import Watching

__all__ = ["routes"]


def routes() -> list[web.RouteDef]:
    """The routes of the page, of its orders, and of what was ordered."""
    watching = Watching()
    return [
        web.get("/topup/static/{name}", page.FILES.give),
        web.get("/topup/{profile}", page.show),
        web.get("/topup/{profile}/snippet", page.snippet),
        web.post("/topup/{profile}/number", typed.check),
        web.post("/topup/{profile}/orders", ordering.begin),
        web.get("/pay/{order_id}/{watch}", watching.status),
        web.get("/pay/{order_id}/{watch}/events", watching.events),
        web.get("/pay/{order_id}/{watch}/back", watching.back),
        web.get("/pay/{order_id}/{watch}/receipt", watching.receipt),
    ]
