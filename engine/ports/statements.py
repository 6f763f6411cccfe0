"""What a billing profile's statement is made of: sums of the journal, added up where it is kept.

One method, one transaction on one snapshot, with the errors of `ports.ledger`.
"""

from dataclasses import dataclass
from typing import Protocol

from engine.core.posting import EntryKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What entries of one kind have moved on customers' accounts, all one way.

    `counter` is the other account of the chart (`provider:…`, `revenue:…`), empty between
    customers; `reason` is given for what was booked by hand, else empty. `count` leaves out calls
    of which no second was charged; `micros` is what the customers have more or less by it.
    """

    kind: EntryKind
    counter: str
    reason: str
    comes_in: bool
    count: int
    micros: int
    charged_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """Money that came in by an account with a provider, and fitted no customer's order."""

    counter: str
    currency: str
    count: int
    micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A profile's sums in a time (micro-units, over all its customers).

    `opening_micros` is added up from the very first posting on, `closing_micros` down from where
    the accounts stand, so that the two agree with the movements only if nothing is missing.
    `entries_before` is how many postings made the opening. `currencies` are its accounts'.
    """

    opening_micros: int
    entries_before: int
    movements: tuple[Movement, ...]
    closing_micros: int
    set_aside: tuple[SetAside, ...]
    currencies: tuple[str, ...]


class Statements(Protocol):
    """The sums of all billing profiles."""

    async def figures(self, organisation: str, profile: str, from_ms: int, to_ms: int) -> Figures:
        """The sums of a profile over the entries made in the half-open interval."""
        ...
