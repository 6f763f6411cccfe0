"""Rounds of calls, one way after the other, and the CPU time each process spent in them.

The ways take turns round by round, so that a machine that grows slower is so for all of them. CPU
time is the kernel's count for the whole process with all its threads, in its ticks of 10 ms.
"""

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.far_end import Outcome
from tests.bench.site import Site, Way

TICKS_S = os.sysconf("SC_CLK_TCK")


def cpu_ms(pid: int) -> float:
    """CPU time a process has spent so far: user and system, all threads (proc(5))."""
    # The name, in brackets, may hold anything; what is wanted follows its last bracket.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS_S


@dataclass(slots=True)
class Tally:
    """What one way has done so far."""

    calls: int = 0
    booked: int = 0
    seconds: float = 0.0
    faults: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    cpu_ms: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    answer_ms: list[float] = field(default_factory=list)

    def take(self, outcome: Outcome) -> None:
        self.calls += 1
        self.answer_ms.append(outcome.answer_ms)
        if outcome.fault:
            self.faults[outcome.fault] += 1

    @property
    def failed(self) -> int:
        return sum(self.faults.values())

    @property
    def cpu_ms_per_call(self) -> float:
        """Of all processes together."""
        return sum(self.cpu_ms.values()) / self.calls


class Load:
    """Makes calls at a steady rate; `over` is told of each call that has ended."""

    def __init__(
        self, site: Site, ways: Sequence[Way], rate: float, over: Callable[[Way], None]
    ) -> None:
        self._site = site
        self._rate = rate
        self._over = over
        self._turn = 0
        self._engine_calls = 0
        self.tallies = {way: Tally() for way in ways}

    async def warm_up(self, calls: int) -> None:
        """The same calls, counted nowhere."""
        for way in self.tallies:
            await self._round(way, calls, Tally())

    async def round(self, calls: int) -> None:
        """So many calls each way, one way after the other."""
        for way, tally in self.tallies.items():
            await self._round(way, calls, tally)

    async def idle(self, seconds: float) -> Mapping[str, float]:
        """CPU milliseconds a second that the processes spend while nobody calls."""
        before = self._spent(Way.ENGINE)
        await asyncio.sleep(seconds)
        after = self._spent(Way.ENGINE)
        return {name: (after[name] - before[name]) / seconds for name in after}

    async def _round(self, way: Way, calls: int, tally: Tally) -> None:
        before, began_s = self._spent(way), time.monotonic()
        outcomes = await self._make(way, calls)
        if way is Way.ENGINE:
            charged = await self._site.booked(self._engine_calls + calls)
            tally.booked += charged - self._engine_calls
            self._engine_calls = charged
        after = self._spent(way)
        tally.seconds += time.monotonic() - began_s
        for outcome in outcomes:
            tally.take(outcome)
        for name, spent in after.items():
            tally.cpu_ms[name] += spent - before[name]

    async def _make(self, way: Way, calls: int) -> list[Outcome]:
        began_s, made = time.monotonic(), []
        for number in range(calls):
            await asyncio.sleep(max(0.0, began_s + number / self._rate - time.monotonic()))
            made.append(asyncio.create_task(self._call(way, self._turn)))
            self._turn += 1
        return await asyncio.gather(*made)

    async def _call(self, way: Way, turn: int) -> Outcome:
        site = self._site
        outcome = await site.far.call(site.number(way, turn), site.caller(turn), site.shape.talk_s)
        self._over(way)
        return outcome

    def _spent(self, way: Way) -> dict[str, float]:
        return {name: cpu_ms(pid) for name, pid in self._site.pids[way].items()}
