"""A number's life as its customer and the operator see it: ordered, proved, replaced, taken out."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.consoles import Place
from tests.browser.numbers.conftest import Seat
from tests.rig.browser import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

PDF = {"name": "scan.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 ..."}
TEXT = {"name": "scan.txt", "mimeType": "text/plain", "buffer": b"no document"}


async def test_a_number_is_ordered_proved_and_switched_on(
    place: Place, visit: Visit, customer: Seat, operator: Seat
) -> None:
    visit.expect_fault("status of 422")
    number = await _ordered(customer)
    await operator.go("numbers?status=ordered")
    await operator.is_usable()
    await operator.page.get_by_role("link", name=number).click()
    await operator.press("Genehmigen")
    await operator.told("die fehlenden Nachweise sind angefordert")
    await customer.page.reload()
    await customer.page.locator("main").get_by_role("link", name="Stammdaten").click()
    await _handed_in(customer)
    await operator.go("holders")
    row = operator.page.get_by_role("row").filter(has_text="Sternlicht")
    await expect(row).to_contain_text("zu prüfen")
    await row.get_by_role("link").click()
    paper = operator.page.get_by_role("row").filter(has_text="Gewerbeanmeldung")
    await operator.press("Anerkennen", paper.filter(has_text="noch nicht geprüft"))
    await operator.told("Der Nachweis ist anerkannt.")
    await operator.is_usable()
    await customer.go("numbers?status=active")
    await customer.page.get_by_role("link", name=number).click()
    await expect(customer.page.locator("dl.facts .badge")).to_have_text("geschaltet")
    await customer.is_usable()


async def _ordered(customer: Seat) -> str:
    """The number that came of an order at the price that was shown."""
    await customer.go("numbers/catalogue")
    await customer.is_usable()
    offer = customer.page.get_by_role("region", name="Rufnummer für Calltracking (DE)")
    await expect(offer).to_contain_text(re.compile(r"4,90\s€ im Monat"))
    await customer.press("Zu diesem Preis bestellen", offer)
    await customer.agree()
    await customer.told("Bestellt. Der Betreiber muss noch zustimmen.")
    await expect(customer.page.locator("dl.facts")).to_contain_text(re.compile(r"4,90\s€"))
    return await customer.title()


async def _handed_in(customer: Seat) -> None:
    """The proof that was asked for, after a file that is none."""
    await expect(customer.page.locator("main")).to_contain_text("Bitte weisen Sie bis")
    form = customer.page.get_by_role("region", name="Nachweis einreichen")
    for file, told in ((TEXT, False), (PDF, True)):
        await form.get_by_label("Art").select_option(label="Gewerbeanmeldung")
        await form.get_by_label("Datei").set_input_files(file)  # type: ignore[arg-type]  # a TypedDict
        await form.get_by_label("Ausgestellt am").fill("2026-01-02")
        await customer.press("Einreichen", form)
        if told:
            await customer.told("Eingereicht.")
        else:
            await expect(form).to_contain_text("Die Datei muss PDF, PNG oder JPEG sein")
            await expect(form.get_by_label("Ausgestellt am")).to_have_value("2026-01-02")
    await customer.is_usable()


async def test_the_operator_replaces_a_number_in_one_step(
    place: Place, customer: Seat, operator: Seat
) -> None:
    old = place.house.own["number"]
    await operator.go(f"numbers/{old}")
    shown = await operator.title()
    form = operator.page.locator(f"form[action='/console/numbers/{old}/replace']")
    await form.get_by_label("Grund").fill("Störanrufe")
    await operator.press("Ersetzen", form)
    await expect(operator.page.locator("main")).to_contain_text("verliert diese Nummer sofort")
    await operator.agree()
    await operator.told("Ersetzt. Die alte Nummer ist abgeschaltet.")
    await expect(operator.page.locator("dl.facts .badge")).to_have_text("gesperrt")
    await operator.is_usable()
    replaced = operator.page.get_by_role("row").filter(has_text="ersetzt")
    new = await replaced.locator("td.whole").inner_text()
    await customer.go("numbers?status=active")
    await expect(customer.page.get_by_role("link", name=new)).to_have_count(1)
    await expect(customer.page.get_by_role("link", name=shown)).to_have_count(0)
    place.house.own["number"] = new.replace(" ", "").removeprefix("+")
    await customer.page.get_by_role("link", name=new).click()
    took_over = customer.page.get_by_role("row").filter(has_text="an die Stelle einer anderen")
    await expect(took_over).to_contain_text(shown)
    await expect(took_over).to_contain_text("Störanrufe")
    await customer.go("numbers/notices")
    await expect(customer.page.locator("main")).to_contain_text(
        f"Statt {shown} gilt ab sofort {new}"
    )


async def test_a_source_is_published_and_its_end_confirmed(place: Place, customer: Seat) -> None:
    page = customer.page
    await customer.go("sources/new")
    await page.get_by_label("Rufnummer", exact=True).select_option(f"+{place.house.own['number']}")
    await page.get_by_label("Name").fill("Messe")
    await page.get_by_label("Veröffentlicht in").fill("messe.example\nPlakat Halle 3")
    await page.get_by_label("Geplantes Ende").fill("2026-01-31")
    await customer.press("Quelle anlegen")
    await customer.told("Die Quelle Messe ist angelegt.")
    row = page.get_by_role("row").filter(has_text="Messe")
    await expect(row).to_contain_text("beendet, Bestätigung fehlt")
    await row.get_by_role("link").click()
    await customer.is_usable()
    await customer.press("Die Nummer ist überall entfernt")
    await expect(page.locator("main")).to_contain_text("lässt sich nicht rückgängig machen")
    await customer.agree()
    await customer.told("Die Quelle Messe ist beendet.")
    await expect(row).to_contain_text("aus allen Angeboten entfernt")


async def test_an_authoritys_case_is_opened_answered_and_the_owners_secret(
    place: Place, visit: Visit, customer: Seat, operator: Seat
) -> None:
    page = operator.page
    await operator.go("cases/new")
    await page.get_by_label("Rufnummer").fill(f"+{place.house.own['number']}")
    await page.get_by_label("Art").select_option(label="Bestandsdaten")
    await page.get_by_label("Behörde").fill("LKA Berlin")
    await page.get_by_label("Aktenzeichen").fill("12 Js 34/26")
    for label in ("Zeitraum von", "Zeitraum bis", "Zu erledigen bis"):
        await page.get_by_label(label).fill("2026-12-01")
    await operator.press("Anfrage anlegen")
    await operator.told("Die Anfrage ist angelegt.")
    address = page.url
    await page.get_by_label("Ergebnis").fill("Name und Anschrift laut Vertrag")
    await operator.press("Als beantwortet ablegen")
    await operator.agree()
    await operator.told("Die Anfrage ist beantwortet.")
    await expect(page.locator("dl.facts")).to_contain_text("beantwortet")
    await expect(page.get_by_role("button", name="Als beantwortet ablegen")).to_have_count(0)
    await operator.is_usable()
    await customer.go("audit")
    assert "12 Js 34/26" not in await customer.page.content()
    await expect(customer.page.get_by_role("link", name="Behördenanfragen")).to_have_count(0)
    visit.expect_fault("status of 40[34]")
    answer = await customer.page.goto(address)
    assert answer is not None
    assert answer.status in (403, 404)
    assert "12 Js 34/26" not in await customer.page.content()
