"""`scripts/shoot`: a picture of every page of the console, and whether it can be used by everybody.

    python -m tests.shoot [--only WORD] FOLDER

Every page of the route table, with records and empty, in both languages, light and dark, on a desk
and on a phone, and as the operator's staff see it; on each axe looks for what shuts people out.
Exit code 1 if it finds anything, or a page has a fault.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from string import Formatter

from playwright.async_api import Browser, Page
from playwright.async_api import Error as PlaywrightError

from engine.core.roles import Role
from engine.ports.users import User
from engine.web.console.route import Route, Whose
from engine.web.server import listen, serving
from tests.rig.axe import barriers
from tests.rig.browser import STEP_TIMEOUT_MS, Visit, running_browser
from tests.web.console.house import (
    House,
    furnish,
    open_house,
    path_of,
    routes_by_key,
    settle,
    subjects_there_are,
)
from tests.web.site import make_books

SIZES = {"desk": (1280, 800), "phone": (360, 740)}
PATIENCE = 2
"""So many times as long as a step of a test may take, a page may: nothing is timed here."""

REFUSED = ("status of 422", "status of 409", "status of 404")
"""What a browser logs of refusals, which scenes show on purpose; their pages are shot."""


@dataclass(frozen=True)
class Manner:
    """How a page is looked at."""

    lang: str
    theme: str
    size: str

    def __str__(self) -> str:
        return f"{self.lang}-{self.theme}-{self.size}"


MANNERS = [Manner(*one) for one in product(("de", "en"), ("light", "dark"), SIZES)]
PLAIN = MANNERS[0]


@dataclass
class Shooting:
    """What is shot where, and what was found."""

    browser: Browser
    house: House
    origin: str
    folder: Path
    only: str
    faults: list[str]
    shots: int = 0

    async def run(self, name: str, manners: list[Manner], user: User, staff: User) -> None:
        """All pages in these manners, as a user sees them, those for the operator alone as his
        staff do; pages of records if there are any. Scenes play within an organisation."""
        own = [route for route in _pages() if route.whose is not Whose.OPERATOR]
        operators = [route for route in _pages() if route.whose is Whose.OPERATOR]
        for manner in manners:
            for routes, who in ((own, user), (operators, staff)):
                async with _visit(self, manner, who) as visit:
                    await self._routes(name, routes, manner, visit)
            if user.organisation is not None:
                await self._scenes(name, manner, user)

    async def _routes(
        self, name: str, routes: Sequence[Route], manner: Manner, visit: Visit
    ) -> None:
        page = await visit.page()
        for route in routes:
            title = f"{name}{_title(route)}"
            if self._wants(title, manner) and _ids(route) <= set(self.house.own):
                with self._missed(title, manner):
                    await page.goto(self.origin + path_of(route, self.house.own))
                    await self._shoot(visit, page, title, manner)
        await page.close()

    async def _scenes(self, name: str, manner: Manner, user: User) -> None:
        for subject in subjects_there_are():
            for title, scene in getattr(subject, "SCENES", {}).items():
                if not self._wants(f"{name}-{title}", manner):
                    continue
                async with _visit(self, manner, user) as visit:
                    page = await visit.page()
                    with self._missed(f"{name}-{title}", manner):
                        if await scene(self.house, page, self.origin):
                            await self._shoot(visit, page, f"{name}-{title}", manner)

    @contextmanager
    def _missed(self, title: str, manner: Manner) -> Iterator[None]:
        """A picture that cannot be made is a fault; the others are made."""
        try:
            yield
        except PlaywrightError as error:
            told, _, _ = str(error).partition("\n")
            self.faults.append(f"{title}-{manner}: no picture: {told}")

    def _wants(self, title: str, manner: Manner) -> bool:
        return self.only in f"{title}-{manner}"

    async def _shoot(self, visit: Visit, page: Page, title: str, manner: Manner) -> None:
        name = f"{title}-{manner}"
        await visit.screenshot(page, name)
        self.shots += 1
        self.faults += [f"{name}: {barrier}" for barrier in await barriers(page)]


def _pages() -> Iterator[Route]:
    """The pages of the route table for which somebody has signed in; the others are scenes."""
    routes = routes_by_key().values()
    return (r for r in routes if r.is_safe and r.is_page and r.right is not None)


def _ids(route: Route) -> set[str]:
    """The names of records in a route's path."""
    return {name for _, name, _, _ in Formatter().parse(route.path) if name}


def missing(house: House) -> list[str]:
    """Pages of which no picture can be made: no record to show, or no scene of an open page."""
    scenes = {title for subject in subjects_there_are() for title in getattr(subject, "SCENES", {})}
    open_to_all = [r for r in routes_by_key().values() if r.is_safe and r.right is None]
    unseen = [r.path for r in _pages() if not _ids(r) <= set(house.own)]
    unseen += [r.path for r in open_to_all if _title(r)[1:] not in scenes]
    return [f"{path}: no picture" for path in unseen]


def _title(route: Route) -> str:
    path = route.path.removeprefix("/console").replace("{", "").replace("}", "")
    return path.replace("/", "-") or "-home"


@asynccontextmanager
async def _visit(shooting: Shooting, manner: Manner, user: User) -> AsyncIterator[Visit]:
    width, height = SIZES[manner.size]
    context = await shooting.browser.new_context(
        locale=manner.lang,
        color_scheme="dark" if manner.theme == "dark" else "light",
        viewport={"width": width, "height": height},
        timezone_id="Europe/Berlin",
    )
    secret = await shooting.house.session(user)
    await context.add_cookies(
        [{"name": "groschen-session", "value": secret, "url": shooting.origin}]
    )
    context.set_default_timeout(STEP_TIMEOUT_MS * PATIENCE)
    visit = Visit(context, shooting.folder)
    try:
        yield visit
    finally:
        await context.close()
    shooting.faults.extend(
        fault for fault in visit.faults if not any(word in fault for word in REFUSED)
    )


@asynccontextmanager
async def _console(folder: Path) -> AsyncIterator[tuple[House, str]]:
    """A console of its own, on this machine."""
    await make_books(folder / "books.db")
    listener = listen("127.0.0.1", 0)
    origin = f"http://localhost:{listener.getsockname()[1]}"
    async with (
        open_house(folder / "books.db", origin=origin) as house,
        serving(house.bench.site, listener),
    ):
        yield house, origin


async def shoot(folder: Path, only: str) -> list[str]:
    """Shoot all; what was found wrong, a line each."""
    faults: list[str] = []
    shots = 0
    async with running_browser() as browser:
        for is_furnished in (True, False):
            with tempfile.TemporaryDirectory() as place:
                async with _console(Path(place)) as (house, origin):
                    if is_furnished:
                        await settle(house)
                        await furnish(house)
                        faults += missing(house)
                        owner, staff = house.people[Role.OWNER], house.staff[Role.OWNER]
                    else:
                        owner = await house.add("acme", "owner@acme.example", Role.OWNER)
                        staff = await house.add(None, "owner@operator.example", Role.OWNER)
                    work = Shooting(browser, house, origin, folder, only, faults)
                    await work.run("full" if is_furnished else "empty", MANNERS, owner, staff)
                    if is_furnished:
                        await work.run("staff", [PLAIN], staff, staff)
                    shots += work.shots
    print(f"{shots} pictures in {folder}", file=sys.stderr)
    return faults if shots else ["nothing was shot"]


def main() -> None:
    parser = argparse.ArgumentParser(description="Shoot every page of the console.")
    parser.add_argument("--only", default="", help="pictures whose name has this word in it")
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    faults = asyncio.run(shoot(args.folder, args.only))
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
