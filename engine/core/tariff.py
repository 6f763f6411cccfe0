"""The operator's price sheet of a service, and the rate one call gets from it.

Prices are micro-units per minute, VAT included. A call keeps the rate it was told: it carries the
`Rate`, never the tariff.
"""

from dataclasses import dataclass
from enum import StrEnum

from engine.core.money import Rounding
from engine.core.rating import BillingStart, Increment, Rate, StartsFrom

__all__ = ["BillingStart", "FirstCall", "Increment", "Line", "StartsFrom", "Tariff", "rate_for"]


class Line(StrEnum):
    """What a caller calls from, as far as prices care; `other` is foreign, VoIP and the rest."""

    LANDLINE = "landline"
    MOBILE = "mobile"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class FirstCall:
    """A first-time caller's price (it may be 0), for so many charged minutes or the whole call."""

    price_micros: int
    minutes: int | None


@dataclass(frozen=True, slots=True)
class Tariff:
    """What calls to a service cost; how its fields work together is told in `core.rating`."""

    currency: str
    landline_micros: int
    mobile_micros: int
    other_micros: int
    increment: Increment
    billing_start: BillingStart
    connect_fee_micros: int
    first_call: FirstCall | None
    max_call_minutes: int
    rounding: Rounding


def rate_for(tariff: Tariff, line: Line, first_call: bool) -> Rate:
    """The rate of a call from `line`; a first call gets the offer, where the tariff has one."""
    prices = {
        Line.LANDLINE: tariff.landline_micros,
        Line.MOBILE: tariff.mobile_micros,
        Line.OTHER: tariff.other_micros,
    }
    offer = tariff.first_call if first_call else None
    return Rate(
        price_micros=prices[line],
        first_price_micros=offer.price_micros if offer else None,
        first_minutes=offer.minutes if offer else None,
        increment=tariff.increment,
        connect_fee_micros=tariff.connect_fee_micros,
        rounding=tariff.rounding,
        max_call_minutes=tariff.max_call_minutes,
    )
