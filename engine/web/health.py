"""How an engine is, for machines: `/metrics`, `/healthz`, `/readyz`.

They have a listener of their own and are no part of the public site: who may ask is decided by the
address that is listened on. `/healthz` says whether the process works at all, so that it may be
started anew; `/readyz` whether calls can be taken and paid for, with the reason for each that
fails.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from engine.errors import EngineError

CHECK_WITHIN_S = 2.0
BEAT_EVERY_S = 0.25
SILENT_MOST_S = 5.0
SHUTDOWN_S = 1.0

Check = Callable[[], Awaitable[None]]
"""Raises `EngineError` with the reason if something is not as it should be."""


class Pulse:
    """Beats in the event loop: a beat that is late says that something held the loop up."""

    def __init__(self, note: Callable[[float], None]) -> None:
        """`note` is told by how many seconds each beat was late."""
        self._note = note
        self._due_s = 0.0

    async def run(self) -> None:
        """Beat for ever."""
        loop = asyncio.get_running_loop()
        while True:
            self._due_s = loop.time() + BEAT_EVERY_S
            await asyncio.sleep(BEAT_EVERY_S)
            self._note(max(0.0, loop.time() - self._due_s))

    @property
    def silent_s(self) -> float:
        """By how much the next beat is overdue."""
        return max(0.0, asyncio.get_running_loop().time() - self._due_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is told: the metrics as text, and what must hold for the engine to be ready."""

    text: Callable[[], Awaitable[bytes]]
    content_type: str
    checks: Mapping[str, Check]
    pulse: Pulse


HEALTH = web.AppKey("HEALTH", Health)


def make_app(health: Health) -> web.Application:
    """The three pages."""
    app = web.Application()
    app[HEALTH] = health
    app.add_routes(
        [web.get("/metrics", metrics), web.get("/healthz", healthz), web.get("/readyz", readyz)]
    )
    return app


async def metrics(request: web.Request) -> web.Response:
    """All metrics in Prometheus' text format."""
    health = request.app[HEALTH]
    return web.Response(body=await health.text(), headers={"Content-Type": health.content_type})


async def healthz(request: web.Request) -> web.Response:
    """200 while the loop turns; 503 just after it was held up for long."""
    silent_s = request.app[HEALTH].pulse.silent_s
    is_alive = silent_s < SILENT_MOST_S
    told = {"status": "alive" if is_alive else "held up", "silent_s": round(silent_s, 3)}
    return web.json_response(told, status=200 if is_alive else 503)


async def readyz(request: web.Request) -> web.Response:
    """200 if every check holds; 503 with the reasons of those that fail."""
    checks = request.app[HEALTH].checks
    faults = await asyncio.gather(*(_fault(check) for check in checks.values()))
    told = {name: fault or "ok" for name, fault in zip(checks, faults, strict=True)}
    is_ready = not any(faults)
    content = {"status": "ready" if is_ready else "not ready", "checks": told}
    return web.json_response(content, status=200 if is_ready else 503)


async def _fault(check: Check) -> str:
    """Why a check does not hold; empty if it does."""
    try:
        async with asyncio.timeout(CHECK_WITHIN_S):
            await check()
    except TimeoutError:
        return f"no answer within {CHECK_WITHIN_S:g} s"
    except EngineError as fault:
        return str(fault)
    return ""


@asynccontextmanager
async def telling(health: Health, listener: socket.socket) -> AsyncIterator[None]:
    """The pages at work on a listening socket until the block is left."""
    runner = web.AppRunner(make_app(health), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    beating = asyncio.create_task(health.pulse.run(), name="pulse")
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        await runner.cleanup()
