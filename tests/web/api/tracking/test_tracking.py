"""Reports, calls and terms of tracking, as a program asks for them."""

import csv
import io

import pytest

from engine.ports.operators import Scope
from tests.ports.ledger.tracked.conftest import ANNA, BERTA, call, missed
from tests.web.api.conftest import Program

DAYS = {"from": "2026-10-01", "to": "2026-11-01"}
"""A month that is over, of which callers are told."""

TERMS = {"callers_least": 6, "key_months": 3, "mails": ["a@example.org"], "lang": "en"}


@pytest.fixture
async def tracking(program: Program) -> Program:
    """A program whose organisation had three calls."""
    tracked = program.bench.site.tracked
    await tracked.keep(call("c1", "2026-10-22 08:30:00"), ANNA)
    await tracked.keep(call("c2", "2026-10-22 09:00:00"), BERTA)
    await tracked.keep(missed("c3", "2026-10-23 09:00:00", source="portal"), ANNA)
    return program


async def test_a_report(tracking: Program) -> None:
    told = await tracking.get("/tracking/report", **DAYS, by="hour", against="before")
    assert (told["from"], told["to"], told["by"]) == ("2026-10-01", "2026-11-01", "hour")
    assert (told["compared_from"], told["compared_to"]) == ("2026-09-01", "2026-10-01")
    assert [(row["source"], row["calls"], row["missed"]) for row in told["sources"]] == [
        ("website", 2, 0),
        ("portal", 1, 1),
    ]
    assert [(row["bucket"], row["calls"]) for row in told["rows"]] == [
        ("10", 1),
        ("11", 1),
        ("11", 1),
    ]
    assert (told["total"]["calls"], told["total"]["firsts"], told["origins"]) == (3, None, [])
    # A group too small is not told of, whatever is asked.
    assert "3023125" not in str(told).replace("+493023125001", "")


async def test_terms_are_changed_and_hold(tracking: Program) -> None:
    assert (await tracking.get("/tracking/terms"))["callers_least"] == 5
    assert await tracking.put("/tracking/terms", TERMS) == TERMS
    assert await tracking.get("/tracking/terms") == TERMS
    for n in range(4):
        more = call(f"more-{n}", "2026-10-24 09:00:00")
        await tracking.bench.site.tracked.keep(more, f"+4930231258{n:02}")
    told = await tracking.get("/tracking/report", **DAYS)
    told_of = {row["source"]: (row["firsts"], row["repeats"]) for row in told["sources"]}
    assert told_of == {"website": (6, 0), "portal": (None, None)}
    assert (told["callers_least"], told["key_months"]) == (6, 3)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"callers_least": 4}, "callers_least"),
        ({"key_months": 5}, "key_months"),
        ({"mails": ["nobody"]}, "mails"),
        ({"lang": "fr"}, "lang"),
        ({"more": 1}, "more"),
    ],
)
async def test_terms_that_are_none_are_refused(
    program: Program, changed: dict[str, object], field: str
) -> None:
    answer = await program.put("/tracking/terms", {**TERMS, **changed}, 422)
    assert answer["field"] == field


async def test_a_report_as_csv(tracking: Program) -> None:
    headers = {"Authorization": f"Bearer {tracking.text}"}
    path = "/api/v1/tracking/report.csv"
    async with tracking.client.get(path, params=DAYS, headers=headers) as response:
        assert (response.status, response.content_type) == (200, "text/csv")
        lines = list(csv.DictReader(io.StringIO(await response.text())))
    assert [(line["source"], line["calls"]) for line in lines] == [
        ("website", "2"),
        ("portal", "1"),
    ]
    async with tracking.client.get(path, params={"from": "x"}, headers=headers) as response:
        assert (response.status, response.content_type) == (422, "application/problem+json")


async def test_calls_in_pages(tracking: Program) -> None:
    first = await tracking.get("/tracking/calls", **DAYS, limit=2)
    assert [one["call_id"] for one in first["calls"]] == ["c3", "c2"]
    assert first["calls"][0]["outcome"] == "abandoned"
    rest = await tracking.get("/tracking/calls", **DAYS, limit=2, after=first["next"])
    assert ([one["call_id"] for one in rest["calls"]], rest["next"]) == (["c1"], None)
    assert not any("caller" in name for one in first["calls"] for name in one)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2026-11-01"}, "to"),
        ({**DAYS, "to": "2026-10-01"}, "to"),
        ({**DAYS, "from": "2020-01-01"}, "to"),
        ({**DAYS, "from": "0001-01-01", "to": "0001-01-05", "against": "before"}, "from"),
        ({"from": "9999-12-01", "to": "9999-12-31"}, "from"),
        ({**DAYS, "to": "3000-01-01"}, "to"),
        ({**DAYS, "by": "minute"}, "by"),
        ({**DAYS, "against": "him"}, "against"),
        ({**DAYS, "number": "030"}, "number"),
    ],
)
async def test_what_is_not_reported_is_refused(
    program: Program, query: dict[str, str], field: str
) -> None:
    assert (await program.get("/tracking/report", 422, **query))["field"] == field


async def test_another_organisation_has_had_no_calls(tracking: Program, stranger: Program) -> None:
    assert (await stranger.get("/tracking/report", **DAYS))["sources"] == []
    assert (await stranger.get("/tracking/calls", **DAYS))["calls"] == []
    await tracking.put("/tracking/terms", TERMS)
    assert (await stranger.get("/tracking/terms"))["mails"] == []


async def test_who_reads_changes_nothing(program: Program) -> None:
    reader = await program.with_key([Scope.TRACKING_READ])
    await reader.put("/tracking/terms", TERMS, 403)
