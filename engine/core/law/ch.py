"""Switzerland: the ordinances on telecommunications services (FDV, SR 784.101.1, as of 2021) and
on the indication of prices (PBV, SR 942.211, as of 2022).

The FDV's caps are on 084x and 090x. A prepaid line on another number is billed by no telecom
provider and so is no Mehrwertdienst of the FDV; the PBV holds for it all the same (art. 10(1)(q):
whoever bills). It wants francs, and basic fee and price per minute told to the caller (art. 11a),
which every call here is. 084x is capped without VAT (7.5 Rappen); our prices have the 8.1 % in
them that have been due since 2024. A charge of 084x and 090x may be rounded up to ten Rappen.

No rule was found on the pause after the announcement, on a forced end, or on waiting; art. 26a
FDV asks for a Swiss number beside whatever is shown, which is the carrier's to send.
"""

from types import MappingProxyType

from engine.core.law.shape import ALL_KINDS, AccessKind, Guard, Named, PriceCap, Range, Rule
from engine.core.rating import Increment

FRANC = 1_000_000

_PREMIUM = PriceCap(
    paragraph="art. 39(2) FDV",
    minute_micros=10 * FRANC,
    call_paragraph="art. 39(1) FDV",
    call_micros=100 * FRANC,
    whole_paragraph="art. 39(4) FDV",
    whole_micros=400 * FRANC,
)
_SHARED_COST = PriceCap(paragraph="art. 39a(1) FDV", minute_micros=75 * 1_081)
_BY_THE_SECOND = (Increment(1, 1),)

CH = Guard(
    code="CH",
    calling_code="+41",
    ranges=(
        Range("+41900", AccessKind.PREMIUM, _PREMIUM),
        Range("+41901", AccessKind.PREMIUM, _PREMIUM),
        Range("+41906", AccessKind.PREMIUM, _PREMIUM),
        Range("+4184", AccessKind.SHARED_COST, _SHARED_COST),
    ),
    paragraphs=MappingProxyType(
        {
            Rule.CURRENCY: "art. 10(1)(q) PBV",
            Rule.TOLL_FREE: "art. 39a(2) FDV",
            Rule.INCREMENT: "art. 39a(1), 39b(1) FDV",
            Rule.ROUNDING: "art. 39a(1), 39b(1) FDV",
        }
    ),
    currency="CHF",
    currency_on=ALL_KINDS,
    announced=MappingProxyType({Named.PRICE: "art. 11a PBV"}),
    increments={AccessKind.PREMIUM: _BY_THE_SECOND, AccessKind.SHARED_COST: _BY_THE_SECOND},
    rounding_digits={AccessKind.PREMIUM: 1, AccessKind.SHARED_COST: 1},
)
