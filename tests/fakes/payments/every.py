"""Every provider's fake at once, as one operator's accounts: for demos and whole-house tests."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.core.inventory import ProviderTerms
from tests.fakes.payments.klarna import KlarnaFake
from tests.fakes.payments.paypal import PayPalFake
from tests.fakes.payments.paysafecard import PaysafecardFake
from tests.fakes.payments.sofort import SofortFake
from tests.fakes.payments.stripe import StripeFake


@dataclass(frozen=True)
class FakeProviders:
    """The fakes at work; `terms` is what an operator would write to use them."""

    paypal: PayPalFake
    klarna: KlarnaFake
    stripe: StripeFake
    paysafecard: PaysafecardFake
    sofort: SofortFake
    terms: tuple[ProviderTerms, ...]

    def hear_at(self, hooks: str) -> None:
        """Bring the signed callbacks to a profile's address; the others go where an order says."""
        self.paypal.hook_url = f"{hooks}/paypal"
        self.stripe.hook_url = f"{hooks}/stripe"


@asynccontextmanager
async def every_provider(folder: Path) -> AsyncIterator[FakeProviders]:
    """All of them on free ports; PayPal's root of trust lies in the folder."""
    async with AsyncExitStack() as stack:
        paypal = await stack.enter_async_context(PayPalFake())
        klarna = await stack.enter_async_context(KlarnaFake())
        stripe = await stack.enter_async_context(StripeFake())
        paysafecard = await stack.enter_async_context(PaysafecardFake())
        sofort = await stack.enter_async_context(SofortFake())
        sofort.settles = True
        ca_file = folder / "paypal-root.pem"
        ca_file.write_bytes(paypal.authority.root)
        options = {
            "paypal": paypal.options(str(ca_file)),
            "klarna": klarna.options(),
            "stripe": stripe.options(),
            "paysafecard": paysafecard.options(),
            "sofort": sofort.options(),
            "manual": {},
        }
        terms = tuple(
            ProviderTerms(provider=name, options=tuple(given.items()))
            for name, given in options.items()
        )
        yield FakeProviders(paypal, klarna, stripe, paysafecard, sofort, terms)
