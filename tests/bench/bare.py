"""The least an ARI controller can do for such a call: it bills nothing and knows nobody.

Answer, one prompt, dial an agent, bridge, and when one side leaves let the other go: no accounts,
no snapshot, no deadlines, no recovery. What the engine needs above this is the price of prepaid.
It is a process of its own (`python -m tests.bench.bare`), is told where Asterisk is by one line of
JSON on standard input, says `ready`, and ends with its standard input.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp
import msgspec

APP = "bare"
EVENTS = ("StasisStart", "StasisEnd", "ChannelDestroyed", "PlaybackFinished")


@dataclass(frozen=True, slots=True)
class Orders:
    """Where Asterisk is, what is played, and how an agent's endpoint begins."""

    url: str
    authorization: str
    media: tuple[str, ...]
    endpoint: str


class _Channel(msgspec.Struct):
    id: str


class _Caller(msgspec.Struct):
    number: str


class _Started(_Channel):
    caller: _Caller


class _Playback(msgspec.Struct):
    target_uri: str


class _Event(msgspec.Struct):
    type: str
    args: tuple[str, ...] = ()
    channel: _Started | None = None
    playback: _Playback | None = None


class Bare:
    """One controller; `run` listens until it is cancelled."""

    def __init__(self, orders: Orders, http: aiohttp.ClientSession) -> None:
        self._orders = orders
        self._http = http
        self._callers: dict[str, tuple[str, str]] = {}
        self._other: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        url = f"{self._orders.url}/events?app={APP}"
        async with self._http.ws_connect(url, max_msg_size=0) as socket:
            allowed = [{"type": name} for name in EVENTS]
            await self._order("PUT", f"applications/{APP}/eventFilter", body={"allowed": allowed})
            print("ready", flush=True)
            async for message in socket:
                event = msgspec.json.decode(message.data, type=_Event)
                task = asyncio.create_task(self._take(event))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _take(self, event: _Event) -> None:
        match event:
            case _Event(type="StasisStart", args=("in", agent), channel=_Started(id=caller) as who):
                self._callers[caller] = agent, who.caller.number
                await self._order("POST", f"channels/{caller}/answer")
                media = ",".join(self._orders.media)
                await self._order("POST", f"channels/{caller}/play", {"media": media})
            case _Event(type="PlaybackFinished", playback=_Playback(target_uri=target)):
                await self._dial(target.removeprefix("channel:"))
            case _Event(type="StasisStart", args=("leg", caller), channel=_Started(id=leg)):
                await self._order("POST", f"bridges/{caller}-b", {"type": "mixing"})
                both = {"channel": f"{caller},{leg}"}
                await self._order("POST", f"bridges/{caller}-b/addChannel", both)
            case _Event(type="StasisEnd" | "ChannelDestroyed", channel=_Started(id=gone)):
                await self._end(gone)

    async def _dial(self, caller: str) -> None:
        agent, number = self._callers[caller]
        leg = f"{caller}-a"
        self._other[caller], self._other[leg] = leg, caller
        query = {
            "endpoint": f"{self._orders.endpoint}{agent}",
            "app": APP,
            "appArgs": f"leg,{caller}",
            "callerId": number,
        }
        await self._order("POST", f"channels/{leg}", query)

    async def _end(self, gone: str) -> None:
        other = self._other.pop(gone, None)
        if other is None:
            return
        self._other.pop(other, None)
        caller = other if gone.endswith("-a") else gone
        del self._callers[caller]
        await self._order("DELETE", f"channels/{other}")
        await self._order("DELETE", f"bridges/{caller}-b")

    async def _order(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> None:
        url = f"{self._orders.url}/{path}"
        async with self._http.request(method, url, params=query, json=body) as answer:
            await answer.read()


async def work(orders: Orders) -> None:
    connector = aiohttp.TCPConnector(limit=64, keepalive_timeout=10)
    headers = {"Authorization": orders.authorization}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as http:
        listening = asyncio.create_task(Bare(orders, http).run())
        parent = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await asyncio.wait({listening, parent}, return_when=asyncio.FIRST_COMPLETED)
        if listening.done():
            listening.result()
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening


def main(line: str) -> None:
    asyncio.run(work(msgspec.convert(json.loads(line), Orders)))


def told(orders: Orders) -> bytes:
    """The orders as the line the process reads."""
    return msgspec.json.encode(orders) + b"\n"


def media_of(files: Sequence[str]) -> tuple[str, ...]:
    """Files as ARI names them."""
    return tuple(f"sound:{file}" for file in files)


if __name__ == "__main__":
    main(sys.stdin.readline())
