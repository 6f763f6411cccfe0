"""A plausible service for tests that need one."""

from dataclasses import replace
from typing import Any

from engine.core.inventory import Service
from engine.core.money import Rounding
from engine.core.rating import BillingStart, Increment, StartsFrom
from engine.core.tariff import FirstCall, Tariff


def line(**changes: Any) -> Service:
    """A line at 1.99 (landline) and 2.99 EUR, first ten minutes free; fields can be changed."""
    tariff = Tariff(
        currency="EUR",
        landline_micros=1_990_000,
        mobile_micros=2_990_000,
        other_micros=2_990_000,
        increment=Increment(60, 60),
        billing_start=BillingStart(StartsFrom.CONVERSATION),
        connect_fee_micros=0,
        first_call=FirstCall(0, 10),
        max_call_minutes=60,
        rounding=Rounding(),
    )
    service = Service(
        name="sterne",
        organisation="demo",
        dids=("+4930232323",),
        profile="demo",
        tariff=tariff,
        group="berater",
    )
    return replace(service, **changes)
