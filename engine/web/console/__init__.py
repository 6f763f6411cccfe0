"""The web console: pages for the operator and his organisations, behind one gate.

How to add a page: `README.md` beside this file.
"""

from aiohttp import web

from engine.web.console import assets, live
from engine.web.console.asked import HOME, Asked
from engine.web.console.gate import Gate
from engine.web.console.pages import SUBJECTS
from engine.web.console.route import Route
from engine.web.problems import Handler as WebHandler

__all__ = ["ROUTES", "live", "routes"]


async def _nowhere(_asked: Asked) -> web.StreamResponse:
    raise web.HTTPNotFound


ROUTES: tuple[Route, ...] = tuple(route for subject in SUBJECTS for route in subject.routes)
_NOWHERE = Route("GET", f"{HOME}/{{rest:.*}}", None, _nowhere, is_page=False)


def routes() -> list[web.RouteDef]:
    """The routes of the console; each passes the gate."""
    gate = Gate(tuple(item for subject in SUBJECTS for item in subject.menu))

    def behind(route: Route) -> WebHandler:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await gate.pass_through(route, request)

        return handle

    served = [web.route(route.method, route.path, behind(route)) for route in (*ROUTES, _NOWHERE)]
    return [web.get(assets.PATH, assets.FILES.give), *served]
