"""Routes: where the calls to a number of the stock are sent on, as its holder wants it.

A route is good for whoever has the number, and only while he has it. It may be there before the
number takes calls. Each change is a new version; a deleted route is a version without terms. As the
number leaves its holder the route ends, and goes over to the number that replaces it, if one does.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from engine.core.diversion.caps import Caps
from engine.core.inventory import Span
from engine.core.numbers.number import Purpose

TARGETS_MOST = 2


class CallerClass(StrEnum):
    """Where a caller calls from, as his network vouches for it; the rows of a `Policy`.

    `SERVICE` are numbers that no line calls from (toll-free, premium-rate), `CARIBBEAN` the other
    countries of the North American plan.
    """

    US = "us"
    US_WITHHELD = "us_withheld"
    US_TERRITORY = "us_territory"
    CANADA = "canada"
    CARIBBEAN = "caribbean"
    FOREIGN = "foreign"
    SERVICE = "service"
    UNIDENTIFIED = "unidentified"


class Verdict(StrEnum):
    """Put a caller through, or let him hear ringing until he hangs up."""

    THROUGH = "through"
    RING_ON = "ring_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who is put through: a field for each `CallerClass`, by its value."""

    us: Verdict = Verdict.THROUGH
    us_withheld: Verdict = Verdict.THROUGH
    us_territory: Verdict = Verdict.THROUGH
    canada: Verdict = Verdict.RING_ON
    caribbean: Verdict = Verdict.RING_ON
    foreign: Verdict = Verdict.RING_ON
    service: Verdict = Verdict.RING_ON
    unidentified: Verdict = Verdict.RING_ON

    def verdict(self, caller: CallerClass) -> Verdict:
        """What becomes of such a caller."""
        return Verdict(getattr(self, caller.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarding:
    """How a US toll-free number is forwarded: to `targets` (E.164), the second if the first does
    not take the call. `timezone` (IANA) says when a day begins."""

    targets: tuple[str, ...]
    ring_timeout_s: int = 25
    policy: Policy = field(default_factory=Policy)
    caps: Caps = field(default_factory=Caps)
    timezone: str = "America/New_York"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Who answers a tracked number (E.164), and when; without `spans` always."""

    e164: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """How a number of a sales channel is forwarded: to those `targets` whose time it is, one after
    the other. With `whisper` whoever answers is told the source, in `lang`, before he is joined.
    """

    targets: tuple[Target, ...]
    ring_timeout_s: int = 30
    whisper: bool = False
    lang: str = "de"
    timezone: str = "Europe/Berlin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One version of a number's route; `terms` are None once it was deleted.

    Of a version that came with the number, not by an edit, `reason` is why the number was given or
    taken, and `other` the number that it is replaced by, or that it replaces.
    """

    number: str
    version: int
    organisation: str
    terms: Forwarding | Tracking | None
    author: str
    at_ms: int
    reason: str = ""
    other: str = ""

    @property
    def is_edit(self) -> bool:
        """Whether its holder's people set it; others came, or ended, with the number."""
        return not (self.reason or self.other)

    @property
    def targets(self) -> tuple[str, ...]:
        """Every number it may lead to."""
        match self.terms:
            case Forwarding():
                return self.terms.targets
            case Tracking():
                return tuple(target.e164 for target in self.terms.targets)
        return ()


def ended(route: Route, author: str, at_ms: int, reason: str, successor: str) -> Route:
    """The version by which a route ends as its number leaves its holder; `successor` is the number
    that replaces it, empty for none."""
    return replace(
        route,
        version=route.version + 1,
        terms=None,
        author=author,
        at_ms=at_ms,
        reason=reason,
        other=successor,
    )


def passed_on(route: Route, end: Route, version: int) -> Route:
    """The version by which a successor has the route that ended with `end`."""
    return replace(end, number=end.other, version=version, terms=route.terms, other=route.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known of a number as it is called.

    `organisation` has it, and it takes calls; None: nobody has it. `route` is None where its holder
    has none; `loops` says that it leads back to the number. `source` is its sales channel's name.
    `is_probe`: the call is one of ours, that has come back.
    """

    organisation: str | None = None
    purpose: Purpose | None = None
    route: Route | None = None
    loops: bool = False
    source: str = ""
    is_probe: bool = False
