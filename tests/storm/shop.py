"""What is sold in a storm: one billing profile with three amounts and three providers.

Stripe and PayPal sign what they say, paysafecard proves nothing and has to be asked. Their fakes
are the ones that every provider is tested with; here their payers also do what goes wrong.
"""

from collections.abc import Mapping
from decimal import Decimal

from engine.core.inventory import (
    BillingProfile,
    Inventory,
    Organisation,
    ProviderTerms,
    TopUpAmount,
)
from tests.fakes.payments.paypal import Json, PayPalFake

EURO = 1_000_000
ORGANISATION = "acme"
PROFILE = "acme-eur"
AMOUNTS = (
    TopUpAmount(pay_micros=10 * EURO),
    TopUpAmount(pay_micros=20 * EURO, bonus_micros=2 * EURO),
    TopUpAmount(pay_micros=50 * EURO, bonus_micros=7_500_000),
)


def inventory_of(providers: Mapping[str, Mapping[str, str]]) -> Inventory:
    """The one profile, with these providers' options by name."""
    terms = tuple(
        ProviderTerms(provider=name, options=tuple(options.items()))
        for name, options in providers.items()
    )
    profile = BillingProfile(
        name=PROFILE,
        organisation=ORGANISATION,
        currency="EUR",
        amounts=AMOUNTS,
        providers=terms,
    )
    return Inventory(
        version=1,
        organisations=(Organisation(name=ORGANISATION, title="Acme"),),
        profiles=(profile,),
    )


class PayPalOfFates(PayPalFake):
    """A PayPal whose captures go as was said before: `odd` has the amounts that differ from the
    order's (micro-units), `back` what is given back at once, and by which event."""

    def __init__(self) -> None:
        self.odd: dict[str, int] = {}
        self.back: dict[str, tuple[int, str]] = {}
        super().__init__()

    def capture(self, order_ref: str) -> Json:
        """Take the money, and let happen what happens to it."""
        odd_micros = self.odd.get(order_ref, 0)
        self.captured_value = str(Decimal(odd_micros) / EURO) if odd_micros else ""
        taken = super().capture(order_ref)
        if order_ref in self.back:
            micros, event = self.back[order_ref]
            self.refund(order_ref, micros, event=event)
        return taken
