"""Whether a number may be called to be verified, and what is wrong with one that may not.

What a person typed is judged as raw text first (emergency and short numbers), then as a number of
the merchant's region; what would be dialled is judged once more when it is dialled. Only ordinary
mobile and landline numbers of the allowed countries pass: no premium, shared-cost, toll-free,
personal (032, 0700), satellite or pager number, and nothing that was probably mistyped.
Sources: the verification seed (foreign and service numbers are not called and not charged);
`engine.core.number` for the numbering plans.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.inventory import Merchant
from engine.core.number import NumberInfo, NumberType, classify, meant_number
from engine.core.tariff import Line
from engine.core.verification import Rejection

PREFIX_WITHOUT = 4
"""Numbers that differ in so many last digits alone are of one prefix."""

NO_COUNTRY = "001"
"""Satellites and other numbers of no country; none is an ordinary line, whatever its type."""

_NO_NUMBERS = (NumberType.NO_NUMBER, NumberType.INVALID)
_LINES: Mapping[NumberType, frozenset[Line]] = {
    NumberType.MOBILE: frozenset({Line.MOBILE}),
    NumberType.FIXED_LINE: frozenset({Line.LANDLINE}),
    NumberType.FIXED_LINE_OR_MOBILE: frozenset({Line.MOBILE, Line.LANDLINE}),
}


@dataclass(frozen=True, slots=True)
class Dialable:
    """A number that may be called."""

    e164: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A number that is not called; `suggestion` is what was probably meant, "" if unknown."""

    kind: Rejection
    reason: str
    suggestion: str = ""


def judge(typed: str, merchant: Merchant) -> Dialable | Rejected:
    """Whether what was typed may be called for this merchant."""
    info = classify(typed, merchant.region, verify_in=frozenset(merchant.countries))
    if info.verifiable and info.e164 is not None:
        return _line_allowed(info, info.e164, merchant)
    return Rejected(_kind(info, merchant), info.reason or "", meant_number(info))


def _kind(info: NumberInfo, merchant: Merchant) -> Rejection:
    if info.type in _NO_NUMBERS or meant_number(info):
        return Rejection.INVALID
    if info.type not in _LINES or info.region == NO_COUNTRY:
        return Rejection.SERVICE
    if info.region not in merchant.countries:
        return Rejection.FOREIGN
    # What is left has an ordinary type: 032, or a number with letters in it.
    return Rejection.SERVICE if info.line is Line.OTHER else Rejection.INVALID


def _line_allowed(info: NumberInfo, e164: str, merchant: Merchant) -> Dialable | Rejected:
    """A number whose line cannot be told must be allowed whichever line it is."""
    if _LINES[info.type] <= set(merchant.lines):
        return Dialable(e164)
    allowed = " or ".join(merchant.lines)
    return Rejected(Rejection.LINE, f"must be a {allowed} number")


def prefix_of(e164: str) -> str:
    """The numbers that a number is counted with."""
    return e164[:-PREFIX_WITHOUT]
