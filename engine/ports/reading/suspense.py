"""Payments that fitted no order and wait for a person: money set aside, until it is settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A payment in suspense. `key` is its entry's, `counter` the provider's account of the chart,
    `reason` what did not fit; `micros` is positive."""

    key: str
    organisation: str
    at_ms: int
    counter: str
    currency: str
    micros: int
    reason: str


class Suspense(Protocol):
    """The payments in suspense of all organisations."""

    async def waiting(self, organisation: str, most: int) -> Sequence[Waiting]:
        """Those that are not settled, oldest first."""
        ...

    async def one(self, key: str) -> Waiting | None:
        """One that is not settled."""
        ...
