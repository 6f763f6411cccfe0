"""The outside world's own ARI: requests, and events handed to whoever owns the channel.

The rig drives its Asterisk with this and not with the engine's adapter, so that a fault of the
one cannot hide in the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

APP: Final = "outside"
USER: Final = "rig"
PASSWORD: Final = "rig"
REQUEST_TIMEOUT_S: Final = 10.0
Event = dict[str, Any]


class AriError(RuntimeError):
    """ARI refused a request; `status` is its HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status


class OutsideAri:
    """One connection to the outside world's ARI; an async context manager."""

    def __init__(self, port: int, on_event: Callable[[Event], None]) -> None:
        """Connect to `port` of 127.0.0.1; `on_event` gets each event in order, in the loop."""
        self._base = f"http://127.0.0.1:{port}/ari"
        self._on_event = on_event
        self._starting: dict[str, asyncio.Future[None]] = {}

    async def __aenter__(self) -> Self:
        login = aiohttp.encode_basic_auth(USER, PASSWORD)
        self._http = aiohttp.ClientSession(
            headers={"Authorization": login},
            timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S),
            connector=aiohttp.TCPConnector(limit=64, keepalive_timeout=5),
        )
        self._socket = await self._http.ws_connect(f"{self._base}/events?app={APP}")
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._socket.close()
        await self._reader
        await self._http.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """What ARI answers, decoded; None for an empty answer. Raises AriError on refusal."""
        async with self._http.request(
            method, f"{self._base}/{path}", params=query, json=body
        ) as response:
            if response.status >= 400:
                raise AriError(response.status, f"{method} {path}: {await response.text()}")
            return None if response.status == 204 else await response.json()

    async def start(
        self,
        path: str,
        channel: str,
        query: Mapping[str, str | int],
        variables: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Make `channel` by a POST to `path`; returns ARI's answer once the channel is in the app.

        Before its StasisStart a channel can join no bridge.
        """
        begun = self._starting[channel] = asyncio.get_running_loop().create_future()
        try:
            made: dict[str, Any] = await self.request(
                "POST",
                path,
                query={"app": APP, "channelId": channel, **query},
                body={"variables": dict(variables or {})},
            )
            await asyncio.wait_for(begun, REQUEST_TIMEOUT_S)
        finally:
            del self._starting[channel]
        return made

    async def variable(self, channel: str, name: str) -> str:
        """The value of a channel variable or function."""
        answer = await self.request("GET", f"channels/{channel}/variable", query={"variable": name})
        value: str = answer["value"]
        return value

    async def release(self, kind: str, name: str, **query: str | int) -> None:
        """Delete a channel or bridge, gone already or not."""
        try:
            await self.request("DELETE", f"{kind}/{name}", query=query)
        except AriError as fault:
            if fault.status != 404:
                raise

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            event: Event = message.json()
            begun = self._starting.get(event.get("channel", {}).get("id", ""))
            if event["type"] == "StasisStart" and begun is not None:
                begun.set_result(None)
            else:
                self._on_event(event)
