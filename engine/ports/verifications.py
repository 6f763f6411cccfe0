"""Verifications in the books: each with its outcome told once and its charge booked once.

Every method is one transaction, with the errors of `ports.ledger`. A verification that has become
final tells its organisation's webhooks in the same transaction, and writes the entry that charges
for a number that was proved. What another organisation has is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.core.verification import Status, Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationFilter:
    """Which verifications are listed: newest first, `most` of them before `before` (an id)."""

    organisation: str
    merchant: str | None = None
    reference: str | None = None
    status: Status | None = None
    before: str | None = None
    most: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """How many verifications ended alike, and what each of them cost."""

    status: Status
    reason: str
    currency: str
    price_micros: int
    count: int


@dataclass(frozen=True, slots=True)
class MerchantFigures:
    """A merchant's verifications of a time, without tests, and what the journal has of them."""

    outcomes: tuple[Outcomes, ...]
    booked_micros: int


class Verifications(Protocol):
    """The verifications of all organisations."""

    async def add(self, verification: Verification) -> None:
        """Write a new one down; the very same one again changes nothing."""
        ...

    async def save(self, verification: Verification) -> None:
        """Write a change down; a repeat changes nothing.

        `ConflictError` unless the one in the books has the version before this one's.
        """
        ...

    async def verification(self, verification_id: str) -> Verification | None: ...

    async def verifications(self, wanted: VerificationFilter) -> Sequence[Verification]: ...

    async def due(self, now_ms: int, most: int) -> Sequence[Verification]:
        """Those that are to be looked at by now, the longest due first."""
        ...

    async def consume(self, verification_id: str, by: str) -> bool:
        """Have the token of a proved number used up, once: False if another than `by` did."""
        ...

    async def figures(
        self, organisation: str, merchant: str, from_ms: int, to_ms: int
    ) -> MerchantFigures:
        """What ended from `from_ms` to before `to_ms`."""
        ...
