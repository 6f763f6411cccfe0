"""The verification widget: shown in a frame on a merchant's site, and what its page asks.

It keeps no cookie: what a browser may see hangs on the seal of the session that it began. Whose
pages may ask is said by the merchant's sites; `README.md` beside this file is for merchants.
"""

from aiohttp import web

from engine.web.verify import assets, door, page, sessions, typed
from engine.web.verify.watching import Watching

__all__ = ["routes"]

_SESSION = "/verify/{key}/sessions/{verification_id}/{seal}"


def routes() -> list[web.RouteDef]:
    """The routes of the widget, of its sessions, and of the key that tokens are checked with."""
    opened = door.open_to_sites
    watching = Watching()
    return [
        web.get("/.well-known/jwks.json", page.key_set),
        web.get("/verify/widget.js", assets.widget),
        web.get("/verify/static/{name}", assets.FILES.give),
        web.get("/verify/{key}", page.show),
        web.post("/verify/{key}/number", opened(typed.check)),
        web.post("/verify/{key}/sessions", opened(sessions.begin)),
        web.get(_SESSION, opened(sessions.show)),
        web.get(f"{_SESSION}/events", opened(watching.events)),
        web.post(f"{_SESSION}/check", opened(sessions.check)),
        web.post(f"{_SESSION}/calls", opened(sessions.call_again)),
        web.post(f"{_SESSION}/cancel", opened(sessions.cancel)),
        web.options("/verify/{key}/{rest:.+}", opened(door.preflight)),
    ]
