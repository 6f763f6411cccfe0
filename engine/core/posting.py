"""Double entry: every movement of money is one entry whose postings sum to zero.

Account names come from a fixed chart: `customer:<account id>`, `revenue:<service>`,
`provider:<name>`, `merchant:<name>`, `holder:<organisation>`, `bonus`, `suspense`, `adjustment`. A
customer's posting is positive when his balance rises; a merchant's, or a holder's of numbers, is
negative by what he owes. The idempotency key is
derived from what the entry is for, so booking twice is booking once.
"""

from dataclasses import dataclass
from enum import StrEnum

from engine.core.cdr import CallRecord
from engine.core.money import MAX_MICROS
from engine.core.numbers.rental import Rental
from engine.core.verification import Status, Verification
from engine.errors import CallerError

_CHART = frozenset({"bonus", "suspense", "adjustment"})
_CHART_FAMILIES = frozenset({"customer", "revenue", "provider", "merchant", "holder"})


class EntryKind(StrEnum):
    """What an entry is for."""

    CALL = "call"
    TOP_UP = "top_up"
    BONUS = "bonus"
    BONUS_BACK = "bonus_back"
    CREDIT = "credit"
    DEBIT = "debit"
    MOVE = "move"
    REFUND = "refund"
    REVERSAL = "reversal"
    SUSPENSE = "suspense"
    VERIFICATION = "verification"
    RENTAL = "rental"


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of an entry: an account of the chart and a signed amount in micro-units."""

    account: str
    micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One movement; immutable, a correction is a new entry.

    `organisation` says whose it is where no customer's account does.
    """

    key: str
    kind: EntryKind
    currency: str
    postings: tuple[Posting, ...]
    at_ms: int
    reason: str = ""
    author: str = "engine"
    call_id: str | None = None
    organisation: str = ""

    def __post_init__(self) -> None:
        if sum(posting.micros for posting in self.postings) != 0:
            raise ValueError(f"entry {self.key} does not sum to zero")


def customer(account_id: str) -> str:
    """The chart's name for a customer's account."""
    return f"customer:{account_id}"


def holder(organisation: str) -> str:
    """The chart's name for what an organisation owes for its numbers."""
    return f"holder:{organisation}"


def customer_id(account: str) -> str | None:
    """The account id behind a chart name, None if it is no customer's."""
    kind, _, account_id = account.partition(":")
    return account_id if kind == "customer" else None


def check_bookable(entry: Entry) -> None:
    """Refuses what `Ledger.post` does not book: raises `CallerError` with the field.

    A call's charge is booked with its record, never alone. Every other entry moves the money of a
    customer (whose organisation it then belongs to), or sets an organisation's money aside.
    """
    if not entry.key:
        raise CallerError("must not be empty", "key")
    if entry.kind is EntryKind.CALL:
        raise CallerError("a call is booked with its record", "kind")
    if entry.kind is EntryKind.VERIFICATION:
        raise CallerError("a verification is booked with its outcome", "kind")
    if entry.kind is EntryKind.RENTAL:
        raise CallerError("a rental is booked when its month is over", "kind")
    for posting in entry.postings:
        if not _is_charted(posting.account):
            raise CallerError(f"{posting.account!r} is not in the chart of accounts", "postings")
        if abs(posting.micros) > MAX_MICROS:
            raise CallerError(f"must be at most {MAX_MICROS} micro-units either way", "postings")
    is_customers = any(customer_id(posting.account) for posting in entry.postings)
    if entry.kind is EntryKind.SUSPENSE and (is_customers or not entry.organisation):
        raise CallerError("money set aside is an organisation's, no customer's", "postings")
    if entry.kind is not EntryKind.SUSPENSE and not is_customers:
        raise CallerError("must touch a customer's account", "postings")


def _is_charted(account: str) -> bool:
    family, _, name = account.partition(":")
    return account in _CHART or (family in _CHART_FAMILIES and bool(name))


def ended_hold(kind: EntryKind, key: str, call_id: str | None, micros: int) -> str | None:
    """The hold that a customer's posting ends once the store applies it.

    A call's charge ends the call's hold. What an operator takes away is held under the entry's
    key first, so that it never takes what calls hold; a reversal does not ask.
    """
    if kind is EntryKind.CALL:
        return call_id
    held_first = kind in (EntryKind.DEBIT, EntryKind.MOVE, EntryKind.REFUND)
    return key if held_first and micros < 0 else None


def call_key(call_id: str) -> str:
    """The key of the entry that books a call."""
    return f"call:{call_id}"


def call_entry(record: CallRecord) -> Entry | None:
    """The entry that books a call's charge; None for a call that reached no account.

    A call that cost nothing has an entry of zero: it is what releases its hold in the store.
    """
    if record.account_id is None:
        return None
    return Entry(
        key=call_key(record.call_id),
        kind=EntryKind.CALL,
        currency=record.currency,
        postings=(
            Posting(customer(record.account_id), -record.charge_micros),
            Posting(f"revenue:{record.service}", record.charge_micros),
        ),
        at_ms=record.ended_ms,
        call_id=record.call_id,
    )


def verification_entry(verification: Verification) -> Entry | None:
    """The entry that books what a proved number costs its merchant; None for what costs nothing."""
    if verification.status is not Status.VERIFIED or verification.charge_micros == 0:
        return None
    return Entry(
        key=f"verification:{verification.verification_id}",
        kind=EntryKind.VERIFICATION,
        currency=verification.currency,
        postings=(
            Posting(f"merchant:{verification.merchant}", -verification.charge_micros),
            Posting("revenue:verification", verification.charge_micros),
        ),
        at_ms=verification.ended_ms or 0,
        reason=verification.verification_id,
        organisation=verification.organisation,
    )


def rental_entry(rental: Rental, at_ms: int) -> Entry:
    """The entry that books what a number costs its holder for a month."""
    return Entry(
        key=rental.key,
        kind=EntryKind.RENTAL,
        currency=rental.currency,
        postings=(
            Posting(holder(rental.organisation), -rental.micros),
            Posting("revenue:numbers", rental.micros),
        ),
        at_ms=at_ms,
        reason=f"{rental.e164} {rental.month}",
        organisation=rental.organisation,
    )
