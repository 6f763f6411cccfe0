"""Users."""

from playwright.async_api import Page

from tests.web.console.house import MASTERS, NOBODY_OF_ORGANISATION, OTHERS, READERS, House, Row
from tests.web.site import ORGANISATION

ONE = "/console/users/{user_id}"

ROWS = {
    ("GET", "/console/users"): Row(READERS),
    ("GET", "/console/users/new"): Row(MASTERS),
    ("POST", "/console/users/new"): Row(MASTERS, {"name": "new@acme.example", "role": "agent"}),
    ("GET", "/console/users/new-staff"): Row(NOBODY_OF_ORGANISATION),
    ("POST", "/console/users/new-staff"): Row(
        NOBODY_OF_ORGANISATION, {"name": "new@operator.example", "role": "agent"}
    ),
    ("GET", ONE): Row(READERS),
    ("POST", f"{ONE}/role"): Row(MASTERS, {"role": "manager"}),
    ("POST", f"{ONE}/lock"): Row(MASTERS),
    ("POST", f"{ONE}/unlock"): Row(MASTERS),
    ("POST", f"{ONE}/password"): Row(MASTERS),
    ("POST", f"{ONE}/second-factor/drop"): Row("owner"),
    ("POST", f"{ONE}/sessions/end"): Row(MASTERS),
}


async def seed(house: House) -> None:
    """A user here with a session, and one elsewhere."""
    ours = await house.add(ORGANISATION, "grace@sternlicht.example")
    await house.session(ours)
    house.own["user_id"] = ours.user_id
    house.foreign["user_id"] = (await house.add(OTHERS, "alan@bolt.example")).user_id


async def _confirm(house: House, page: Page, origin: str) -> bool:
    if "user_id" not in house.own:
        return False
    await page.goto(f"{origin}/console/users/{house.own['user_id']}")
    await page.locator("button.danger").click()
    await page.locator("input[name=_confirmed]").wait_for(state="attached")
    return True


async def _refused(house: House, page: Page, origin: str) -> bool:
    await page.goto(f"{origin}/console/users/new")
    await page.locator("#name").fill("grace hopper")
    await page.locator("main form button").click()
    await page.get_by_role("alert").wait_for()
    return True


async def _nowhere(house: House, page: Page, origin: str) -> bool:
    await page.goto(f"{origin}/console/users/0123456789abcdef")
    return True


SCENES = {"users-lock": _confirm, "users-new-refused": _refused, "error": _nowhere}
