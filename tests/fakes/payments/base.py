"""What every fake provider is: a web server, a payer's page, callbacks that are sent.

A fake keeps whatever it has to tell in `told`, oldest first. With a `hook_url` it sends each of
these at once by itself, and again until it is taken, as the real ones do; a test rather takes them
from `told` and hands them over as it likes: late, twice, in another order, changed.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Self

from aiohttp import ClientError, ClientSession, ClientTimeout, web

TRIES_MOST = 5
PAUSE_S = 0.2
SEND_TIMEOUT_S = 5

_STYLE = """
body{font:1.1rem/1.5 system-ui,sans-serif;max-width:26rem;margin:10vh auto;padding:0 1rem}
button{font:inherit;width:100%;padding:.8rem;margin:.3rem 0;border-radius:.4rem;
border:1px solid #345;background:#fff}
button.pay{background:#234;color:#fff}
"""


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback as it goes over the wire; header names in lower case."""

    raw: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence in the two languages of a page."""

    de: str
    en: str

    def said(self, request: web.Request) -> str:
        """In the language that the browser prefers; English unless that is German."""
        return self.de if is_german(request) else self.en


def is_german(request: web.Request) -> bool:
    """Whether the browser's first language is German."""
    return request.headers.get("Accept-Language", "").lower().startswith("de")


class FakeProvider:
    """A provider's server; `start` it on any free port or on a given one."""

    def __init__(self, hook_url: str = "") -> None:
        self.hook_url = hook_url
        self.told: list[Callback] = []
        self.url = ""
        self._runner: web.AppRunner | None = None
        self._sending: set[asyncio.Task[None]] = set()

    def routes(self) -> Sequence[web.RouteDef]:
        """What the provider serves."""
        raise NotImplementedError

    async def start(self, port: int = 0) -> Self:
        """Serve on this machine; `url` is where."""
        app = web.Application()
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def stop(self) -> None:
        """Serve no longer; what is being sent is given up."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    def tell(self, callback: Callback) -> None:
        """Something has happened: keep it, and send it if there is anywhere to send it to."""
        self.told.append(callback)
        if self.hook_url:
            task = asyncio.create_task(self._send_until_taken(callback))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def send(self, callback: Callback, times: int = 1) -> list[int]:
        """Send a callback so often, whatever is answered; the answers' status codes."""
        timeout = ClientTimeout(total=SEND_TIMEOUT_S)
        statuses = []
        async with ClientSession(timeout=timeout) as session:
            for _ in range(times):
                sent = session.post(self.hook_url, data=callback.raw, headers=callback.headers)
                async with sent as answer:
                    statuses.append(answer.status)
        return statuses

    async def _send_until_taken(self, callback: Callback) -> None:
        for _ in range(TRIES_MOST):
            try:
                if (await self.send(callback))[0] < 300:
                    return
            except (ClientError, TimeoutError):
                pass
            await asyncio.sleep(PAUSE_S)


def page(
    request: web.Request, provider: str, amount: str, pay: Words, leave: Words
) -> web.Response:
    """The payer's page: what is to be paid, and a button for each way on.

    The buttons send `choice=pay` or `choice=cancel` to the page's own address.
    """
    title = Words(f"{provider} (Probe)", f"{provider} (rehearsal)").said(request)
    hint = Words("Hier fließt kein Geld.", "No money moves here.").said(request)
    lang = "de" if is_german(request) else "en"
    text = f"""<!doctype html><html lang="{lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>
<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1><p>{escape(hint)}</p>
<p><strong>{escape(amount)}</strong></p><form method="post">
<button class="pay" name="choice" value="pay">{escape(pay.said(request))}</button>
<button name="choice" value="cancel">{escape(leave.said(request))}</button>
</form></body></html>"""
    return web.Response(text=text, content_type="text/html")
