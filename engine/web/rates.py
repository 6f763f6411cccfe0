"""How often something may be done, and how many at once; no table here can grow without bounds.

A counter's window begins with its first hit and is forgotten as a whole, so at the seam of two
windows twice as much can come at once. A hit costs one look-up, whatever the number of names; the
name that was silent longest makes room for a new one. Libraries were measured first: `limits` 5.8
goes through all its names in a thread every few milliseconds, which with 20,000 of them took most
of a core from the calls that the same process carries.
"""

import math
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

NAMES_MOST = 50_000
MINUTE_S = 60
HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Limit:
    """So many hits within a window of so many seconds."""

    most: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may still come in this window: `left` of `limit`; one more was `granted` or not.

    `reset_s`: in how many seconds (at least 1) the window ends.
    """

    granted: bool
    limit: int
    left: int
    reset_s: int


class Streams:
    """How many streams are open, in all and for each address."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @contextmanager
    def counted(self, address: str, most: int, of_address_most: int) -> Iterator[bool]:
        """One more, while the block is in; whether that is within the limits."""
        if self._open.total() >= most or self._open[address] >= of_address_most:
            yield False
            return
        self._open[address] += 1
        try:
            yield True
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]


class Rates:
    """The counters of one process; `now_s` is a monotonic time in seconds."""

    def __init__(self, now_s: Callable[[], float], names_most: int = NAMES_MOST) -> None:
        self._now_s = now_s
        self._names_most = names_most
        self._windows: OrderedDict[tuple[Limit, tuple[str, ...]], tuple[float, int]] = OrderedDict()

    def hit(self, limit: Limit, *names: str) -> Allowance:
        """Count one more if it is within the limit; a refused one is not counted."""
        now_s = self._now_s()
        name = (limit, names)
        ends_s, hits = self._windows.get(name, (now_s, 0))
        if now_s >= ends_s:
            ends_s, hits = now_s + limit.window_s, 0
        granted = hits < limit.most
        hits += granted
        self._windows[name] = (ends_s, hits)
        self._windows.move_to_end(name)
        if len(self._windows) > self._names_most:
            self._windows.popitem(last=False)
        return Allowance(
            granted=granted,
            limit=limit.most,
            left=limit.most - hits,
            reset_s=max(1, math.ceil(ends_s - now_s)),
        )
