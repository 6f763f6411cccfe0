"""Transactions."""

from playwright.async_api import Page

from tests.web.console.house import MASTERS, House, Row
from tests.web.site import LANDLINE

NEW = {
    "number": LANDLINE,
    "direction": "give",
    "amount": "5,00",
    "reason": "goodwill",
    "form_id": "f1",
}
WRITERS = f"{MASTERS} manager"

ROWS = {
    ("GET", "/console/transactions"): Row(f"{MASTERS} manager auditor"),
    ("GET", "/console/transactions/new"): Row(WRITERS),
    ("POST", "/console/transactions/preview"): Row(WRITERS, NEW),
    ("POST", "/console/transactions/new"): Row(WRITERS, NEW),
}


async def seed(house: House) -> None:
    """What is listed, customers and calls have brought."""


async def _preview(house: House, page: Page, origin: str) -> bool:
    if "account_id" not in house.own:
        return False
    await page.goto(f"{origin}/console/transactions/new?account={house.own['account_id']}")
    await page.locator("#amount").fill("12,50")
    await page.locator("#reason").fill("Kulanz nach Störung")
    await page.locator("main form button").click()
    await page.locator("form[action$=new]").wait_for()
    return True


async def _refused(house: House, page: Page, origin: str) -> bool:
    if "account_id" not in house.own:
        return False
    await page.goto(f"{origin}/console/transactions/new?account={house.own['account_id']}")
    await page.locator("#amount").fill("viel")
    await page.locator("#reason").fill("?")
    await page.locator("main form button").click()
    await page.get_by_role("alert").wait_for()
    return True


SCENES = {"transactions-preview": _preview, "transactions-refused": _refused}
