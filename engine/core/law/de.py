"""Germany: the Telekommunikationsgesetz of 2021, in its text of March 2022.

A prepaid line on a geographic number is no premium service by its wording (§ 3 no. 47 TKG), but
§ 122 carries §§ 109 to 121 over to designs that get around them, so the caps of premium services
stand for every number that has no lower one of its own. The prices of 0137 and 0138 are set by
the Bundesnetzagentur.

That a price is announced "including VAT" (§ 110(1)) is read as: the announcement says so. § 110
does not name 0180, 032 and 0700.
"""

from types import MappingProxyType

from engine.core.law.shape import (
    ALL_KINDS,
    AccessKind,
    ForcedEnd,
    Guard,
    Named,
    PriceCap,
    Range,
    Rule,
)
from engine.core.rating import Increment

EURO = 1_000_000
CENT = 10_000

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
_ORDER = "Vfg. 45/2007 BNetzA"
"""An order (Verfügung) of the Bundesnetzagentur, cited alike in both languages."""


def _mass_call(prefix: str, call_micros: int) -> Range:
    return Range(prefix, AccessKind.MASS_CALL, PriceCap(paragraph=_ORDER, call_micros=call_micros))


def _mass_minute(prefix: str) -> Range:
    return Range(prefix, AccessKind.MASS_CALL, PriceCap(paragraph=_ORDER, minute_micros=14 * CENT))


DE = Guard(
    code="DE",
    calling_code="+49",
    currency="EUR",
    currency_on=ALL_KINDS,
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
            Rule.CALLER_ID_NOT_HELD: "§ 120(1), (2) TKG",
        }
    ),
    increments=dict.fromkeys(AccessKind, (Increment(60, 60),)),
    forced_ends=dict.fromkeys(AccessKind, (ForcedEnd(60),)),
    announcement_pause_ms=3_000,
    announced=MappingProxyType(
        {
            Named.PRICE: "§ 110(1) TKG",
            Named.VAT: "§ 110(1) TKG",
            Named.START: "§ 110(2) TKG",
        }
    ),
    announced_on=ALL_KINDS
    - {
        AccessKind.TOLL_FREE,
        AccessKind.SHARED_COST,
        AccessKind.NATIONAL,
        AccessKind.PERSONAL,
    },
    paid_waiting_on=frozenset({AccessKind.GEOGRAPHIC, AccessKind.MOBILE}),
    never_shown=frozenset({AccessKind.PREMIUM, AccessKind.MASS_CALL, AccessKind.SHORT}),
)
