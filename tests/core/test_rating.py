from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.money import Rounding, RoundingMode, format_micros
from engine.core.rating import (
    HORIZON_S,
    BillingStart,
    Increment,
    Rate,
    StartsFrom,
    affordable_increments,
    affordable_seconds,
    charge,
    elapsed_ms,
    hold_levels,
    increments_begun,
    max_increments,
    seconds_of,
)
from tests.core import naive

PLAIN = Rate(
    price_micros=1_990_000,
    first_price_micros=None,
    first_minutes=None,
    increment=Increment(60, 60),
    connect_fee_micros=0,
    rounding=Rounding(2, RoundingMode.HALF_UP),
    max_call_minutes=60,
)

prices = st.one_of(st.sampled_from([0, 5_000, 490_000, 1_990_000]), st.integers(0, 3_000_000))
increments = st.one_of(
    st.sampled_from([Increment(60, 60), Increment(1, 1), Increment(60, 1), Increment(30, 6)]),
    st.builds(Increment, st.integers(1, 200), st.integers(1, 200)),
)
roundings = st.builds(Rounding, st.integers(0, 6), st.sampled_from(RoundingMode))
offers = st.one_of(
    st.just((None, None)),
    st.tuples(prices, st.one_of(st.none(), st.integers(1, 12))),
)


@st.composite
def rates(draw: st.DrawFn) -> Rate:
    first_price_micros, first_minutes = draw(offers)
    return Rate(
        price_micros=draw(prices),
        first_price_micros=first_price_micros,
        first_minutes=first_minutes,
        increment=draw(increments),
        connect_fee_micros=draw(prices),
        rounding=draw(roundings),
        max_call_minutes=draw(st.integers(1, 70)),
    )


def naive_charges(rate: Rate, n: int) -> list[tuple[int, Decimal]]:
    first = rate.first_price_micros
    return naive.charges(
        price=Decimal(rate.price_micros).scaleb(-6),
        first_price=None if first is None else Decimal(first).scaleb(-6),
        first_minutes=rate.first_minutes,
        first_s=rate.increment.first_s,
        next_s=rate.increment.next_s,
        fee=Decimal(rate.connect_fee_micros).scaleb(-6),
        digits=rate.rounding.digits,
        mode=rate.rounding.mode,
        n=n,
    )


@pytest.mark.parametrize(
    ("increment", "elapsed", "seconds"),
    [
        (Increment(60, 60), -1, 0),
        (Increment(60, 60), 0, 0),
        (Increment(60, 60), 1, 60),
        (Increment(60, 60), 60_999, 60),
        (Increment(60, 60), 61_000, 120),
        (Increment(1, 1), 1, 1),
        (Increment(1, 1), 1_999, 1),
        (Increment(1, 1), 2_000, 2),
        (Increment(60, 1), 59_000, 60),
        (Increment(60, 1), 61_500, 61),
        (Increment(30, 6), 30_999, 30),
        (Increment(30, 6), 31_000, 36),
        (Increment(30, 6), 37_000, 42),
    ],
)
def test_time_is_cut_to_seconds_then_raised_to_increments(
    increment: Increment, elapsed: int, seconds: int
) -> None:
    rate = replace(PLAIN, increment=increment)
    assert seconds_of(rate, increments_begun(rate, elapsed)) == seconds


def test_charging_begins_with_the_smallest_time_above_zero() -> None:
    assert increments_begun(PLAIN, Fraction(1, 10**9)) == 1
    assert increments_begun(PLAIN, Fraction(0)) == 0


@pytest.mark.parametrize(
    ("origin", "after_s", "wait_ms", "talk_ms", "expected"),
    [
        (StartsFrom.CONVERSATION, 0, 12_500, 75_200, 75_200),
        (StartsFrom.CONVERSATION, 10, 12_500, 75_200, 65_200),
        (StartsFrom.CONVERSATION, 30, 0, 9_000, -21_000),
        (StartsFrom.ANNOUNCEMENT, 0, 12_500, 75_200, 87_700),
        (StartsFrom.ANNOUNCEMENT, 20, 12_500, 1, -7_499),
        (StartsFrom.ANNOUNCEMENT, 0, 300_000, 0, 0),
        (StartsFrom.CONVERSATION, 0, 300_000, 0, 0),
    ],
)
def test_elapsed_time_counts_from_the_start_of_charging(
    origin: StartsFrom, after_s: int, wait_ms: int, talk_ms: int, expected: int
) -> None:
    assert elapsed_ms(BillingStart(origin, after_s), wait_ms, talk_ms) == expected


