"""Where numbers lead, as their holder sets it on pages, and the log of forwarded calls."""

import csv
import io
from datetime import datetime, timedelta

import pytest

from engine.core.diversion.caps import Cost
from engine.core.diversion.record import Outcome
from engine.core.diversion.route import CallerClass, Forwarding, Tracking, Verdict
from engine.core.inventory import Span
from engine.core.number import international
from engine.core.numbers.due import SEAT_MOVED
from engine.core.numbers.life import Refused
from engine.core.roles import Role
from engine.errors import CallerError
from engine.flows.diversion import hours
from engine.flows.diversion.directory import usage_of
from engine.flows.numbers.allocation import Allocation
from engine.ledger.diversion.sql import SqlForwarded
from engine.ports.audit import ActFilter
from engine.web.console.wording import ZONE
from tests.forwarding.cases import live
from tests.web.console.house import House
from tests.web.console.numbers.test_numbers import page, post, refused
from tests.web.console.subjects.diversion import (
    DEALER,
    FORWARDING,
    FORWARDING_FORM,
    TARGET,
    TRACKING,
    TRACKING_FORM,
)
from tests.web.site import ORGANISATION

WEEK = tuple(Span(weekday=day, opens_min=540, closes_min=1050) for day in range(5))


async def terms_of(house: House, name: str) -> Forwarding | Tracking | None:
    route = await house.bench.site.routing.route(ORGANISATION, f"+{house.own[name]}")
    return route.terms if route is not None else None


# --- forwarding --------------------------------------------------------------------------------


async def test_a_toll_free_number_is_led_elsewhere_and_nowhere(house: House) -> None:
    coordinator = house.people[Role.COORDINATOR]
    path = f"{FORWARDING}/{house.own['toll_free']}"
    assert "+1 212-555-0142, +1 312-555-0143" in await page(house, FORWARDING, coordinator)
    assert await post(house, f"{path}/edit", coordinator, FORWARDING_FORM) == path
    terms = await terms_of(house, "toll_free")
    assert isinstance(terms, Forwarding)
    assert (terms.targets, terms.ring_timeout_s, terms.timezone) == (
        (TARGET,),
        20,
        "America/Chicago",
    )
    assert {terms.policy.verdict(who) for who in CallerClass} == {Verdict.THROUGH}
    assert terms.caps.minutes_a_month == 600
    shown = await page(house, path, coordinator)
    assert shown.count("coordinator@sternlicht.example") >= 2
    assert shown.count("anders als die Vorgabe") == 5
    assert await post(house, f"{path}/delete", coordinator, {"version": "2"}) == path
    assert await terms_of(house, "toll_free") is None
    gone = await page(house, path, coordinator)
    assert "gelöscht" in gone
    assert "führt nirgendwohin" in gone
    lines = await house.bench.site.audit.lines(ActFilter(organisation=ORGANISATION, most=2))
    assert [line.act.action for line in lines] == ["diversion.delete", "diversion.forward"]
    again = {**FORWARDING_FORM, "version": "0"}
    await post(house, f"{path}/edit", coordinator, again)
    assert (await page(house, path, coordinator)).count('<td class="number">') >= 4


async def test_who_was_slower_is_told_and_changes_nothing(house: House) -> None:
    manager = house.people[Role.MANAGER]
    path = f"{FORWARDING}/{house.own['toll_free']}"
    await post(house, f"{path}/edit", manager, FORWARDING_FORM)
    late = {**FORWARDING_FORM, "targets.0": "+1 415 555 0123"}
    answer = await house.ask("POST", f"{path}/edit", manager, late)
    await refused(answer, "inzwischen geändert")
    assert 'value="+1 415 555 0123"' in await answer.text()
    await refused(
        await house.ask("POST", f"{path}/delete", manager, {"version": "1"}), "inzwischen geändert"
    )
    terms = await terms_of(house, "toll_free")
    assert isinstance(terms, Forwarding)
    assert terms.targets == (TARGET,)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"targets.0": "911"}, "Das erste Ziel muss"),
        ({"targets.1": "+1 900 234 5678"}, "Das zweite Ziel muss"),
        ({"targets.1": TARGET}, "eine andere als das erste"),
        ({"targets.0": ""}, "Es braucht ein Ziel"),
        ({"caps.calls_at_once": "0"}, "von 1 bis 1000"),
        ({"caps.minutes_a_day": "viele"}, "Minuten am Tag: eine ganze Zahl"),
        ({"ring_timeout_s": "61"}, "höchstens 60"),
        ({"timezone": "Mars/Olympus"}, "Diese Zeitzone gibt es nicht"),
    ],
)
async def test_what_forwarding_refuses(house: House, change: dict[str, str], sentence: str) -> None:
    manager = house.people[Role.MANAGER]
    path = f"{FORWARDING}/{house.own['toll_free']}"
    before = await terms_of(house, "toll_free")
    answer = await house.ask("POST", f"{path}/edit", manager, {**FORWARDING_FORM, **change})
    await refused(answer, sentence)
    assert 'aria-invalid="true"' in await answer.text() or change == {"targets.0": ""}
    assert await terms_of(house, "toll_free") == before


