from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.money import (
    MAX_MICROS,
    Rounding,
    RoundingMode,
    format_micros,
    format_shortest,
    parse_micros,
    round_fraction,
)
from engine.errors import CallerError

DECIMAL_MODES = {
    RoundingMode.UP: ROUND_UP,
    RoundingMode.DOWN: ROUND_DOWN,
    RoundingMode.HALF_UP: ROUND_HALF_UP,
    RoundingMode.HALF_EVEN: ROUND_HALF_EVEN,
}


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("0", 0),
        ("1.99", 1_990_000),
        ("0.000001", 1),
        ("5.00", 5_000_000),
        ("-0.33", -330_000),
        ("-0", 0),
        ("007.5", 7_500_000),
        ("1000000000", MAX_MICROS),
    ],
)
def test_reads_decimal_strings(text: str, micros: int) -> None:
    assert parse_micros(text, field="price", minimum=None) == micros


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "1\n",
        "+1",
        "1.",
        ".5",
        "1,99",
        "1e2",
        "1_000",
        "0x10",
        "NaN",
        "Infinity",
        "--1",
        "1.0000000",
        "٣",
        "1000000000.000001",
        "-1000000000.000001",
        "9" * 5000,
    ],
)
def test_refuses_anything_else_and_names_the_field(text: str) -> None:
    with pytest.raises(CallerError) as fault:
        parse_micros(text, field="tariff.mobile", minimum=None)
    assert fault.value.field == "tariff.mobile"


def test_refuses_less_than_the_minimum_and_more_than_the_decimals() -> None:
    with pytest.raises(CallerError, match=r"at least 0\.00"):
        parse_micros("-0.01", field="price")
    with pytest.raises(CallerError, match=r"at least 0\.000005"):
        parse_micros("0.000004", field="price", minimum=5)
    with pytest.raises(CallerError, match="at most 2 decimals"):
        parse_micros("1.999", field="amount", max_decimals=2)


@pytest.mark.parametrize(
    ("micros", "digits", "text"),
    [
        (3_980_000, 2, "3.98"),
        (-330_000, 2, "-0.33"),
        (0, 2, "0.00"),
        (7_000_000, 0, "7"),
        (-7_000_000, 0, "-7"),
        (1, 6, "0.000001"),
    ],
)
def test_writes_exactly_the_digits_asked_for(micros: int, digits: int, text: str) -> None:
    assert format_micros(micros, digits) == text


def test_never_writes_an_amount_it_would_cut() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        format_micros(1_995_000, 2)
    with pytest.raises(ValueError, match="digits"):
        format_micros(0, 7)


def test_shortest_keeps_every_digit_that_counts() -> None:
    assert format_shortest(1_990_000) == "1.99"
    assert format_shortest(1_440_641) == "1.440641"
    assert format_shortest(5_000) == "0.005"


@given(st.integers(-MAX_MICROS, MAX_MICROS))
def test_what_is_written_reads_back(micros: int) -> None:
    assert parse_micros(format_micros(micros, 6), field="x", minimum=None) == micros
    assert parse_micros(format_shortest(micros), field="x", minimum=None) == micros


@given(
    st.integers(-(10**12), 10**12), st.integers(0, 6), st.sampled_from(RoundingMode), st.booleans()
)
def test_rounds_as_decimal_does(quarters: int, digits: int, mode: RoundingMode, tie: bool) -> None:
    step = 10 ** (6 - digits)
    value = Fraction(quarters * step, 2) if tie else Fraction(quarters, 4)
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    expected = (exact / step).quantize(Decimal(1), rounding=DECIMAL_MODES[mode]) * step
    assert round_fraction(value, Rounding(digits, mode)) == int(expected)


def test_a_rounding_holds_no_more_digits_than_a_micro_unit() -> None:
    with pytest.raises(ValueError, match="digits"):
        Rounding(7)