def test_connect_fee_is_charged_once_and_only_with_an_increment() -> None:
    rate = replace(PLAIN, connect_fee_micros=150_000)
    assert [charge(rate, n) for n in range(3)] == [0, 2_140_000, 4_130_000]


def test_first_price_holds_for_increments_that_begin_within_its_minutes() -> None:
    rate = replace(
        PLAIN, first_price_micros=0, first_minutes=1, increment=Increment(40, 40), price_micros=60
    )
    exact = replace(rate, rounding=Rounding(6))
    assert [charge(exact, n) for n in range(5)] == [0, 0, 0, 40, 80]


def test_an_offer_without_minutes_holds_for_the_whole_call() -> None:
    rate = replace(PLAIN, first_price_micros=490_000)
    assert charge(rate, 600) == 600 * 490_000


def test_the_sum_is_rounded_once_and_not_each_increment() -> None:
    rate = replace(PLAIN, increment=Increment(1, 1), price_micros=100_000)
    assert charge(rate, 1) == 0
    assert charge(rate, 60) == 100_000


@settings(deadline=None)
@given(rates(), st.integers(0, 250))
def test_closed_form_agrees_with_a_loop_over_increments(rate: Rate, n: int) -> None:
    seconds, expected = naive_charges(rate, n)[n]
    assert seconds_of(rate, n) == seconds
    assert format_micros(charge(rate, n), rate.rounding.digits) == f"{expected:f}"


@given(rates(), st.integers(-1_000, 5_000_000), st.integers(0, 1_000_000))
def test_charge_never_falls_with_time(rate: Rate, elapsed: int, more: int) -> None:
    sooner, later = increments_begun(rate, elapsed), increments_begun(rate, elapsed + more)
    assert charge(rate, sooner) <= charge(rate, later)


@given(rates(), st.integers(1, 5_000_000))
def test_increments_cover_the_time_and_no_more_than_one_begins_beyond_it(
    rate: Rate, elapsed: int
) -> None:
    n = increments_begun(rate, elapsed)
    whole_s = max(1, elapsed // 1000)
    assert seconds_of(rate, n - 1) < whole_s <= seconds_of(rate, n)


@given(rates(), st.integers(0, 200_000_000))
def test_what_is_affordable_is_paid_and_the_next_increment_is_not(rate: Rate, balance: int) -> None:
    n = affordable_increments(rate, balance)
    assert charge(rate, n) <= balance
    assert seconds_of(rate, n) == affordable_seconds(rate, balance) <= rate.max_call_minutes * 60
    capped = seconds_of(rate, n + 1) > rate.max_call_minutes * 60
    assert capped or charge(rate, n + 1) > balance
    assert capped == (n == max_increments(rate))


@given(rates(), st.integers(max_value=-1))
def test_a_negative_balance_buys_nothing_even_where_calls_are_free(
    rate: Rate, balance: int
) -> None:
    assert affordable_increments(rate, balance) == 0
    assert affordable_increments(rate, balance, cap=False) == 0


def test_without_the_cap_only_money_and_the_horizon_end_a_call() -> None:
    assert affordable_increments(PLAIN, 199_000_000) == 60
    assert affordable_increments(PLAIN, 199_000_000, cap=False) == 100
    free = replace(PLAIN, price_micros=0)
    assert seconds_of(free, affordable_increments(free, 0, cap=False)) == HORIZON_S


def test_a_first_increment_longer_than_the_maximum_buys_nothing() -> None:
    assert (
        affordable_seconds(replace(PLAIN, increment=Increment(120, 1), max_call_minutes=1), 0) == 0
    )


@given(rates(), st.lists(st.integers(1, 40), max_size=20))
def test_slices_sum_to_the_charge_of_the_whole(rate: Rate, slices: list[int]) -> None:
    granted_n, held = 0, 0
    for slice_n in slices:
        levels = hold_levels(rate, granted_n, granted_n + slice_n)
        assert len(levels) == slice_n
        held += levels[-1] - charge(rate, granted_n)
        granted_n += slice_n
    assert held == charge(rate, granted_n)


@given(rates())
def test_a_rate_survives_the_store(rate: Rate) -> None:
    assert msgspec.json.decode(msgspec.json.encode(rate), type=Rate) == rate


@pytest.mark.parametrize(
    "broken",
    [
        {"increment": {"first_s": 0, "next_s": 1}},
        {"price_micros": -1},
        {"max_call_minutes": 0},
        {"first_price_micros": 0, "first_minutes": 0},
    ],
)
def test_a_rate_that_could_not_end_a_loop_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(msgspec.to_builtins(PLAIN) | broken, Rate)


def test_free_seconds_are_never_negative() -> None:
    with pytest.raises(ValueError, match="after_s"):
        BillingStart(StartsFrom.CONVERSATION, -1)
