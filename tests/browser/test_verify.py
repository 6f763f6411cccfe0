"""The widget in a shop of another site that keeps no cookies of ours, in the test mode.

The shop is `127.0.0.1` and we are `localhost`: to the browser two sites. What is real here is the
browser; real calls are in `tests/system/verification`.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import FrameLocator, Page, expect

from engine.core.inventory import OnInvalid
from engine.verification import rehearsal
from engine.verification.rehearsal import NUMBERS
from engine.web.publishable import publishable_key
from engine.web.server import listen, serving
from tests.rig.axe import barriers
from tests.rig.browser import Visit
from tests.rig.shop import Shop, open_shop
from tests.verification.cases import MERCHANT
from tests.web.site import Bench, make_books, open_site, site_inventory

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.filterwarnings("ignore:EdDSA is deprecated"),
]

PHONE = {"width": 320, "height": 640}
DESKTOP = {"width": 1100, "height": 800}
PROVED = "030 23125 001"
CODE = "123456"


@dataclass(frozen=True)
class Town:
    """Our site, and a shop with the widget."""

    bench: Bench
    shop: Shop

    async def visited(self, page: Page, lang: str = "en", mode: str = "speak") -> FrameLocator:
        """The widget in the shop's page."""
        await page.goto(f"{self.shop.address}/?lang={lang}&mode={mode}")
        frame = page.frame_locator("iframe")
        await frame.locator("#form").wait_for()
        return frame


@pytest_asyncio.fixture(loop_scope="session")
async def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    monkeypatch.setattr(rehearsal, "STEP_MS", 150)
    file = tmp_path / "ledger.db"
    await make_books(file)
    listener = listen("127.0.0.1", 0)
    origin = f"http://localhost:{listener.getsockname()[1]}"
    async with open_shop(origin, "test:shop") as shop:
        merchants = (
            replace(MERCHANT, sites=(shop.address,)),
            replace(MERCHANT, name="strict", sites=(shop.address,), on_invalid=OnInvalid.END),
            replace(MERCHANT, name="hasty", sites=(shop.address,), lifetime_s=2),
            replace(MERCHANT, name="elsewhere", sites=("https://elsewhere.example",)),
        )
        inventory = site_inventory(merchants=merchants)
        async with open_site(file, inventory, origin=origin) as bench:
            shop.key = publishable_key(bench.site.seal, "shop", test=True)
            async with serving(bench.site, listener):
                yield Town(bench, shop)


async def ask(frame: FrameLocator, number: str) -> None:
    await frame.locator("#number").fill(number)
    await frame.locator("#call").click()


@pytest.mark.parametrize(
    ("lang", "size", "scheme", "title", "wrong"),
    [
        ("de", PHONE, "light", "Nummer bestätigt", "Dieser Code stimmt nicht."),
        ("en", DESKTOP, "dark", "Number confirmed", "This code is wrong."),
        ("de", DESKTOP, "light", "Nummer bestätigt", "Dieser Code stimmt nicht."),
        ("en", PHONE, "dark", "Number confirmed", "This code is wrong."),
    ],
    ids=["German phone", "English desktop dark", "German desktop", "English phone dark"],
)
async def test_a_buyer_proves_a_number_and_orders(
    town: Town,
    visit: Visit,
    monkeypatch: pytest.MonkeyPatch,
    lang: str,
    size: dict[str, int],
    scheme: str,
    title: str,
    wrong: str,
) -> None:
    # So long that a step is seen, however slow the browser is just now.
    monkeypatch.setattr(rehearsal, "STEP_MS", 1_000)
    page = await visit.page()
    await page.set_viewport_size({"width": size["width"], "height": size["height"]})
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    frame = await town.visited(page, lang)
    name = f"{lang}-{size['width']}-{scheme}"
    await frame.locator("#number").fill(PROVED)
    await expect(frame.locator("#check")).to_have_text("+49 30 23125001")
    await visit.screenshot(page, f"{name}-form")
    assert await barriers_of_the_widget(town, visit, page) == []
    await frame.locator("#call").click()
    await frame.locator("#panel[data-step=ringing]").wait_for()
    await visit.screenshot(page, f"{name}-ringing")
    await frame.locator("#entry").wait_for()
    await frame.locator("#code").fill("000000")
    await frame.locator("#entry button").click()
    await expect(frame.locator("#wrong")).to_contain_text(wrong)
    await visit.screenshot(page, f"{name}-wrong")
    await frame.locator("#code").fill(CODE)
    await frame.locator("#entry button").click()
    await expect(frame.locator("#title")).to_have_text(title)
    await visit.screenshot(page, f"{name}-verified")
    await expect(page.locator("body")).to_have_attribute("data-status", "verified")
    token = await page.locator("[name=phone_verification_token]").input_value()
    await page.locator("#order").click()
    await expect(page.locator("body")).to_contain_text("confirmed for +493023125001")
    assert await town.shop.number_of(token, "order-4711") is None


