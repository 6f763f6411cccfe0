"""Runs neighbourhoods one after the other, or several at once, and adds up their verdicts."""

import asyncio
import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import structlog

from tests.fakes.clock import run_virtually
from tests.simulation.town import Town
from tests.simulation.verdict import Verdict, judge

CALLS_PER_TOWN = 200


@dataclass
class Total:
    """What a simulation found; the digest is of every booked call, in order."""

    seed: int
    calls: int = 0
    records: int = 0
    charged_micros: int = 0
    deaths: int = 0
    emptied: int = 0
    outages: int = 0
    lost_events: int = 0
    dispositions: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        for name in (
            "calls", "records", "charged_micros", "deaths", "emptied", "outages", "lost_events",
        ):  # fmt: skip
            setattr(self, name, getattr(self, name) + getattr(verdict, name))
        self.dispositions.update(verdict.dispositions)
        self.faults.extend(verdict.faults)
        self.digests.append(verdict.digest)

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.digests).encode()).hexdigest()[:16]


async def _live_and_judge(town: Town, tamper: Callable[[Town], None]) -> Verdict:
    try:
        await town.live()
        tamper(town)
        return await judge(town)
    finally:
        await asyncio.shield(town.house.stop())


def run_town(
    seed: int,
    calls: int,
    number: int,
    *,
    faulty: bool = True,
    tamper: Callable[[Town], None] = lambda _town: None,
) -> Verdict:
    """One neighbourhood from its first call to its verdict, in virtual time.

    `tamper` may change what is judged, to see that it is noticed.
    """
    return run_virtually(_live_and_judge(Town(seed, number, calls, faulty), tamper))


def towns_of(calls: int) -> list[int]:
    """How many calls each neighbourhood has."""
    whole, rest = divmod(calls, CALLS_PER_TOWN)
    return [CALLS_PER_TOWN] * whole + ([rest] if rest else [])


def simulate(
    calls: int, seed: int, jobs: int, progress: Callable[[Total], None] = lambda _total: None
) -> Total:
    """Simulate so many calls in `jobs` processes; the outcome depends on calls and seed alone."""
    total = Total(seed)
    for verdict in _verdicts(towns_of(calls), seed, jobs):
        total.add(verdict)
        progress(total)
    return total


def _verdicts(towns: list[int], seed: int, jobs: int) -> Iterator[Verdict]:
    numbers = range(len(towns))
    if jobs == 1:
        yield from map(partial(run_town, seed), towns, numbers)
        return
    with ProcessPoolExecutor(jobs, initializer=quieten) as pool:
        yield from pool.map(partial(run_town, seed), towns, numbers)


def quieten() -> None:
    """Log nothing: every fault of a simulated world would be a line."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
    )
