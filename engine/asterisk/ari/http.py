"""Asterisk's REST interface over HTTP: the generated calls on a small pool of kept connections.

A request that may be repeated is, once, when no answer came. Every refusal and every silence is
translated into the house's errors.
"""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self
from urllib.parse import quote

import aiohttp
import msgspec

from engine.asterisk.ari import api
from engine.errors import RemoteError
from engine.ports.metrics import UNMEASURED, Metrics, Remote

REQUEST_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 3.0
CONNECTIONS = 64
# Below Asterisk's session_keep_alive, so that no request goes into a connection just closed.
KEEPALIVE_S = 10.0
TRIES = 2


class AriError(RemoteError):
    """Asterisk refused a request; `status` is its HTTP answer (404: gone, 409: wrong state)."""

    def __init__(self, message: str, status: int) -> None:
        # Busy booting (503) passes; every other refusal would be the same again.
        super().__init__(message, retryable=status == 503)
        self.status = status


class AriHttp(api.Calls):
    """The calls of `api`, each one HTTP request. Open it before use, close it afterwards.

    Raises `AriError` for a refusal and `RemoteError(retryable=True)` if no answer came.
    """

    def __init__(self, url: str, authorization: str, metrics: Metrics = UNMEASURED) -> None:
        self.url = url.rstrip("/")
        self._metrics = metrics
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
        with self._metrics.asking(Remote.ARI, f"{method} {path}"):
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


def _text(value: object) -> str:
    """A query value as Asterisk reads it: several are one, with commas between."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, Sequence):
        return ",".join(map(str, value))
    return msgspec.json.encode(value).decode()
