"""The meter and the time an account has left, against a second reckoning that counts seconds."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.account import Hold
from engine.core.money import MICROS, Rounding, RoundingMode
from engine.core.quota import Meter, committed_micros, cut_off_ms
from engine.core.rating import Increment, Rate, charge, max_increments, seconds_of
from tests.core import naive

NOW_MS = 1_795_300_000_000

RATES = st.builds(
    Rate,
    price_micros=st.integers(0, 5_000_000),
    first_price_micros=st.none() | st.integers(0, 5_000_000),
    first_minutes=st.none() | st.integers(1, 3),
    increment=st.builds(Increment, st.integers(1, 90), st.integers(1, 90)),
    connect_fee_micros=st.integers(0, 1_000_000),
    rounding=st.builds(Rounding, st.integers(0, 6), st.sampled_from(list(RoundingMode))),
    max_call_minutes=st.integers(1, 8),
)
FREE_MS = st.sampled_from([0, 10_000, 30_000])


@st.composite
def meters(draw: st.DrawFn, *, running: bool | None = None) -> Meter:
    """A call's meter at `NOW_MS`, with what it has begun granted to it."""
    rate = draw(RATES)
    talked_ms = draw(st.integers(0, 300_000))
    runs = draw(st.booleans()) if running is None else running
    meter = Meter(
        rate=rate,
        free_ms=draw(FREE_MS),
        counted_ms=draw(st.integers(0, 100_000)) if runs else talked_ms,
        running_since_ms=NOW_MS - talked_ms if runs else None,
    )
    ahead = draw(st.integers(0, 5))
    return meter.granted(min(max_increments(rate), max(1, meter.begun_n(NOW_MS)) + ahead))


def charges(rate: Rate) -> list[int]:
    """R(0), R(1), … by the second rater, in micro-units, a little beyond the longest call."""
    found = naive.charges(
        price=Decimal(rate.price_micros) / MICROS,
        first_price=_price(rate.first_price_micros),
        first_minutes=rate.first_minutes if rate.first_price_micros is not None else None,
        first_s=rate.increment.first_s,
        next_s=rate.increment.next_s,
        fee=Decimal(rate.connect_fee_micros) / MICROS,
        digits=rate.rounding.digits,
        mode=rate.rounding.mode.value,
        n=rate.max_call_minutes * 60 + 600,
    )
    return [int(amount * MICROS) for _seconds, amount in found]


def _price(micros: int | None) -> Decimal | None:
    return None if micros is None else Decimal(micros) / MICROS


# --- the meter ---------------------------------------------------------------------------------


@given(meters(), st.lists(st.integers(-50_000, 500_000), min_size=1, max_size=6))
def test_starting_and_stopping_again_changes_nothing(meter: Meter, instants: list[int]) -> None:
    first = NOW_MS + instants[0]
    started, stopped = meter.started(first), meter.stopped(first)
    for later in instants[1:]:
        assert started.started(NOW_MS + later) == started
        assert stopped.stopped(NOW_MS + later) == stopped


@given(meters(running=True), st.integers(0, 3_000_000))
def test_a_stopped_meter_counts_no_more_than_was_granted(meter: Meter, after_ms: int) -> None:
    stopped = meter.stopped(NOW_MS + after_ms)
    n = stopped.begun_n(NOW_MS + after_ms)
    if meter.elapsed_ms(NOW_MS) <= seconds_of(meter.rate, meter.granted_n) * 1000:
        assert n <= meter.granted_n
        assert charge(meter.rate, n) <= charge(meter.rate, meter.granted_n)


@given(meters(running=True), st.lists(st.integers(1, 60_000), min_size=2, max_size=8))
def test_stretches_add_up(meter: Meter, stretches: list[int]) -> None:
    """Talk in pieces counts as the same talk in one piece, as long as all of it is granted."""
    whole = meter.granted(10_000)
    pieces, at_ms = whole, NOW_MS
    for number, stretch_ms in enumerate(stretches):
        at_ms += stretch_ms
        pieces = pieces.started(at_ms) if number % 2 else pieces.stopped(at_ms)
    assert pieces.elapsed_ms(at_ms) - whole.elapsed_ms(NOW_MS) == sum(stretches[::2])


