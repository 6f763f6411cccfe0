"""Parts of a page that change by themselves: server-sent events (WHATWG HTML, 9.2).

A page marks a part `data-live="/console/live/<subject>"`; the route there answers with `stream`.
Each event is the part's HTML as it is now; the script brings what stands there to it, touching only
what differs. A stream looks once a second, or at once when live calls change (`watched`); it ends
by itself, and the browser comes again; it ends too when its session does. Where the browser is
refused or finds nobody, the script goes on asking, and the page says meanwhile that it is not up to
date. A part in which something is marked `data-over` is followed no more.

Times in a part are told by the instant (`data-since`, `data-until`, milliseconds since 1970), and
the script lets them run; the event `clock` tells it what time it is here.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
from aiohttp import web

from engine.errors import RemoteError
from engine.flows.live import LiveCall
from engine.web.console import cookies
from engine.web.console.asked import Asked
from engine.web.guard import SECURITY_HEADERS
from engine.web.problems import problem

LOOK_EVERY_MS = 1_000
HEARTBEAT_LOOKS = 15
STREAM_LOOKS = 600
STREAMS_MOST = 100
STREAMS_OF_USER_MOST = 6
COME_AGAIN_MS = 200
FIRST_READ_S = 2.0

log = structlog.get_logger(__name__)

Look = Callable[[], Awaitable[str]]
T = TypeVar("T")


@dataclass(eq=False, slots=True)
class _Last:
    """The last look that streams share: when it was begun or over, what it found."""

    asked_mono_ms: int | None = None
    found: Any = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


_STREAMS: web.AppKey[Counter[str]] = web.AppKey("CONSOLE_STREAMS", Counter)
_LAST: web.AppKey[defaultdict[str, _Last]] = web.AppKey("CONSOLE_LAST", defaultdict)


def prepare(app: web.Application) -> None:
    """Count the streams of an application, and let them share looks."""
    app[_STREAMS] = Counter()
    app[_LAST] = defaultdict(_Last)


async def shared(
    asked: Asked, name: str, every_ms: int, look: Callable[[], Awaitable[T]]
) -> T | None:
    """What `look` finds, done once in so long for all streams together; None if it failed."""
    last, clock = asked.request.app[_LAST][name], asked.site.clock
    async with last.lock:
        if last.asked_mono_ms is None or clock.now().mono_ms - last.asked_mono_ms >= every_ms:
            last.asked_mono_ms, last.found = clock.now().mono_ms, None
            last.found = await look()
            last.asked_mono_ms = clock.now().mono_ms
        found: T | None = last.found
        return found


@dataclass(eq=False, slots=True)
class Watched:
    """The live calls as one stream knows them, by their ids, oldest first.

    `calls` is None until they were read; `changed` is set whenever one of them changes.
    """

    calls: dict[str, LiveCall] | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def known(self) -> dict[str, LiveCall]:
        """The calls; `RemoteError` while they were not read."""
        if self.calls is None:
            raise RemoteError("the live calls were not read yet")
        return self.calls


@asynccontextmanager
async def watched(asked: Asked) -> AsyncIterator[Watched]:
    """The live calls that the request is about, kept up by the one watcher of this engine."""
    seen = Watched()
    work = asyncio.create_task(_keep_up(asked, seen), name="live.watched")
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_READ_S):
                await seen.changed.wait()
        yield seen
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def _keep_up(asked: Asked, seen: Watched) -> None:
    async for change in asked.site.live.watch(asked.organisation):
        calls = {} if change.whole else dict(seen.calls or {})
        for gone in change.gone:
            calls.pop(gone, None)
        calls |= {call.call_id: call for call in change.calls}
        in_order = sorted(calls.values(), key=lambda call: (call.arrived_ms, call.call_id))
        seen.calls = {call.call_id: call for call in in_order}
        seen.changed.set()


async def stream(
    asked: Asked, look: Look, changed: asyncio.Event | None = None
) -> web.StreamResponse:
    """Send what `look` gives (HTML), now and whenever it differs; 429 beyond the limits.

    It is looked once a second, and as soon as `changed` is set.
    """
    streams, who = asked.request.app[_STREAMS], asked.user.user_id
    if streams.total() >= STREAMS_MOST or streams[who] >= STREAMS_OF_USER_MOST:
        return problem(429, "Too many streams")
    streams[who] += 1
    try:
        return await _send(asked, look, changed or asyncio.Event())
    finally:
        streams[who] -= 1
        if not streams[who]:
            del streams[who]


async def _send(asked: Asked, look: Look, changed: asyncio.Event) -> web.StreamResponse:
    headers = {**SECURITY_HEADERS, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    answer = web.StreamResponse(headers=headers)
    answer.content_type = "text/event-stream"
    await answer.prepare(asked.request)
    last = ""
    try:
        await answer.write(f"retry: {COME_AGAIN_MS}\n{_clock(asked)}".encode())
        for round_ in range(1, STREAM_LOOKS + 1):
            changed.clear()
            seen = await _look(look)
            if seen not in ("", last):
                await answer.write(_event(seen))
                last = seen
            if round_ % HEARTBEAT_LOOKS == 0:
                if not await _lives(asked):
                    break
                await answer.write(_clock(asked).encode())
            if asked.request.transport is None or asked.request.transport.is_closing():
                break
            await _pause(asked, changed)
    except ConnectionError:
        log.debug("live.left", user=asked.user.user_id)
    return answer


async def _look(look: Look) -> str:
    """What is to be shown; empty while books or store do not answer."""
    try:
        return await look()
    except RemoteError as error:
        log.warning("live.waits", error=str(error))
        return ""


async def _lives(asked: Asked) -> bool:
    """Whether the session still lives, with the role it had."""
    secure = cookies.is_secure(asked.site.origin)
    try:
        found = await asked.site.signing_in.recognise(
            cookies.read_session(asked.request, secure=secure), notes=False
        )
    except RemoteError:
        return True
    return found is not None and found[1].role is asked.user.role


async def _pause(asked: Asked, changed: asyncio.Event) -> None:
    """Until something has changed, or it is time to look again."""
    waits = (
        asyncio.ensure_future(changed.wait()),
        asyncio.ensure_future(asked.site.clock.sleep(LOOK_EVERY_MS)),
    )
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _clock(asked: Asked) -> str:
    """What time it is here; a sign of life besides."""
    return f"event: clock\ndata: {asked.site.clock.now().wall_ms}\n\n"


def _event(html: str) -> bytes:
    lines = "".join(f"data: {line}\n" for line in html.splitlines())
    return f"event: part\n{lines}\n".encode()
