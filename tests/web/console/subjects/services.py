"""Services and their tariffs."""

from playwright.async_api import Page

from engine.flows.versions.configuration import Why
from tests.web.console.files import FILES
from tests.web.console.house import House, Row

ONE = "/console/services/{service}"
READERS = "owner admin manager auditor"
WRITERS = "owner admin manager"
PRICES = {
    "based_on": "1",
    "landline": "2.19",
    "mobile": "2.99",
    "other": "2.99",
    "increment": "60/60",
    "billing_starts.from": "conversation",
}
SERVICE = {
    "based_on": "1",
    "title": "Sternlicht",
    "numbers": "030 23125 000",
    "profile": "acme-eur",
    "group": "advisers",
}

ROWS = {
    ("GET", "/console/services"): Row(READERS),
    ("GET", ONE): Row(READERS),
    ("GET", f"{ONE}/price"): Row(WRITERS),
    ("POST", f"{ONE}/price/check"): Row(WRITERS, PRICES),
    ("POST", f"{ONE}/price/apply"): Row(WRITERS, PRICES),
    ("POST", f"{ONE}/price/replay"): Row(WRITERS, {**PRICES, "days": "yesterday"}),
    ("GET", f"{ONE}/edit"): Row(WRITERS),
    ("POST", f"{ONE}/edit/check"): Row(WRITERS, SERVICE),
    ("POST", f"{ONE}/edit/apply"): Row(WRITERS, SERVICE),
    ("POST", f"{ONE}/edit/replay"): Row(WRITERS, {**SERVICE, "days": "yesterday"}),
}


async def seed(house: House) -> None:
    """The files of both organisations' lines are in force."""
    sources = {name: text.encode() for name, text in FILES.items()}
    await house.bench.site.configuration.apply(sources, 0, Why("ada@operator.example", "opening"))
    house.own["service"], house.foreign["service"] = "sternlicht", "schrauben"


async def _previewed(house: House, page: Page, origin: str) -> bool:
    if "service" not in house.own:
        return False
    await page.goto(f"{origin}/console/services/sternlicht/price")
    await page.locator("#landline").fill("2.19")
    await page.locator("form.wide button").first.click()
    await page.locator("#reason").wait_for()
    return True


async def _refused(house: House, page: Page, origin: str) -> bool:
    if "service" not in house.own:
        return False
    await page.goto(f"{origin}/console/services/sternlicht/price")
    await page.locator("#landline").fill("3.01")
    await page.locator("#increment").fill("90/90")
    await page.locator("form.wide button").first.click()
    await page.locator("#landline[aria-invalid]").wait_for()
    return True


SCENES = {"services-price-previewed": _previewed, "services-price-refused": _refused}
