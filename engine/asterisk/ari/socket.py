"""The event socket of one application, kept open for ever.

It connects with a growing pause, sets the event filter anew each time (Asterisk forgets it with
the application), notices a dead line by heartbeat and a stuck Asterisk by asking for the
application, and hands every message on from one task that never waits for anybody.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
import msgspec
import structlog

from engine.asterisk.ari import api
from engine.asterisk.ari.http import AriHttp
from engine.errors import EngineError

HEARTBEAT_S = 5.0
HEALTH_EVERY_S = 5.0
HEALTH_TIMEOUT_S = 2.0
BACKOFF_FIRST_S = 0.1
BACKOFF_MOST_S = 2.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """What an `EventSocket` tells; none of these may wait.

    `on_found(startup_time)` comes before the first message of each connection, `on_lost()` after
    its last. `on_message` returns False if the connection is to be given up.
    """

    on_found: Callable[[str], None]
    on_lost: Callable[[], None]
    on_message: Callable[[bytes | str], bool]


class EventSocket:
    """One application's event socket, opened again and again until its task is cancelled."""

    def __init__(self, http: AriHttp, app: str, listener: Listener) -> None:
        self._http = http
        self._app = app
        self._listener = listener

    async def run(self) -> None:
        """Listen for ever."""
        pause_s = BACKOFF_FIRST_S
        while True:
            began = time.monotonic()
            try:
                await self._listen_once()
                reason = "closed"
            except (aiohttp.ClientError, TimeoutError, EngineError) as fault:
                reason = str(fault) or type(fault).__name__
            except msgspec.MsgspecError as fault:
                reason = f"answer not understood: {fault}"
            if time.monotonic() - began > BACKOFF_MOST_S:
                pause_s = BACKOFF_FIRST_S
            log.warning("event socket lost", app=self._app, reason=reason, pause_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, BACKOFF_MOST_S)

    async def _listen_once(self) -> None:
        url = f"{self._http.url}/events"
        async with self._http.session.ws_connect(
            url, params={"app": self._app}, heartbeat=HEARTBEAT_S, max_msg_size=0
        ) as socket:
            await self._set_filter()
            info = await self._http.asterisk_get_info(only=("status",))
            self._listener.on_found(info.status.startup_time if info.status else "")
            health = asyncio.create_task(self._watch_health(socket))
            try:
                async for message in socket:
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        return
                    if not self._listener.on_message(message.data):
                        return
            finally:
                health.cancel()
                self._listener.on_lost()

    async def _set_filter(self) -> None:
        # A list of what is allowed would hide ApplicationReplaced if it did not name it.
        allowed = [{"type": name} for name in api.EVENTS]
        await self._http.applications_event_filter(self._app, event_filter={"allowed": allowed})

    async def _watch_health(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Give the socket up when Asterisk answers pings but no question about the application."""
        while True:
            await asyncio.sleep(HEALTH_EVERY_S)
            try:
                async with asyncio.timeout(HEALTH_TIMEOUT_S):
                    await self._http.applications_get(self._app)
            except (EngineError, TimeoutError) as fault:
                log.error("asterisk does not answer", app=self._app, reason=str(fault))
                await socket.close()
                return
