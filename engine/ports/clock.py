"""Time as an argument: the one place flows may learn it from."""

from collections.abc import Callable
from typing import Protocol

from engine.core.call import Now


class Alarm(Protocol):
    """A call-back that is due later and can be taken back."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Wall and monotonic time, and call-backs after a while (virtual in simulations)."""

    def now(self) -> Now: ...

    def call_later(self, after_ms: int, callback: Callable[[], None]) -> Alarm: ...

    async def sleep(self, ms: int) -> None: ...
