"""`ports.tracked`: kept once, counted by local time, callers told apart for one key period."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from engine.core.tracked import CALLERS_FLOOR, Counts, Measure, Origin, Outcome, Terms
from engine.errors import CallerError
from engine.ports.reading.sums import Bucket
from engine.ports.tracked import (
    CallPlace,
    MedianLine,
    OriginLine,
    ReportFilter,
    ReportLine,
    Tracked,
)
from tests.ports.ledger.tracked.conftest import (
    ANNA,
    BERTA,
    CLARA,
    NUMBER,
    Counter,
    call,
    missed,
    november,
)


async def seen(tracked: Tracked, wanted: ReportFilter | None = None) -> tuple[int, int, int]:
    """Calls, first calls and repeated ones."""
    lines = await tracked.report(wanted or november())
    counts = [line.counts for line in lines]
    return (
        sum(one.calls for one in counts),
        sum(one.firsts for one in counts),
        sum(one.repeats for one in counts),
    )


async def test_a_call_is_counted_once_by_its_id(tracked: Tracked) -> None:
    await tracked.keep(call("c1"), ANNA)
    await tracked.keep(call("c1"), ANNA)
    await tracked.keep(replace(call("c1"), source="other"), BERTA)
    one = Counts(calls=1, answered=1, ring_ms=5_000, talk_ms=60_000, firsts=1)
    assert list(await tracked.report(november())) == [ReportLine("website", NUMBER, "", one)]
    assert [one.call for one in await tracked.rows(november())] == [call("c1")]


async def test_each_outcome_is_counted_as_its_own(tracked: Tracked) -> None:
    await tracked.keep(call("c1"), ANNA)
    await tracked.keep(missed("c2"), ANNA)
    await tracked.keep(missed("c3", outcome=Outcome.BUSY), BERTA)
    await tracked.keep(missed("c4", outcome=Outcome.FAILED, target=None), None)
    [line] = await tracked.report(november())
    assert line.counts == Counts(
        calls=4,
        answered=1,
        abandoned=1,
        busy=1,
        failed=1,
        ring_ms=65_000,
        talk_ms=60_000,
        firsts=2,
        repeats=1,
    )
    assert line.counts.missed == 3


async def test_calls_are_counted_in_the_local_time_of_their_arrival(tracked: Tracked) -> None:
    summer_ends = ("2026-10-25 00:30:00", "2026-10-25 01:30:00")
    for number, arrived in enumerate(("2026-10-24 21:59:59", "2026-10-24 22:00:00", *summer_ends)):
        await tracked.keep(call(f"c{number}", arrived), ANNA)
    wanted = ReportFilter(
        organisation="acme", first=date(2026, 10, 1), after=date(2026, 11, 1), bucket=Bucket.HOUR
    )
    # 02:30 was there twice that night.
    told = {line.bucket: line.counts.calls for line in await tracked.report(wanted)}
    assert told == {"23": 1, "00": 1, "02": 2}
    days = await tracked.report(replace(wanted, bucket=Bucket.DAY))
    assert [(line.bucket, line.counts.calls) for line in days] == [
        ("2026-10-24", 1),
        ("2026-10-25", 3),
    ]
    weekdays = await tracked.report(replace(wanted, bucket=Bucket.WEEKDAY))
    assert [(line.bucket, line.counts.calls) for line in weekdays] == [("5", 1), ("6", 3)]


async def test_months_days_and_the_whole_are_one_sum(tracked: Tracked) -> None:
    for number, day in enumerate(("2026-10-31", "2026-11-01", "2026-11-30", "2026-12-01")):
        await tracked.keep(call(f"c{number}", f"{day} 12:00:00"), ANNA)
    wanted = ReportFilter(organisation="acme", first=date(2026, 10, 31), after=date(2026, 12, 2))
    assert await seen(tracked, wanted) == (4, 3, 1)
    months = await tracked.report(replace(wanted, bucket=Bucket.MONTH))
    assert [(line.bucket, line.counts.calls, line.counts.firsts) for line in months] == [
        ("2026-10", 1, 1),
        ("2026-11", 2, 1),
        ("2026-12", 1, 1),
    ]
    assert await seen(tracked) == (2, 1, 1)


async def test_sources_and_numbers_are_told_apart(tracked: Tracked) -> None:
    await tracked.keep(call("c1"), ANNA)
    await tracked.keep(call("c2", source="portal", number="+493023125002"), ANNA)
    await tracked.keep(call("c3", source="portal"), ANNA)
    lines = await tracked.report(november())
    assert [(one.source, one.number) for one in lines] == [
        ("portal", NUMBER),
        ("portal", "+493023125002"),
        ("website", NUMBER),
    ]
    assert await seen(tracked, november(source="portal")) == (2, 0, 2)
    assert await seen(tracked, november(number=NUMBER)) == (2, 1, 1)
    assert [one.call.call_id for one in await tracked.rows(november(source="portal"))] == [
        "c3",
        "c2",
    ]


async def test_nothing_of_another_organisation_is_there(tracked: Tracked) -> None:
    await tracked.keep(call("c1"), ANNA)
    await tracked.keep(call("c2", organisation="other"), ANNA)
    assert await seen(tracked, november(organisation="other")) == (1, 1, 0)
    assert list(await tracked.report(november(organisation="third"))) == []
    assert list(await tracked.rows(november(organisation="third"))) == []
    assert list(await tracked.origins(november(organisation="third"))) == []


async def test_where_callers_are_from_is_counted_by_the_month(tracked: Tracked) -> None:
    await tracked.keep(call("c1"), ANNA)
    await tracked.keep(call("c2"), ANNA)
    await tracked.keep(call("c3"), BERTA)
    await tracked.keep(call("c4"), CLARA)
    await tracked.keep(call("c5"), None)
    month = date(2026, 11, 1)
    assert list(await tracked.origins(november())) == [
        OriginLine(month, "website", Origin(), 1, 0),
        OriginLine(month, "website", Origin("AT", "512", "landline"), 1, 1),
        OriginLine(month, "website", Origin("DE", "", "mobile"), 1, 1),
        OriginLine(month, "website", Origin("DE", "30", "landline"), 2, 1),
    ]
    with pytest.raises(CallerError, match="whole months"):
        await tracked.origins(replace(november(), first=date(2026, 11, 2)))


async def test_calls_are_listed_newest_first_in_pages(tracked: Tracked) -> None:
    for number in range(5):
        await tracked.keep(call(f"c{number}", f"2026-11-22 09:00:0{number // 2}"), None)
    first = await tracked.rows(november(), most=2)
    assert [one.call.call_id for one in first] == ["c4", "c3"]
    second = await tracked.rows(november(), CallPlace(first[-1].call.arrived_ms, "c3"), most=2)
    assert [one.call.call_id for one in second] == ["c2", "c1"]


@pytest.mark.parametrize(
    ("first", "after", "bucket"),
    [
        (date(2026, 11, 2), date(2026, 11, 2), Bucket.DAY),
        (date(2026, 11, 2), date(2026, 11, 1), Bucket.WHOLE),
        (date(2024, 1, 1), date(2026, 12, 1), Bucket.MONTH),
        (date(2026, 1, 1), date(2026, 12, 1), Bucket.HOUR),
    ],
)
async def test_days_that_are_not_reported_are_refused(
    tracked: Tracked, first: date, after: date, bucket: Bucket
) -> None:
    wanted = ReportFilter(organisation="acme", first=first, after=after, bucket=bucket)
    with pytest.raises(CallerError) as refused:
        await tracked.report(wanted)
    assert refused.value.field == "to"


# --- callers ---------------------------------------------------------------------------------


async def test_a_caller_is_new_in_each_key_period_and_organisation(tracked: Tracked) -> None:
    await tracked.keep(call("c1", "2026-11-30 22:59:59"), ANNA)
    await tracked.keep(call("c2", "2026-11-30 23:00:00"), ANNA)
    await tracked.keep(call("c3", "2026-12-02 12:00:00", source="portal"), ANNA)
    december = ReportFilter(organisation="acme", first=date(2026, 12, 1), after=date(2027, 1, 1))
    assert await seen(tracked) == (1, 1, 0)
    assert await seen(tracked, december) == (2, 1, 1)


async def test_a_key_period_may_be_longer(tracked: Tracked) -> None:
    await tracked.set_terms(Terms(organisation="acme", key_months=3))
    for number, day in enumerate(("2026-10-01", "2026-11-15", "2026-12-31", "2027-01-01")):
        await tracked.keep(call(f"c{number}", f"{day} 12:00:00"), ANNA)
    wanted = ReportFilter(organisation="acme", first=date(2026, 10, 1), after=date(2027, 2, 1))
    assert await seen(tracked, wanted) == (4, 2, 2)


@pytest.mark.parametrize("months", [2, 12])
async def test_a_changed_key_period_begins_when_the_running_one_ends(
    tracked: Tracked, months: int
) -> None:
    await tracked.keep(call("c1", "2026-11-10 09:00:00"), ANNA)
    await tracked.set_terms(Terms(organisation="acme", key_months=months))
    await tracked.keep(call("c2", "2026-11-20 09:00:00"), ANNA)
    assert await seen(tracked) == (2, 1, 1)
    # December has its own key now, and a call of November that is kept late has November's.
    await tracked.keep(call("c3", "2026-12-10 09:00:00"), ANNA)
    await tracked.keep(call("c4", "2026-11-30 09:00:00"), ANNA)
    assert await seen(tracked) == (3, 1, 2)
    december = replace(november(), first=date(2026, 12, 1), after=date(2027, 1, 1))
    assert await seen(tracked, december) == (1, 1, 0)
    await tracked.set_terms(Terms(organisation="acme", key_months=1))
    await tracked.keep(call("c5", "2026-12-20 09:00:00"), ANNA)
    assert await seen(tracked, december) == (2, 1, 1)
    await tracked.keep(call("c6", "2027-01-10 09:00:00"), ANNA)
    january = replace(november(), first=date(2027, 1, 1), after=date(2027, 2, 1))
    assert await seen(tracked, january) == (1, 1, 0)


async def test_a_withheld_caller_is_neither_first_nor_repeated(tracked: Tracked) -> None:
    await tracked.keep(call("c1"), None)
    await tracked.keep(call("c2"), None)
    assert await seen(tracked) == (2, 0, 0)


async def test_of_calls_at_once_one_is_the_callers_first(tracked: Tracked) -> None:
    callers = (ANNA, BERTA, CLARA)
    keeping = [
        tracked.keep(call(f"c{number // 2}"), callers[number // 2 % 3]) for number in range(120)
    ]
    await asyncio.gather(*keeping)
    assert await seen(tracked) == (60, 3, 57)


async def test_with_its_key_all_is_gone_that_told_callers_apart(tracked: Tracked) -> None:
    await tracked.keep(call("c1"), ANNA)
    await tracked.keep(call("c2", "2026-12-01 12:00:00"), ANNA)
    assert await tracked.destroy_keys(date(2026, 11, 30)) == 0
    assert await tracked.destroy_keys(date(2026, 12, 1)) == 1
    assert await tracked.destroy_keys(date(2026, 12, 1)) == 0
    # The sums stay; who calls late in the period is not known any more, and not counted as new.
    await tracked.keep(call("c3"), ANNA)
    assert await seen(tracked) == (2, 1, 0)
    await tracked.keep(call("c4", "2026-12-01 12:00:00"), ANNA)
    december = ReportFilter(organisation="acme", first=date(2026, 12, 1), after=date(2027, 1, 1))
    assert await seen(tracked, december) == (2, 1, 1)


# --- terms and mails ---------------------------------------------------------------------------


async def test_terms_are_the_default_until_they_are_said(tracked: Tracked) -> None:
    assert await tracked.terms("acme") == Terms(organisation="acme")
    said = Terms(
        organisation="acme", callers_least=7, key_months=6, mails=("a@example.org",), lang="en"
    )
    await tracked.set_terms(said)
    await tracked.set_terms(said)
    assert await tracked.terms("acme") == said
    assert await tracked.terms("other") == Terms(organisation="other")
    await tracked.set_terms(replace(said, callers_least=1))
    assert (await tracked.terms("acme")).callers_least == CALLERS_FLOOR


async def test_missed_calls_alone_are_mailed_each_once(counter: Counter) -> None:
    tracked = counter.tracked
    await tracked.keep(missed("c0"), ANNA)
    await tracked.set_terms(Terms(organisation="acme", mails=("a@example.org", "b@example.org")))
    await tracked.keep(call("c1"), ANNA)
    await tracked.keep(missed("c2"), ANNA)
    await tracked.keep(missed("c2"), ANNA)
    claimed = await counter.mails.claim(missed("c2").ended_ms, 60_000, 10)
    assert sorted(one.mail.key for one in claimed) == [
        "missed:c2:a@example.org",
        "missed:c2:b@example.org",
    ]
    assert {one.mail.subject for one in claimed} == {"Verpasster Anruf: website"}


@pytest.mark.parametrize(
    ("first", "after"),
    [
        (date(2026, 1, 1), date(2027, 1, 1)),
        (date(2026, 1, 15), date(2026, 12, 20)),
        (date(2026, 2, 3), date(2026, 2, 27)),
        (date(2026, 1, 31), date(2026, 3, 1)),
        (date(2026, 2, 1), date(2026, 3, 1)),
    ],
)
async def test_medians_are_of_just_the_days_wanted(
    tracked: Tracked, first: date, after: date
) -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(0, 365, 9)]
    for n, day in enumerate(days):
        await tracked.keep(missed(f"c{n}", f"{day} 09:00:00"), None)
    (line, _) = await tracked.medians(replace(november(), first=first, after=after))
    assert line.calls == sum(first <= day < after for day in days)


async def test_medians_are_those_of_all_times_together(tracked: Tracked) -> None:
    for number, (source, ring_ms, talk_ms) in enumerate(
        [("a", 1_499, 10_000), ("a", 1_500, 20_000), ("b", 9_000, 30_000), ("b", 9_000, 70_000)]
    ):
        one = call(f"c{number}", source=source)
        joined_ms = one.arrived_ms + ring_ms
        await tracked.keep(replace(one, answered_ms=joined_ms, ended_ms=joined_ms + talk_ms), None)
    await tracked.keep(missed("m", "2026-11-23 09:00:00", source="b"), ANNA)
    assert list(await tracked.medians(november())) == [
        MedianLine(Measure.RING, None, 5, 9),
        MedianLine(Measure.RING, "a", 2, 1),
        MedianLine(Measure.RING, "b", 3, 9),
        MedianLine(Measure.TALK, None, 4, 20),
        MedianLine(Measure.TALK, "a", 2, 10),
        MedianLine(Measure.TALK, "b", 2, 30),
    ]
    of_b = await tracked.medians(november(source="b"))
    assert [(line.source, line.calls) for line in of_b] == [
        (None, 3),
        ("b", 3),
        (None, 2),
        ("b", 2),
    ]
    with pytest.raises(CallerError):
        await tracked.medians(replace(november(), after=date(2026, 11, 1)))


async def test_calls_without_a_source_are_of_a_source_of_their_own(tracked: Tracked) -> None:
    """They count once among all, and their median is not that of all."""
    for number, (source, ring_ms) in enumerate(
        [("a", 2_000), ("a", 2_000), ("a", 2_000), ("", 20_000), ("", 20_000)]
    ):
        arrived_ms = call("c").arrived_ms
        one = missed(f"c{number}", source=source, ended_ms=arrived_ms + ring_ms)
        await tracked.keep(one, None)
    none, a = MedianLine(Measure.RING, "", 2, 20), MedianLine(Measure.RING, "a", 3, 2)
    assert list(await tracked.medians(november())) == [
        MedianLine(Measure.RING, None, 5, 2),
        none,
        a,
    ]
    assert list(await tracked.medians(november(source=""))) == [replace(none, source=None), none]
