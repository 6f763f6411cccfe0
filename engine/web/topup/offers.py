"""What an amount buys, and what calls cost: a billing profile's services as its page tells of them.

Minutes come from the core that rates live calls (connect fee and rounding included); nothing here
knows of first-call offers, which depend on who calls.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.core.inventory import BillingProfile, Inventory, Service
from engine.core.number import HOME_REGION, international
from engine.core.rating import Rate, affordable_seconds, charge, max_increments, seconds_of
from engine.core.tariff import Line, rate_for


@dataclass(frozen=True, slots=True)
class Reach:
    """The whole minutes that an amount buys, at the dearest of the services and at the cheapest."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Price:
    """What calls to one service cost: micro-units per minute by line, and once per call."""

    title: str
    numbers: tuple[str, ...]
    per_minute: tuple[tuple[Line, int], ...]
    connect_fee_micros: int


def services_of(inventory: Inventory, profile: BillingProfile) -> tuple[Service, ...]:
    """The services whose callers talk on the profile's balances."""
    return tuple(service for service in inventory.services if service.profile == profile.name)


def home_of(services: Iterable[Service]) -> str:
    """The country whose national numbers the page reads."""
    return next((service.region for service in services), HOME_REGION)


def minutes_bought(rate: Rate, micros: int) -> int | None:
    """The whole minutes of talk that an amount buys, None if calls cost nothing.

    What is left after a call of the longest duration allowed goes on in the next one.
    """
    longest_s = seconds_of(rate, max_increments(rate))
    longest_micros = charge(rate, max_increments(rate))
    if longest_micros == 0:
        return None if longest_s else 0
    calls, rest_micros = divmod(max(0, micros), longest_micros)
    return (calls * longest_s + affordable_seconds(rate, rest_micros)) // 60


def reach(services: Iterable[Service], line: Line, micros: int) -> Reach | None:
    """What an amount buys from a line; None where there is no service that costs anything."""
    bought = [minutes_bought(rate_for(s.tariff, line, first_call=False), micros) for s in services]
    minutes = [count for count in bought if count is not None]
    return Reach(min(minutes), max(minutes)) if minutes else None


def price(service: Service) -> Price:
    """The price sheet of a service, as callers read it."""
    return Price(
        title=service.title or service.name,
        numbers=tuple(international(did) for did in service.dids),
        per_minute=tuple(
            (line, rate_for(service.tariff, line, first_call=False).price_micros) for line in Line
        ),
        connect_fee_micros=service.tariff.connect_fee_micros,
    )
