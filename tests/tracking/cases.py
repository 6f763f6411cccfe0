"""A number of a sales channel, the dealers behind it, and who calls."""

from dataclasses import replace
from typing import Any

from engine.core.diversion.route import Found, Route, Target, Tracking
from engine.core.inventory import Span, Trunk
from engine.core.number import NumberFormat
from engine.core.numbers.number import Number, Purpose, Status

NOW_MS = 1_795_300_000_000
NUMBER = "+493023125100"
DEALER = "+493023125200"
MOBILE = "+4915228817386"
CALLER = "+4915228817387"
SOURCE = "Messe"
TRUNK = Trunk(name="carrier", host="127.0.0.1", number_format=NumberFormat.E164_PLUS)


def span(weekday: int, opens: int, closes: int) -> Span:
    """A time of a weekday, from hour to hour."""
    return Span(weekday=weekday, opens_min=opens * 60, closes_min=closes * 60)


def target(e164: str = DEALER, *spans: Span) -> Target:
    return Target(e164=e164, spans=spans)


def tracking(*targets: Target, **changes: Any) -> Tracking:
    """A route's terms: to the dealer at all times unless others are given."""
    return Tracking(targets=targets or (target(),), **changes)


def found(terms: Tracking | None = None, **changes: Any) -> Found:
    """The number as the books know it."""
    route = Route(
        number=NUMBER,
        version=1,
        organisation="acme",
        terms=terms or tracking(),
        author="owner",
        at_ms=NOW_MS,
    )
    known = Found(organisation="acme", purpose=Purpose.TRACKING, route=route, source=SOURCE)
    return replace(known, **changes)


def number(e164: str = NUMBER, **changes: Any) -> Number:
    """A Berlin number in the stock, active and acme's unless changed."""
    plain = Number(
        e164=e164,
        country="DE",
        area_code="30",
        status=Status.ACTIVE,
        organisation="acme",
        purpose=Purpose.TRACKING,
    )
    return replace(plain, **changes)
