"""Payment orders and the callbacks about them, in the same books as the journal.

Every method is one transaction, with the errors of `ports.ledger`. Facts are judged by
`core.payment.judge` inside it, with their order locked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.core.payment import OrderStatus, Payee, PaymentFact, PaymentOrder
from engine.ports.store import StorePosting


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A callback as it came in: durable before it is answered, taken in once.

    `event_id` is unique within the payee's profile and provider; `ask` has what names the orders
    to ask about: our id, the provider's, or that of their payment.
    """

    payee: Payee
    event_id: str
    raw: bytes
    received_ms: int
    facts: tuple[PaymentFact, ...] = ()
    ask: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a letter or of facts: postings for the store, alarms, orders as they are now.

    `is_new` is False for a letter that had been taken in before; nothing was changed then.
    """

    postings: tuple[StorePosting, ...] = ()
    alarms: tuple[str, ...] = ()
    orders: tuple[PaymentOrder, ...] = ()
    is_new: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Which orders are listed: newest first, `most` of them before `before_id` (exclusive)."""

    organisation: str
    profile: str | None = None
    account_id: str | None = None
    status: OrderStatus | None = None
    before: str | None = None
    most: int = 50


class Orders(Protocol):
    """The orders of all billing profiles."""

    async def place(self, order: PaymentOrder) -> None:
        """Write a new order down, before its provider hears of it."""
        ...

    async def started(
        self, order_id: str, provider_ref: str, ask_at_ms: int | None
    ) -> PaymentOrder:
        """The provider knows the order by its own id; it is asked how the order stands at
        `ask_at_ms` at the latest, with None never."""
        ...

    async def order(self, order_id: str) -> PaymentOrder | None: ...

    async def orders(self, wanted: OrderFilter) -> Sequence[PaymentOrder]: ...

    async def take_in(self, letter: Letter) -> Taken:
        """Keep a letter, book what its facts mean, and make the orders in `ask` due at once."""
        ...

    async def note(self, facts: Sequence[PaymentFact], payee: Payee, now_ms: int) -> Taken:
        """Book what facts mean that the provider answered when it was asked."""
        ...

    async def ask_later(
        self, order_id: str, at_ms: int | None, leased_ms: int | None = None
    ) -> None:
        """Ask the provider about the order again at that time; with None never again.

        With `leased_ms` (when the lease that `due` gave runs out) only if nobody has made it due
        meanwhile.
        """
        ...

    async def due(self, now_ms: int, lease_ms: int, most: int) -> Sequence[PaymentOrder]:
        """Orders to ask about now. Each is given to one engine, and due again after `lease_ms`
        unless that engine says otherwise."""
        ...
