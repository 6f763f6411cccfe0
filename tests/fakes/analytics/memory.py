"""`ports.analytics.Collectors` in memory; `queue` is what the ledger does within `keep`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from engine.core.analytics.collector import COLLECTORS_MOST, Collector, Hit, hit_of
from engine.core.tracked import TrackedCall
from engine.errors import CallerError
from engine.ports.analytics import Claim, Done, Standing
from engine.ports.numbers import Commit
from tests.fakes.numbers.stock import MemoryNumbers


@dataclass
class Held:
    """A collector, its hits, and how it stands."""

    standing: Standing
    hits: dict[str, Hit] = field(default_factory=dict)
    claims: int = 0
    failures: int = 0
    next_ms: int = 0

    @property
    def collector(self) -> Collector:
        return self.standing.collector


@dataclass
class MemoryCollectors:
    """Collectors with their hits; without `numbers` a collector is told of whatever number."""

    held: dict[str, Held] = field(default_factory=dict)
    numbers: MemoryNumbers | None = None

    def __post_init__(self) -> None:
        if self.numbers is not None:
            self.numbers.follow = self._pass_on

    async def queue(self, call: TrackedCall) -> None:
        for one in self.held.values():
            its = one.collector
            if its.organisation != call.organisation or its.number not in ("", call.number):
                continue
            if one.standing.ended_ms is None:
                one.hits[call.call_id] = hit_of(call)

    def _pass_on(self, commit: Commit) -> None:
        for move in commit.moves:
            for one in self.held.values() if move.changes_hands else ():
                whose = (move.before.organisation, move.before.e164, None)
                its = one.collector
                if (its.organisation, its.number, one.standing.ended_ms) != whose:
                    continue
                if move.other:
                    moved = replace(its, number=move.other)
                    one.standing = replace(one.standing, collector=moved)
                else:
                    one.standing = replace(one.standing, ended_ms=commit.at_ms)

    async def add(self, collector: Collector) -> None:
        if self.numbers is not None and collector.number:
            number = await self.numbers.number(collector.number)
            if number is None or number.organisation != collector.organisation:
                raise CallerError("must be one of yours", "number")
        if collector.collector_id in self.held:
            return
        if len(await self.collectors(collector.organisation)) >= COLLECTORS_MOST:
            raise CallerError(f"must be at most {COLLECTORS_MOST}", "collectors")
        standing = Standing(
            collector=collector,
            waiting=0,
            sent=0,
            given_up=0,
            problem="",
            problem_ms=None,
            ended_ms=None,
        )
        self.held[collector.collector_id] = Held(standing)

    async def collectors(self, organisation: str) -> Sequence[Standing]:
        return [
            replace(one.standing, waiting=len(one.hits))
            for one in self.held.values()
            if one.collector.organisation == organisation
        ]

    async def collector(self, collector_id: str) -> Collector | None:
        one = self.held.get(collector_id)
        return None if one is None else one.collector

    async def delete(self, organisation: str, collector_id: str) -> bool:
        one = self.held.get(collector_id)
        if one is None or one.collector.organisation != organisation:
            return False
        del self.held[collector_id]
        return True

    async def claim(self, now_ms: int, lease_ms: int, most: int) -> Claim | None:
        due = [one for one in self.held.values() if one.hits and one.next_ms <= now_ms]
        if not due:
            return None
        one = min(due, key=lambda held: held.next_ms)
        one.claims += 1
        one.next_ms = now_ms + lease_ms
        oldest = sorted(one.hits.values(), key=lambda hit: (hit.at_ms, hit.call_id))
        return Claim(one.collector, one.claims, one.failures, tuple(oldest[:most]))

    async def finish(self, done: Done) -> bool:
        one = self.held.get(done.collector_id)
        if one is None or one.claims != done.number:
            return False
        one.failures, one.next_ms = done.failures, done.next_ms
        for call_id in (*done.sent, *done.given_up):
            del one.hits[call_id]
        one.standing = replace(
            one.standing,
            sent=one.standing.sent + len(done.sent),
            given_up=one.standing.given_up + len(done.given_up),
            problem=done.problem,
            problem_ms=done.at_ms if done.problem else None,
        )
        return True
