"""Asterisk's REST interface over HTTP and its event socket, as thin as can be.

`AriHttp` sends the generated calls (`ari_api`) over a small pool of kept connections; a request
that may be repeated is, once, when no answer came. `EventSocket` keeps one socket open for ever:
it connects with a growing pause, sets the event filter anew each time (Asterisk forgets it with
the application), notices a dead line by heartbeat and a stuck Asterisk by asking for the
application, and hands every message on from one task that never waits for anybody.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import quote

import aiohttp
import msgspec
import structlog

from engine.asterisk import ari_api
from engine.errors import EngineError, RemoteError

REQUEST_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 3.0
CONNECTIONS = 64
# Below Asterisk's session_keep_alive, so that no request goes into a connection just closed.
KEEPALIVE_S = 10.0
TRIES = 2
HEARTBEAT_S = 5.0
HEALTH_EVERY_S = 5.0
HEALTH_TIMEOUT_S = 2.0
BACKOFF_FIRST_S = 0.1
BACKOFF_MOST_S = 2.0

log = structlog.get_logger(__name__)


class AriError(RemoteError):
    """Asterisk refused a request; `status` is its HTTP answer (404: gone, 409: wrong state)."""

    def __init__(self, message: str, status: int) -> None:
        # Busy booting (503) passes; every other refusal would be the same again.
        super().__init__(message, retryable=status == 503)
        self.status = status


class AriHttp(ari_api.Calls):
    """The calls of `ari_api`, each one HTTP request. Open it before use, close it afterwards.

    Raises `AriError` for a refusal and `RemoteError(retryable=True)` if no answer came.
    """

    def __init__(self, url: str, authorization: str) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Authorization": authorization}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEPALIVE_S),
            timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            headers=self._headers,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RemoteError("the connection to Asterisk is not open")
        return self._session

    async def request(
        self,
        method: str,
        path: str,
        names: Sequence[str],
        query: Mapping[str, object],
        *,
        body: Mapping[str, object] | None = None,
        safe: bool,
    ) -> bytes:
        """Send one request and return the answer's body; see the class for errors."""
        url = self.url + path.format(*(quote(name, safe="") for name in names))
        params = {name: _text(value) for name, value in query.items() if value is not None}
        tries = TRIES if safe else 1
        while True:
            tries -= 1
            try:
                return await self._send(method, url, params, body)
            except (aiohttp.ClientError, TimeoutError) as fault:
                if tries == 0:
                    reason = str(fault) or type(fault).__name__
                    raise RemoteError(f"{method} {path}: no answer ({reason})") from fault

    async def _send(
        self, method: str, url: str, params: dict[str, str], body: Mapping[str, object] | None
    ) -> bytes:
        async with self.session.request(method, url, params=params, json=body) as answer:
            content = await answer.read()
            if answer.status < 300:
                return content
            reason = content.decode(errors="replace")[:200]
            raise AriError(f"{method} {url}: {answer.status} {reason}", answer.status)


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
        allowed = [{"type": name} for name in ari_api.EVENTS]
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


def _text(value: object) -> str:
    """A query value as Asterisk reads it: several are one, with commas between."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, Sequence):
        return ",".join(map(str, value))
    return msgspec.json.encode(value).decode()
