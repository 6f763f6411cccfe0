"""Money as whole micro-units: how it is read, written and rounded.

Inside, every amount is an integer of micro-units (1/1,000,000 of the currency unit); at the edges
it is a plain decimal string. There is no float anywhere between. A sum that is not yet whole (a
price per minute times some seconds) is a `Fraction` of micro-units until its one rounding.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from engine.errors import CallerError

DECIMALS = 6
"""Decimal places of a micro-unit, and the most that any price or amount may have."""

MICROS = 1_000_000
"""Micro-units in one unit of the currency."""

MAX_MICROS = 10**15
"""The largest amount that may come in (a billion units): sums of many stay below 2**53."""

_AMOUNT = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?", re.ASCII)
_MAX_TEXT = 40


class RoundingMode(StrEnum):
    """How what lies between two roundable amounts is decided; `half_*` name the ties only."""

    UP = "up"
    DOWN = "down"
    HALF_UP = "half_up"
    HALF_EVEN = "half_even"


@dataclass(frozen=True, slots=True)
class Rounding:
    """To how many decimals (0 to 6) an amount is rounded, and which way."""

    digits: int = 2
    mode: RoundingMode = RoundingMode.HALF_UP

    def __post_init__(self) -> None:
        if not 0 <= self.digits <= DECIMALS:
            raise ValueError(f"digits must be 0 to {DECIMALS}, not {self.digits}")


def parse_micros(
    text: str, *, field: str, max_decimals: int = DECIMALS, minimum: int | None = 0
) -> int:
    """The micro-units a decimal string such as `"1.99"` names.

    `minimum` is in micro-units; None lets any amount down to `-MAX_MICROS` pass. No sign but a
    leading minus, no exponent, no blanks, no grouping, ASCII digits only; decimals are counted as
    written. Raises `CallerError` with `field`.
    """
    match = _AMOUNT.fullmatch(text) if len(text) <= _MAX_TEXT else None
    if match is None:
        raise CallerError('must be a decimal number such as "1.99"', field)
    sign, whole, decimals = match[1], match[2], match[3] or ""
    if len(decimals) > max_decimals:
        raise CallerError(f"must have at most {max_decimals} decimals", field)
    size = int(whole) * MICROS + int(decimals.ljust(DECIMALS, "0"))
    micros = -size if sign else size
    if minimum is not None and micros < minimum:
        raise CallerError(f"must be at least {format_shortest(minimum)}", field)
    if abs(micros) > MAX_MICROS:
        raise CallerError(f"must be at most {MAX_MICROS // MICROS} either way", field)
    return micros


def format_micros(micros: int, digits: int = 2) -> str:
    """The amount with exactly `digits` decimals (0 to 6); ValueError if it does not fit them."""
    if not 0 <= digits <= DECIMALS:
        raise ValueError(f"digits must be 0 to {DECIMALS}, not {digits}")
    step: int = 10 ** (DECIMALS - digits)
    units, rest = divmod(abs(micros), step)
    if rest:
        raise ValueError(f"{micros} micro-units do not fit {digits} decimals")
    sign = "-" if micros < 0 else ""
    if digits == 0:
        return f"{sign}{units}"
    whole, decimals = divmod(units, 10**digits)
    return f"{sign}{whole}.{decimals:0{digits}d}"


def format_shortest(micros: int, at_least: int = 2) -> str:
    """The exact amount with as few decimals as it needs, but no fewer than `at_least`."""
    digits = at_least
    while micros % 10 ** (DECIMALS - digits):
        digits += 1
    return format_micros(micros, digits)


def round_fraction(value: Fraction, rounding: Rounding) -> int:
    """The micro-units `value` (a fraction of micro-units) is rounded to.

    As in everyday accounts, `up` and the tie of `half_up` go away from zero, `down` towards it.
    """
    return round_ratio(value.numerator, value.denominator, rounding)


def round_ratio(numerator: int, denominator: int, rounding: Rounding) -> int:
    """`round_fraction` of numerator/denominator micro-units, without building the fraction."""
    step: int = 10 ** (DECIMALS - rounding.digits)
    whole, rest = divmod(abs(numerator), denominator * step)
    if rest and _goes_up(whole, 2 * rest - denominator * step, rounding.mode):
        whole += 1
    return whole * step if numerator >= 0 else -whole * step


def _goes_up(whole: int, beyond_half: int, mode: RoundingMode) -> bool:
    """Whether a non-zero rest rounds away from zero; `beyond_half` is 0 at a tie."""
    match mode:
        case RoundingMode.UP:
            return True
        case RoundingMode.DOWN:
            return False
        case RoundingMode.HALF_UP:
            return beyond_half >= 0
        case RoundingMode.HALF_EVEN:
            return beyond_half > 0 or (beyond_half == 0 and whole % 2 == 1)
