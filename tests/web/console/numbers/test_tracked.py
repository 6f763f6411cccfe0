"""Pages of tracking calls: the report's figures, the list that names nobody, the terms."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest

from engine.core.analytics.telling import Heard
from engine.core.localtime import DAY_MS
from engine.core.numbers.life import Refused
from engine.core.numbers.number import Number, Purpose, Status
from engine.core.roles import Role
from engine.core.tracked import Terms
from engine.flows.analytics.rules import rule
from engine.flows.numbers.allocation import Allocation
from engine.ledger.analytics.sql import SqlCollectors
from engine.ports.webhooks.post import NoAnswer
from engine.web.console.forms.filters import start_ms
from tests.web.console.house import House
from tests.web.console.numbers.test_numbers import page, post, refused
from tests.web.console.subjects.tracked import (
    COLLECTOR,
    COLLECTORS,
    SOURCES,
    TERMS,
    TRACKED,
    call,
)
from tests.web.site import ORGANISATION

ALL = sum(SOURCES.values())


def _told(html: str) -> str:
    return re.sub(r"<[^>]+>|\s+", " ", html)


def _rows(html: str) -> list[list[str]]:
    """The cells of the first table."""
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    lines = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line) for line in body.split("<tr>")[1:])
    return [[_told(cell).strip() for cell in line] for line in lines]


@pytest.mark.parametrize("by", ["source", "day", "weekday", "hour", "month"])
async def test_every_way_tells_of_every_call(house: House, by: str) -> None:
    coordinator = house.people[Role.COORDINATOR]
    for measure in ("calls", "missed"):
        html = await page(house, f"{TRACKED}?by={by}&measure={measure}", coordinator)
        assert sum(int(row[1]) for row in _rows(html)) == ALL
        assert sum(int(row[4]) for row in _rows(html)) == ALL // 4
        assert "Anzeige" not in html
    answer = await house.ask("GET", f"{TRACKED}/report.csv?by={by}", coordinator)
    lines = list(csv.DictReader(io.StringIO(await answer.text())))
    assert sum(int(line["calls"]) for line in lines) == ALL


async def test_the_last_month_that_is_over_is_one_step_from_the_last_days(house: House) -> None:
    """The page as it opens tells nothing of callers; beside the figures it leads to what does."""
    auditor = house.people[Role.AUDITOR]
    _, today = house.bench.site.numbering.now()
    over = (today - timedelta(days=2)).replace(day=1) - timedelta(days=1)
    html = await page(house, TRACKED, auditor)
    figures = html[html.index('class="figures"') : html.index("<table")]
    (link,) = re.findall(r'zum letzten: <a href="([^"]+)"', figures)
    assert f"from={over.replace(day=1)}" in link
    assert f"to={over}" in link
    assert "zum letzten:" not in await page(house, unescape(link), auditor)


async def test_callers_are_told_of_months_that_are_over_and_small_groups_named(
    house: House,
) -> None:
    tracked, auditor = house.bench.site.tracked, house.people[Role.AUDITOR]
    _, today = house.bench.site.numbering.now()
    first = (today - timedelta(days=100)).replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    noon_ms = start_ms(first) + DAY_MS // 2
    for n in range(12):
        source = "Radio" if n < 8 else "Zettel"
        await tracked.keep(call(f"r{n}", source, noon_ms + n, n), f"+4930231259{n:02}")
    month = f"{TRACKED}?from={first}&to={last}"
    html = await page(house, month, auditor)
    assert "zum letzten:" not in html
    rows = {row[0]: row for row in _rows(html)}
    assert rows["Radio"][10:12] == ["8", "0"]
    assert rows["Zettel"][10:12] == ["zu wenige", "zu wenige"]
    assert rows["Radio"][8] == "9 s 6 s"
    assert "weniger als 5 Erstanrufe" in html
    by_hour = _rows(await page(house, f"{month}&by=hour", auditor))
    assert {cell for row in by_hour for cell in row[10:12]} == {"–"}


async def test_of_the_last_days_nothing_is_told_of_callers(house: House) -> None:
    html = await page(house, TRACKED, house.people[Role.AUDITOR])
    rows = {row[0]: row for row in _rows(html)}
    assert rows["Webseite"][1:5] == ["24", "61,5 %", "18", "6"]
    assert rows["Webseite"][-1] == "12 (+100 %)"
    assert rows["Webseite"][10:12] == rows["Messe"][10:12] == ["–", "–"]
    assert "für ganze Monate, die seit zwei Tagen vorbei sind" in html
    one = await page(house, f"{TRACKED}?source=Messe&by=weekday", house.people[Role.AUDITOR])
    assert sum(int(row[1]) for row in _rows(one)) == SOURCES["Messe"]
    nothing = await page(house, f"{TRACKED}?source=nobody", house.people[Role.AUDITOR])
    assert "Keine Anrufe in dieser Zeit" in nothing


async def test_too_many_days_are_refused_in_words(house: House) -> None:
    for path in (TRACKED, f"{TRACKED}/calls"):
        html = await page(house, f"{path}?from=2020-01-01", house.people[Role.OWNER])
        assert "höchstens 800 Tage" in html


async def test_an_origin_is_listed_only_of_a_group(house: House) -> None:
    """Eight first calls came from Berlin in the month, five from Innsbruck, which hide the two that
    came from Munich and by mobile."""
    tracked, owner = house.bench.site.tracked, house.people[Role.OWNER]
    _, today = house.bench.site.numbering.now()
    day = (today - timedelta(days=100)).replace(day=1)
    noon_ms = start_ms(day) + DAY_MS // 2
    for n in range(8):
        await tracked.keep(call(f"b{n}", "Radio", noon_ms + n, n), f"+4930231259{n:02}")
    for n in range(5):
        await tracked.keep(call(f"i{n}", "Radio", noon_ms + 8 + n, n), f"+4351256100{n}")
    await tracked.keep(call("m", "Radio", noon_ms + 13, 0), "+498999998123")
    await tracked.keep(call("o", "Radio", noon_ms + 14, 0), "+436641234567")
    html = await page(house, f"{TRACKED}/calls?source=Radio&from={day}&to={day}", owner)
    rows = _rows(html)
    assert [row[6:] for row in rows[:7]] == [["–", "–"]] * 7
    assert [row[6:] for row in rows[7:]] == [["DE 30 Berlin", "Festnetz"]] * 8
    assert not re.search("2312590|56100|99998123|1234567|München|Innsbruck", html)
    after = (day + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    report = await page(house, f"{TRACKED}?source=Radio&from={day}&to={after}", owner)
    origins = report.partition("Woher Anrufer anrufen")[2]
    assert _rows(origins) == [["DE 30 Berlin", "Festnetz", "Radio", "8", "8"]]


async def test_calls_are_listed_in_pages(house: House) -> None:
    owner, seen = house.people[Role.OWNER], list[str]()
    _, today = house.bench.site.numbering.now()
    path = f"{TRACKED}/calls?from={today - timedelta(days=90)}"
    while path:
        html = await page(house, path, owner)
        seen += [row[0] for row in _rows(html)]
        found = re.search(r'class="more"><a[^>]* href="([^"]+)"', html)
        path = found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == sum(count + count // 2 for count in SOURCES.values())


async def test_terms_are_changed_by_right(house: House) -> None:
    coordinator, terms = house.people[Role.COORDINATOR], f"{TRACKED}/terms"
    form = {**TERMS, "callers_least": "6", "key_months": "3", "mails": " a@example.org\n\nb@x.de"}
    await post(house, terms, coordinator, form)
    assert await house.bench.site.tracked.terms(ORGANISATION) == Terms(
        organisation=ORGANISATION,
        callers_least=6,
        key_months=3,
        mails=("a@example.org", "b@x.de"),
    )
    seen = await page(house, terms, house.people[Role.MANAGER])
    assert "3 Kalendermonate" in seen
    assert "<textarea" not in seen
    rows = _rows(await page(house, TRACKED, coordinator))
    assert all("zu wenige" not in row[10] for row in rows if row[0] != "Messe")


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("callers_least", "4", "Eine Zahl von 5 bis 100"),
        ("callers_least", "x", "Eine Zahl von 5 bis 100"),
        ("key_months", "5", "Wählen Sie einen der Zeiträume"),
        ("mails", "nobody", "gültige Mail-Adressen"),
        ("mails", "\n".join(f"a{n}@example.org" for n in range(6)), "höchstens fünf"),
        ("lang", "fr", "Wählen Sie eine der Sprachen"),
    ],
)
async def test_terms_that_are_none_are_refused(
    house: House, field: str, typed: str, told: str
) -> None:
    form = {**TERMS, field: typed}
    answer = await house.ask("POST", f"{TRACKED}/terms", house.people[Role.OWNER], form)
    await refused(answer, told)
    assert await house.bench.site.tracked.terms(ORGANISATION) == Terms(organisation=ORGANISATION)


async def test_who_is_told_is_set_up_and_deleted_from_a_page(house: House) -> None:
    coordinator = house.people[Role.COORDINATOR]
    wrong = {**COLLECTOR, "place": "UA-1234-1"}
    answer = await house.ask("POST", COLLECTORS, coordinator, wrong)
    await refused(answer, "Mess-ID wie G-AB12CD34EF")
    assert COLLECTOR["secret"] not in await answer.text()
    strange = {**COLLECTOR, "number": "+493012345"}
    answer = await house.ask("POST", COLLECTORS, coordinator, strange)
    await refused(answer, "Wählen Sie eine Ihrer Rufnummern")
    await post(house, COLLECTORS, coordinator, {**COLLECTOR, "form_id": "f1"})
    await post(house, COLLECTORS, coordinator, {**COLLECTOR, "form_id": "f1"})
    html = await page(house, COLLECTORS, house.people[Role.AUDITOR])
    assert html.count("G-AB12CD34EF") == 1
    assert COLLECTOR["secret"] not in html
    assert "<form" not in html.partition("<main")[2]
    own = f"{COLLECTORS}/{house.own['collector_id']}/delete"
    await post(house, own, coordinator, {"_confirmed": "1"})
    assert "matomo.sternlicht.example" not in await page(house, COLLECTORS, coordinator)


async def test_a_form_that_is_sent_again_with_another_value_is_another(house: House) -> None:
    coordinator = house.people[Role.COORDINATOR]
    for changed in ({}, {"place": "G-ZZ99ZZ99ZZ"}, {"secret": "another-secret"}, {}):
        await post(house, COLLECTORS, coordinator, {**COLLECTOR, "form_id": "f1", **changed})
    html = await page(house, COLLECTORS, coordinator)
    assert html.count("Google Analytics 4 G-AB12CD34EF") == 2
    assert html.count("Google Analytics 4 G-ZZ99ZZ99ZZ") == 1


async def test_of_many_numbers_only_active_ones_are_found_by_a_part(house: House) -> None:
    coordinator, stock = house.people[Role.COORDINATOR], house.bench.site.numbering.numbers
    number = Number(
        e164="+493023126000",
        country="DE",
        area_code="30",
        status=Status.ACTIVE,
        organisation=ORGANISATION,
        purpose=Purpose.TRACKING,
    )
    many = [replace(number, e164=f"+493023126{n:03}") for n in range(600)]
    ordered = replace(number, e164="+493023126999", status=Status.ORDERED)
    await stock.stock([*many, ordered], "operator", 0)
    assert "Gezeigt sind die ersten 50" in await page(house, COLLECTORS, coordinator)
    found = await page(house, f"{COLLECTORS}?part=030 23126599", coordinator)
    assert many[-1].e164 in found
    assert ordered.e164 not in await page(house, f"{COLLECTORS}?part=26999", coordinator)
    chosen = {**COLLECTOR, "number": ordered.e164}
    answer = await house.ask("POST", COLLECTORS, coordinator, chosen)
    await refused(answer, "Wählen Sie eine Ihrer Rufnummern")
    path = f"{COLLECTORS}?part=26599"
    wrong = {**COLLECTOR, "place": "x", "number": many[-1].e164}
    answer = await house.ask("POST", path, coordinator, wrong)
    assert f'value="{many[-1].e164}" selected' in await answer.text()
    await post(house, path, coordinator, {**COLLECTOR, "number": many[-1].e164})
    assert "+49 30 23126599" in await page(house, COLLECTORS, coordinator)
    given_back = await Allocation(house.bench.site.numbering).deactivate(
        many[-1].e164, "Ende", "owner"
    )
    assert not isinstance(given_back, Refused), given_back
    assert "beendet am" in await page(house, COLLECTORS, coordinator)


async def test_a_collectors_problem_is_told_in_the_readers_language(house: House) -> None:
    clock = house.bench.site.clock
    collectors = SqlCollectors(house.bench.site.ledger, lambda: clock.now().wall_ms)
    now_ms, auditor = clock.now().wall_ms, house.people[Role.AUDITOR]
    while claim := await collectors.claim(now_ms, 60_000, 1):
        answers = [(claim.hits, Heard.LATER, NoAnswer.NO_CONNECTION)]
        await collectors.finish(rule(claim, answers, now_ms))
    assert "<small>keine Verbindung</small>" in await page(house, COLLECTORS, auditor)
    await house.bench.site.people.users.set_look(auditor.user_id, "en", "auto")
    assert "<small>no connection</small>" in await page(house, COLLECTORS, auditor)
