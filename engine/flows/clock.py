"""The machine's own clock as flows see it, and the named timers of a call on any clock."""

import asyncio
import time
from collections.abc import Callable

from engine.core.call import Now
from engine.core.events import TimerFired
from engine.ports.clock import Alarm, Clock


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


class Timers:
    """Sets and forgets timers by name; each due one becomes a `TimerFired` for the call."""

    def __init__(self, clock: Clock, fire: Callable[[TimerFired], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._alarms: dict[str, Alarm] = {}

    def set(self, name: str, at_ms: int) -> None:
        """Fire `name` at an instant of the wall clock; the wait itself is monotonic."""
        self.cancel(name)
        after_ms = max(0, at_ms - self._clock.now().wall_ms)
        self._alarms[name] = self._clock.call_later(after_ms, lambda: self._due(name, at_ms))

    def cancel(self, name: str) -> None:
        alarm = self._alarms.pop(name, None)
        if alarm is not None:
            alarm.cancel()

    def cancel_all(self) -> None:
        for name in tuple(self._alarms):
            self.cancel(name)

    def _due(self, name: str, at_ms: int) -> None:
        self._alarms.pop(name, None)
        now_ms = self._clock.now().wall_ms
        self._fire(TimerFired(at_ms=now_ms, name=name, due_ms=at_ms))
