"""The HTTP server: routes of every room, one guard before all of them."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from engine.errors import CallerError
from engine.web import console, hooks, topup, verify
from engine.web.api import gate
from engine.web.guard import BODY_BYTES_MOST
from engine.web.parts.files import FRAME
from engine.web.problems import name_request, tell_problems
from engine.web.site import SITE, Site

BACKLOG = 128
SHUTDOWN_S = 2.0


def make_app(site: Site) -> web.Application:
    """The application with all its routes."""
    app = web.Application(
        client_max_size=BODY_BYTES_MOST,
        middlewares=[name_request, site.guard.check, tell_problems],
    )
    app[SITE] = site
    app.add_routes(hooks.routes())
    app.add_routes([web.get("/frame/{name}", FRAME.give)])
    app.add_routes(topup.routes())
    app.add_routes(verify.routes())
    app.add_routes(gate.routes())
    console.live.prepare(app)
    app.add_routes(console.routes())
    return app


def listen(host: str, port: int, setting: str = "web_port") -> socket.socket:
    """A socket that listens, on a free port if `port` is 0.

    `CallerError` about `setting` if the address cannot be listened on.
    """
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        raise CallerError(f"{host}:{port} cannot be listened on: {error}", setting) from None


@asynccontextmanager
async def serving(site: Site, listener: socket.socket) -> AsyncIterator[None]:
    """The site at work on a listening socket until the block is left."""
    runner = web.AppRunner(make_app(site), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()
