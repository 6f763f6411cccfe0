"""Asking a provider over HTTP: one address, one time limit, one cap on what it may answer.

Nothing is tried twice here: who asks knows whether asking again can do harm. What fails becomes
`RemoteError`, retryable when the provider was out of reach or out of breath (no connection, no
answer in time, 408, 425, 429, 5xx). Any other 4xx answer is `RefusedError`, which carries the
provider's words, so that its file can tell a refused order (`CallerError`) from a broken account.
Redirects are not followed: an answer that comes from elsewhere proves nothing. What failed is named
by method and host alone: some paths hold what only the provider and we may know.
"""

import re
from collections.abc import Mapping
from typing import Protocol, TypeVar

import aiohttp
import msgspec
from yarl import URL

from engine.errors import RemoteError

TIMEOUT_S = 15
"""For a whole exchange, from connecting to the last byte."""

ANSWER_MOST_BYTES = 1_000_000
EXCERPT_CHARS = 200

_OUT_OF_BREATH = frozenset({408, 425, 429})
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")

T = TypeVar("T")


class RefusedError(RemoteError):
    """The provider answered 4xx: its `status` and the `raw` bytes of its answer."""

    def __init__(self, message: str, status: int, raw: bytes) -> None:
        super().__init__(message, retryable=False)
        self.status = status
        self.raw = raw


class Content(Protocol):
    """What `read_at_most` reads from: an aiohttp body."""

    async def read(self, n: int = -1) -> bytes: ...


class Remote:
    """A provider's interface at `base_url`; `headers` go with every request.

    Made without a running event loop, used within one.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout_s: float = TIMEOUT_S,
        headers: Mapping[str, str] | None = None,
        most_bytes: int = ANSWER_MOST_BYTES,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._most_bytes = most_bytes
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._headers = dict(headers or {})
        self._session: aiohttp.ClientSession | None = None

    async def json(
        self,
        method: str,
        path: str,
        of: type[T],
        *,
        body: object = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        """The answer as an object of type `of`; fields it does not have are passed over.

        `body` is sent as JSON, `form` as a form. RemoteError, not retryable, if the answer is not
        what `of` says.
        """
        accept = {"Accept": "application/json", **(headers or {})}
        if body is not None:
            accept["Content-Type"] = "application/json"
            sent: bytes | Mapping[str, str] | None = msgspec.json.encode(body)
        else:
            sent = form
        raw = await self.raw(method, path, body=sent, headers=accept)
        try:
            return msgspec.json.decode(raw, type=of)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            message = f"{method} {self._base_url} answered what it should not: {error}"
            raise RemoteError(message, retryable=False) from None

    async def raw(
        self,
        method: str,
        path: str,
        *,
        body: bytes | Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The bytes of a 2xx answer; a mapping as `body` is sent as a form.

        `path` begins with a slash and is already percent-encoded.
        """
        asked = f"{method} {self._base_url}"
        try:
            async with self._open().request(
                method,
                URL(f"{self._base_url}{path}", encoded=True),
                data=body,
                headers={**self._headers, **(headers or {})},
                allow_redirects=False,
            ) as response:
                status = response.status
                raw = await read_at_most(response.content, self._most_bytes)
        except TimeoutError:
            raise RemoteError(f"{asked} was not answered in time") from None
        except (aiohttp.ClientError, OSError) as error:
            # An error about an answer would name the whole address.
            said = error.message if isinstance(error, aiohttp.ClientResponseError) else error
            raise RemoteError(f"{asked} failed: {type(error).__name__}: {said}") from None
        _check_status(asked, status, raw)
        return raw

    async def close(self) -> None:
        """Let go of connections; asking again opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


async def read_at_most(content: Content, most_bytes: int) -> bytes:
    """The whole body; RemoteError, not retryable, if it is longer than `most_bytes`."""
    raw = bytearray()
    while piece := await content.read(most_bytes + 1 - len(raw)):
        raw += piece
        if len(raw) > most_bytes:
            raise RemoteError(f"an answer of more than {most_bytes} bytes", retryable=False)
    return bytes(raw)


def _check_status(asked: str, status: int, raw: bytes) -> None:
    """Raises for everything but 2xx."""
    if 200 <= status < 300:
        return
    message = f"{asked} answered {status}: {excerpt(raw)}"
    if status >= 500 or status in _OUT_OF_BREATH:
        raise RemoteError(message)
    if status >= 400:
        raise RefusedError(message, status, raw)
    raise RemoteError(message, retryable=False)


def excerpt(raw: bytes) -> str:
    """The beginning of an answer, fit for a log line."""
    text = raw[: 4 * EXCERPT_CHARS].decode(errors="replace")
    return _UNPRINTABLE.sub(" ", text)[:EXCERPT_CHARS]
