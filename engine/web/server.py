"""The HTTP server: routes of every room, one guard before all of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from engine.errors import CallerError
from engine.web import hooks
from engine.web.guard import BODY_BYTES_MOST
from engine.web.problems import tell_problems
from engine.web.site import SITE, Site

BACKLOG = 128
SHUTDOWN_S = 2.0


def make_app(site: Site) -> web.Application:
    """The application with all its routes."""
    app = web.Application(
        client_max_size=BODY_BYTES_MOST, middlewares=[site.guard.check, tell_problems]
    )
    app[SITE] = site
    app.add_routes(hooks.routes())
    return app


@asynccontextmanager
async def serving(site: Site, host: str, port: int) -> AsyncIterator[int]:
    """The site at work until the block is left; gives its port (0 stands for a free one).

    `CallerError` if the address cannot be listened on.
    """
    runner = web.AppRunner(make_app(site), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        listener = web.TCPSite(runner, host, port, backlog=BACKLOG)
        try:
            await listener.start()
        except OSError as error:
            raise CallerError(f"{host}:{port} cannot be listened on: {error}", "web_port") from None
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
