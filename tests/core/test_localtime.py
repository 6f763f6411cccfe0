"""Local time in hours and days of UTC: every hour once, none over a cut."""

from hypothesis import given
from hypothesis import strategies as st

from engine.core.localtime import DAY_MS, HOUR_MS, tiles

CUTS = st.lists(st.integers(-100, 2_000), min_size=1, max_size=8).map(sorted)


@given(CUTS)
def test_tiles_are_every_hour_between_the_cuts_once(cuts_h: list[int]) -> None:
    cuts = [hour * HOUR_MS for hour in cuts_h]
    days, hours = tiles(cuts)
    stretches = sorted([*days, *hours])
    covered = [hour for start, end in stretches for hour in range(start, end, HOUR_MS)]
    assert covered == list(range(cuts[0], cuts[-1], HOUR_MS))
    assert all(start % DAY_MS == end % DAY_MS == 0 for start, end in days)
    assert not any(start < cut < end for start, end in stretches for cut in cuts)


@given(CUTS)
def test_hours_are_those_of_days_in_which_something_is_cut(cuts_h: list[int]) -> None:
    cuts = [hour * HOUR_MS for hour in cuts_h]
    _, hours = tiles(cuts)
    cut_days = {cut // DAY_MS for cut in cuts if cut % DAY_MS}
    assert {hour // DAY_MS for start, end in hours for hour in range(start, end, HOUR_MS)} <= (
        cut_days
    )
