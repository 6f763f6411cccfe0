"""Parts of a page that change by themselves: server-sent events (WHATWG HTML, 9.2).

A page marks a part `data-live="/console/live/<subject>"`; the route there answers with `stream`.
Each event is the part's HTML as it is now; the script puts it in place. A stream looks once a
second, ends by itself, and the browser comes again; it ends too when its session does.
"""

from collections import Counter
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from engine.errors import RemoteError
from engine.web.console import cookies
from engine.web.console.asked import Asked
from engine.web.guard import SECURITY_HEADERS
from engine.web.problems import problem

LOOK_EVERY_MS = 1_000
HEARTBEAT_LOOKS = 15
STREAM_LOOKS = 600
STREAMS_MOST = 100
STREAMS_OF_USER_MOST = 6

log = structlog.get_logger(__name__)
_STREAMS: web.AppKey[Counter[str]] = web.AppKey("CONSOLE_STREAMS", Counter)

Look = Callable[[], Awaitable[str]]


def prepare(app: web.Application) -> None:
    """Count the streams of an application."""
    app[_STREAMS] = Counter()


async def stream(asked: Asked, look: Look) -> web.StreamResponse:
    """Send what `look` gives (HTML), now and whenever it differs; 429 beyond the limits."""
    streams, who = asked.request.app[_STREAMS], asked.user.user_id
    if streams.total() >= STREAMS_MOST or streams[who] >= STREAMS_OF_USER_MOST:
        return problem(429, "Too many streams")
    streams[who] += 1
    try:
        return await _send(asked, look)
    finally:
        streams[who] -= 1
        if not streams[who]:
            del streams[who]


async def _send(asked: Asked, look: Look) -> web.StreamResponse:
    headers = {**SECURITY_HEADERS, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    answer = web.StreamResponse(headers=headers)
    answer.content_type = "text/event-stream"
    await answer.prepare(asked.request)
    last = ""
    try:
        for round_ in range(1, STREAM_LOOKS + 1):
            seen = await _look(look)
            if seen not in ("", last):
                await answer.write(_event(seen))
                last = seen
            if round_ % HEARTBEAT_LOOKS == 0:
                if not await _lives(asked):
                    break
                await answer.write(b": still here\n\n")
            if asked.request.transport is None or asked.request.transport.is_closing():
                break
            await asked.site.clock.sleep(LOOK_EVERY_MS)
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


def _event(html: str) -> bytes:
    lines = "".join(f"data: {line}\n" for line in html.splitlines())
    return f"event: part\n{lines}\n".encode()