@given(meters(running=True))
def test_the_grants_end_where_the_next_increment_would_begin(meter: Meter) -> None:
    paid_ms = meter.paid_until_ms()
    if paid_ms >= NOW_MS:
        assert meter.begun_n(paid_ms) == meter.granted_n
        assert meter.elapsed_ms(paid_ms) == seconds_of(meter.rate, meter.granted_n) * 1000


# --- time left ---------------------------------------------------------------------------------


def others_of(meters: list[Meter], fixed: list[int]) -> tuple[Hold, ...]:
    """Holds of other calls (R of their grants) and of fixed amounts."""
    calls = (
        Hold(f"call{n}", charge(meter.rate, meter.granted_n), meter)
        for n, meter in enumerate(meters)
    )
    return (*calls, *(Hold(f"debit{n}", micros) for n, micros in enumerate(fixed)))


def counted_cut_off(mine: Meter, others: list[Meter], fixed: list[int], balance_micros: int) -> int:
    """Increment after increment of mine, with all others talking on: where the next does not fit.

    Counts what the others have begun second by second, and charges by the second rater.
    """
    rates = [charges(meter.rate) for meter in others]
    my_charges = charges(mine.rate)
    longest = max_increments(mine.rate)
    n = mine.granted_n
    while n < longest:
        begins_ms = mine.at_elapsed_ms(seconds_of(mine.rate, n) * 1000)
        spent = sum(fixed)
        for meter, amounts in zip(others, rates, strict=True):
            begun = _begun_by_counting(meter, begins_ms)
            spent += amounts[max(meter.granted_n, min(begun, len(amounts) - 1))]
        if my_charges[n + 1] + spent > balance_micros:
            break
        n += 1
    return mine.at_elapsed_ms(seconds_of(mine.rate, n) * 1000)


def _begun_by_counting(meter: Meter, at_ms: int) -> int:
    elapsed_ms = meter.counted_ms - meter.free_ms
    if meter.running_since_ms is not None:
        elapsed_ms += max(0, at_ms - meter.running_since_ms)
    if elapsed_ms <= 0:
        return 0
    whole_s, begun, covered_s = max(1, int(Fraction(elapsed_ms, 1000))), 0, 0
    while covered_s < whole_s:
        covered_s += meter.rate.increment.first_s if begun == 0 else meter.rate.increment.next_s
        begun += 1
    return begun


@settings(max_examples=80, deadline=None)
@given(
    meters(running=True),
    st.lists(meters(), max_size=3),
    st.lists(st.integers(0, 2_000_000), max_size=1),
    st.integers(-1_000_000, 40_000_000),
)
def test_time_left_is_what_counting_gives(
    mine: Meter, others: list[Meter], fixed: list[int], balance: int
) -> None:
    cut_ms = cut_off_ms(mine, others_of(others, fixed), balance)
    assert cut_ms == counted_cut_off(mine, others, fixed, balance)
    assert cut_ms >= mine.paid_until_ms()


@given(
    meters(running=True),
    st.lists(meters(), max_size=3),
    st.integers(0, 20_000_000),
    st.integers(0, 5_000_000),
)
def test_money_never_shortens_and_other_calls_never_lengthen_the_time_left(
    mine: Meter, others: list[Meter], balance: int, credit: int
) -> None:
    holds = others_of(others, [])
    cut_ms = cut_off_ms(mine, holds, balance)
    assert cut_off_ms(mine, holds, balance + credit) >= cut_ms
    assert cut_off_ms(mine, holds[1:], balance) >= cut_ms


@given(meters(), st.integers(0, 500_000), st.integers(0, 500_000))
def test_what_is_committed_never_falls_with_time(meter: Meter, early: int, late: int) -> None:
    first, second = sorted((early, late))
    assert committed_micros(meter, NOW_MS + first) <= committed_micros(meter, NOW_MS + second)
    assert committed_micros(meter, NOW_MS) >= charge(meter.rate, meter.granted_n)
