"""Origins that are told leave no small group over: by subtraction, or in a list of calls."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from engine.core.tracked import Counts, Origin, place_of, total
from engine.flows.tracked.report import Wish, report
from engine.flows.tracked.rules import Days, told_callers, told_origins, told_places
from engine.ports.tracked import OriginLine
from tests.fakes.tracked.memory import MemoryTracked
from tests.ports.ledger.tracked.conftest import call, november

BERLIN, MUNICH = Origin("DE", "30", "landline"), Origin("DE", "89", "landline")
INNSBRUCK, MOBILE = Origin("AT", "512", "landline"), Origin("AT", "", "mobile")
GERMANY, UNKNOWN = replace(BERLIN, area=""), Origin()
MONTHS = (date(2026, 10, 1), date(2026, 11, 1))
LEAST = 5


def line(origin: Origin, firsts: int, calls: int | None = None) -> OriginLine:
    return OriginLine(MONTHS[1], "web", origin, firsts if calls is None else calls, firsts)


def told(*lines: OriginLine) -> dict[Origin, int]:
    """The origins that are told, and of how many first calls."""
    return {one.origin: one.firsts for one in told_origins(lines, LEAST)}


async def test_the_calls_of_one_caller_from_elsewhere_are_not_picked_out() -> None:
    """Thirty called once from Berlin, one four times by a mobile of Vienna."""
    tracked = MemoryTracked()
    for number in range(30):
        arrived = f"2026-11-{number % 28 + 1:02} 09:00:00"
        await tracked.keep(call(f"b{number}", arrived), f"+4930231251{number:02}")
    for number, day in enumerate((3, 9, 15, 21)):
        await tracked.keep(call(f"v{number}", f"2026-11-{day:02} 22:00:00"), "+436641234567")
    days = Days(november().first, november().after)
    found = await report(tracked, Wish(organisation="acme", days=days, closed=days.after))
    assert (found.total.calls, found.total.firsts, found.total.repeats) == (34, 31, 3)
    assert found.origins == ()
    places = told_places(await tracked.origins(november()), LEAST)
    listed = Counter(
        places.get((place_of(one.call).day.replace(day=1), one.call.source, one.origin))
        for one in await tracked.rows(november())
    )
    assert listed == {None: 34}


def test_the_smallest_that_may_be_told_hides_what_is_too_small() -> None:
    assert told(line(BERLIN, 30), line(MUNICH, 8), line(MOBILE, 1, 4)) == {BERLIN: 30}
    assert told(line(BERLIN, 30), line(MUNICH, 8), line(MOBILE, 2), line(INNSBRUCK, 3)) == {
        BERLIN: 30,
        MUNICH: 8,
    }
    assert told(line(BERLIN, 30), line(MUNICH, 8)) == {BERLIN: 30, MUNICH: 8}


def test_a_caller_who_was_new_elsewhere_is_hidden_too() -> None:
    assert told(line(BERLIN, 30), line(MUNICH, 8), line(MOBILE, 0, 4)) == {BERLIN: 30}


def test_withheld_numbers_neither_hide_anybody_nor_are_to_be_hidden() -> None:
    withheld = line(UNKNOWN, 0, 40)
    assert told(line(BERLIN, 30), withheld) == {BERLIN: 30}
    assert told(line(BERLIN, 30), withheld, line(MOBILE, 1)) == {}


def test_small_areas_are_one_with_what_is_known_of_no_area() -> None:
    assert told(line(BERLIN, 30), line(MUNICH, 2), line(GERMANY, 6)) == {BERLIN: 30, GERMANY: 8}


PLACES = (BERLIN, MUNICH, GERMANY, INNSBRUCK, MOBILE, UNKNOWN)
SOURCES = ("web", "")
CELLS = st.tuples(st.sampled_from(MONTHS), st.sampled_from(SOURCES), st.sampled_from(PLACES))
BOOKS = st.dictionaries(CELLS, st.tuples(st.integers(0, 12), st.integers(0, 3)), max_size=24)


@given(BOOKS, st.integers(LEAST, 9))
def test_no_subtraction_leaves_a_small_group(
    books: dict[tuple[date, str, Origin], tuple[int, int]], least: int
) -> None:
    """Of a month, and of both: first calls of a source without those of the origins told."""
    lines = written(books)
    groups: defaultdict[tuple[str, str], list[Counts]] = defaultdict(list)
    for one in lines:
        counts = Counts(calls=one.calls, firsts=one.firsts)
        groups[f"{one.month:%Y-%m}", one.source].append(counts)
    callers = told_callers({cell: total(counts) for cell, counts in groups.items()}, least)
    for source, month in product(SOURCES, ("", "2026-10", "2026-11")):
        these = [one for one in lines if one.source == source and f"{one.month}".startswith(month)]
        origins = told_origins(these, least)
        assert all(one.firsts >= least for one in origins)
        cell = callers.of(source, month)
        if cell is not None:
            left = cell.firsts - sum(one.firsts for one in origins)
            assert left == 0 or left >= least


@given(BOOKS, st.integers(LEAST, 9))
def test_no_list_of_calls_shows_which_are_of_a_small_group(
    books: dict[tuple[date, str, Origin], tuple[int, int]], least: int
) -> None:
    """Calls listed as from one place, or beside those as from none, are of a group; and no more
    than one place that is no small group is hidden for that."""
    lines = written(books)
    places = told_places(lines, least)
    for month, source in product(MONTHS, SOURCES):
        shown: defaultdict[Origin | None, list[OriginLine]] = defaultdict(list)
        these = [one for one in lines if (one.month, one.source) == (month, source)]
        for one in these:
            shown[places.get((month, source, one.origin))].append(one)
        hidden = [one for one in shown[None] if one.firsts or one.origin != UNKNOWN]
        if hidden and len(shown) > 1:
            assert sum(one.firsts for one in hidden) >= least
        for place in shown.keys() - {None}:
            assert sum(one.firsts for one in shown[place]) >= least
        assert sum(one.firsts >= least for one in hidden) <= 1


def written(books: dict[tuple[date, str, Origin], tuple[int, int]]) -> Sequence[OriginLine]:
    """First calls and others of each month, source and origin as lines."""
    return [
        OriginLine(*cell, calls=firsts + others, firsts=firsts)
        for cell, (firsts, others) in books.items()
        if firsts + others
    ]
