"""Austria: the Kommunikationsparameter-, Entgelt- und Mehrwertdiensteverordnung 2009 (KEM-V).

Read are §§ 85, 89 and 91 (prices), 122 (forced end), and § 121 in what §§ 91 and 122 take from
it: a caller is told the price first, and pays nothing for hearing it. All of them are on ranges
for services; of geographic, mobile and other numbers no price rule was found, nor one on the
pause after the announcement, on waiting, or on the caller id to be shown (§ 5 was not read). Of
the short codes 118 only the forced end is known, and nobody is called through them here.

0901 and 0931 carry their price in the two digits that follow, in tenths of a euro (§ 91(3)); that
01 to 07 may not cost less than that (§ 91(4)) is not judged.
"""

from types import MappingProxyType

from engine.core.law.shape import AccessKind, ForcedEnd, Guard, Named, PriceCap, Range, Rule
from engine.core.rating import Increment

EURO = 1_000_000
CENT = 10_000

_PREMIUM = PriceCap(
    paragraph="§ 91(1) KEM-V 2009",
    minute_micros=364 * CENT,
    call_paragraph="§ 89(5) KEM-V 2009",
)
_DIALLERS_ONLY = PriceCap(paragraph="§ 89(3) KEM-V 2009")
_UP_TO_10_CENT = PriceCap(
    paragraph="§ 85(2) KEM-V 2009", minute_micros=10 * CENT, call_micros=10 * CENT
)
_UP_TO_20_CENT = PriceCap(
    paragraph="§ 85(3) KEM-V 2009", minute_micros=20 * CENT, call_micros=20 * CENT
)
_20_CENT_A_CALL = PriceCap(paragraph="§ 85(4) KEM-V 2009", call_micros=20 * CENT)


def _by_the_call(code: str) -> tuple[Range, ...]:
    """A code whose next two digits are the price of a call; with others it costs nothing."""
    priced = (
        Range(
            f"{code}{tenths:02}",
            AccessKind.PREMIUM_CALL,
            PriceCap(
                paragraph="§ 89(4) KEM-V 2009",
                call_paragraph="§ 91(3) KEM-V 2009",
                call_micros=tenths * 10 * CENT,
            ),
        )
        for tenths in range(1, 91)
    )
    rest = PriceCap(paragraph="§ 89(4) KEM-V 2009", call_paragraph="§ 91(3) KEM-V 2009")
    return (*priced, Range(code, AccessKind.PREMIUM_CALL, rest))


AT = Guard(
    code="AT",
    calling_code="+43",
    ranges=(
        Range("+43810", AccessKind.SHARED_COST, _UP_TO_10_CENT),
        Range("+43820", AccessKind.SHARED_COST, _UP_TO_20_CENT),
        Range("+43821", AccessKind.SHARED_COST, _20_CENT_A_CALL),
        Range("+43900", AccessKind.PREMIUM, _PREMIUM),
        Range("+43930", AccessKind.PREMIUM, _PREMIUM),
        Range("+43939", AccessKind.PREMIUM, _DIALLERS_ONLY),
        *_by_the_call("+43901"),
        *_by_the_call("+43931"),
    ),
    paragraphs=MappingProxyType(
        {
            Rule.CURRENCY: "§§ 85, 91 KEM-V 2009",
            Rule.TOLL_FREE: "§ 85(1) KEM-V 2009",
            Rule.INCREMENT: "§ 91(5) KEM-V 2009",
            Rule.FORCED_END: "§ 122(1) KEM-V 2009",
        }
    ),
    currency="EUR",
    currency_on=frozenset({AccessKind.SHARED_COST, AccessKind.PREMIUM, AccessKind.PREMIUM_CALL}),
    increments={AccessKind.PREMIUM: (Increment(60, 1), Increment(30, 30))},
    announced=MappingProxyType({Named.PRICE: "§ 121 KEM-V 2009"}),
    announced_on=frozenset({AccessKind.PREMIUM, AccessKind.PREMIUM_CALL}),
    forced_ends={AccessKind.PREMIUM: (ForcedEnd(30), ForcedEnd(60, below_micros=220 * CENT))},
)
