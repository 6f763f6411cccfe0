"""The truth about money and calls: accounts, journal, itemised records, caller lists.

Every method is one transaction. `RemoteError(retryable=True)` when the database does not answer,
is locked or full: nothing was written then. A key used again with other content is a
`ConflictError`; with the same content it is the same answer and nothing is written twice.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.core.cdr import CallRecord
from engine.core.posting import Entry
from engine.ports.store import StorePosting


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer's account: an opaque id within a billing profile; `e164` is its present alias.

    `blocked`: staff let nobody in with this number any more (`ports.people.callers`).
    """

    account_id: str
    organisation: str
    profile: str
    e164: str
    currency: str
    balance_micros: int
    seq: int
    returning: bool
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One posting on a customer's account with its entry, as a statement shows it."""

    seq: int
    at_ms: int
    kind: str
    micros: int
    balance_micros: int
    key: str
    reason: str
    author: str
    call_id: str | None


class Ledger(Protocol):
    async def open_account(
        self, organisation: str, profile: str, e164: str, currency: str
    ) -> Account:
        """The account with this alias, made if there is none."""
        ...

    async def find_account(self, profile: str, e164: str) -> Account | None: ...

    async def account(self, account_id: str) -> Account | None: ...

    async def change_number(self, account_id: str, e164: str) -> Account:
        """Give the account another alias; balance, history and caller-list marks stay with it.

        `ConflictError` if the number has an account of its own.
        """
        ...

    async def copy_marks(self, account_id: str, e164: str) -> None:
        """Give another number the caller-list marks that the account's own has."""
        ...

    async def check_pin(self, profile: str, e164: str, pin: str) -> Account | None:
        """The account if number and PIN fit; five wrong tries lock the PIN for 15 minutes.

        A wrong number takes the same time as a wrong PIN.
        """
        ...

    async def set_pin(self, account_id: str, pin: str) -> None: ...

    async def post(self, entry: Entry) -> tuple[StorePosting, ...]:
        """Book an entry once; returns its customers' postings with their sequence numbers.

        `CallerError` for what `core.posting.check_bookable` refuses, for an unknown account and
        for one of another currency or organisation. A repeat may name another `at_ms`.
        """
        ...

    async def settle(self, record: CallRecord) -> tuple[StorePosting, ...]:
        """Write a call's record and, if it reached an account, its entry, in one transaction."""
        ...

    async def outbox(self, most: int) -> Sequence[StorePosting]:
        """Postings not yet known to be in the store, oldest first, each account's in order."""
        ...

    async def mark_applied(self, postings: Sequence[StorePosting]) -> None: ...

    async def postings_after(self, account_id: str, seq: int) -> Sequence[StorePosting]: ...

    def accounts(self) -> AsyncIterator[Account]:
        """All accounts with balance and sequence number, consistent one by one."""
        ...

    async def claim_first_call(
        self,
        organisation: str,
        caller_list: str,
        e164: str,
        call_id: str,
        at_ms: int,
        days: int | None,
    ) -> bool:
        """Whether this call has the first-call offer: it is new on the list, holds the claim
        already, or (with `days`) the first was less than so many days ago."""
        ...

    async def return_first_call(
        self, organisation: str, caller_list: str, e164: str, call_id: str
    ) -> None:
        """Take the number off the list again if this very call put it there."""
        ...

    async def lines(self, account_id: str, from_ms: int, to_ms: int) -> Sequence[JournalLine]:
        """The account's postings of entries made in the half-open interval, in order."""
        ...

    async def calls(self, account_id: str | None, from_ms: int, to_ms: int) -> Sequence[CallRecord]:
        """Records of calls that ended in the half-open interval, oldest first."""
        ...

    def call_pages(
        self, from_ms: int, to_ms: int, organisation: str | None = None
    ) -> AsyncIterator[Sequence[CallRecord]]:
        """As `calls` of every account, or of one organisation, some at a time.

        Pages are short and never empty; each is a transaction of its own.
        """
        ...

    async def balances_after(self, call_ids: Sequence[str]) -> Mapping[str, int]:
        """By call: its account's balance (micro-units) once it was booked; a page's calls at once.

        Calls that were not booked on an account are left out.
        """
        ...

    async def calls_without_account(
        self, profile: str, e164: str, from_ms: int, to_ms: int
    ) -> Sequence[CallRecord]:
        """As `calls`: those of a verified number that were refused before they had an account."""
        ...

    async def verify(self) -> Sequence[str]:
        """Every fault of the books as one sentence; empty when they are clean."""
        ...
