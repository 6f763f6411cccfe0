"""The law a line must keep, as data: what a country lets each kind of access number cost and do.

`GUARDS` holds one profile per country (`DE`; `none` forbids nothing); `core.guards` judges by it.

A prepaid line on a geographic number is no premium service by its wording (§ 3 no. 47 TKG), but
§ 122 carries §§ 109 to 121 over to designs that get around them, so the caps of premium services
stand for every number that has no lower one of its own. Read from the Telekommunikationsgesetz of
2021 (text of March 2022); the prices of 0137 and 0138 are set by the Bundesnetzagentur.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from engine.core.number import NumberType, classify

EURO = 1_000_000
CENT = 10_000


class AccessKind(StrEnum):
    """What the law makes of a number that people call."""

    GEOGRAPHIC = "geographic"
    MOBILE = "mobile"
    TOLL_FREE = "toll-free"
    PREMIUM = "premium"
    SHARED_COST = "shared-cost"
    MASS_CALL = "mass-call"
    NATIONAL = "national subscriber"
    PERSONAL = "personal"
    SHORT = "short or emergency"
    OTHER = "other"


class Rule(StrEnum):
    """What can be broken; the codes are stable."""

    PRICE_PER_MINUTE = "guard_price_per_minute"
    PRICE_PER_CALL = "guard_price_per_call"
    MIXED_PRICE = "guard_mixed_price"
    CURRENCY = "guard_currency"
    TOLL_FREE = "guard_toll_free"
    INCREMENT = "guard_increment"
    ANNOUNCEMENT_PAUSE = "guard_announcement_pause"
    FORCED_END = "guard_forced_end"
    PAID_WAITING = "guard_paid_waiting"
    CALLER_ID = "guard_caller_id"
    CALLER_ID_FOREIGN = "guard_caller_id_foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceCap:
    """The most a call may cost, in micro-units; None: may not be charged that way.

    `mixed_micros` caps the whole of a call that costs both a fee and minutes.
    """

    paragraph: str
    minute_micros: int | None = None
    call_micros: int | None = None
    mixed_micros: int | None = None
    call_paragraph: str = ""
    mixed_paragraph: str = ""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers that begin with `prefix` (E.164): their kind, and their own cap if they have one."""

    prefix: str
    kind: AccessKind
    cap: PriceCap | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The law of one country, as far as a premium line can break it.

    `ranges` are looked through in order, the first prefix that fits decides; then libphonenumber
    does. `cap` holds for numbers whose range has none. `paragraphs` has every rule but the three
    on prices, whose paragraphs are the caps' own.
    """

    code: str
    calling_code: str
    currency: str
    ranges: tuple[Range, ...]
    cap: PriceCap
    paragraphs: Mapping[Rule, str]
    increment_s: int
    announcement_pause_ms: int
    forced_end_min: int
    paid_waiting_on: frozenset[AccessKind]
    never_shown: frozenset[AccessKind]

    def kind_of(self, number: str, region: str | None = None) -> AccessKind:
        """The kind of an access number: E.164, or a short code as dialled in `region`."""
        found = self._range(number)
        if found is not None:
            return found.kind
        return _KIND_OF_TYPE.get(classify(number, region).type, AccessKind.OTHER)

    def cap_of(self, number: str) -> PriceCap:
        """The cap on what calls to this number may cost."""
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
        NumberType.SHORT_CODE: AccessKind.SHORT,
    }
)

_PREMIUM = PriceCap(
    paragraph="§ 112(1) TKG",
    minute_micros=3 * EURO,
    call_paragraph="§ 112(2) TKG",
    call_micros=30 * EURO,
    mixed_paragraph="§ 112(3) TKG",
    mixed_micros=30 * EURO,
)
_SERVICE = PriceCap(paragraph="§ 112(4) TKG", minute_micros=14 * CENT, call_micros=20 * CENT)
_PERSONAL = PriceCap(paragraph="§ 112(5) TKG", minute_micros=9 * CENT)
_ORDER = "order 45/2007 of the Bundesnetzagentur"


def _mass_call(prefix: str, call_micros: int) -> Range:
    return Range(prefix, AccessKind.MASS_CALL, PriceCap(paragraph=_ORDER, call_micros=call_micros))


def _mass_minute(prefix: str) -> Range:
    return Range(prefix, AccessKind.MASS_CALL, PriceCap(paragraph=_ORDER, minute_micros=14 * CENT))


DE = Guard(
    code="DE",
    calling_code="+49",
    currency="EUR",
    ranges=(
        Range("+49900", AccessKind.PREMIUM),
        Range("+49118", AccessKind.PREMIUM),
        Range("+4911", AccessKind.SHORT),
        _mass_call("+491371", 14 * CENT),
        _mass_minute("+491372"),
        _mass_minute("+491373"),
        _mass_minute("+491374"),
        _mass_call("+491375", 14 * CENT),
        _mass_call("+491376", 25 * CENT),
        _mass_call("+491377", EURO),
        _mass_call("+491378", 50 * CENT),
        _mass_call("+491379", 50 * CENT),
        _mass_minute("+49138"),
        Range("+49180", AccessKind.SHARED_COST, _SERVICE),
        Range("+4932", AccessKind.NATIONAL, _PERSONAL),
        Range("+49700", AccessKind.PERSONAL, _PERSONAL),
    ),
    cap=_PREMIUM,
    paragraphs=MappingProxyType(
        {
            Rule.CURRENCY: "§ 112 TKG",
            Rule.TOLL_FREE: "§§ 3, 121 TKG",
            Rule.INCREMENT: "§ 112(1) TKG",
            Rule.ANNOUNCEMENT_PAUSE: "§ 110(1), (2) TKG",
            Rule.FORCED_END: "§ 113(1) TKG",
            Rule.PAID_WAITING: "§ 115(1) TKG",
            Rule.CALLER_ID: "§ 120(2), (3) TKG",
            Rule.CALLER_ID_FOREIGN: "§ 120(1) TKG",
        }
    ),
    increment_s=60,
    announcement_pause_ms=3_000,
    forced_end_min=60,
    paid_waiting_on=frozenset({AccessKind.GEOGRAPHIC, AccessKind.MOBILE}),
    never_shown=frozenset({AccessKind.PREMIUM, AccessKind.MASS_CALL, AccessKind.SHORT}),
)

NO_GUARD = "none"

GUARDS: Mapping[str, Guard | None] = MappingProxyType({DE.code: DE, NO_GUARD: None})
"""The guard profiles a service can name; None guards nothing."""
