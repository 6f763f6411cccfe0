"""Toll-free numbers, their routes, and who calls them."""

from dataclasses import replace
from typing import Any

from engine.core.diversion.record import ForwardedCall, Outcome
from engine.core.diversion.route import CallerClass, Forwarding, Found, Route
from engine.core.events import CallArrived
from engine.core.identity import SignalledIdentity
from engine.core.inventory import Trunk
from engine.core.number import NumberFormat
from engine.core.numbers.number import Number, Purpose, Status

NOW_MS = 1_795_300_000_000
NUMBER = "+18885550100"
OTHER_NUMBER = "+18775550101"
TARGET = "+12125550142"
SECOND = "+13125550143"
US = "+14155550123"
CANADIAN = "+14165550123"

TRUNK = Trunk(name="carrier", host="127.0.0.1", number_format=NumberFormat.E164_PLUS, region="US")

CALLERS = {
    CallerClass.US: US,
    CallerClass.US_TERRITORY: "+17875550123",
    CallerClass.CANADA: CANADIAN,
    CallerClass.CARIBBEAN: "+18765550123",
    CallerClass.FOREIGN: "+493023125001",
    CallerClass.SERVICE: "+18665550199",
}
"""A caller of every row that a number alone decides."""


def forwarding(*targets: str, **changes: Any) -> Forwarding:
    """A route's terms: to `TARGET` unless others are given."""
    return Forwarding(targets=targets or (TARGET,), **changes)


def route(terms: Forwarding | None = None, **changes: Any) -> Route:
    """The first version of the number's route."""
    plain = Route(
        number=NUMBER,
        version=1,
        organisation="acme",
        terms=terms or forwarding(),
        author="owner",
        at_ms=NOW_MS,
    )
    return replace(plain, **changes)


def found(terms: Forwarding | None = None, **changes: Any) -> Found:
    """The number as the books know it."""
    known = Found(organisation="acme", purpose=Purpose.FORWARDING, route=route(terms))
    return replace(known, **changes)


def number(e164: str = NUMBER, **changes: Any) -> Number:
    """A toll-free number in the stock, active and acme's unless changed."""
    plain = Number(
        e164=e164,
        country="US",
        area_code="",
        status=Status.ACTIVE,
        organisation="acme",
        purpose=Purpose.FORWARDING,
    )
    return replace(plain, **changes)


def arrival(
    caller: str | None = US, *, privacy: str = "", did: str = NUMBER, leg: str = "c1"
) -> CallArrived:
    """A call with an asserted number (RFC 3325), or without one."""
    asserted = (f"<sip:{caller}@network.example>",) if caller else ()
    identity = SignalledIdentity(
        asserted=asserted,
        privacy=privacy,
        from_user="anonymous" if privacy or not caller else caller,
    )
    return CallArrived(at_ms=NOW_MS, leg=leg, did=did, trunk="carrier", identity=identity)


def forwarded(call_id: str = "c1", **changes: Any) -> ForwardedCall:
    """A call that was answered and talked for a minute."""
    plain = ForwardedCall(
        call_id=call_id,
        organisation="acme",
        number=NUMBER,
        route_version=1,
        caller="+14155550xxx",
        caller_class=CallerClass.US,
        target=TARGET,
        outcome=Outcome.ANSWERED,
        arrived_ms=NOW_MS,
        joined_ms=NOW_MS + 5_000,
        ended_ms=NOW_MS + 65_000,
    )
    return replace(plain, **changes)


def live(call_id: str = "c1", **changes: Any) -> ForwardedCall:
    """The same call as it asks to be let in."""
    return forwarded(
        call_id, **{"target": None, "outcome": None, "joined_ms": None, "ended_ms": None} | changes
    )
