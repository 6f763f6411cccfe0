"""Caps are never overspent, whoever asks when; and it is told which one left no more."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from engine.core.diversion.caps import (
    MINUTE_MS,
    Admission,
    Cap,
    Caps,
    Cost,
    Used,
    admission,
    cost_micros,
)

PRICE = 8_500


def costing(day: int, month: int = 10**9, *prices: int) -> Cost:
    """A cap of so many micro-units a day and a month."""
    return Cost(
        currency="USD",
        minute_micros=prices or (PRICE,),
        a_day_micros=day,
        a_month_micros=month,
    )


def test_every_minute_that_is_begun_costs_a_whole_one() -> None:
    seconds = (0, 1, 59_999, 60_000, 60_999, 61_000, 120_000)
    assert [cost_micros(PRICE, talk_ms) // PRICE for talk_ms in seconds] == [0, 1, 1, 1, 1, 2, 2]
    assert cost_micros(0, MINUTE_MS) == 0


def test_money_leaves_whole_minutes() -> None:
    caps = Caps(cost=costing(3 * PRICE + PRICE // 2))
    wanted_ms = 9 * MINUTE_MS
    assert admission(caps, Used(), PRICE, wanted_ms, None) == Admission(
        left_ms=3 * MINUTE_MS, cap=Cap.COST_A_DAY
    )
    others = Used(day_micros=2 * PRICE)
    assert admission(caps, others, PRICE, MINUTE_MS, None) == Admission(left_ms=MINUTE_MS)
    others = Used(day_micros=3 * PRICE)
    assert admission(caps, others, PRICE, MINUTE_MS, None) == Admission(
        left_ms=None, cap=Cap.COST_A_DAY
    )
    assert admission(caps, others, 0, MINUTE_MS, None) == Admission(left_ms=MINUTE_MS)


def test_it_is_told_which_cap_was_reached() -> None:
    caps = Caps(calls_at_once=2, minutes_a_day=10, minutes_a_month=20, cost=costing(10**9, PRICE))
    used = {
        Cap.CALLS_AT_ONCE: Used(calls=2),
        Cap.MINUTES_A_DAY: Used(day_ms=10 * MINUTE_MS),
        Cap.MINUTES_A_MONTH: Used(month_ms=20 * MINUTE_MS),
        Cap.COST_A_DAY: Used(day_micros=10**9),
        Cap.COST_A_MONTH: Used(month_micros=PRICE),
    }
    for cap, others in used.items():
        told = admission(caps, others, PRICE, MINUTE_MS, None)
        assert told == Admission(left_ms=None, cap=cap)


@dataclass
class Call:
    """A call that goes on as long as it has not `talked_ms`."""

    minute_micros: int
    held_ms: int
    talked_ms: int | None = None

    @property
    def counts_ms(self) -> int:
        return self.held_ms if self.talked_ms is None else self.talked_ms

    @property
    def counts_micros(self) -> int:
        return cost_micros(self.minute_micros, self.counts_ms)


PRICES = st.integers(0, 3_000_000)
STEPS = st.lists(
    st.tuples(st.integers(0, 5), st.booleans(), st.integers(1, 10 * MINUTE_MS)), max_size=40
)


@given(
    prices=st.lists(PRICES, min_size=6, max_size=6),
    day_micros=st.integers(1, 20_000_000),
    month_micros=st.integers(1, 20_000_000),
    minutes=st.integers(1, 30),
    steps=STEPS,
)
def test_calls_at_once_never_use_up_more_than_there_is(
    prices: list[int],
    day_micros: int,
    month_micros: int,
    minutes: int,
    steps: list[tuple[int, bool, int]],
) -> None:
    """Calls ask, ask again and end in any order; each may talk all that it holds."""
    caps = Caps(calls_at_once=4, minutes_a_day=minutes, cost=costing(day_micros, month_micros))
    calls: dict[int, Call] = {}
    for n, asks, amount_ms in steps:
        call = calls.get(n)
        if asks and (call is None or call.talked_ms is None):
            others = _used([one for m, one in calls.items() if m != n])
            held_ms = call.held_ms if call is not None else None
            told = admission(caps, others, prices[n], amount_ms, held_ms)
            if told.left_ms is not None:
                calls[n] = Call(prices[n], told.left_ms)
                assert told.left_ms >= (held_ms or 0)
        elif call is not None and call.talked_ms is None:
            call.talked_ms = min(amount_ms, call.held_ms)
        used = _used(list(calls.values()))
        assert used.calls <= caps.calls_at_once
        assert used.day_ms <= minutes * MINUTE_MS
        assert used.day_micros <= min(day_micros, month_micros)


def _used(calls: list[Call]) -> Used:
    """What these calls use up of the day and the month, which both have all of them."""
    time_ms = sum(one.counts_ms for one in calls)
    micros = sum(one.counts_micros for one in calls)
    return Used(
        calls=sum(one.talked_ms is None for one in calls),
        day_ms=time_ms,
        month_ms=time_ms,
        day_micros=micros,
        month_micros=micros,
    )
