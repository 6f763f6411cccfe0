"""What a country's law is made of here: kinds of numbers, ranges, caps, and the rules on time.

A field that is empty means that no such rule of that country was found, never that there is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from engine.core.number import NumberType, classify
from engine.core.rating import Increment


class AccessKind(StrEnum):
    """What the law makes of a number that people call."""

    GEOGRAPHIC = "geographic"
    MOBILE = "mobile"
    TOLL_FREE = "toll-free"
    PREMIUM = "premium"
    PREMIUM_CALL = "premium by the call"
    SHARED_COST = "shared-cost"
    MASS_CALL = "mass-call"
    NATIONAL = "national subscriber"
    PERSONAL = "personal"
    SHORT = "short or emergency"
    OTHER = "other"


ALL_KINDS = frozenset(AccessKind)


class Rule(StrEnum):
    """What can be broken; the codes are stable."""

    PRICE_PER_MINUTE = "guard_price_per_minute"
    PRICE_PER_CALL = "guard_price_per_call"
    MIXED_PRICE = "guard_mixed_price"
    WHOLE_CALL = "guard_whole_call"
    CURRENCY = "guard_currency"
    TOLL_FREE = "guard_toll_free"
    INCREMENT = "guard_increment"
    ROUNDING = "guard_rounding"
    ANNOUNCEMENT = "guard_announcement"
    ANNOUNCEMENT_WORDS = "guard_announcement_words"
    ANNOUNCEMENT_PAUSE = "guard_announcement_pause"
    FORCED_END = "guard_forced_end"
    PAID_WAITING = "guard_paid_waiting"
    CALLER_ID = "guard_caller_id"
    CALLER_ID_FOREIGN = "guard_caller_id_foreign"
    CALLER_ID_NOT_HELD = "guard_caller_id_not_held"


class Named(StrEnum):
    """What the announcement of a price has to name."""

    PRICE = "price"
    VAT = "vat"
    START = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceCap:
    """The most a call may cost, in micro-units; None: may not be charged that way.

    A call that costs both a fee and minutes may cost `mixed_micros` in all. Where `whole_micros`
    is given it caps every call, also those, in place of `mixed_micros`.
    """

    paragraph: str
    minute_micros: int | None = None
    call_micros: int | None = None
    mixed_micros: int | None = None
    whole_micros: int | None = None
    call_paragraph: str = ""
    mixed_paragraph: str = ""
    whole_paragraph: str = ""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers that begin with `prefix` (E.164): their kind, and their own cap if they have one."""

    prefix: str
    kind: AccessKind
    cap: PriceCap | None = None


@dataclass(frozen=True, slots=True)
class ForcedEnd:
    """Calls charged by time end after `after_min` minutes, if a minute costs less than
    `below_micros` (None: at any price)."""

    after_min: int
    below_micros: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The law of one country, as far as a premium line can break it.

    `ranges` are looked through in order, the first prefix that fits decides; then libphonenumber
    does. `cap` holds for numbers whose range has none. `paragraphs` has every rule of the country
    but those on prices, whose paragraphs are the caps' own.

    By kind of number: `currency_on` is charged in `currency` only; `increments` and
    `forced_ends` are the longest lawful ones, of which one has to be kept; `rounding_digits` is
    how many decimals a charge must keep. On `preamble_on` the law demands words before the price
    that are not said here. On other numbers than `paid_waiting_on` waiting is free. Numbers
    `never_shown` are no caller ids. `announcement_pause_ms` lies between announcement and
    charging. On `announced_on` the announcement of a price names all of `announced`, each with its
    paragraph.
    """

    code: str
    calling_code: str
    ranges: tuple[Range, ...]
    paragraphs: Mapping[Rule, str]
    currency: str
    currency_on: frozenset[AccessKind] = frozenset()
    cap: PriceCap | None = None
    increments: Mapping[AccessKind, tuple[Increment, ...]] = field(default_factory=dict)
    rounding_digits: Mapping[AccessKind, int] = field(default_factory=dict)
    forced_ends: Mapping[AccessKind, tuple[ForcedEnd, ...]] = field(default_factory=dict)
    announcement_pause_ms: int = 0
    announced: Mapping[Named, str] = field(default_factory=dict)
    announced_on: frozenset[AccessKind] = ALL_KINDS - {AccessKind.TOLL_FREE}
    preamble_on: frozenset[AccessKind] = frozenset()
    paid_waiting_on: frozenset[AccessKind] = ALL_KINDS
    never_shown: frozenset[AccessKind] = frozenset()

    def kind_of(self, number: str, region: str | None = None) -> AccessKind:
        """The kind of an access number: E.164, or a short code as dialled in `region`."""
        found = self._range(number)
        if found is not None:
            return found.kind
        return _KIND_OF_TYPE.get(classify(number, region).type, AccessKind.OTHER)

    def cap_of(self, number: str) -> PriceCap | None:
        """The cap on what calls to this number may cost, if there is one."""
        found = self._range(number)
        return self.cap if found is None or found.cap is None else found.cap

    def _range(self, number: str) -> Range | None:
        return next((r for r in self.ranges if number.startswith(r.prefix)), None)


_KIND_OF_TYPE: Mapping[NumberType, AccessKind] = MappingProxyType(
    {
        NumberType.FIXED_LINE: AccessKind.GEOGRAPHIC,
        NumberType.FIXED_LINE_OR_MOBILE: AccessKind.GEOGRAPHIC,
        NumberType.MOBILE: AccessKind.MOBILE,
        NumberType.TOLL_FREE: AccessKind.TOLL_FREE,
        NumberType.PREMIUM_RATE: AccessKind.PREMIUM,
        NumberType.SHARED_COST: AccessKind.SHARED_COST,
        NumberType.SHORT_CODE: AccessKind.SHORT,
    }
)
