"""A service that keeps the law of Germany, to be changed until it does not."""

from dataclasses import replace
from typing import Any

from engine.core.inventory import Service
from engine.core.money import Rounding
from engine.core.rating import BillingStart, Increment, StartsFrom
from engine.core.tariff import Tariff

BERLIN = "+493023125001"


def service(*dids: str, **changes: Any) -> Service:
    """A lawful service on `dids`, then changed; tariff fields may be given by name."""
    tariff = Tariff(
        currency="EUR",
        landline_micros=1_990_000,
        mobile_micros=2_990_000,
        other_micros=2_990_000,
        increment=Increment(60, 60),
        billing_start=BillingStart(StartsFrom.CONVERSATION),
        connect_fee_micros=0,
        first_call=None,
        max_call_minutes=60,
        rounding=Rounding(),
    )
    fields = Tariff.__dataclass_fields__
    tariff = replace(tariff, **{key: changes.pop(key) for key in [*changes] if key in fields})
    lawful = Service(
        name="sternlicht",
        organisation="sternlicht",
        dids=dids or (BERLIN,),
        profile="sternlicht",
        tariff=tariff,
        group="beratung",
    )
    return replace(lawful, **changes)


def priced(micros: int, **changes: Any) -> dict[str, Any]:
    prices = {"landline_micros": micros, "mobile_micros": micros, "other_micros": micros}
    return prices | changes
