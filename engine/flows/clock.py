"""The machine's own clock, as flows see it."""

import asyncio
import time
from collections.abc import Callable

from engine.core.call import Now
from engine.ports.clock import Alarm


class SystemClock:
    """Wall and monotonic time of this machine; call-backs on the running event loop.

    Charges are made of Asterisk's event times; where Asterisk runs on another machine, both are
    kept together by NTP.
    """

    def now(self) -> Now:
        return Now(time.time_ns() // 1_000_000, time.monotonic_ns() // 1_000_000)

    def call_later(self, after_ms: int, callback: Callable[[], None]) -> Alarm:
        return asyncio.get_running_loop().call_later(max(0, after_ms) / 1000, callback)

    async def sleep(self, ms: int) -> None:
        await asyncio.sleep(ms / 1000)
