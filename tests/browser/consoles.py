"""A furnished console for tests in the browser, and how somebody signs in to one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page, expect

from engine.web.server import listen, serving
from tests.web.console.house import PASSWORD, House, furnish, open_house, settle
from tests.web.site import make_books


@dataclass
class Place:
    """A furnished console and where it is."""

    house: House
    origin: str


@asynccontextmanager
async def furnished_console(folder: Path) -> AsyncIterator[Place]:
    """People and records of every subject, served on this machine."""
    await make_books(folder / "books.db")
    listener = listen("127.0.0.1", 0)
    origin = f"http://localhost:{listener.getsockname()[1]}"
    async with (
        open_house(folder / "books.db", origin=origin) as house,
        serving(house.bench.site, listener),
    ):
        await settle(house)
        await furnish(house)
        yield Place(house, origin)


async def sign_in(page: Page, origin: str, name: str) -> None:
    """Sign in by keyboard, as somebody who has chosen the tests' password."""
    await page.goto(f"{origin}/console")
    await expect(page.locator("#name")).to_be_focused()
    await page.keyboard.type(name)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", level=1, name="Übersicht").wait_for()
