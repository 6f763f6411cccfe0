"""A second rater that shares nothing with the engine: it loops, and rounds with `decimal`.

Slow and plain on purpose, so that it can be checked by eye against the rules: elapsed time cut
down to whole seconds (at least 1), raised to increments; each increment at the price in force
when it begins; connect fee once; one rounding of the sum.
"""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal
from fractions import Fraction
from typing import Any

MODES = {
    "up": ROUND_UP,
    "down": ROUND_DOWN,
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
}


def rounded(value: Fraction, digits: int, mode: str) -> Decimal:
    """A fraction of currency units (some number of sixtieths of millionths) to `digits` decimals.

    Sixty does not divide a power of ten, so the value is compared, not divided: the decimal just
    below and what is left decide, the left part replaced by any with the same side of a half.
    """
    scaled = value * 10**digits
    below = scaled.numerator // scaled.denominator
    left = scaled - below
    side = {-1: "0.25", 0: "0.5", 1: "0.75"}[(left > Fraction(1, 2)) - (left < Fraction(1, 2))]
    stand_in = Decimal(below) + (Decimal(side) if left else 0)
    whole = stand_in.quantize(Decimal(1), rounding=MODES[mode], context=Context(prec=60))
    return whole.scaleb(-digits, Context(prec=60))


def charges(
    *,
    price: Decimal,
    first_price: Decimal | None,
    first_minutes: int | None,
    first_s: int,
    next_s: int,
    fee: Decimal,
    digits: int,
    mode: str,
    n: int,
) -> list[tuple[int, Decimal]]:
    """(seconds charged, charge) after 0, 1, … n increments."""
    found = [(0, rounded(Fraction(0), digits, mode))]
    seconds, total = 0, Fraction(fee)
    for index in range(n):
        length = first_s if index == 0 else next_s
        offered = first_price is not None and (
            first_minutes is None or Fraction(seconds, 60) < first_minutes
        )
        in_force = first_price if offered else price
        assert in_force is not None
        total += Fraction(in_force) * Fraction(length, 60)
        seconds += length
        found.append((seconds, rounded(total, digits, mode)))
    return found


def quote(request: dict[str, Any]) -> dict[str, str | int]:
    """The answer to a quote request whose numbers are Decimals."""
    tariff = request["tariff"]
    prices = {name: Decimal(tariff[name]) for name in ("landline", "mobile")}
    prices["other"] = Decimal(tariff["other"]) if "other" in tariff else max(prices.values())
    first_s, next_s = map(int, tariff["increment"].split("/"))
    offer = tariff["first_call"] if request["first_call"] else None
    terms = {
        "price": prices[request["line"]],
        "first_price": Decimal(offer["price"]) if offer else None,
        "first_minutes": int(offer["minutes"]) if offer else None,
        "first_s": first_s,
        "next_s": next_s,
        "fee": Decimal(tariff["connect_fee"]),
        "digits": int(tariff["rounding"]["digits"]),
        "mode": tariff["rounding"]["mode"],
    }
    talk, wait = Fraction(request["talk_seconds"]), Fraction(request["wait_seconds"])
    from_announcement = tariff["billing_starts"]["from"] == "announcement"
    elapsed = talk + (wait if from_announcement else 0)
    elapsed -= int(tariff["billing_starts"]["after_seconds"])
    begun = 0
    if talk > 0 and elapsed > 0:
        begun, covered = 1, first_s
        while covered < max(1, elapsed.numerator // elapsed.denominator):
            begun, covered = begun + 1, covered + next_s
    charged_seconds, charge = charges(**terms, n=begun)[begun]
    return {
        "charged_seconds": charged_seconds,
        "charge": f"{charge:f}",
        "affordable_seconds": _affordable(terms, request),
    }


def _affordable(terms: dict[str, Any], request: dict[str, Any]) -> int:
    limit_s = int(request["tariff"]["max_call_minutes"]) * 60
    best = 0
    for seconds, charge in charges(**terms, n=limit_s // terms["next_s"] + 1)[1:]:
        if seconds <= limit_s and charge <= Decimal(request["balance"]):
            best = max(best, seconds)
    return best