async def test_costs_are_capped_shown_and_capped_no_more(house: House) -> None:
    manager = house.people[Role.MANAGER]
    path = f"{FORWARDING}/{house.own['toll_free']}"
    costs = {
        "caps.cost.currency": "USD",
        "caps.cost.minute_prices.0": "0,0085",
        "caps.cost.minute_prices.1": "9",
        "caps.cost.a_day": "0,02",
        "caps.cost.a_month": "1.5",
    }
    for wrong, sentence in (
        ({"caps.cost.a_day": ""}, "mindestens der Preis einer Minute"),
        ({"caps.cost.minute_prices.0": "billig"}, "ein Betrag von 0 bis 100"),
        ({"caps.cost.currency": "XXX"}, "eine der angebotenen"),
    ):
        answer = await house.ask("POST", f"{path}/edit", manager, FORWARDING_FORM | costs | wrong)
        await refused(answer, sentence)
    await post(house, f"{path}/edit", manager, FORWARDING_FORM | costs)
    terms = await terms_of(house, "toll_free")
    assert isinstance(terms, Forwarding)
    assert terms.caps.cost == Cost(
        currency="USD", minute_micros=(8_500,), a_day_micros=20_000, a_month_micros=1_500_000
    )
    assert 'value="0.0085"' in await page(house, f"{path}/edit", manager)
    number = f"+{house.own['toll_free']}"
    site = house.bench.site
    call = live(
        "costly",
        organisation=ORGANISATION,
        number=number,
        arrived_ms=site.clock.now().wall_ms,
        currency="USD",
        minute_micros=8_500,
    )
    usage = usage_of(terms, call.arrived_ms)
    await SqlForwarded(house.bench.ledger).admit(call, terms.caps, usage, 120_000)
    shown = await page(house, path, manager)
    assert "Kosten am Tag" in shown
    assert shown.count("0,017") == 2
    assert shown.count('<span class="badge bad">verbraucht</span>') == 1
    await post(house, f"{path}/edit", manager, {**FORWARDING_FORM, "version": "2"})
    assert "Kosten am Tag" not in await page(house, path, manager)


async def test_caps_are_shown_with_what_is_used_of_them(house: House) -> None:
    auditor, number = house.people[Role.AUDITOR], f"+{house.own['toll_free']}"
    path = f"{FORWARDING}/{house.own['toll_free']}"
    terms = await terms_of(house, "toll_free")
    assert isinstance(terms, Forwarding)
    route = await house.bench.site.routing.route(ORGANISATION, number)
    assert route is not None
    assert "verbraucht</span>" not in await page(house, path, auditor)
    at_ms = house.bench.site.clock.now().wall_ms
    for place in range(terms.caps.calls_at_once):
        await SqlForwarded(house.bench.ledger).keep(
            live(f"on-{place}", organisation=ORGANISATION, number=number, arrived_ms=at_ms - 1)
        )
    assert (await house.bench.site.routing.used(route, terms)).calls == 2
    shown = await page(house, path, auditor)
    assert "verbraucht</span>" in shown
    assert f"{path}/edit" not in shown


async def test_the_log_shows_calls_and_no_caller_in_full(house: House) -> None:
    auditor, own = house.people[Role.AUDITOR], house.own["toll_free"]
    shown = await page(house, f"{FORWARDING}/calls", auditor)
    assert shown.count('<th scope="row">') == 8
    assert "+14155550xxx" in shown
    assert "unterdrückt" in shown
    assert shown.count("1:05") == 1
    assert "angenommen" in await page(house, f"{FORWARDING}/calls?number={own}", auditor)
    other = await page(house, f"{FORWARDING}/calls?number={house.foreign['toll_free']}", auditor)
    assert "Keine Anrufe" in other
    theirs = await page(house, f"{FORWARDING}/calls", house.others[Role.AUDITOR])
    assert "+14155550xxx" not in theirs


