"""A number from the catalogue to its end, as the customer and the operator see it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientResponse

from engine.core.numbers.holder import DocumentKind
from engine.core.numbers.number import Number, Status
from engine.core.roles import Role
from engine.flows.numbers.holders import Holders, Paper
from engine.ports.numbers import Commit, Move, NumberFilter
from engine.ports.users import User
from tests.web.console.house import House
from tests.web.console.subjects.numbers import PRICE, SEAT
from tests.web.site import ORGANISATION

NUMBERS = "/console/numbers"
HOLDER = f"/console/holders/{ORGANISATION}"
ORDER = {"purpose": "tracking", "price": "4.90", "form_id": "wish"}
PDF = b"%PDF-1.7 extract"

Form = Mapping[str, str | bytes]


@pytest.fixture
def customer(house: House) -> User:
    return house.people[Role.MANAGER]


@pytest.fixture
def operator(house: House) -> User:
    return house.staff[Role.MANAGER]


async def post(house: House, path: str, user: User, form: Form | None = None) -> str:
    """Where a form leads to."""
    answer = await house.ask("POST", path, user, form)
    assert answer.status == 303, await answer.text()
    return answer.headers["Location"]


async def page(house: House, path: str, user: User) -> str:
    answer = await house.ask("GET", path, user)
    assert answer.status == 200, path
    return await answer.text()


async def refused(answer: ClientResponse, sentence: str) -> None:
    assert answer.status == 422
    assert sentence in await answer.text()


async def number_of(house: House, e164: str) -> Number:
    found = await house.bench.site.numbering.numbers.number(e164)
    assert found is not None
    return found


async def test_a_number_is_ordered_proved_approved_and_given_back(
    house: House, customer: User, operator: User
) -> None:
    assert "4,90\N{NO-BREAK SPACE}€ im Monat" in await page(house, f"{NUMBERS}/catalogue", customer)
    path = await post(house, f"{NUMBERS}/order", customer, ORDER)
    assert await post(house, f"{NUMBERS}/order", customer, ORDER) == path
    e164 = f"+{path.rpartition('/')[2]}"
    assert path.rpartition("/")[2] in await page(house, "/console/stock", operator)
    await post(house, f"{path}/approve", operator)
    assert (await number_of(house, e164)).status is Status.DOCUMENTS_PENDING

    paper: Form = {"kind": "register_extract", "content": PDF, "dated": "2026-01-02"}
    await post(house, f"{HOLDER}/documents", customer, paper)
    holder = await Holders(house.bench.site.numbering).holder(ORGANISATION)
    document = f"{HOLDER}/documents/{holder.documents[-1].document_id}"
    read = await house.ask("GET", document, operator)
    assert await read.read() == PDF
    assert read.headers["Content-Type"] == "application/octet-stream"
    assert 'attachment; filename="register_extract-2026-01-02.pdf"' in str(read.headers)
    await post(house, f"{document}/check", operator, {"verdict": "accepted"})
    assert "Sitz" not in await _wanting(house, customer)

    await post(house, f"{path}/deactivate", customer, {"reason": "doch nicht"})
    assert (await house.ask("GET", path, customer)).status == 404
    assert (await number_of(house, e164)).status is Status.FREE
    history = await page(house, path, operator)
    assert "doch nicht" in history
    assert history.index("abgeschaltet") < history.index("bestellt</td>")
    assert "doch nicht" in await page(house, f"{NUMBERS}/notices", customer)


async def _wanting(house: House, user: User) -> str:
    text = await page(house, HOLDER, user)
    return text.partition("Nachzuweisen</dt>")[2].partition("</dd>")[0]


async def test_what_a_rule_forbids_is_said_in_words(house: House, customer: User) -> None:
    order = f"{NUMBERS}/order"
    dearer = await house.ask("POST", order, customer, {**ORDER, "price": "5.90"})
    await refused(dearer, "Der Preis hat sich geändert")
    late = await house.ask("POST", order, customer, {**ORDER, "starts_on": "2099-01-01"})
    await refused(late, "So weit im Voraus")
    odd = await house.ask("POST", order, customer, {**ORDER, "starts_on": "morgen"})
    await refused(odd, "Das ist kein Tag")
    silent = await house.ask("POST", f"{NUMBERS}/{house.own['number']}/deactivate", customer)
    await refused(silent, "Geben Sie einen Grund an")


async def test_the_operator_replaces_and_withdraws(
    house: House, customer: User, operator: User
) -> None:
    old = f"+{house.own['number']}"
    path = f"{NUMBERS}/{house.own['number']}"
    foreign = {"reason": "Belästigung", "new": "089 99998005"}
    await refused(
        await house.ask("POST", f"{path}/replace", operator, foreign), "nicht aus dem Ortsnetz"
    )
    await post(house, f"{path}/replace", operator, {**foreign, "new": "+49 30 23125719"})
    new = await number_of(house, "+493023125719")
    assert (new.status, new.organisation) == (Status.ACTIVE, ORGANISATION)
    assert (await number_of(house, old)).status is Status.QUARANTINED
    assert "Statt +49 30" in await page(house, f"{NUMBERS}/notices", customer)
    await post(house, f"{path}/withdraw", operator, {"reason": "Block zurückgegeben"})
    assert (await number_of(house, old)).status is Status.WITHDRAWN


async def test_a_move_names_every_number_that_is_replaced(house: House, customer: User) -> None:
    moved = await house.ask(
        "POST", f"{HOLDER}/data", customer, {**SEAT, "postal_code": "80331", "place": "München"}
    )
    text = await moved.text()
    assert moved.status == 200
    assert text.count("an ihre Stelle tritt +49 89 9999") == 2
    wrong = await house.ask("POST", f"{HOLDER}/data", customer, {**SEAT, "place": "Nirgendwo"})
    await refused(wrong, "Die Vorwahl fehlt")


async def test_documents_are_checked_as_they_come_in(
    house: House, customer: User, operator: User
) -> None:
    paper: Form = {"kind": "trade_licence", "content": b"<html>", "dated": "2026-01-02"}
    changes: tuple[tuple[Form, str], ...] = (
        ({}, "PDF, PNG oder JPEG sein"),
        ({"content": PDF, "dated": "2999-01-01"}, "liegt in der Zukunft"),
        ({"content": PDF, "dated": ""}, "Das Datum fehlt"),
    )
    for change, sentence in changes:
        sent = await house.ask("POST", f"{HOLDER}/documents", customer, {**paper, **change})
        await refused(sent, sentence)
    check = f"{HOLDER}/documents/{house.own['document_id']}/check"
    unsaid = await house.ask("POST", check, operator, {"verdict": "refused"})
    await refused(unsaid, "Sagen Sie dem Kunden")
    await post(house, check, operator, {"verdict": "refused", "note": "unleserlich"})
    assert "nicht anerkannt: unleserlich" in await page(house, f"{NUMBERS}/notices", customer)
    await post(house, f"{HOLDER}/demand", operator, {"proof": "seat", "by": "2099-01-31"})
    assert "bis 31.01.2099 Ihren Sitz nach" in await page(house, HOLDER, customer)
    mixed = f"{HOLDER}/documents/{house.foreign['document_id']}"
    assert (await house.ask("GET", mixed, operator)).status == 404


async def test_a_file_of_blocks_is_taken_in_whole_or_not_at_all(
    house: House, operator: User
) -> None:
    good, bad = b"30,+493023125750,+493023125752\n", b"30,+498999998700,\n"
    head = b"area_code,first,last\n"
    wrong = await house.ask("POST", "/console/stock/import", operator, {"file": head + good + bad})
    await refused(wrong, "Zeile 3: +498999998700 gehört nicht zum Ortsnetz 30")
    assert await house.bench.site.numbering.numbers.number("+493023125750") is None
    await post(house, "/console/stock/import", operator, {"file": head + good})
    assert (await number_of(house, "+493023125752")).status is Status.FREE
    noise = await house.ask("POST", "/console/stock/import", operator, {"file": b"\xff\xfe"})
    await refused(noise, "kein UTF-8")


async def test_the_operator_sees_what_waits_and_what_is_due(house: House, operator: User) -> None:
    numbering = house.bench.site.numbering
    mine = await number_of(house, f"+{house.own['number']}")
    old = datetime.now(UTC).date() - timedelta(days=400)
    unused = Move(mine, replace(mine, active_since=old, version=mine.version + 1), "tried")
    assert "Keine Nummer ist so lange unbenutzt" in await page(house, "/console/stock", operator)
    await numbering.numbers.commit(Commit(author="op", at_ms=1, moves=(unused,)))
    stock = await page(house, "/console/stock", operator)
    assert f"{NUMBERS}/{house.own['number']}" in stock.partition("Rückforderung")[2]
    due = await page(house, "/console/stock/due", operator)
    assert "Vorschlag: zurückfordern" in due
    later = await page(house, "/console/stock/due?at=2099-01-01", operator)
    assert "wird frei" in later
    assert await numbering.numbers.number(mine.e164) == unused.after
    await post(
        house,
        "/console/stock/price",
        operator,
        {"country": "at", "purpose": "tracking", "price": "6,50", "currency": "EUR"},
    )
    assert "6,50" in (await page(house, "/console/stock", operator)).partition("Katalog")[2]


async def test_a_month_of_numbers_is_shown_and_exported(house: House, customer: User) -> None:
    mine = await number_of(house, f"+{house.own['number']}")
    statement = await page(house, f"{NUMBERS}/statement", customer)
    assert "vorläufig" in statement
    answer = await house.ask("GET", f"{NUMBERS}/statement.csv", customer)
    rows = (await answer.text()).splitlines()
    assert rows[0] == "organisation,month,number,days,price,amount,currency"
    assert all(row.startswith(f"{ORGANISATION},") for row in rows[1:])
    assert [f",{mine.e164}," in row for row in rows].count(True) == 1
    assert PRICE == 4_900_000
    assert "Nichts zu berechnen" in await page(
        house, f"{NUMBERS}/statement?month=2020-01", customer
    )


async def test_what_is_anothers_is_not_there(house: House, customer: User) -> None:
    listed = await page(house, NUMBERS, customer)
    assert house.own["number"] in listed
    assert house.foreign["number"] not in listed
    every = await house.bench.site.numbering.numbers.numbers(NumberFilter(status=Status.FREE))
    assert (await house.ask("GET", f"{NUMBERS}/{every[0].e164[1:]}", customer)).status == 404
    paper = Paper(
        kind=DocumentKind.TRADE_LICENCE,
        file_name="böse\r\n.pdf".replace("\r\n", "-"),
        content=PDF,
        dated=datetime.now(UTC).date(),
    )
    made = await Holders(house.bench.site.numbering).hand_in(ORGANISATION, paper, "cli:op")
    read = await house.ask("GET", f"{HOLDER}/documents/{made.document_id}", customer)
    assert read.headers["Content-Disposition"].endswith('.bin"')


async def test_an_address_for_notices_is_checked_and_kept(house: House, customer: User) -> None:
    wrong = await house.ask("POST", f"{HOLDER}/data", customer, {**SEAT, "mail": "nobody"})
    await refused(wrong, "keine Mailadresse")
    form = {**SEAT, "mail": "office@sternlicht.example", "lang": "en"}
    await post(house, f"{HOLDER}/data", customer, form)
    text = await page(house, HOLDER, customer)
    assert 'value="office@sternlicht.example"' in text
    assert '<option value="en" selected>' in text
