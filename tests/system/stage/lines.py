"""The lines that are called: premium services with prices whose announcements are brought along."""

from dataclasses import replace
from typing import Any

from engine.core.inventory import Service
from engine.core.money import Rounding, RoundingMode
from engine.core.tariff import BillingStart, Increment, StartsFrom, Tariff

ORGANISATION = "acme"
PROFILE = "acme-eur"
SIXTY_CENTS = 600_000
SIXTY_SIX_CENTS = 660_000
NINETY_NINE_CENTS = 990_000
ONE_NINETY_NINE = 1_990_000
TWO_NINETY_NINE = 2_990_000

PLAIN = Tariff(
    currency="EUR",
    landline_micros=SIXTY_SIX_CENTS,
    mobile_micros=SIXTY_SIX_CENTS,
    other_micros=SIXTY_SIX_CENTS,
    increment=Increment(1, 1),
    billing_start=BillingStart(StartsFrom.CONVERSATION, 0),
    connect_fee_micros=0,
    first_call=None,
    max_call_minutes=60,
    rounding=Rounding(2, RoundingMode.HALF_UP),
)


def tariff(price_micros: int = SIXTY_SIX_CENTS, **changes: Any) -> Tariff:
    """One price for every caller, by the second from the conversation on, unless changed."""
    prices = {
        "landline_micros": price_micros,
        "mobile_micros": price_micros,
        "other_micros": price_micros,
    }
    return replace(PLAIN, **(prices | changes))


def line(price_micros: int = SIXTY_SIX_CENTS, **changes: Any) -> Service:
    """A line without warnings and free hold, unless changed; the stage gives it its number."""
    fields: dict[str, Any] = {
        "name": "unnamed",
        "organisation": ORGANISATION,
        "dids": (),
        "profile": PROFILE,
        "group": "",
        "guard": "none",
        "tariff": tariff(price_micros),
        "thresholds_s": (),
        "free_hold_s": 0,
    }
    return Service(**(fields | changes))
