"""What the demonstration plays: the line that is called, the money, and when it is topped up."""

from dataclasses import dataclass

from engine.core.inventory import Service
from engine.core.money import Rounding, RoundingMode
from engine.core.tariff import BillingStart, Increment, StartsFrom, Tariff

DID = "+493023125000"
CALLER = "+4915228817386"
PRICE_MICROS = 660_000


@dataclass(frozen=True, slots=True)
class Script:
    """Money in micro-units, times in seconds of the conversation.

    Half a euro cent and more a second: `balance` is talked away unless `top_up` comes in time.
    """

    balance_micros: int
    top_up_micros: int
    top_up_after_s: int
    threshold_s: int

    @property
    def talk_s(self) -> int:
        """How long the money lasts, top-up and all."""
        return (self.balance_micros + self.top_up_micros) * 60 // PRICE_MICROS

    def service(self) -> Service:
        return Service(
            name="sternlicht",
            title="Sternlicht Beratung",
            organisation="acme",
            dids=(DID,),
            profile="acme-eur",
            group="advisers",
            guard="none",
            thresholds_s=(self.threshold_s,),
            free_hold_s=0,
            tariff=Tariff(
                currency="EUR",
                landline_micros=PRICE_MICROS,
                mobile_micros=PRICE_MICROS,
                other_micros=PRICE_MICROS,
                increment=Increment(1, 1),
                billing_start=BillingStart(StartsFrom.CONVERSATION, 0),
                connect_fee_micros=0,
                first_call=None,
                max_call_minutes=60,
                rounding=Rounding(2, RoundingMode.HALF_UP),
            ),
        )


FAST = Script(balance_micros=330_000, top_up_micros=330_000, top_up_after_s=20, threshold_s=15)
FULL = Script(balance_micros=1_980_000, top_up_micros=660_000, top_up_after_s=90, threshold_s=120)
