"""What a number costs its holder for a month: the price by the days on which it took calls.

A day counts for whoever has the number switched on at its end: the day it comes on counts, the day
it goes off does not. So a number that replaces another costs no day twice, and one that comes on
and goes off in a day costs nothing. The rental is price x days / days of the month, rounded half up
once to the cent. The price is the one that was shown with the order.
"""

from dataclasses import dataclass
from datetime import date, tzinfo

from engine.core.money import Rounding, round_ratio
from engine.core.numbers.days import day_of

CENTS = Rounding(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """A time in which a number was an organisation's and took calls: half-open, in milliseconds.

    `to_ms` is None while it lasts. `price_micros` is a month's. There is no more than one of a
    number in a month, since half a year lies between one and the next.
    """

    e164: str
    organisation: str
    price_micros: int
    currency: str
    from_ms: int
    to_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rental:
    """What one number costs for one month (`2026-11`), of which `days` count."""

    e164: str
    organisation: str
    month: str
    days: int
    price_micros: int
    micros: int
    currency: str

    @property
    def key(self) -> str:
        """What its entry is booked under, once."""
        return f"rental:{self.e164}:{self.month}"


def rental_of(tenure: Tenure, first: date, end: date, zone: tzinfo) -> Rental:
    """The rental for the month from `first` to `end` (its next month's first day); one that lasts
    is reckoned to the month's end."""
    on = max(day_of(tenure.from_ms, zone), first)
    off = end if tenure.to_ms is None else min(day_of(tenure.to_ms, zone), end)
    days = max((off - on).days, 0)
    return Rental(
        e164=tenure.e164,
        organisation=tenure.organisation,
        month=f"{first:%Y-%m}",
        days=days,
        price_micros=tenure.price_micros,
        micros=round_ratio(tenure.price_micros * days, (end - first).days, CENTS),
        currency=tenure.currency,
    )
