"""What moved on customers' accounts, over all customers of an organisation, newest first."""

from dataclasses import dataclass
from typing import Protocol

from engine.core.posting import EntryKind
from engine.ports.ledger import JournalLine


@dataclass(frozen=True, slots=True)
class LinePlace:
    """A place among the transactions, in the order of their time."""

    at_ms: int
    entry_id: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionFilter:
    """Which transactions are listed: `most` of them before a place.

    The time is half-open; the amount is signed as the customer sees it, both ends included.
    `e164` finds the accounts it names now or has named.
    """

    organisation: str
    profile: str | None = None
    kind: EntryKind | None = None
    author: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    least_micros: int | None = None
    most_micros: int | None = None
    account_id: str | None = None
    e164: str | None = None
    before: LinePlace | None = None
    most: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One line of a customer's account; `e164` is the number that names the account now.

    `counter` is the chart's account on the other side, "" between two customers.
    """

    place: LinePlace
    line: JournalLine
    account_id: str
    profile: str
    currency: str
    counter: str
    e164: str
    withheld: bool


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """Transactions that were found, and the place before which more may be; see `CallPage`."""

    transactions: tuple[Transaction, ...]
    following: LinePlace | None


class Transactions(Protocol):
    """The journal's lines on customers' accounts."""

    async def search(self, wanted: TransactionFilter) -> TransactionPage: ...
