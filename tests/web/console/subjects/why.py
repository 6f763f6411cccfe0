"""Why somebody cannot use his money."""

from playwright.async_api import Page

from tests.web.console.house import MASTERS, House, Row

ROWS = {("GET", "/console/why"): Row(f"{MASTERS} manager auditor")}


async def seed(house: House) -> None:
    """Customers are there already."""


async def _found(house: House, page: Page, origin: str) -> bool:
    if "account_id" not in house.own:
        return False
    await page.goto(f"{origin}/console/why?caller=030+23125010")
    await page.locator("ol.reasons").wait_for()
    return True


SCENES = {"why-found": _found}