async def barriers_of_the_widget(town: Town, visit: Visit, page: Page) -> list[str]:
    """What keeps people from using the page; the widget is opened by itself for that."""
    other = await visit.page()
    await other.set_viewport_size(page.viewport_size or {"width": 320, "height": 640})
    await other.goto(f"{town.shop.origin}/verify/{town.shop.key}")
    found = await barriers(other)
    await other.close()
    return found


async def test_the_code_to_be_keyed_in_is_shown(town: Town, visit: Visit) -> None:
    page = await visit.page()
    frame = await town.visited(page, mode="keypad")
    await ask(frame, PROVED)
    await expect(frame.locator("#code-to-key")).to_have_text("123\u00a0456")
    await visit.screenshot(page, "keypad")
    await expect(page.locator("body")).to_have_attribute("data-status", "verified")


async def test_a_wrong_number_is_corrected_three_times_and_no_more(
    town: Town, visit: Visit
) -> None:
    visit.expect_fault("422")
    page = await visit.page()
    frame = await town.visited(page)
    await ask(frame, "49152 28817386")
    await expect(frame.locator("#meant")).to_have_text("Did you mean +49 1522 8817386?")
    await visit.screenshot(page, "meant")
    await ask(frame, NUMBERS[6])
    await expect(frame.locator("#title")).to_have_text("There is no such number")
    await expect(page.locator("body")).to_have_attribute("data-reason", "invalid")
    await frame.locator("#begin-again").click()
    await ask(frame, "0152 288")
    await expect(frame.locator("#check")).to_have_text("This is no complete phone number.")
    await ask(frame, "030 2")
    await expect(frame.locator("#gave-up")).to_be_visible()
    await expect(page.locator("body")).to_have_attribute("data-status", "rejected")


@pytest.mark.parametrize(
    ("number", "title", "reason"),
    [
        ("+43 1 5123456", "Not confirmed", "foreign"),
        ("0900 1234567", "Not confirmed", "service"),
        (NUMBERS[4], "An answering machine answered", "machine"),
    ],
)
async def test_what_proves_nothing_is_told(
    town: Town, visit: Visit, number: str, title: str, reason: str
) -> None:
    page = await visit.page()
    frame = await town.visited(page)
    await ask(frame, number)
    await expect(frame.locator("#title")).to_have_text(title)
    await expect(page.locator("body")).to_have_attribute("data-reason", reason)
    assert await page.locator("[name=phone_verification_token]").input_value() == ""
    visit.expect_fault("403")
    await page.locator("#order").click()
    await expect(page.locator("body")).to_contain_text("not confirmed")


async def test_busy_is_called_again_or_cancelled(town: Town, visit: Visit) -> None:
    page = await visit.page()
    frame = await town.visited(page)
    await ask(frame, NUMBERS[1])
    await expect(frame.locator("#title")).to_have_text("The line was busy")
    await visit.screenshot(page, "busy")
    await frame.locator("#call-again").click()
    await expect(frame.locator("#title")).to_have_text("We are calling you")
    await frame.locator("#cancel").click()
    await expect(page.locator("body")).to_have_attribute("data-status", "cancelled")


async def test_where_a_wrong_number_ends_it_none_is_corrected(town: Town, visit: Visit) -> None:
    town.shop.key = publishable_key(town.bench.site.seal, "strict", test=True)
    page = await visit.page()
    frame = await town.visited(page)
    await ask(frame, "0152 288")
    await expect(frame.locator("#title")).to_have_text("There is no such number")
    await expect(frame.locator("#begin-again")).to_be_hidden()


async def test_its_time_runs_out(town: Town, visit: Visit) -> None:
    town.shop.key = publishable_key(town.bench.site.seal, "hasty", test=True)
    page = await visit.page()
    frame = await town.visited(page)
    await ask(frame, PROVED)
    await expect(frame.locator("#title")).to_have_text("The time is up")
    await expect(page.locator("body")).to_have_attribute("data-status", "expired")


async def test_no_other_site_frames_it(town: Town, visit: Visit) -> None:
    visit.expect_fault("frame-ancestors")
    town.shop.key = publishable_key(town.bench.site.seal, "elsewhere", test=True)
    page = await visit.page()
    await page.goto(town.shop.address)
    await expect(page.frame_locator("iframe").locator("#form")).to_have_count(0)
