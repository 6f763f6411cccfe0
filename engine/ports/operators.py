"""What the operators' interface keeps in the books, and looks up there: keys, answers, customers.

Every method is one transaction, with the errors of `ports.ledger`. Whatever is looked up is looked
up within one organisation: what another has is not there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from engine.core.posting import EntryKind
from engine.ports.ledger import Account, JournalLine


class Scope(StrEnum):
    """What a key lets its holder do."""

    ACCOUNTS_READ = "accounts:read"
    MONEY_WRITE = "money:write"
    NUMBERS_WRITE = "numbers:write"
    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    CALLS_READ = "calls:read"
    CALLS_WRITE = "calls:write"
    AGENTS_WRITE = "agents:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    DIDS_READ = "dids:read"
    DIDS_WRITE = "dids:write"
    VERIFICATIONS_WRITE = "verifications:write"
    CALLERS_READ = "callers:read"
    CALLERS_WRITE = "callers:write"
    TRACKING_READ = "tracking:read"
    TRACKING_WRITE = "tracking:write"
    FORWARDING_READ = "forwarding:read"
    FORWARDING_WRITE = "forwarding:write"
    STATEMENTS_READ = "statements:read"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An organisation's key; of its secret only the SHA-256 is kept (hexadecimal)."""

    key_id: str
    organisation: str
    name: str
    scopes: tuple[Scope, ...]
    secret_hash: str
    created_ms: int
    revoked_ms: int | None = None


class Keys(Protocol):
    """The keys of all organisations."""

    async def add(self, key: ApiKey) -> None: ...

    async def key(self, key_id: str) -> ApiKey | None:
        """The key with this id, revoked ones too."""
        ...

    async def keys(self, organisation: str | None) -> Sequence[ApiKey]:
        """All keys, or an organisation's, oldest first."""
        ...

    async def revoke(self, key_id: str, at_ms: int) -> ApiKey | None:
        """Take a key out of use for good; a key revoked before keeps its time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A wish to carry out what an idempotency key stands for, from `now_ms` to `until_ms`.

    `digest` tells the same request from another.
    """

    organisation: str
    key: str
    digest: str
    now_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered: status and JSON text."""

    status: int
    body: str


class Standing(StrEnum):
    """How a claim stands that has no answer yet."""

    OURS = "ours"
    UNDER_WAY = "under_way"
    ANOTHER_REQUEST = "another_request"


class Answers(Protocol):
    """Answers by idempotency key, so that a repeat gets the answer it would have got."""

    async def claim(self, claim: Claim) -> Answer | Standing:
        """The answer given before, or whether the claimant is the one to carry it out now.

        A claim that ran out without an answer (its engine died) may be made anew. What is
        older than `ANSWERS_KEPT_MS` is forgotten.
        """
        ...

    async def keep(self, claim: Claim, answer: Answer) -> Answer:
        """Keep the answer to a claim; gives the one that stands, which is the first."""
        ...

    async def give_up(self, claim: Claim) -> None:
        """Let the key be claimed anew; nothing if it has an answer or is another's by now."""
        ...


ANSWERS_KEPT_MS = 7 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Customer:
    """An account; `withheld` if a caller withheld the number that names it now."""

    account: Account
    withheld: bool


@dataclass(frozen=True, slots=True)
class TopUps:
    """How many payments have come in (bonuses and reversals are none), and when the last did."""

    count: int = 0
    last_ms: int | None = None


class CustomerOrder(StrEnum):
    """What customers are listed by: the number rises, balance and time of the last payment fall."""

    ID = "id"
    NUMBER = "number"
    BALANCE = "balance"
    LAST_TOP_UP = "last_top_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFilter:
    """Which accounts are listed: in their order, `most` of them after the account `after`."""

    organisation: str
    profile: str | None = None
    e164: str | None = None
    order: CustomerOrder = CustomerOrder.ID
    after: str = ""
    most: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFilter:
    """Which of an account's lines are listed: newest first, `most` of them before `before_seq`.

    The time is half-open: from `from_ms` to before `to_ms`.
    """

    account_id: str
    kind: EntryKind | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    before_seq: int | None = None
    most: int = 50


class Customers(Protocol):
    """Accounts and what was booked on them, as an operator lists them."""

    async def customer(self, organisation: str, account_id: str) -> Customer | None: ...

    async def customers(self, wanted: CustomerFilter) -> Sequence[Customer]: ...

    async def top_ups(self, account_ids: Sequence[str]) -> Mapping[str, TopUps]:
        """Each account's; one that has none is not in the answer."""
        ...

    async def lines(self, wanted: LineFilter) -> Sequence[JournalLine]: ...
