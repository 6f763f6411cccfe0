"""Where numbers lead, set up, refused, changed and deleted on their pages."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.consoles import Place
from tests.browser.numbers.conftest import Seat
from tests.rig.browser import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

PREMIUM, ALLOWED = "+1 900 234 5678", "(212) 555-0142"
WEEK = "mon-fri: 09:00-17:30"


async def test_forwarding_is_set_up_and_deleted(visit: Visit, customer: Seat) -> None:
    visit.expect_fault("status of 422")
    page = customer.page
    await customer.go("numbers?status=active")
    await page.get_by_role("row").filter(has_text="gebührenfrei").first.get_by_role("link").click()
    await page.locator("dl.facts").get_by_role("link", name="Weiterleitung").click()
    await expect(page.get_by_role("heading", name="Wer durchgestellt wird")).to_have_count(1)
    await customer.go("forwarding")
    row = page.get_by_role("row").filter(has_text="nirgendwohin")
    await row.get_by_role("link").click()
    await page.get_by_role("button", name="Einrichten").click()
    await page.get_by_label("Erstes Ziel").fill(PREMIUM)
    await customer.press("Speichern")
    first = page.get_by_label("Erstes Ziel")
    await expect(first).to_have_attribute("aria-invalid", "true")
    await expect(first).to_have_value(PREMIUM)
    beside = page.locator(f"[id='{await first.get_attribute('aria-describedby')}']")
    await expect(beside).to_contain_text("muss eine US-Nummer sein")
    await customer.is_usable()
    await first.fill(ALLOWED)
    await page.get_by_label("Kanada").select_option("through")
    await customer.press("Speichern")
    await customer.told("Gespeichert.")
    await expect(page.locator("dl.facts")).to_contain_text("+1 212-555-0142")
    canada = page.get_by_role("row").filter(has_text="Kanada").first
    await expect(canada).to_contain_text("wird durchgestellt")
    await customer.is_usable()
    await customer.press("Nirgendwohin führen lassen")
    await expect(page.locator("main")).to_contain_text("Ab dem nächsten Anruf")
    await customer.agree()
    await customer.told("Die Nummer führt jetzt nirgendwohin.")
    await expect(page.locator("dl.facts")).to_contain_text("nirgendwohin")
    history = page.get_by_role("region", name=re.compile("Verlauf")).get_by_role("row")
    await expect(history.nth(1)).to_contain_text("gelöscht")


async def test_a_tracked_number_leads_to_dealers_by_the_clock(visit: Visit, customer: Seat) -> None:
    visit.expect_fault("status of 422")
    page = customer.page
    await customer.go("tracking/routes")
    await page.get_by_role("row").filter(has_text="+49 30").first.get_by_role("link").click()
    await page.get_by_role("button", name=re.compile("Ändern|Einrichten")).click()
    target = page.get_by_role("group", name="Ziel 1")
    await target.get_by_label("Ziel").fill("0900 1 123456")
    await customer.press("Speichern")
    await expect(target).to_contain_text("deutscher oder österreichischer")
    await expect(target.get_by_label("Ziel")).to_have_value("0900 1 123456")
    await target.get_by_label("Ziel").fill("0171 2345678")
    await target.get_by_label("Zeiten").fill(WEEK)
    await page.get_by_label(re.compile("Wer abhebt")).check()
    await customer.press("Speichern")
    await customer.told("Gespeichert.")
    await expect(page.get_by_role("row").filter(has_text="+49 171 2345678").first).to_contain_text(
        "Montag – Freitag, 09:00–17:30"
    )
    await customer.is_usable()
    await customer.press("Nirgendwohin führen lassen")
    await customer.agree()
    await customer.told("Die Nummer führt jetzt nirgendwohin.")


PAGES = (
    "numbers",
    "numbers/catalogue",
    "numbers/notices",
    "numbers/{number}",
    "holders/{holder}",
    "sources",
    "sources/new",
    "forwarding",
    "forwarding/calls",
    "forwarding/{toll_free}",
    "forwarding/{toll_free}/edit",
    "tracking/routes",
    "tracking/routes/{number}",
    "tracking/routes/{number}/edit",
)


async def test_every_page_is_usable_on_a_phone(place: Place, customer: Seat) -> None:
    await customer.page.set_viewport_size({"width": 360, "height": 740})
    for path in PAGES:
        await customer.go(path.format_map(place.house.own))
        await customer.is_usable()
