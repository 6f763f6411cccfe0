"""What holds for every request: its size and rate, and what a browser may do with the answer.

The rate is counted by address, in this process. Behind proxies the address is the one that the
outermost trusted proxy saw (`proxies` says how many there are); without, the connection's own.
"""

from collections.abc import Mapping

from aiohttp import web
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from engine.web.problems import Handler, problem

BODY_BYTES_MOST = 256 * 1024
REQUESTS_A_MINUTE = 600
UNTRUSTED = "unknown"

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What an answer says unless its handler says otherwise (a page its own, wider policy)."""


class Guard:
    """Limits by address, and the middleware that every request passes."""

    def __init__(self, proxies: int = 0, a_minute: int = REQUESTS_A_MINUTE) -> None:
        self._proxies = proxies
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._all = RateLimitItemPerMinute(a_minute)

    def address(self, request: web.Request) -> str:
        """Who asks, as far as can be trusted."""
        if not self._proxies:
            return request.remote or UNTRUSTED
        seen = request.headers.get("X-Forwarded-For", "").split(",")
        return seen[-self._proxies].strip() if len(seen) >= self._proxies else UNTRUSTED

    async def allows(self, limit: RateLimitItem, *names: str) -> bool:
        """Whether one more is within a limit; counts it."""
        return await self._limiter.hit(limit, *names)

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
