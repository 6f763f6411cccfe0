"""What a browser watches of its session: how the call stands, whenever that changes (SSE)."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import structlog
from aiohttp import web

from engine.core.verification import Verification
from engine.errors import RemoteError
from engine.web.guard import SECURITY_HEADERS
from engine.web.problems import problem
from engine.web.rates import Streams
from engine.web.verify.door import NO_STORE, Guest, shared
from engine.web.verify.sessions import session_of
from engine.web.verify.told import told_of
from engine.web.verify.wording import texts_for

STREAMS_MOST = 500
STREAMS_OF_ADDRESS_MOST = 20
HEARTBEAT_S = 10.0

log = structlog.get_logger(__name__)


class Watching:
    """The handler of all streams, and how many there are."""

    def __init__(self) -> None:
        self._streams = Streams()

    async def events(self, request: web.Request, guest: Guest) -> web.StreamResponse:
        """How the session stands, now and whenever that changes, until it is final."""
        found = await session_of(request, guest)
        address = guest.site.guard.address(request)
        with self._streams.counted(address, STREAMS_MOST, STREAMS_OF_ADDRESS_MOST) as within:
            if not within:
                return problem(429, "Too many streams")
            return await _stream(request, guest, found)


async def _stream(request: web.Request, guest: Guest, found: Verification) -> web.StreamResponse:
    headers = {**SECURITY_HEADERS, **NO_STORE, **shared(request), "X-Accel-Buffering": "no"}
    answer = web.StreamResponse(headers=headers)
    answer.content_type = "text/event-stream"
    await answer.prepare(request)
    texts = texts_for(request)
    try:
        async with aclosing(_beating(guest.site.verifier.watch(found.verification_id))) as beats:
            async for seen in beats:
                if request.transport is None or request.transport.is_closing():
                    break
                line = ": still here\n\n"
                if seen is not None:
                    told = json.dumps(told_of(guest, seen, texts))
                    line = f"event: status\ndata: {told}\n\n"
                await answer.write(line.encode())
    except ConnectionError:
        log.debug("verify.left", verification=found.verification_id)
    except RemoteError as error:
        # The browser comes again by itself.
        log.warning("verify.waits", verification=found.verification_id, error=str(error))
    return answer


async def _beating(watched: AsyncIterator[Verification]) -> AsyncGenerator[Verification | None]:
    """What is watched, and None whenever nothing has come for `HEARTBEAT_S`; closed, it asks for
    nothing any more."""
    while True:
        coming = asyncio.ensure_future(anext(watched, None))
        try:
            while not (await asyncio.wait({coming}, timeout=HEARTBEAT_S))[0]:
                yield None
        finally:
            coming.cancel()
            await asyncio.wait({coming})
        if (seen := coming.result()) is None:
            return
        yield seen
