"""Virtual time: an event loop whose clock jumps to the next thing that is due.

Everything of asyncio (sleep, timeouts, call_later) happens in its order without any waiting, so an
hour of calls takes as long as its steps take. Where nothing is due any more the loop says so
instead of hanging.
"""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from engine.core.call import Now
from engine.ports.clock import Alarm

T = TypeVar("T")
P = ParamSpec("P")
START_MS = 1_795_300_000_000


class NothingDueError(RuntimeError):
    """Every task waits and no timer is set: the simulated world stands still for ever."""


class _Jumper(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.loop: VirtualLoop | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or self.loop is None or timeout == 0:
            return ready
        if self.loop.end_moment():
            return []
        if timeout is None:
            raise NothingDueError("nothing is due any more")
        self.loop.virtual_s += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """A selector loop that never waits: its time moves on by what it would have waited."""

    def __init__(self) -> None:
        jumper = _Jumper()
        super().__init__(jumper)
        self.virtual_s = 0.0
        self._ended_s = -1.0
        self._waiting: list[asyncio.Future[None]] = []
        jumper.loop = self

    def time(self) -> float:
        return self.virtual_s

    def moment_over(self) -> "asyncio.Future[None]":
        """Done when all that is due now has happened, just before time moves on."""
        future = self.create_future()
        self._waiting.append(future)
        return future

    def end_moment(self) -> bool:
        """Tell those who wait for the moment's end, once a moment; whether there were any."""
        if self._ended_s == self.virtual_s or not self._waiting:
            return False
        self._ended_s = self.virtual_s
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
        return True


async def until(condition: Callable[[], bool], within_s: float = 7200.0) -> None:
    """Let time pass until something is so; it is looked at at the end of every moment."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    async with asyncio.timeout(within_s):
        while not condition():
            await loop.moment_over()


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def virtually(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """A coroutine function as one that runs it in virtual time."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return run_virtually(test(*args, **kwargs))

    return run


class LoopClock:
    """The running loop's time as a `Clock`; `skew_ms` moves the wall clock only."""

    def __init__(self) -> None:
        self.skew_ms = 0

    def now(self) -> Now:
        mono_ms = round(asyncio.get_running_loop().time() * 1000)
        return Now(START_MS + mono_ms + self.skew_ms, mono_ms)

    def call_later(self, after_ms: int, callback: Callable[[], None]) -> Alarm:
        return asyncio.get_running_loop().call_later(max(0, after_ms) / 1000, callback)

    async def sleep(self, ms: int) -> None:
        await asyncio.sleep(max(0, ms) / 1000)
