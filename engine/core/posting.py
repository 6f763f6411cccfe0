"""Double entry: every movement of money is one entry whose postings sum to zero.

Account names come from a fixed chart: `customer:<account id>`, `revenue:<service>`,
`provider:<name>`, `bonus`, `suspense`, `adjustment`. A customer's posting is positive when his
balance rises. The idempotency key is derived from what the entry is for, so booking twice is
booking once.
"""

from dataclasses import dataclass
from enum import StrEnum

from engine.core.cdr import CallRecord


class EntryKind(StrEnum):
    """What an entry is for."""

    CALL = "call"
    TOP_UP = "top_up"
    BONUS = "bonus"
    CREDIT = "credit"
    DEBIT = "debit"
    MOVE = "move"
    REFUND = "refund"
    REVERSAL = "reversal"


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of an entry: an account of the chart and a signed amount in micro-units."""

    account: str
    micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One movement; immutable, a correction is a new entry."""

    key: str
    kind: EntryKind
    currency: str
    postings: tuple[Posting, ...]
    at_ms: int
    reason: str = ""
    author: str = "engine"
    call_id: str | None = None

    def __post_init__(self) -> None:
        if sum(posting.micros for posting in self.postings) != 0:
            raise ValueError(f"entry {self.key} does not sum to zero")


def customer(account_id: str) -> str:
    """The chart's name for a customer's account."""
    return f"customer:{account_id}"


def customer_id(account: str) -> str | None:
    """The account id behind a chart name, None if it is no customer's."""
    kind, _, account_id = account.partition(":")
    return account_id if kind == "customer" else None


def call_entry(record: CallRecord) -> Entry | None:
    """The entry that books a call's charge; None for a call that reached no account.

    A call that cost nothing has an entry of zero: it is what releases its hold in the store.
    """
    if record.account_id is None:
        return None
    return Entry(
        key=f"call:{record.call_id}",
        kind=EntryKind.CALL,
        currency=record.currency,
        postings=(
            Posting(customer(record.account_id), -record.charge_micros),
            Posting(f"revenue:{record.service}", record.charge_micros),
        ),
        at_ms=record.ended_ms,
        call_id=record.call_id,
    )
