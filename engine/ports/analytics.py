"""Collectors, and the hits that wait for them: an outbox.

A hit is written in the transaction that keeps its call, for each collector that wants it. Every
engine sends: who claims a collector has it for a lease, alone, so that its hits come there in their
order; each claim has a number of its own, and what an engine learns too late changes nothing. A
request may be taken and its engine die before that is written: its hits are then told once more.

A collector of one number goes over to the number that replaces it, and ends as the number leaves
its holder, in the very step that moves it (`ports.numbers`): calls before that are still told.

Every method is one transaction, with the errors of `ports.ledger`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.core.analytics.collector import Collector, Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A collector and how it stands: hits that wait, were taken, were given up.

    `problem` is what went wrong at last, "" if nothing did since; `problem_ms` when. `ended_ms` is
    when its number left the organisation; None if it did not.
    """

    collector: Collector
    waiting: int
    sent: int
    given_up: int
    problem: str
    problem_ms: int | None
    ended_ms: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """A collector that is ours for a while, with its oldest hits; its `failures` in a row."""

    collector: Collector
    number: int
    failures: int
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a claim: the ids of calls that were taken, and of those given up; the others
    wait. Nothing is sent there before `next_ms`."""

    collector_id: str
    number: int
    sent: tuple[str, ...]
    given_up: tuple[str, ...]
    failures: int
    next_ms: int
    problem: str
    at_ms: int


class Collectors(Protocol):
    """The collectors of all organisations."""

    async def add(self, collector: Collector) -> None:
        """Tell of calls there from now on; the same id again is the one that is there.

        `CallerError` if there are `COLLECTORS_MOST`, with those that have ended, or its number is
        not the organisation's.
        """
        ...

    async def collectors(self, organisation: str) -> Sequence[Standing]:
        """An organisation's, in the order in which they were added."""
        ...

    async def collector(self, collector_id: str) -> Collector | None:
        """The collector with this id, whosever it is."""
        ...

    async def delete(self, organisation: str, collector_id: str) -> bool:
        """Tell nothing there any more, nor what waits; whether it was there."""
        ...

    async def claim(self, now_ms: int, lease_ms: int, most: int) -> Claim | None:
        """The collector that has waited longest with up to `most` of its hits; None if nothing is
        due."""
        ...

    async def finish(self, done: Done) -> bool:
        """Note what came of a claim; False if a later one was made, which knows better."""
        ...