async def test_a_number_is_found_for_its_purpose_alone(house: House) -> None:
    owner = house.people[Role.OWNER]
    for path in (
        f"{FORWARDING}/{house.own['number']}",
        f"{TRACKING}/{house.own['toll_free']}",
        f"{FORWARDING}/18005550199",
    ):
        assert (await house.ask("GET", path, owner)).status == 404


async def test_the_history_goes_on_page_by_page(house: House) -> None:
    owner, own = house.people[Role.OWNER], house.own["toll_free"]
    terms = await terms_of(house, "toll_free")
    assert isinstance(terms, Forwarding)
    for version in range(1, 21):
        await house.bench.site.routing.forward(ORGANISATION, f"+{own}", terms, version, "api:key")
    first = await page(house, f"{FORWARDING}/{own}", owner)
    assert "before=2" in first
    assert first.count("api:key") == 21
    last = await page(house, f"{FORWARDING}/{own}?before=2", owner)
    assert last.count(f"owner@{ORGANISATION}.example</td>") == 1
    assert (await house.ask("GET", f"{FORWARDING}/{own}?before=²", owner)).status == 200


async def test_a_replaced_numbers_route_and_history_are_on_the_new_ones_page(house: House) -> None:
    """Who set it, who replaced the number, and why."""
    old = f"+{house.own['toll_free']}"
    both = await Allocation(house.bench.site.numbering).replace(
        old, "anrufe bei nacht", "grace@operator.example"
    )
    assert not isinstance(both, Refused), both
    path = f"{FORWARDING}/{both[1].e164[1:]}"
    owner = house.people[Role.OWNER]
    shown = await page(house, path, owner)
    assert shown.count("anrufe bei nacht") == 2
    assert "grace@operator.example" not in shown  # staff are the operator's own matter
    assert f"übernommen von {international(old)}: anrufe bei nacht" in shown
    assert f"übergegangen auf {international(both[1].e164)}: anrufe bei nacht" in shown
    assert f"<h3>Verlauf von {international(old)}" in shown
    assert (await house.ask("GET", f"{FORWARDING}/{old[1:]}", owner)).status == 404
    assert await post(house, f"{path}/edit", owner, FORWARDING_FORM) == path


async def test_why_a_number_was_replaced_is_told_in_the_readers_language(house: House) -> None:
    old, owner = f"+{house.own['toll_free']}", house.people[Role.OWNER]
    both = await Allocation(house.bench.site.numbering).replace(old, SEAT_MOVED, "engine")
    assert not isinstance(both, Refused), both
    path = f"{FORWARDING}/{both[1].e164[1:]}"
    assert ": der Sitz ist in einem anderen Ortsnetz<" in await page(house, path, owner)
    await house.bench.site.people.users.set_look(owner.user_id, "en", "auto")
    assert f": {SEAT_MOVED}<" in await page(house, path, owner)


# --- tracking ----------------------------------------------------------------------------------


