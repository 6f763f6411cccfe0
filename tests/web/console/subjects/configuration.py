"""The operator's files, their versions, what would happen to a call."""

from playwright.async_api import Page

from tests.web.console.files import FILES
from tests.web.console.house import NOBODY_OF_ORGANISATION, House, Row
from tests.web.console.subjects.services import WRITERS

HERE = "/console/configuration"
DRAFT = {"based_on": "1", **{f"file:{name}": text for name, text in FILES.items()}}

ROWS = {
    ("GET", HERE): Row(NOBODY_OF_ORGANISATION),
    ("GET", f"{HERE}/compare"): Row(NOBODY_OF_ORGANISATION),
    ("GET", f"{HERE}/trace"): Row(NOBODY_OF_ORGANISATION),
    ("GET", f"{HERE}/edit"): Row(NOBODY_OF_ORGANISATION),
    ("POST", f"{HERE}/check"): Row(NOBODY_OF_ORGANISATION, DRAFT),
    ("POST", f"{HERE}/apply"): Row(NOBODY_OF_ORGANISATION, DRAFT),
    ("POST", f"{HERE}/replay"): Row(NOBODY_OF_ORGANISATION, {**DRAFT, "days": "yesterday"}),
    ("POST", f"{HERE}/restore"): Row(
        NOBODY_OF_ORGANISATION, {"number": "1", "activation": "1", "reason": "so"}
    ),
    ("POST", f"{HERE}/confirm"): Row(WRITERS, {"number": "9"}),
    ("POST", f"{HERE}/undo"): Row(WRITERS, {"number": "9"}),
}


async def seed(_house: House) -> None:
    """The version is that of the services."""


async def _broken(house: House, page: Page, origin: str) -> bool:
    if "service" not in house.own:
        return False
    await _as_staff(house, page, origin)
    await page.goto(f"{origin}{HERE}/edit?file=lines.yaml")
    editor = page.locator("details[open] .ace_text-input")
    await editor.focus()
    await page.keyboard.press("Control+Home")
    await page.keyboard.type("nonsense: 1\n")
    await page.locator("form.wide button").first.click()
    await page.get_by_role("alert").wait_for()
    return True


async def _traced(house: House, page: Page, origin: str) -> bool:
    if "service" not in house.own:
        return False
    await _as_staff(house, page, origin)
    await page.goto(f"{origin}{HERE}/trace")
    await page.locator("#number").fill("030 23125 000")
    await page.locator("#from").fill("0171 2345678")
    await page.locator("main form button").click()
    await page.locator("ol.steps").wait_for()
    return True


async def _as_staff(house: House, page: Page, origin: str) -> None:
    """These pages are for the operator's staff alone."""
    secret = await house.session(next(iter(house.staff.values())))
    await page.context.add_cookies([{"name": "groschen-session", "value": secret, "url": origin}])


SCENES = {"configuration-broken": _broken, "configuration-traced": _traced}
