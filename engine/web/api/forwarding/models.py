"""What goes over the wire of forwarding: the forms of `web.api.models` for the routes beside."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from engine.core.diversion.caps import Cap
from engine.core.diversion.record import Outcome
from engine.core.diversion.route import TARGETS_MOST, CallerClass, Verdict
from engine.web.api.models import Amount, AmountIn, Form, Name, Number, Page, Time

VERSION_MOST = 2**53
Typed = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Zone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]{1,64}$")]
_POLICY = {
    "us": "through",
    "us_withheld": "through",
    "us_territory": "through",
    "canada": "ring_on",
    "caribbean": "ring_on",
    "foreign": "ring_on",
    "service": "ring_on",
    "unidentified": "ring_on",
}
_COST = {
    "currency": "USD",
    "minute_prices": ["0.0085"],
    "a_day": "5.00",
    "a_month": "50.00",
}
_CAPS = {"calls_at_once": 10, "minutes_a_day": 600, "minutes_a_month": 6000, "cost": _COST}
_ROUTE = {
    "number": "+18885550100",
    "version": 1,
    "targets": ["+12125550142"],
    "ring_timeout_s": 25,
    "policy": _POLICY,
    "caps": _CAPS,
    "timezone": "America/New_York",
    "changed": "2026-11-21T16:30:00.000Z",
    "author": "api:9f1c3a5be0d24c7f",
}


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


def _row(verdict: Verdict, meaning: str) -> Any:
    # JSON knows no members of an enumeration.
    return Field(verdict, strict=False, description=meaning)


class RoutesQuery(Page):
    """Which routes."""

    after: Number | None = Field(None, description="The `next` of the page before.")


class HistoryQuery(Page):
    """Which versions of a route."""

    before: int | None = Field(None, ge=1, lt=VERSION_MOST, description="A version.")


class ForwardedQuery(Page):
    """Which forwarded calls."""

    number: Number | None = Field(None, description="The number that was called.")
    after: Name | None = Field(None, description="The `next` of the page before.")


class PolicyForm(Form):
    """Who is put through; everybody else hears ringing until he hangs up."""

    model_config = _example(**_POLICY)

    us: Verdict = _row(Verdict.THROUGH, "Callers with a US area code.")
    us_withheld: Verdict = _row(Verdict.THROUGH, "The same, their number withheld.")
    us_territory: Verdict = _row(Verdict.THROUGH, "Puerto Rico, Guam and the other territories.")
    canada: Verdict = _row(Verdict.RING_ON, "Callers with a Canadian area code.")
    caribbean: Verdict = _row(Verdict.RING_ON, "Other countries of the North American plan.")
    foreign: Verdict = _row(Verdict.RING_ON, "All other countries.")
    service: Verdict = _row(Verdict.RING_ON, "Toll-free and other numbers nobody calls from.")
    unidentified: Verdict = _row(Verdict.RING_ON, "Callers whose network vouches for no number.")


class CostForm(Form):
    """What may be spent. A minute that is begun counts as a whole one."""

    model_config = _example(**_COST)

    currency: str = Field(pattern="^[A-Z]{3}$")
    minute_prices: list[AmountIn] = Field(
        min_length=1,
        max_length=TARGETS_MOST,
        description="What a minute to each target costs, in their order.",
    )
    a_day: AmountIn = Field(description="The price of a minute at least.")
    a_month: AmountIn = Field(description="The price of a minute at least.")


class CapsForm(Form):
    """What may be used up; who calls beyond it hears ringing."""

    model_config = _example(**_CAPS)

    calls_at_once: int = Field(10, ge=1, le=1_000)
    minutes_a_day: int = Field(600, ge=1, le=10_000_000)
    minutes_a_month: int = Field(6_000, ge=1, le=10_000_000)
    cost: CostForm | None = Field(
        None, description="null: costs are not capped. Left out: as they are capped now."
    )


class RouteForm(Form):
    """Where a toll-free number's callers are sent on; in force for the next call."""

    model_config = _example(version=0, targets=["+1 212 555 0142"])

    version: int = Field(
        ge=0, lt=VERSION_MOST, description="The version this is decided on; 0: there is no route."
    )
    targets: list[Typed] = Field(
        min_length=1,
        max_length=TARGETS_MOST,
        description="US numbers; the second is called if the first is busy or does not answer.",
    )
    ring_timeout_s: int = Field(25, ge=5, le=60)
    policy: PolicyForm = PolicyForm()
    caps: CapsForm = CapsForm()
    timezone: Zone = Field("America/New_York", description="Where the days of `caps` begin.")


class Deletion(Form):
    """A route that is wanted no more."""

    model_config = _example(version=1)

    version: int = Field(ge=1, lt=VERSION_MOST, description="The version this is decided on.")


class ForwardingRoute(BaseModel):
    """A number's route."""

    model_config = _example(**_ROUTE)

    number: str
    version: int
    targets: list[str]
    ring_timeout_s: int
    policy: dict[CallerClass, Verdict]
    caps: CapsForm
    timezone: str
    changed: Time
    author: str


class ForwardingRoutes(BaseModel):
    """A page of routes, by number."""

    routes: list[ForwardingRoute]
    next: str | None = Field(description="Give it as `after` for the next page; null at the end.")


class RouteVersion(BaseModel):
    """A version of a route; `route` is null where it was deleted, or ended with the number."""

    model_config = _example(
        version=1,
        changed=_ROUTE["changed"],
        author=_ROUTE["author"],
        reason="",
        other="",
        route=_ROUTE,
    )

    version: int
    changed: Time
    author: str
    reason: str = Field(description="Why the number was given or taken, where that changed it.")
    other: str = Field(description="The number that the route came from, or has gone over to.")
    route: ForwardingRoute | None


class RouteVersions(BaseModel):
    """A page of a route's versions, newest first."""

    versions: list[RouteVersion]
    next: int | None = Field(description="Give it as `before` for the next page; null at the end.")


class RouteDeleted(BaseModel):
    """A number without a route: its callers hear ringing, and nobody is called."""

    model_config = _example(number=_ROUTE["number"], deleted=True)

    number: str
    deleted: Literal[True] = True


class ForwardedCall(BaseModel):
    """A call to a forwarded number that is over. The caller's number is kept without its last
    three digits; one that was withheld is kept nowhere."""

    model_config = _example(
        call_id="1795295300.17",
        number=_ROUTE["number"],
        route_version=1,
        caller="+14155550xxx",
        caller_class="us",
        target="+12125550142",
        outcome="answered",
        arrived="2026-11-21T16:30:00.000Z",
        joined="2026-11-21T16:30:07.250Z",
        ended="2026-11-21T16:32:11.000Z",
        talk_s=123,
        cap=None,
        cost="0.0255",
        currency="USD",
    )

    call_id: str
    number: str
    route_version: int = Field(description="0 where there was no route.")
    caller: str | None
    caller_class: CallerClass
    target: str | None = Field(description="Who answered, or was called last.")
    outcome: Outcome
    arrived: Time
    joined: Time | None
    ended: Time
    talk_s: int = Field(description="Whole seconds of conversation.")
    cap: Cap | None = Field(description="The cap that refused the call, or ended it.")
    cost: Amount | None = Field(description="Null where no prices were set.")
    currency: str | None


class ForwardedCalls(BaseModel):
    """A page of forwarded calls, newest first."""

    calls: list[ForwardedCall]
    next: str | None = Field(description="Give it as `after` for the next page; null at the end.")