async def test_a_tracked_number_leads_to_those_on_duty(house: House) -> None:
    coordinator = house.people[Role.COORDINATOR]
    path = f"{TRACKING}/{house.own['number']}"
    form = {
        **TRACKING_FORM,
        "targets.2.number": "+43 1 5056620",
        "targets.2.spans": "mon-sun: 00:00-24:00",
        "whisper": "on",
        "lang": "en",
    }
    assert await post(house, f"{path}/edit", coordinator, form) == path
    terms = await terms_of(house, "number")
    assert isinstance(terms, Tracking)
    assert [target.e164 for target in terms.targets] == [DEALER, "+4315056620"]
    assert terms.targets[0].spans == WEEK
    assert (terms.whisper, terms.lang) == (True, "en")
    shown = await page(house, path, coordinator)
    assert "Montag – Freitag, 09:00–17:30" in shown
    assert "im Dienst" in shown
    source = await house.bench.site.routing.source(ORGANISATION, f"+{house.own['number']}")
    assert f"<dd>{source}</dd>" in shown
    assert "auf Englisch" in shown
    edit = await page(house, f"{path}/edit", coordinator)
    assert "mon-fri: 09:00-17:30</textarea>" in edit
    assert 'name="targets.3.number"' in edit
    assert 'name="targets.4.number"' not in edit
    assert await post(house, f"{path}/delete", coordinator, {"version": "2"}) == path
    assert "nirgendwohin" in await page(house, TRACKING, coordinator)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"targets.3.number": "118 33"}, "Ziel 2: Es muss ein deutscher"),
        ({"targets.0.spans": "mo-fr: 9-17"}, "Ziel 1: Die Zeiten müssen"),
        ({"targets.0.spans": "mon: 09:00-12:00\nmon: 11:00-13:00"}, "Ziel 1: Die Zeiten müssen"),
        ({"targets.0.number": "", "targets.0.spans": ""}, "Es braucht ein Ziel"),
        ({"ring_timeout_s": "4"}, "Ganze Sekunden"),
        ({"timezone": "Berlin"}, "Diese Zeitzone gibt es nicht"),
        ({"version": "7"}, "inzwischen geändert"),
    ],
)
async def test_what_tracking_refuses(house: House, change: dict[str, str], sentence: str) -> None:
    coordinator = house.people[Role.COORDINATOR]
    before = await terms_of(house, "number")
    answer = await house.ask(
        "POST",
        f"{TRACKING}/{house.own['number']}/edit",
        coordinator,
        {**TRACKING_FORM, **change},
    )
    await refused(answer, sentence)
    assert await terms_of(house, "number") == before


async def test_a_manager_sees_targets_and_changes_none(house: House) -> None:
    manager = house.people[Role.MANAGER]
    path = f"{TRACKING}/{house.own['number']}"
    assert f"{path}/edit" not in await page(house, path, manager)
    assert (await house.ask("POST", f"{path}/edit", manager, TRACKING_FORM)).status == 403


# --- times -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mon-fri: 09:00-17:30",
        "mon: 09:00-12:30, 14:00-18:00\nwed-sun: 00:00-24:00",
        "sun: 22:00-24:00",
    ],
)
def test_times_are_typed_as_they_are_read(text: str) -> None:
    assert hours.typed(hours.read(text, "spans")) == text


def test_times_over_midnight_are_the_next_days() -> None:
    assert (
        hours.typed(hours.read("Fri 22:00-02:00", "spans")) == "fri: 22:00-24:00\nsat: 00:00-02:00"
    )


@pytest.mark.parametrize(
    "text", ["mo: 09:00-10:00", "mon", "mon:", "mon: 25:00-26:00", "09:00-10:00"]
)
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(CallerError) as told:
        hours.read(text, "spans")
    assert told.value.field == "spans"


async def test_the_log_of_some_days_is_a_file(house: House) -> None:
    """Each call a line, callers cut or left out; nothing of days without calls, nor of others."""
    auditor = house.people[Role.AUDITOR]
    now_ms = house.bench.site.clock.now().wall_ms
    today = datetime.fromtimestamp(now_ms // 1000, ZONE).date()
    yesterday, week_ago = today - timedelta(days=1), today - timedelta(days=7)

    async def lines(query: str) -> list[dict[str, str]]:
        answer = await house.ask("GET", f"{FORWARDING}/calls.csv?{query}", auditor)
        assert answer.content_type == "text/csv"
        return list(csv.DictReader(io.StringIO(await answer.text())))

    found = await lines(f"from={yesterday}&to={today}&number={house.own['toll_free']}")
    assert {line["outcome"] for line in found} == {one.value for one in Outcome}
    assert {line["caller"] for line in found} == {"+14155550xxx", ""}
    assert [line["arrived"] for line in found] == sorted(
        (line["arrived"] for line in found), reverse=True
    )
    (answered,) = [line for line in found if line["outcome"] == "answered"]
    assert (answered["target"], answered["talk_s"]) == (TARGET, "65")
    assert await lines(f"to={week_ago}") == []
    assert await lines(f"number={house.foreign['toll_free']}") == []
    html = await page(house, f"{FORWARDING}/calls?from={today}&to={today}", auditor)
    assert f"calls.csv?from={today}&amp;to={today}" in html
    assert "calls.csv" not in await page(house, f"{FORWARDING}/calls?to={week_ago}", auditor)
