"""What goes over the wire of tracked numbers' routes: to which dealers their calls go."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from engine.tracking.rules import SPANS_MOST, TARGETS_MOST
from engine.web.api.models import Form, Time

VERSION_MOST = 2**53
Typed = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Zone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]{1,64}$")]
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
_SPAN = {"weekday": 0, "opens": "09:00", "closes": "17:30"}
_TARGET = {"number": "+493023125200", "spans": [_SPAN]}
_ROUTE = {
    "number": "+493023125100",
    "version": 1,
    "targets": [_TARGET],
    "ring_timeout_s": 30,
    "whisper": True,
    "lang": "de",
    "timezone": "Europe/Berlin",
    "changed": "2026-11-21T16:30:00.000Z",
    "author": "api:9f1c3a5be0d24c7f",
}


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class SpanForm(Form):
    """A time of a weekday, as the clocks there show it."""

    model_config = _example(**_SPAN)

    weekday: int = Field(ge=0, le=6, description="Monday is 0.")
    opens: Clock
    closes: Clock = Field(description="Not included; at the latest 24:00.")


class TargetForm(Form):
    """Who answers, and when; without times always."""

    model_config = _example(**_TARGET)

    number: Typed = Field(description="A German or Austrian line or mobile.")
    spans: list[SpanForm] = Field(default_factory=list, max_length=SPANS_MOST)


class TrackingRouteForm(Form):
    """To whom a number's callers are sent on; in force for the next call."""

    model_config = _example(version=0, targets=[_TARGET], whisper=True)

    version: int = Field(
        ge=0, lt=VERSION_MOST, description="The version this is decided on; 0: there is no route."
    )
    targets: list[TargetForm] = Field(
        min_length=1,
        max_length=TARGETS_MOST,
        description="Those whose time it is are called one after the other.",
    )
    ring_timeout_s: int = Field(30, ge=5, le=120)
    whisper: bool = Field(False, description="Name the source to whoever answers, before he talks.")
    lang: Literal["de", "en"] = "de"
    timezone: Zone = "Europe/Berlin"


class TrackingRoute(BaseModel):
    """A tracked number's route."""

    model_config = _example(**_ROUTE)

    number: str
    version: int
    targets: list[TargetForm]
    ring_timeout_s: int
    whisper: bool
    lang: str
    timezone: str
    changed: Time
    author: str


class TrackingRoutes(BaseModel):
    """A page of routes, by number."""

    routes: list[TrackingRoute]
    next: str | None = Field(description="Give it as `after` for the next page; null at the end.")


class TrackingVersion(BaseModel):
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
    route: TrackingRoute | None


class TrackingVersions(BaseModel):
    """A page of a route's versions, newest first."""

    versions: list[TrackingVersion]
    next: int | None = Field(description="Give it as `before` for the next page; null at the end.")
