"""Those who pay: each begins one order, pays it once, and some have their money back.

What each order must have come to in the end is computed here from what its payer did, without a
look at any book.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from engine.core.inventory import TopUpAmount
from engine.core.payment import PaymentOrder
from engine.errors import RemoteError
from engine.flows.payments.till import Till, Wish
from engine.ports.clock import Clock
from tests.fakes.payments.paysafecard import PaysafecardFake
from tests.fakes.payments.stripe import StripeFake
from tests.storm.post import Messenger, Post
from tests.storm.shop import AMOUNTS, EURO, PROFILE, PayPalOfFates

ORDERS_AN_ACCOUNT = 5
TOO_MUCH_MICROS = 3_330_000
CENT = 10_000
ATTEMPTS_MOST = 200
AGAIN_MS = 100

T = TypeVar("T")


class Fate(StrEnum):
    """What becomes of a payment."""

    KEPT = "kept"
    REFUNDED = "refunded"
    """A quarter is given back."""
    LOST = "lost"
    """A dispute takes all of it."""
    WON = "won"
    """A dispute takes all of it, and gives it back."""
    MISFIT = "misfit"
    """Another amount is paid than was ordered."""


_FATES = {
    "stripe": (Fate.KEPT,) * 12 + (Fate.REFUNDED,) * 3 + (Fate.LOST, Fate.WON, Fate.WON)
    + (Fate.MISFIT,),
    "paypal": (Fate.KEPT,) * 12 + (Fate.REFUNDED,) * 3 + (Fate.LOST, Fate.MISFIT),
    "paysafecard": (Fate.KEPT,) * 12 + (Fate.REFUNDED, Fate.REFUNDED, Fate.MISFIT),
}  # fmt: skip


@dataclass
class Purchase:
    """A payer's way; `order` is what he has begun."""

    provider: str
    e164: str
    amount: TopUpAmount
    fate: Fate
    order: PaymentOrder | None = None

    @property
    def begun(self) -> PaymentOrder:
        """His order, which must have been begun."""
        assert self.order is not None
        return self.order

    @property
    def back_micros(self) -> int:
        """What of the payment is given back for good."""
        backs = {Fate.REFUNDED: self.amount.pay_micros // 4, Fate.LOST: self.amount.pay_micros}
        return backs.get(self.fate, 0)

    @property
    def due_micros(self) -> int:
        """What the customer must have of it in the end."""
        if self.fate is Fate.MISFIT:
            return 0
        pay, bonus, back = self.amount.pay_micros, self.amount.bonus_micros, self.back_micros
        return pay + bonus - back - bonus * back // pay

    @property
    def set_aside_micros(self) -> int:
        """What of it must lie in suspense."""
        return self.paid_micros if self.fate is Fate.MISFIT else 0

    @property
    def paid_micros(self) -> int:
        """What the payer pays."""
        return self.amount.pay_micros + (TOO_MUCH_MICROS if self.fate is Fate.MISFIT else 0)


def purchases(count: int, seed: int) -> list[Purchase]:
    """So many payers; several of them are one customer."""
    chance = random.Random(f"payers {seed}")
    made = []
    for number in range(count):
        provider = chance.choice(sorted(_FATES))
        e164 = f"+49302312{number // ORDERS_AN_ACCOUNT:05}"
        fate = chance.choice(_FATES[provider])
        made.append(Purchase(provider, e164, chance.choice(AMOUNTS), fate))
    chance.shuffle(made)
    return made


class Providers:
    """The three providers, whose callbacks go to the post."""

    def __init__(self, post: Post) -> None:
        self.stripe = StripeFake()
        self.paypal = PayPalOfFates()
        self.paysafecard = PaysafecardFake()
        self.stripe.courier = Messenger(post, lambda raw: self.stripe.signed(raw).headers)
        self.paypal.courier = Messenger(post)
        self.paysafecard.courier = Messenger(post)

    @asynccontextmanager
    async def open(self, origin: str, folder: Path) -> AsyncIterator[dict[str, dict[str, str]]]:
        """The providers at work; the options an operator would write for them, by name."""
        root = folder / "paypal-root.pem"
        root.write_bytes(self.paypal.authority.root)
        self.stripe.hook_url = f"{origin}/hooks/{PROFILE}/stripe"
        self.paypal.hook_url = f"{origin}/hooks/{PROFILE}/paypal"
        async with self.stripe, self.paypal, self.paysafecard:
            yield {
                "stripe": self.stripe.options(),
                "paypal": self.paypal.options(str(root)),
                "paysafecard": self.paysafecard.options(),
            }

    def pay(self, purchase: Purchase) -> None:
        """The payer pays; what becomes of his money happens at once where that is told."""
        ref = purchase.begun.provider_ref
        match purchase.provider:
            case "stripe":
                self._pay_stripe(ref, purchase)
            case "paypal":
                if purchase.fate is Fate.MISFIT:
                    self.paypal.odd[ref] = purchase.paid_micros
                elif purchase.back_micros:
                    event = "REVERSED" if purchase.fate is Fate.LOST else "REFUNDED"
                    self.paypal.back[ref] = purchase.back_micros, event
                self.paypal.approve(ref)
            case "paysafecard":
                self.paysafecard.payments[ref].amount = Decimal(purchase.paid_micros) / EURO
                self.paysafecard.pay(ref)

    def _pay_stripe(self, ref: str, purchase: Purchase) -> None:
        odd = purchase.fate is Fate.MISFIT
        self.stripe.charged_minor = purchase.paid_micros // CENT if odd else None
        self.stripe.pay(ref)
        if purchase.fate is Fate.REFUNDED:
            self.stripe.refund(ref, purchase.back_micros // CENT)
        if purchase.fate in (Fate.LOST, Fate.WON):
            dispute = self.stripe.dispute(ref, purchase.amount.pay_micros // CENT)
            if purchase.fate is Fate.WON:
                self.stripe.win(dispute)

    def refund_untold(self, purchase: Purchase) -> None:
        """Give back what is given back without a word: it is found by asking."""
        if purchase.provider == "paysafecard" and purchase.back_micros:
            back = Decimal(purchase.back_micros) / EURO
            self.paysafecard.refund(purchase.begun.provider_ref, back)


async def begin(purchase: Purchase, till: Till, clock: Clock) -> None:
    """Begin the payer's order; where that fails half-way he begins another."""
    wish = Wish(
        profile=PROFILE,
        provider=purchase.provider,
        e164=purchase.e164,
        pay_micros=purchase.amount.pay_micros,
        lang="de",
    )
    purchase.order = (await patiently(lambda: till.begin(wish), clock)).order


async def patiently(work: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """Do what may be done again, again until the books are there."""
    for _ in range(ATTEMPTS_MOST):
        try:
            return await work()
        except RemoteError:
            await clock.sleep(AGAIN_MS)
    return await work()
