"""Reports: what they say, what they compare with, and what they keep to themselves."""

import csv
import io
import json
from dataclasses import replace
from datetime import date

import pytest

from engine.core.tracked import Counts, Origin, Terms
from engine.flows.tracked.report import Against, Wish, over_time, report
from engine.flows.tracked.rules import (
    Days,
    OriginTold,
    days_before,
    may_total,
    mean,
    permille,
    told_origins,
    year_before,
)
from engine.flows.tracked.sheet import FIELDS, csv_text, text, values
from engine.ports.reading.sums import Bucket
from engine.ports.tracked import OriginLine
from tests.fakes.tracked.memory import MemoryTracked
from tests.ports.ledger.tracked.conftest import at, call, missed

NOVEMBER = Days(date(2026, 11, 1), date(2026, 12, 1))
CLOSED = date(2026, 12, 1)
WISH = Wish(organisation="acme", days=NOVEMBER, closed=CLOSED)


@pytest.fixture
async def tracked() -> MemoryTracked:
    """November: ten callers by the website, two by the portal; October: four calls in all. Groups
    may be smaller than any organisation can choose, so that few calls are enough."""
    memory = MemoryTracked(callers_floor=1)
    for number in range(10):
        day = f"2026-11-{number + 1:02} 12:00:00"
        await memory.keep(call(f"w{number}", day), f"+4930231251{number:02}")
    for number in range(2):
        await memory.keep(
            missed(f"p{number}", "2026-11-20 09:00:00", source="portal"), f"+4930231252{number:02}"
        )
    for number in range(4):
        await memory.keep(call(f"o{number}", "2026-10-20 12:00:00"), "+493023125300")
    return memory


async def test_a_report_by_source_against_the_month_before(tracked: MemoryTracked) -> None:
    found = await report(tracked, replace(WISH, against=Against.BEFORE))
    website, portal = found.sources
    assert (website.source, website.calls, website.share) == ("website", 10, 833)
    assert (website.answered, website.missed, website.firsts) == (10, 0, 10)
    assert (website.ring_mean_ms, website.talk_ms, website.talk_mean_ms) == (5000, 600_000, 60_000)
    assert (website.calls_before, website.change) == (4, 1500)
    assert (portal.calls, portal.missed, portal.abandoned, portal.share) == (2, 2, 2, 167)
    assert (portal.talk_mean_ms, portal.calls_before, portal.change) == (None, 0, None)
    assert (found.total.calls, found.total.calls_before, found.total.share) == (12, 4, 1000)
    assert found.compared == Days(date(2026, 10, 1), date(2026, 11, 1))


async def test_small_groups_of_callers_are_not_told_nor_found_by_subtraction(
    tracked: MemoryTracked,
) -> None:
    found = await report(tracked, WISH)
    assert [(row.source, row.firsts, row.repeats) for row in found.sources] == [
        ("website", 10, 0),
        ("portal", None, None),
    ]
    assert (found.total.firsts, found.total.repeats) == (None, None)
    await tracked.set_terms(Terms(organisation="acme", callers_least=2))
    found = await report(tracked, WISH)
    assert [row.firsts for row in found.sources] == [10, 2]
    assert found.total.firsts == 12


@pytest.mark.parametrize(
    "wish",
    [
        replace(WISH, days=Days(date(2026, 11, 1), date(2026, 11, 30))),
        replace(WISH, days=Days(date(2026, 11, 2), date(2026, 12, 1))),
        replace(WISH, closed=date(2026, 11, 30)),
        replace(WISH, number="+493023125001"),
    ],
)
async def test_of_what_is_no_whole_month_that_is_over_nothing_is_told_of_callers(
    tracked: MemoryTracked, wish: Wish
) -> None:
    await tracked.set_terms(Terms(organisation="acme", callers_least=1))
    found = await report(tracked, wish)
    assert not found.are_callers_told
    assert {row.firsts for row in (*found.sources, found.total)} == {None}
    assert found.origins is None
    assert (await report(tracked, WISH)).are_callers_told


