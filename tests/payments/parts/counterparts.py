"""Each provider of ours with the fake at its other end, for the promises that all of them keep."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from engine.core.money import MICROS
from engine.core.payment import PaymentOrder
from engine.payments.registry import open_provider
from engine.ports.payments import Provider
from tests.fakes.payments.klarna import KlarnaFake
from tests.fakes.payments.paypal import PayPalFake
from tests.fakes.payments.paysafecard import PaysafecardFake
from tests.fakes.payments.signed import SignedSite
from tests.fakes.payments.site import Courier
from tests.fakes.payments.sofort import SofortFake
from tests.fakes.payments.stripe import StripeFake


class Counterpart(Protocol):
    """A provider of ours, and what the far side can do besides showing the payer's page."""

    @property
    def provider(self) -> Provider: ...

    @property
    def courier(self) -> Courier:
        """Who brings the callbacks."""
        ...

    def hear_at(self, address: str) -> None:
        """Callbacks go there, where that is set for the account and not for an order."""
        ...

    def refund(self, order: PaymentOrder, micros: int) -> None:
        """Give the payer so much of his money back."""
        ...


@dataclass(frozen=True)
class SignedCounterpart:
    """One whose callbacks go where the account says."""

    provider: Provider
    fake: SignedSite
    give_back: Callable[[PaymentOrder, int], None]

    @property
    def courier(self) -> Courier:
        return self.fake.courier

    def hear_at(self, address: str) -> None:
        self.fake.hook_url = address

    def refund(self, order: PaymentOrder, micros: int) -> None:
        self.give_back(order, micros)


@dataclass(frozen=True)
class OrderwiseCounterpart:
    """One whose callbacks go where each order says."""

    provider: Provider
    courier: Courier
    give_back: Callable[[PaymentOrder, int], None]

    def hear_at(self, address: str) -> None:
        """Nothing is set for the account."""

    def refund(self, order: PaymentOrder, micros: int) -> None:
        self.give_back(order, micros)


@asynccontextmanager
async def paypal(folder: Path) -> AsyncIterator[Counterpart]:
    """PayPal, its root of trust in a file of the folder."""
    async with PayPalFake() as fake:
        ca_file = folder / "root.pem"
        ca_file.write_bytes(fake.authority.root)
        provider = open_provider("paypal", fake.options(str(ca_file)), "tarot")
        yield SignedCounterpart(
            provider, fake, lambda order, micros: fake.refund(order.provider_ref, micros)
        )
        await provider.close()


@asynccontextmanager
async def stripe(folder: Path) -> AsyncIterator[Counterpart]:
    """Stripe."""
    async with StripeFake() as fake:
        provider = open_provider("stripe", fake.options(), "tarot")
        yield SignedCounterpart(
            provider, fake, lambda order, micros: fake.refund(order.provider_ref, micros // 10_000)
        )
        await provider.close()


@asynccontextmanager
async def klarna(folder: Path) -> AsyncIterator[Counterpart]:
    """Klarna."""
    async with KlarnaFake() as fake:
        provider = open_provider("klarna", fake.options(), "tarot")
        yield OrderwiseCounterpart(
            provider,
            fake.courier,
            lambda order, micros: fake.refund(order.payment_ref, micros // 10_000),
        )
        await provider.close()


@asynccontextmanager
async def paysafecard(folder: Path) -> AsyncIterator[Counterpart]:
    """paysafecard."""
    async with PaysafecardFake() as fake:
        provider = open_provider("paysafecard", fake.options(), "tarot")
        yield OrderwiseCounterpart(
            provider,
            fake.courier,
            lambda order, micros: fake.refund(order.provider_ref, Decimal(micros) / MICROS),
        )
        await provider.close()


@asynccontextmanager
async def sofort(folder: Path) -> AsyncIterator[Counterpart]:
    """SOFORT, where transfers arrive at once."""
    async with SofortFake() as fake:
        fake.settles = True
        provider = open_provider("sofort", fake.options(), "tarot")
        yield OrderwiseCounterpart(
            provider,
            fake.courier,
            lambda order, micros: fake.refund(order.provider_ref, Decimal(micros) / MICROS),
        )
        await provider.close()


COUNTERPARTS: Mapping[str, Callable[[Path], AbstractAsyncContextManager[Counterpart]]] = {
    "paypal": paypal,
    "klarna": klarna,
    "sofort": sofort,
    "paysafecard": paysafecard,
    "stripe": stripe,
}
