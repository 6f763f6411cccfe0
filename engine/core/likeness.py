"""How two numbers are alike: what a person who typed one may have meant by the other.

Alike are numbers one slip of the finger apart (a digit wrong, left out, doubled, or two exchanged)
and numbers whose country was read wrongly. E.164 throughout (ITU-T E.164: at most 15 digits).
"""

from enum import StrEnum

DIGITS_MOST = 15
SLIP_FROM = 3
"""A slip is looked for behind the plus and the country's first two digits."""


class Likeness(StrEnum):
    """Why one number may be another, the likeliest first."""

    SAME = "same"
    EXCHANGED = "exchanged"
    COUNTRY = "country"
    ONE_WRONG = "one_wrong"
    ONE_MISSING = "one_missing"
    ONE_MORE = "one_more"


def like(e164: str, countries: tuple[str, ...] = ("49", "43", "41")) -> dict[str, Likeness]:
    """Every number like this one, with the likeliest reason; some 300 of them.

    `countries` are the country codes that a national number may be of.
    """
    found: dict[str, Likeness] = {}
    for likeness, numbers in (
        (Likeness.SAME, {e164}),
        (Likeness.EXCHANGED, _exchanged(e164)),
        (Likeness.COUNTRY, _of_country(e164, countries)),
        (Likeness.ONE_WRONG, _one_wrong(e164)),
        (Likeness.ONE_MISSING, _one_more(e164)),
        (Likeness.ONE_MORE, _one_less(e164)),
    ):
        for number in numbers:
            found.setdefault(number, likeness)
    return found


def _places(e164: str) -> range:
    return range(min(SLIP_FROM, len(e164)), len(e164))


def _exchanged(e164: str) -> set[str]:
    swaps = {e164[: at - 1] + e164[at] + e164[at - 1] + e164[at + 1 :] for at in _places(e164)[1:]}
    return swaps - {e164}


def _one_wrong(e164: str) -> set[str]:
    return {e164[:at] + digit + e164[at + 1 :] for at in _places(e164) for digit in "0123456789"}


def _one_less(e164: str) -> set[str]:
    return {e164[:at] + e164[at + 1 :] for at in _places(e164)}


def _one_more(e164: str) -> set[str]:
    """Numbers of which this one lacks a digit."""
    if len(e164) > DIGITS_MOST:
        return set()
    places = (*_places(e164), len(e164))
    return {e164[:at] + digit + e164[at:] for at in places for digit in "0123456789"}


def _of_country(e164: str, countries: tuple[str, ...]) -> set[str]:
    """The number with another country's code, with its code twice, and with it once."""
    digits = e164.removeprefix("+")
    found: set[str] = set()
    for code in countries:
        found.add(f"+{code}{digits}")
        if digits.startswith(code):
            rest = digits.removeprefix(code).removeprefix("0")
            found |= {f"+{rest}", *(f"+{other}{rest}" for other in countries)}
    return {number for number in found if len(number) <= DIGITS_MOST + 1} - {e164}