@pytest.mark.parametrize("bucket", [Bucket.HOUR, Bucket.WEEKDAY, Bucket.DAY])
async def test_by_shorter_times_nothing_is_told_of_callers(
    tracked: MemoryTracked, bucket: Bucket
) -> None:
    await tracked.set_terms(Terms(organisation="acme", callers_least=1))
    wish = replace(WISH, bucket=bucket)
    found = await report(tracked, wish)
    assert {row.firsts for row in (*found.rows, *await over_time(tracked, wish))} == {None}
    assert found.total.firsts == 12


async def test_no_two_reports_tell_of_a_small_group_by_their_difference(
    tracked: MemoryTracked,
) -> None:
    """October had one caller by the website: told with November, it could be subtracted."""
    both = replace(WISH, days=Days(date(2026, 10, 1), CLOSED))
    found = await report(tracked, replace(both, bucket=Bucket.MONTH))
    assert {row.firsts for row in (*found.sources, found.total)} == {None}
    assert [(row.bucket, row.source, row.firsts) for row in found.rows] == [
        ("2026-10", "website", None),
        ("2026-11", "portal", None),
        ("2026-11", "website", 10),
    ]
    of_source = replace(both, bucket=Bucket.MONTH, source="website")
    assert [row.firsts for row in await over_time(tracked, of_source)] == [None, 10]
    assert (await report(tracked, replace(WISH, source="website"))).total.firsts == 10
    await tracked.set_terms(Terms(organisation="acme", callers_least=1))
    assert (await report(tracked, both)).total.firsts == 13
    of_all = await over_time(tracked, replace(both, bucket=Bucket.MONTH))
    assert [(row.firsts, row.repeats) for row in of_all] == [(1, 3), (12, 0)]


async def test_medians_are_told_where_every_time_is_known(tracked: MemoryTracked) -> None:
    await tracked.keep(call("x", "2026-11-21 12:00:00", ended_ms=at("2026-11-21 12:00:30")), None)
    found = await report(tracked, replace(WISH, bucket=Bucket.HOUR))
    told = {row.source: (row.ring_median_s, row.talk_median_s) for row in found.sources}
    assert told == {"website": (5, 61), "portal": (20, None)}
    assert (found.total.ring_median_s, found.total.talk_median_s) == (5, 61)
    assert {row.ring_median_s for row in found.rows} == {None}
    tracked.unknown_times.add("x")
    assert (await report(tracked, WISH)).total.ring_median_s is None


async def test_the_median_of_calls_without_a_source_is_not_that_of_all(
    tracked: MemoryTracked,
) -> None:
    for number in range(3):
        await tracked.keep(missed(f"x{number}", source=""), None)
    found = await report(tracked, WISH)
    told = {row.source: row.ring_median_s for row in found.sources}
    assert told == {"website": 5, "": 20, "portal": 20}
    assert (found.total.calls, found.total.ring_median_s) == (15, 5)


async def test_a_source_that_has_no_calls_any_more_is_there_to_compare(
    tracked: MemoryTracked,
) -> None:
    december = Days(date(2026, 12, 1), date(2027, 1, 1))
    found = await report(tracked, replace(WISH, days=december, against=Against.BEFORE))
    assert [(row.source, row.calls, row.change) for row in found.sources] == [
        ("portal", 0, -1000),
        ("website", 0, -1000),
    ]


async def test_rows_are_told_apart_by_time(tracked: MemoryTracked) -> None:
    found = await report(tracked, replace(WISH, bucket=Bucket.HOUR))
    assert [(row.bucket, row.source, row.calls) for row in found.rows] == [
        ("10", "portal", 2),
        ("13", "website", 10),
    ]
    assert [row.calls for row in found.sources] == [10, 2]


