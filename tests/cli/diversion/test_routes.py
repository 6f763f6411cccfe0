"""`groschen forwarding` and `groschen tracking`: where numbers lead, by the books."""

import json
from typing import Any

import pytest

from engine.app import Books
from engine.core.diversion.caps import Caps, Cost
from engine.core.diversion.route import Route
from engine.core.numbers.number import Status
from engine.ledger.diversion.sql import SqlRoutes
from engine.ledger.numbers.sql import SqlNumbers
from tests.cli.conftest import Shop
from tests.forwarding import cases as forwarding
from tests.tracking import cases as tracking

OURS = "sternlicht"
FREE = "+18665550102"


@pytest.fixture
def leading(quiet_shop: Shop) -> Shop:
    """A shop with a forwarded number, a tracked one, and two that lead nowhere."""
    numbers = (
        forwarding.number(organisation=OURS),
        forwarding.number(forwarding.OTHER_NUMBER, organisation=OURS, status=Status.ORDERED),
        forwarding.number(FREE, organisation=None, status=Status.FREE, purpose=None),
        tracking.number(organisation=OURS),
    )
    terms = tracking.tracking(
        tracking.target(tracking.DEALER, *(tracking.span(day, 9, 17) for day in range(5))),
        tracking.target(tracking.MOBILE),
        whisper=True,
    )
    tracked = Route(
        number=tracking.NUMBER, version=1, organisation=OURS, terms=terms, author="ada", at_ms=0
    )

    async def put(books: Books) -> None:
        await books.ledger.open_account(OURS, "p", forwarding.US, "USD")
        await SqlNumbers(books.ledger).stock(numbers, "operator", 0)
        routes = SqlRoutes(books.ledger)
        cost = Cost(
            currency="USD", minute_micros=(8_500,), a_day_micros=5_000_000, a_month_micros=10**8
        )
        capped = forwarding.forwarding(caps=Caps(cost=cost))
        await routes.put(forwarding.route(capped, organisation=OURS))
        await routes.put(tracked)

    quiet_shop.look(put)
    return quiet_shop


def rows(shop: Shop, *args: str) -> list[Any]:
    result = shop.run(*args, "--json")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_toll_free_numbers_are_listed_with_where_they_lead(leading: Shop) -> None:
    other, ours = rows(leading, "forwarding", "list")
    assert (other["number"], other["status"], other["route"]) == (
        forwarding.OTHER_NUMBER,
        "ordered",
        None,
    )
    assert (ours["number"], ours["route"]["targets"]) == (forwarding.NUMBER, [forwarding.TARGET])
    assert leading.run("forwarding", "list").stdout.splitlines() == [
        "+1 877-555-0101  sternlicht  bestellt  führt nirgendwohin",
        "+1 888-555-0100  sternlicht  geschaltet  +1 212-555-0142",
    ]
    assert "leads nowhere" in leading.run("forwarding", "list", "--lang", "en").stdout
    wrong = leading.json("forwarding", "list", "--organisation", "nobody", code=1)
    assert wrong == {
        "error": "--organisation must be one of sternlicht",
        "field": "--organisation",
    }


def test_a_forwarded_number_is_shown_whole(leading: Shop) -> None:
    shown = leading.json("forwarding", "show", "(888) 555-0100")
    assert shown["loops"] is False
    assert shown["route"]["policy"]["canada"] == "ring_on"
    assert shown["route"]["caps"]["minutes_a_day"] == 600
    assert shown["route"]["caps"]["cost"] == {
        "currency": "USD",
        "minute_prices": ["0.0085"],
        "a_day": "5.00",
        "a_month": "100.00",
    }
    told = leading.run("forwarding", "show", forwarding.NUMBER).stdout
    assert "Führt zu: +1 212-555-0142, je 25 s" in told
    assert "Anrufer aus Kanada: klingeln lassen" in told
    assert "Kosten: höchstens 5.00 USD am Tag, 100.00 im Monat" in told
    english = leading.run("forwarding", "show", forwarding.NUMBER, "--lang", "en").stdout
    assert "Caps: 10 conversations at once, 600 min a day, 6000 a month" in english
    nowhere = leading.run("forwarding", "show", forwarding.OTHER_NUMBER, "--lang", "en").stdout
    assert nowhere.endswith("leads nowhere\n")


def test_a_tracked_number_is_shown_whole(leading: Shop) -> None:
    (listed,) = rows(leading, "tracking", "list")
    shown = leading.json("tracking", "show", "030 23125100")
    assert shown == listed
    assert shown["route"]["targets"][1] == {"number": tracking.MOBILE, "spans": []}
    assert shown["route"]["targets"][0]["spans"][4] == {
        "weekday": 4,
        "opens": "09:00",
        "closes": "17:00",
    }
    told = leading.run("tracking", "show", tracking.NUMBER).stdout
    assert "+49 30 23125200: mon-fri: 09:00-17:00 (Europe/Berlin)" in told
    assert "+49 1522 8817386: immer" in told
    assert "Who answers hears the source (de)" in (
        leading.run("tracking", "show", tracking.NUMBER, "--lang", "en").stdout
    )


def test_a_deleted_route_leads_nowhere_and_a_circle_is_told(leading: Shop) -> None:
    async def change(books: Books) -> None:
        routes = SqlRoutes(books.ledger)
        back = forwarding.forwarding(forwarding.OTHER_NUMBER)
        await routes.put(forwarding.route(back, organisation=OURS, version=2))
        there = forwarding.forwarding(forwarding.NUMBER)
        other = forwarding.OTHER_NUMBER
        await routes.put(forwarding.route(there, organisation=OURS, number=other))
        deleted = Route(
            number=tracking.NUMBER, version=2, organisation=OURS, terms=None, author="x", at_ms=1
        )
        await routes.put(deleted)

    leading.look(change)
    assert leading.json("tracking", "show", tracking.NUMBER)["route"] is None
    assert leading.json("forwarding", "show", forwarding.NUMBER)["loops"] is True
    told = leading.run("forwarding", "show", forwarding.NUMBER).stdout
    assert "führt im Kreis zur Nummer zurück" in told


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (("forwarding", "show", tracking.NUMBER), "number must be a US toll-free number"),
        (("tracking", "show", FREE), "number must be a German or Austrian landline number"),
        (("forwarding", "show", "+18445550109"), "`groschen numbers list` names those that are"),
        (("forwarding", "show", FREE), "is no organisation's"),
    ],
)
def test_what_is_none_is_refused_with_the_mend(
    leading: Shop, args: tuple[str, ...], error: str
) -> None:
    assert error in leading.json(*args, code=1)["error"]
    assert leading.run(*args).exit_code == 1
