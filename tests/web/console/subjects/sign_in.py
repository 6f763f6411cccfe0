"""Signing in and out."""

from playwright.async_api import Page

from engine.core.roles import Role
from tests.web.console.house import ALL, OPEN, House, Row

ROWS = {
    ("GET", "/console/sign-in"): Row(OPEN),
    ("POST", "/console/sign-in"): Row(OPEN),
    ("GET", "/console/sign-in/code"): Row(OPEN),
    ("POST", "/console/sign-in/code"): Row(OPEN),
    ("POST", "/console/sign-out"): Row(ALL),
}


async def seed(house: House) -> None:
    """Nothing is named by a path."""


async def _signed_out(house: House, page: Page, origin: str) -> bool:
    await page.context.clear_cookies()
    await page.goto(f"{origin}/console/sign-in")
    return True


async def _refused(house: House, page: Page, origin: str) -> bool:
    await _signed_out(house, page, origin)
    await page.locator("#name").fill("nobody@sternlicht.example")
    await page.locator("#password").fill("not the password")
    await page.get_by_role("button").click()
    await page.get_by_role("alert").wait_for()
    return True


async def _second_step(house: House, page: Page, origin: str) -> bool:
    if Role.OWNER not in house.people:
        return False
    secret = await house.session(house.people[Role.OWNER], proved=False)
    await page.context.clear_cookies()
    await page.context.add_cookies([{"name": "groschen-session", "value": secret, "url": origin}])
    await page.goto(f"{origin}/console/sign-in/code")
    return True


SCENES = {"sign-in": _signed_out, "sign-in-refused": _refused, "sign-in-code": _second_step}
