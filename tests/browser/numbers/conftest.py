"""A customer and the operator's staff before the pages of numbers, each in a browser of his own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from engine.core.roles import Role
from engine.ports.users import User
from engine.web.server import listen, serving
from tests.browser.consoles import Place
from tests.rig.axe import barriers
from tests.rig.browser import Visit, visiting
from tests.web.console.house import open_house, settle
from tests.web.console.subjects import diversion
from tests.web.site import make_books

WHOLE = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
"""Whether nothing stands out to the right."""


@dataclass
class Seat:
    """Somebody's page of the console."""

    page: Page
    origin: str

    async def go(self, path: str) -> None:
        await self.page.goto(f"{self.origin}/console/{path}")

    async def press(self, name: str, within: Locator | None = None) -> None:
        place = self.page if within is None else within
        await place.get_by_role("button", name=name, exact=True).click()

    async def agree(self) -> None:
        """Say yes to what is asked before something is done."""
        await self.press("Ja, ausführen")

    async def told(self, words: str) -> None:
        await expect(self.page.get_by_role("status")).to_contain_text(words)

    async def title(self) -> str:
        return await self.page.locator("h1").inner_text()

    async def is_usable(self) -> None:
        """Nothing shuts anybody out, and nothing stands out of the page."""
        assert await barriers(self.page) == []
        assert await self.page.evaluate(WHOLE), self.page.url


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """A console with a stock, numbers of two organisations and where they lead."""
    folder: Path = tmp_path_factory.mktemp("numbers")
    await make_books(folder / "books.db")
    listener = listen("127.0.0.1", 0)
    origin = f"http://localhost:{listener.getsockname()[1]}"
    async with (
        open_house(folder / "books.db", origin=origin) as house,
        serving(house.bench.site, listener),
    ):
        await settle(house)
        await diversion.seed(house)
        yield Place(house, origin)


async def seat(place: Place, visit: Visit, user: User) -> Seat:
    """A page of somebody who has signed in."""
    secret = await place.house.session(user)
    cookie = {"name": "groschen-session", "value": secret, "url": place.origin}
    await visit.context.add_cookies([cookie])  # type: ignore[list-item]  # a TypedDict
    return Seat(await visit.page(), place.origin)


@pytest_asyncio.fixture(loop_scope="session")
async def customer(place: Place, visit: Visit) -> Seat:
    """The organisation's owner."""
    return await seat(place, visit, place.house.people[Role.OWNER])


@pytest_asyncio.fixture(loop_scope="session")
async def operator(place: Place, shared_browser: Browser, tmp_path: Path) -> AsyncIterator[Seat]:
    """An owner of the operator's staff."""
    async with visiting(shared_browser, tmp_path / "operator") as visit:
        yield await seat(place, visit, place.house.staff[Role.OWNER])
