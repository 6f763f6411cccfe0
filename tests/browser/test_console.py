"""The console as people use it: by keyboard alone, and with nothing that shuts anybody out."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from engine.core.roles import Role
from tests.browser.consoles import Place, furnished_console, sign_in
from tests.rig.axe import barriers
from tests.rig.browser import Visit
from tests.web.console.house import path_of, routes_by_key

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with furnished_console(tmp_path) as place:
        yield place


async def test_it_is_used_by_keyboard_alone(place: Place, visit: Visit) -> None:
    page = await visit.page()
    await sign_in(page, place.origin, place.house.people[Role.OWNER].name)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Zum Inhalt springen")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()


async def test_what_was_changed_is_asked_about_done_and_told(place: Place, visit: Visit) -> None:
    page = await visit.page()
    await sign_in(page, place.origin, place.house.people[Role.OWNER].name)
    await page.goto(f"{place.origin}/console/users/{place.house.own['user_id']}")
    await page.get_by_role("button", name="Sperren", exact=True).click()
    await page.get_by_role("button", name="Ja, ausführen").click()
    await page.get_by_role("status").filter(has_text="ist gesperrt").wait_for()
    await page.reload()
    await expect(page.get_by_role("status")).to_have_count(0)


async def test_on_a_phone_the_menu_opens_and_closes(place: Place, visit: Visit) -> None:
    page = await visit.page()
    await page.set_viewport_size({"width": 360, "height": 740})
    await sign_in(page, place.origin, place.house.people[Role.OWNER].name)
    users = page.get_by_role("navigation").get_by_role("link", name="Benutzer")
    await expect(users).to_be_hidden()
    await page.get_by_role("button", name="Menü").click()
    await expect(users).to_be_visible()
    assert await barriers(page) == []
    await page.keyboard.press("Escape")
    await expect(users).to_be_hidden()


async def test_the_staff_switch_organisations_without_a_button(place: Place, visit: Visit) -> None:
    page = await visit.page()
    await sign_in(page, place.origin, place.house.staff[Role.OWNER].name)
    async with page.expect_navigation():
        await page.get_by_label("Organisation").select_option("bolt")
    await page.goto(f"{place.origin}/console/keys")
    await page.get_by_role("rowheader", name="Bolt-Lager").wait_for()
    await expect(page.get_by_role("rowheader", name="Webshop")).to_have_count(0)


async def test_no_page_shuts_anybody_out(place: Place, visit: Visit) -> None:
    page = await visit.page()
    assert await _barriers_at(page, f"{place.origin}/console/sign-in") == []
    await page.emulate_media(color_scheme="dark")
    await sign_in(page, place.origin, place.house.staff[Role.OWNER].name)
    for route in routes_by_key().values():
        if route.is_safe and route.is_page and route.right is not None:
            path = path_of(route, place.house.own)
            assert await _barriers_at(page, place.origin + path) == [], path


async def _barriers_at(page: Page, address: str) -> list[str]:
    await page.goto(address)
    return await barriers(page)
