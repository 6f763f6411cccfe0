"""A number of our stock: where it belongs, who has it, and how it stands."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from engine.core.number import NumberInfo, NumberType


class Status(StrEnum):
    """How a number stands; only an active one takes calls."""

    FREE = "free"
    ORDERED = "ordered"
    APPROVED = "approved"
    DOCUMENTS_PENDING = "documents_pending"
    ACTIVE = "active"
    QUARANTINED = "quarantined"
    WITHDRAWN = "withdrawn"


HELD = frozenset({Status.ORDERED, Status.APPROVED, Status.DOCUMENTS_PENDING, Status.ACTIVE})
"""The states in which a number is an organisation's."""


class Purpose(StrEnum):
    """What a number is given for."""

    TRACKING = "tracking"
    FORWARDING = "forwarding"


@dataclass(frozen=True, slots=True)
class Area:
    """An area of a numbering plan: country and area code without its 0. Toll-free numbers belong
    to none: their code is empty."""

    country: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One number of the stock.

    `organisation` has it, None while nobody does. `price_micros` is what it costs a month, as it
    was shown when it was ordered; `order_key` tells an order from its repeat. `quarantined_until`
    is the last day on which nobody may have it. `version` counts its changes.
    """

    e164: str
    country: str
    area_code: str
    status: Status = Status.FREE
    organisation: str | None = None
    purpose: Purpose | None = None
    order_key: str | None = None
    price_micros: int = 0
    currency: str = ""
    starts_on: date | None = None
    active_since: date | None = None
    last_call_on: date | None = None
    quarantined_until: date | None = None
    version: int = 0

    @property
    def area(self) -> Area:
        """Where it belongs."""
        return Area(self.country, self.area_code)

    @property
    def is_held(self) -> bool:
        """Whether an organisation has it."""
        return self.status in HELD


TRACKED_COUNTRIES = frozenset({"DE", "AT"})
"""Tracking is for German and Austrian numbers alone."""


def purpose_of(info: NumberInfo) -> Purpose | None:
    """What a number can be given for; None for one that our stock has no use for.

    Tracking takes landline numbers of an area, forwarding US toll-free ones (+1 8xx).
    """
    if info.e164 is None:
        return None
    if info.type is NumberType.TOLL_FREE and info.e164.startswith("+1"):
        return Purpose.FORWARDING
    is_landline = info.type is NumberType.FIXED_LINE
    return Purpose.TRACKING if is_landline and info.region in TRACKED_COUNTRIES else None
