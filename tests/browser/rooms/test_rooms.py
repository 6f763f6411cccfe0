"""Webhooks, verifications, replays and recordings in the console, as people use them."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from engine.core.roles import Role
from engine.verification.session import Unfit
from tests.browser.consoles import Place, furnished_console, sign_in
from tests.rig.axe import barriers
from tests.rig.browser import Visit
from tests.web.console.subjects.prompts import tone
from tests.web.console.subjects.verification import VERIFICATIONS, WAITS
from tests.web.site import ORGANISATION

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    async with furnished_console(tmp_path_factory.mktemp("rooms")) as place:
        yield place


@pytest_asyncio.fixture(loop_scope="session")
async def page(place: Place, visit: Visit) -> Page:
    page = await visit.page()
    await sign_in(page, place.origin, place.house.people[Role.OWNER].name)
    return page


async def test_an_endpoint_from_its_secret_to_its_deliveries(place: Place, page: Page) -> None:
    await page.goto(f"{place.origin}/console/webhooks")
    await page.get_by_role("button", name="Neuer Endpunkt").click()
    await page.get_by_label("Adresse").fill("https://neu.sternlicht.example/hooks")
    await page.get_by_role("button", name="Endpunkt anlegen").click()
    secret = await page.get_by_label("Das Geheimnis").input_value()
    assert secret.startswith("whsec_")
    await page.get_by_role("button", name="Ich habe es aufbewahrt").click()
    await page.get_by_role("button", name="Versuch senden").click()
    await expect(page.get_by_role("status")).to_have_text("Der Versuch ist unterwegs.")
    assert secret not in await page.content()
    await page.get_by_role("link", name="https://neu.sternlicht.example/hooks").click()
    await page.get_by_role("button", name="Anhalten").click()
    await page.get_by_role("button", name="Ja, ausführen").click()
    await expect(page.locator("dl.facts .badge")).to_have_text("angehalten")
    await page.get_by_role("link", name="Zustellungen an diesen Endpunkt").click()
    (row,) = await page.locator("tbody tr").all()
    await expect(row).to_contain_text("aufgegeben")


async def test_a_failed_delivery_is_found_and_sent_again(place: Place, page: Page) -> None:
    await page.goto(f"{place.origin}/console/deliveries")
    await page.get_by_label("Zustand").select_option(label="aufgegeben")
    await page.get_by_role("button", name="Filtern").click()
    await page.locator("tbody tr").filter(has_text="500").get_by_role("link").click()
    await expect(page.locator("pre")).to_have_text("<h1>Internal Server Error</h1>")
    await page.get_by_role("button", name="Noch einmal senden").click()
    await expect(page.locator("dl.facts .badge").first).to_have_text("wartet")


async def test_a_verification_is_watched_to_its_end(place: Place, page: Page) -> None:
    await page.goto(f"{place.origin}{VERIFICATIONS}/{WAITS}")
    await expect(page.locator("#step-code_spoken .badge")).to_have_text("geschehen")
    verifier = place.house.bench.site.verifier
    assert not isinstance(await verifier.cancel(ORGANISATION, WAITS), Unfit)
    await expect(page.locator("#facts [role=status]")).to_have_text("abgebrochen")
    await expect(page.locator("#step-finished .badge")).to_have_text("geschehen")


async def test_a_day_is_chosen_and_replayed_by_the_keyboard(place: Place, page: Page) -> None:
    await page.goto(f"{place.origin}/console/replays")
    day, month = page.get_by_label("Tag", exact=True), page.get_by_label("Monat", exact=True)
    await expect(day).to_be_hidden()
    await expect(month).to_be_hidden()
    await page.get_by_label("Zeitraum").focus()
    await page.keyboard.press("ArrowDown")
    await expect(day).to_be_visible()
    await expect(month).to_be_hidden()
    assert await barriers(page) == []
    await day.fill("2026-10-25")
    await day.press("Enter")
    await page.get_by_role("heading", name="Nachgerechnet: 2026-10-25").wait_for()
    await expect(page.get_by_role("status")).to_have_text("fertig")


async def test_a_price_is_replayed_before_it_is_applied(place: Place, page: Page) -> None:
    await page.goto(f"{place.origin}/console/services/sternlicht/price")
    await page.get_by_label("Festnetz").fill("2,19")
    await page.get_by_role("button", name="Prüfen").click()
    await page.get_by_role("button", name="Anrufe nachrechnen").click()
    await expect(page.get_by_role("status")).to_have_text("fertig")
    await page.get_by_role("heading", name="Anrufe: 0, davon wären 0 anders").wait_for()
    assert await barriers(page) == []
    await page.goto(f"{place.origin}/console/replays/{place.house.own['run_id']}")
    await expect(page.locator("#sums dl")).to_contain_text("Summe der Unterschiede")
    await expect(page.get_by_role("progressbar")).to_have_count(0)


async def test_a_recording_is_replaced_and_used_again(place: Place, visit: Visit) -> None:
    page = await visit.page()
    await sign_in(page, place.origin, place.house.staff[Role.OWNER].name)
    await page.goto(f"{place.origin}/console/prompts/de/closed")
    for seconds in (1.5, 2.5):
        file = {"name": "new.wav", "mimeType": "audio/wav", "buffer": tone(seconds)}
        await page.get_by_label("WAV-Datei").set_input_files(file)
        await page.get_by_role("button", name="Aufnahme einsetzen").click()
        await page.get_by_text("Die Aufnahme ist ab jetzt zu hören.").wait_for()
    rows = page.locator("#takes tbody tr")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("2 s")
    assert await barriers(page) == []
    heard = "audio => new Promise((ok, no) => {audio.onloadedmetadata = () => ok(audio.duration);"
    heard += " audio.onerror = no; audio.load(); audio.preload = 'metadata'})"
    assert await rows.locator("audio").evaluate(heard) == 1.5
    await rows.get_by_role("button", name="Wieder einsetzen").click()
    await expect(rows).to_contain_text("3 s")
