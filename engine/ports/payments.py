"""Payment providers: where money is asked for, and who may say that it came.

A provider is one file of `engine/payments`. What it is told over the wire counts only if it proves
itself: by a signature over all that is said, else by asking the provider. A signature that covers
less (PayPal's) only keeps strangers from making us ask. `verify` is pure, so that a forgery can be
tried without a network; what it needs from outside (PayPal's certificate) `learn` brings first.

`RemoteError` when the provider does not answer or answers what it never should (`retryable` says
whether asking again can help); `CallerError` for an order it refuses, with the field.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from engine.core.payment import PaymentFact, PaymentOrder

Headers = Mapping[str, str]
"""A callback's headers, their names in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a provider sends the payer, and its callbacks (absolute addresses).

    `notify` holds a token of this very order, for providers whose callbacks are not signed.
    """

    success: str
    failure: str
    notify: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the payer goes on, and the provider's own id of the order."""

    provider_ref: str
    url: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What a callback proves: facts, and orders to ask the provider about.

    `event_id` names the callback, so that it is taken in once; `ask` has the provider's ids of
    orders (`PaymentOrder.provider_ref`), or of their payments (`payment_ref`), or ours, of which
    the callback says something that it cannot prove or that wants an answer (an approved payment
    that is to be captured).
    """

    event_id: str
    facts: tuple[PaymentFact, ...] = ()
    ask: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Forged:
    """A callback that is not the provider's, or not this account's; why, for the log."""

    reason: str


class Provider(Protocol):
    """One billing profile's account with one provider."""

    name: str
    """`paypal`, `klarna`, …: as in the operator's files and in the chart of accounts."""

    payee: str
    """The account's own id at the provider, as its facts name it; empty where they name none."""

    is_signed: bool
    """Whether its callbacks prove who sent them; if not, each must come to an order's address."""

    async def create(self, order: PaymentOrder, places: Places) -> Redirect:
        """Ask for the order's money. The same order asked for twice is one order there, if the
        provider has a way to tell that it is the same."""
        ...

    async def learn(self, headers: Headers) -> None:
        """Bring what `verify` needs for a callback with these headers, if it has it not yet.

        Nothing is proved of them yet, so it sends nobody out more than a few times a minute.
        """
        ...

    def verify(self, raw: bytes, headers: Headers, now_ms: int) -> Notice | Forged:
        """What a callback proves (pure). Nothing of it is parsed before its signature is checked,
        where it has one."""
        ...

    async def fetch(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        """All that the provider knows of an order now, its refunds and disputes included."""
        ...

    async def capture(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        """Take the money of an authorised order; of a captured one, the same facts again."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
