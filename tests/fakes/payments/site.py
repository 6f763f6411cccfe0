"""What a provider's fake stands on: a port of its own, a page to click, callbacks, bad days.

A fake is an async context manager; `url` is where it is. Its page has no part from elsewhere and
speaks German or English, whichever the browser likes better.
"""

import asyncio
import html
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import aiohttp
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem}"
    "button{font:inherit;padding:.6rem 1.2rem;margin:.3rem .3rem .3rem 0}"
)


@dataclass(frozen=True)
class Fault:
    """What is answered instead, to requests whose path begins with `path`."""

    status: int
    body: bytes = b""
    path: str = "/"


@dataclass
class Courier:
    """Brings callbacks. One that is not answered 2xx in time is sent `retries` times more.

    `copies`: each is brought so often. `held`: None, or the callbacks kept back since it was set,
    to be let go in another order.
    """

    retries: int = 0
    timeout_s: float = 3.0
    pause_s: float = 0.0
    copies: int = 1
    held: list[tuple[str, bytes, Mapping[str, str]]] | None = None
    answers: list[int] = field(default_factory=list)
    """The status of every attempt; 0 where none came in time."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def send(
        self, url: str, body: bytes, content_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Bring a callback soon, or keep it back."""
        all_headers = {"Content-Type": content_type, **(headers or {})}
        if self.held is not None:
            self.held.append((url, body, all_headers))
            return
        self._start(url, body, all_headers)

    def _start(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        for _ in range(self.copies):
            task = asyncio.get_running_loop().create_task(self._bring(url, body, headers))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def release(self, *, newest_first: bool = False) -> None:
        """Let go of what was kept back."""
        held, self.held = self.held or [], None
        for url, body, headers in reversed(held) if newest_first else held:
            self._start(url, body, headers)

    async def idle(self) -> None:
        """Until every callback has been brought or given up."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def stop(self) -> None:
        """Bring nothing more."""
        for task in self._tasks:
            task.cancel()

    async def _bring(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        timeout = aiohttp.ClientTimeout(total=self.timeout_s)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for _ in range(1 + self.retries):
                status = await _post(session, url, body, headers)
                self.answers.append(status)
                if 200 <= status < 300:
                    return
                await asyncio.sleep(self.pause_s)


async def _post(
    session: aiohttp.ClientSession, url: str, body: bytes, headers: Mapping[str, str]
) -> int:
    try:
        async with session.post(url, data=body, headers=headers) as response:
            return response.status
    except (aiohttp.ClientError, TimeoutError):
        return 0


class Site:
    """A server on a free port, or on `port`.

    `fault`, if set, is answered; `is_silent`: nothing is.
    """

    def __init__(self, courier: Courier) -> None:
        self.url = ""
        self.port = 0
        self.courier = courier
        self.fault: Fault | None = None
        self.is_silent = False
        self.asked: list[str] = []
        """`POST /path` of every request."""
        app = web.Application(middlewares=[self._bad_day])
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0)

    def routes(self) -> Sequence[web.RouteDef]:
        """What a fake answers to."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.courier.stop()
        await self._runner.cleanup()

    @web.middleware
    async def _bad_day(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        if self.is_silent:
            await asyncio.Event().wait()
        if self.fault is not None and request.path.startswith(self.fault.path):
            return web.Response(status=self.fault.status, body=self.fault.body)
        return await handler(request)


def page(
    request: web.Request, title: str, amount: str, choices: Mapping[str, tuple[str, str]]
) -> web.Response:
    """A page with the amount and one button for each choice (its value: German, English)."""
    is_german = speaks_german(request)
    note = "Nachgestellte Zahlungsseite" if is_german else "A rebuilt payment page"
    buttons = "".join(
        f'<button name="choice" value="{html.escape(value)}">'
        f"{html.escape(german if is_german else english)}</button>"
        for value, (german, english) in choices.items()
    )
    text = (
        f'<!doctype html><html lang="{"de" if is_german else "en"}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style>"
        f"<h1>{html.escape(title)}</h1><p>{note}</p><p><b>{html.escape(amount)}</b></p>"
        f'<form method="post">{buttons}</form></html>'
    )
    return web.Response(text=text, content_type="text/html")


def speaks_german(request: web.Request) -> bool:
    """Whether the browser names German before English (RFC 9110, its weights left aside)."""
    named = [
        part.strip()[:2].lower() for part in request.headers.get("Accept-Language", "").split(",")
    ]
    return next((lang for lang in named if lang in ("de", "en")), "en") == "de"


async def choice(request: web.Request) -> str:
    """Which button was clicked."""
    return str((await request.post()).get("choice", ""))