async def test_origins_are_there_for_whole_months_of_all_numbers(tracked: MemoryTracked) -> None:
    berlin = Origin("DE", "30", "landline")
    assert (await report(tracked, WISH)).origins == (OriginTold("website", berlin, 10, 10),)
    week = Days(date(2026, 11, 1), date(2026, 11, 8))
    assert (await report(tracked, replace(WISH, days=week))).origins is None
    assert (await report(tracked, replace(WISH, number="+493023125001"))).origins is None


async def test_a_report_as_csv_values_and_text(tracked: MemoryTracked) -> None:
    await tracked.keep(missed("x", source="=1+1"), None)
    found = await report(tracked, WISH)
    lines = list(csv.DictReader(io.StringIO(csv_text(found))))
    assert tuple(lines[0]) == FIELDS
    assert [(line["source"], line["calls"], line["firsts"]) for line in lines] == [
        ("website", "10", "10"),
        ("portal", "2", ""),
        ("'=1+1", "1", ""),
    ]
    told = json.loads(json.dumps(values(found)))
    assert (told["from"], told["to"], told["total"]["calls"]) == ("2026-11-01", "2026-12-01", 13)
    german, english = text(found, "de"), text(found, "en")
    assert german.splitlines()[0] == "Anrufe vom 2026-11-01 bis 2026-11-30"
    assert "76.9 %" in english
    empty = await report(MemoryTracked(), WISH)
    assert text(empty, "en").endswith("No calls.")


# --- rules -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "after", "before", "year"),
    [
        ("2026-11-01", "2026-12-01", "2026-10-01", "2025-11-01"),
        ("2026-01-01", "2026-04-01", "2025-10-01", "2025-01-01"),
        ("2026-11-10", "2026-11-17", "2026-11-03", "2025-11-10"),
        ("2024-02-29", "2024-03-01", "2024-02-28", "2023-02-28"),
        ("2026-02-01", "2026-02-15", "2026-01-18", "2025-02-01"),
    ],
)
def test_days_to_compare_with(first: str, after: str, before: str, year: str) -> None:
    days = Days(date.fromisoformat(first), date.fromisoformat(after))
    assert days_before(days) == Days(date.fromisoformat(before), days.first)
    assert year_before(days).first == date.fromisoformat(year)


@pytest.mark.parametrize(
    ("part", "whole", "thousandths", "rounded"),
    [(1, 3, 333, 0), (2, 3, 667, 1), (1, 2000, 1, 0), (0, 5, 0, 0), (-1, 4, -250, 0),
     (3, 0, None, None)],
)  # fmt: skip
def test_shares_and_means(
    part: int, whole: int, thousandths: int | None, rounded: int | None
) -> None:
    assert permille(part, whole) == thousandths
    assert mean(part, whole) == rounded


@pytest.mark.parametrize(
    ("firsts", "is_told"),
    [((10, 7), True), ((10, 2), False), ((10, 3, 2), True), ((4,), False), ((10, 0), False),
     ((5, 6), True), ((3, 3), True), ((2, 2), False)],
)  # fmt: skip
def test_a_sum_hides_no_small_group(firsts: tuple[int, ...], is_told: bool) -> None:
    assert may_total([Counts(calls=9, firsts=count) for count in firsts], 5) is is_told


def test_areas_too_small_are_one_and_what_is_small_then_is_left_out_with_the_next() -> None:
    def line(month: int, area: str, firsts: int, country: str = "DE") -> OriginLine:
        origin = Origin(country, area, "landline")
        return OriginLine(date(2026, month, 1), "web", origin, firsts + 1, firsts)

    told = told_origins(
        [line(10, "30", 6), line(10, "89", 3), line(10, "40", 2), line(10, "1", 4, "AT"),
         line(11, "30", 7), line(11, "89", 4), line(11, "40", 3), line(11, "1", 6, "AT")],
        5,
    )  # fmt: skip
    assert told == (
        OriginTold("web", Origin("DE", "30", "landline"), 15, 13),
        OriginTold("web", Origin("DE", "", "landline"), 9, 7),
        OriginTold("web", Origin("AT", "1", "landline"), 7, 6),
    )
