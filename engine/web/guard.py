"""What holds for every request: its size and rate, and what a browser may do with the answer.

The rate is counted by address, in this process. Behind proxies the address is the one that the
outermost trusted proxy saw (`proxies` says how many there are); without, the connection's own.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from engine.web.problems import Handler, problem

BODY_BYTES_MOST = 256 * 1024
REQUESTS_A_MINUTE = 600
KEY_REQUESTS_A_MINUTE = 300
UNTRUSTED = "unknown"

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What an answer says unless its handler says otherwise (a page its own, wider policy)."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an API key may still ask for in this minute: `left` of `limit` requests.

    `reset_s`: in how many seconds (at least 1) the oldest request of the minute is forgotten.
    """

    granted: bool
    limit: int
    left: int
    reset_s: int


class Guard:
    """Limits by address and by API key, and the middleware that every request passes."""

    def __init__(
        self,
        proxies: int = 0,
        a_minute: int = REQUESTS_A_MINUTE,
        key_a_minute: int = KEY_REQUESTS_A_MINUTE,
    ) -> None:
        self._proxies = proxies
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._all = RateLimitItemPerMinute(a_minute)
        self._by_key = RateLimitItemPerMinute(key_a_minute)

    def address(self, request: web.Request) -> str:
        """Who asks, as far as can be trusted."""
        if not self._proxies:
            return request.remote or UNTRUSTED
        seen = request.headers.get("X-Forwarded-For", "").split(",")
        return seen[-self._proxies].strip() if len(seen) >= self._proxies else UNTRUSTED

    async def allows(self, limit: RateLimitItem, *names: str) -> bool:
        """Whether one more is within a limit; counts it."""
        return await self._limiter.hit(limit, *names)

    async def spend(self, key_id: str) -> Allowance:
        """Count one more request of an API key, if it is within the key's limit."""
        granted = await self.allows(self._by_key, "key", key_id)
        stats = await self._limiter.get_window_stats(self._by_key, "key", key_id)
        reset_s = max(1, math.ceil(stats.reset_time - time.time()))
        return Allowance(granted, self._by_key.amount, stats.remaining, reset_s)

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what comes too often; give every answer its headers."""
        if await self.allows(self._all, "all", self.address(request)):
            answer = await handler(request)
        else:
            answer = problem(429, "Too many requests")
        if not answer.prepared:
            for name, value in SECURITY_HEADERS.items():
                answer.headers.setdefault(name, value)
        return answer
