"""What keeps people from using a page, as axe finds it (WCAG 2.2 A and AA, and best practice)."""

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
PLACES_CHARS_MOST = 300


async def barriers(page: Page) -> list[str]:
    """A line for each rule that the page breaks, and where; also if it is wider than the window."""
    found = (await Axe().run(page, options=RULES)).response["violations"]
    told = []
    for violation in found:
        places = "; ".join(" ".join(map(str, node["target"])) for node in violation["nodes"])
        told.append(f"{violation['id']}: {places[:PLACES_CHARS_MOST]}")
    if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        told.append("wider than the window")
    return told
