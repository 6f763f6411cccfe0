"""`ports.webhooks.post.Post` over HTTP.

Where a name leads is decided by whoever has it, at every look-up anew; so the address is judged
when its socket is made, which is then connected to it and to no other. Redirects are not followed,
proxies of the environment not used, answers read no further than they are shown.
"""

import re
import socket
import ssl
from collections.abc import Mapping
from typing import Any

import aiohttp

from engine.core.address import check_url, is_loopback, is_public
from engine.errors import CallerError
from engine.ports.webhooks.post import ANSWER_CHARS_MOST, NoAnswer, Reply

TIMEOUT_S = 10.0
"""For a whole exchange, from looking the name up to the last byte that is read."""

AGENT = "Groschen-Webhooks/1"

_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd]+")


class _ForbiddenAddressError(OSError):
    """A name led to an address that nothing is sent to."""


class HttpPost:
    """Sends over HTTPS. With `loopback` also to this very machine, by HTTP too (for trials);
    `trust` says whose certificates are believed instead of the system's.

    Made without a running event loop, used within one.
    """

    def __init__(
        self,
        *,
        loopback: bool = False,
        timeout_s: float = TIMEOUT_S,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._loopback = loopback
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._trust = trust
        self._session: aiohttp.ClientSession | None = None

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """See `ports.webhooks.post`."""
        try:
            check_url(url, loopback=self._loopback)
            return await self._exchange(url, headers, body)
        except CallerError:
            return Reply(None, NoAnswer.NO_ADDRESS)
        except TimeoutError:
            return Reply(None, NoAnswer.LATE)
        except (aiohttp.ClientSSLError, ssl.SSLError):
            return Reply(None, NoAnswer.NOT_TRUSTED)
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, _ForbiddenAddressError):
                return Reply(None, NoAnswer.NOT_PUBLIC)
            return Reply(None, NoAnswer.NO_CONNECTION)
        except UnicodeError:  # a name that is none to whoever looks it up
            return Reply(None, NoAnswer.NO_CONNECTION)
        except (aiohttp.ClientError, OSError):
            return Reply(None, NoAnswer.NOT_HTTP)

    async def _exchange(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        async with self._open().post(
            url,
            data=body,
            headers={**headers, "Content-Type": "application/json", "User-Agent": AGENT},
            allow_redirects=False,
        ) as response:
            return Reply(response.status, await _beginning(response.content))

    async def close(self) -> None:
        """Let go of connections; sending again opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=0, socket_factory=self._socket, ssl=self._trust or True
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("Accept-Encoding",),
            )
        return self._session

    def _socket(self, addressed: tuple[Any, ...]) -> socket.socket:
        """A socket for the address (as of `getaddrinfo`) that is connected to next."""
        family, kind, protocol, _, place = addressed
        address = str(place[0]).partition("%")[0]
        if not (is_public(address) or (self._loopback and is_loopback(address))):
            raise _ForbiddenAddressError(NoAnswer.NOT_PUBLIC)
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made


async def _beginning(content: aiohttp.StreamReader) -> str:
    """The beginning of an answer, fit to be shown and stored; the rest is not read."""
    raw = bytearray()
    while len(raw) < 4 * ANSWER_CHARS_MOST and (piece := await content.read(4 * ANSWER_CHARS_MOST)):
        raw += piece
    text = raw[: 4 * ANSWER_CHARS_MOST].decode(errors="replace")
    return _UNPRINTABLE.sub(" ", text)[:ANSWER_CHARS_MOST]
