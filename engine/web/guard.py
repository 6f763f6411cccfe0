"""What holds for every request: its size and rate, and what a browser may do with the answer.

The rate is counted by address, in this process. Behind proxies the address is the one that the
outermost trusted proxy saw (`proxies` says how many there are); without, the connection's own. Of
an IPv6 address the first 64 bits count: whoever has one has all the addresses that begin with them.
"""

import time
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Network, ip_address

from aiohttp import web

from engine.web.problems import Handler, problem
from engine.web.rates import MINUTE_S, Allowance, Limit, Rates

BODY_BYTES_MOST = 256 * 1024
REQUESTS_A_MINUTE = 600
KEY_REQUESTS_A_MINUTE = 300
UNTRUSTED = "unknown"
FORWARDED_FOR = "X-Forwarded-For"
OWN_NETWORK_BITS = 64

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What an answer says unless its handler says otherwise (a page its own, wider policy)."""


class Guard:
    """Limits by address and by API key, and the middleware that every request passes."""

    def __init__(
        self,
        proxies: int = 0,
        a_minute: int = REQUESTS_A_MINUTE,
        key_a_minute: int = KEY_REQUESTS_A_MINUTE,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._proxies = proxies
        self._rates = Rates(now_s)
        self._all = Limit(a_minute, MINUTE_S)
        self._by_key = Limit(key_a_minute, MINUTE_S)

    def address(self, request: web.Request) -> str:
        """Who asks, as far as can be trusted: what is counted as one.

        All header lines are read as one list (RFC 9110, 5.3): a proxy may add a line of its own.
        """
        if not self._proxies:
            return _counted_as(request.remote or "")
        seen = ",".join(request.headers.getall(FORWARDED_FOR, [])).split(",")
        return _counted_as(seen[-self._proxies]) if len(seen) >= self._proxies else UNTRUSTED

    def allows(self, limit: Limit, *names: str) -> bool:
        """Whether one more is within a limit; counts it."""
        return self._rates.hit(limit, *names).granted

    def spend(self, key_id: str) -> Allowance:
        """Count one more request of an API key, if it is within the key's limit."""
        return self._rates.hit(self._by_key, "key", key_id)

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what comes too often; give every answer its headers."""
        if self.allows(self._all, "all", self.address(request)):
            answer = await handler(request)
        else:
            answer = problem(429, "Too many requests")
        if not answer.prepared:
            for name, value in SECURITY_HEADERS.items():
                answer.headers.setdefault(name, value)
        return answer


def _counted_as(text: str) -> str:
    """An IPv4 address itself, of an IPv6 address its network; all that is none counts as one."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return UNTRUSTED
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), OWN_NETWORK_BITS), strict=False))
