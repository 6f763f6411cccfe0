"""The top-up page as a payer meets it: in a frame on a foreign site that keeps no cookies of ours.

The operator's site is `127.0.0.1` and ours `localhost`: to the browser two sites. The operator's
page holds the very snippet that is given out.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession, web
from playwright.async_api import Browser, FrameLocator, Page

from engine.core.payment import FactKind, PaymentOrder
from engine.web.server import listen, serving
from tests.rig.browser import Visit
from tests.web.site import PROFILE, Bench, make_books, open_site, site_inventory

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE = {"width": 320, "height": 640}
DESKTOP = {"width": 1100, "height": 900}
NUMBER = "030 23125100"

CONTRAST = """() => {
    const shade = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = (rgb) => rgb.slice(0, 3)
        .map((part) => part / 255)
        .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
    const ground = (place) => {
        for (; place; place = place.parentElement) {
            const colour = shade(getComputedStyle(place).backgroundColor);
            if (colour.length === 3 || colour[3] > 0) return colour;
        }
        return [255, 255, 255];
    };
    const poor = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const place = texts.currentNode.parentElement;
        if (!texts.currentNode.textContent.trim() || !place.checkVisibility()) continue;
        const [one, two] = [shade(getComputedStyle(place).color), ground(place)].map(light);
        const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
        if (ratio < 4.5) poor.push(`${texts.currentNode.textContent.trim()}: ${ratio.toFixed(2)}`);
    }
    return poor;
}"""


@dataclass(frozen=True)
class Town:
    """Our site, and the operator's, which shows the page in a frame."""

    bench: Bench
    operator: str

    @property
    def page(self) -> str:
        """Our page by itself."""
        return f"{self.bench.site.origin}/topup/{PROFILE}"

    def newest(self) -> PaymentOrder:
        """The order begun last."""
        return self.bench.provider.created[-1]


@asynccontextmanager
async def _operator(origin: str) -> AsyncIterator[str]:
    """The operator's page, with the snippet in it, and a payment provider's."""

    async def framing(request: web.Request) -> web.Response:
        address = f"{origin}/topup/{PROFILE}/snippet?lang={request.query['lang']}"
        async with ClientSession() as session, session.get(address) as answer:
            snippet = await answer.text()
        head = "<!doctype html><meta name=viewport content='width=device-width'><h1>Beratung</h1>"
        return web.Response(text=head + snippet, content_type="text/html")

    async def provider(request: web.Request) -> web.Response:
        has_opener = "<script>document.title = `opener: ${window.opener}`</script>"
        return web.Response(text=f"<!doctype html>{has_opener}Pay", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", framing)
    app.router.add_get("/provider", provider)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="session")
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    file = tmp_path / "ledger.db"
    await make_books(file)
    listener = listen("127.0.0.1", 0)
    origin = f"http://localhost:{listener.getsockname()[1]}"
    async with _operator(origin) as operator:
        inventory = site_inventory(sites=(operator,))
        async with open_site(file, inventory, origin=origin) as bench:
            bench.provider.page = f"{operator}/provider"
            async with serving(bench.site, listener):
                yield Town(bench, operator)


async def framed(page: Page, town: Town, lang: str) -> FrameLocator:
    await page.goto(f"{town.operator}/?lang={lang}")
    frame = page.frame_locator("iframe")
    await frame.locator("#form").wait_for()
    return frame


async def fill(page: Page | FrameLocator, number: str = NUMBER) -> None:
    await page.locator("#number").fill(number)
    await page.locator("#check.good").wait_for()
    await page.locator("label", has_text="20").first.click()
    await page.locator("label", has_text="Scripted").click()


@pytest.mark.parametrize(
    ("lang", "size", "country", "pay", "waits", "paid", "minutes"),
    [
        ("de", PHONE, "Deutschland · Festnetz", "20\xa0€ mit Scripted bezahlen",
         "Warten auf Ihre Zahlung", "Bezahlt, vielen Dank", "11 Minuten vom Festnetz"),
        ("en", DESKTOP, "Germany · Landline", "Pay €20 with Scripted",
         "Waiting for your payment", "Paid, thank you", "11 minutes from a landline"),
    ],
    ids=["German phone", "English desktop"],
)  # fmt: skip
async def test_a_payer_pays_in_a_frame_on_a_foreign_site(
    town: Town,
    visit: Visit,
    lang: str,
    size: dict[str, int],
    country: str,
    pay: str,
    waits: str,
    paid: str,
    minutes: str,
) -> None:
    page = await visit.page()
    await page.set_viewport_size({"width": size["width"], "height": size["height"]})
    frame = await framed(page, town, lang)
    await fill(frame)
    assert country in (await frame.locator("#check").text_content() or "")
    await assert_no_sideways_scrolling(frame)
    async with visit.context.expect_page() as opening:
        await frame.get_by_role("button", name=pay).click()
    provider = await opening.value
    await provider.wait_for_url(f"{town.operator}/provider?*")
    assert await provider.title() == "opener: null"
    await frame.get_by_role("heading", name=waits).wait_for()
    assert await frame.locator("#balance").is_hidden()
    order = town.newest()
    assert order.order_id in provider.url
    await town.bench.tell(order, FactKind.PAID)
    await frame.get_by_role("heading", name=paid).wait_for()
    await frame.locator("#reach", has_text=minutes).wait_for()
    assert await frame.locator("#available").text_content() in ("22,00\xa0€", "€22.00")
    await assert_no_sideways_scrolling(frame)
    async with page.expect_download() as loading:
        await frame.locator("#receipt").click()
    assert (await (await loading.value).path()).read_bytes().startswith(b"%PDF-")
    assert await visit.context.cookies() == []


async def assert_no_sideways_scrolling(frame: FrameLocator) -> None:
    wide = "root => root.scrollWidth > root.clientWidth"
    assert not await frame.locator("html").evaluate(wide)


async def test_the_frame_is_as_high_as_its_page(town: Town, visit: Visit) -> None:
    page = await visit.page()
    frame = await framed(page, town, "de")
    await page.wait_for_function("document.querySelector('iframe').height !== '1000'")
    await frame.locator("summary").click()
    fits = """() => {
        const height = Number(document.querySelector("iframe").height);
        const past = window.pastHeight ?? 0;
        window.pastHeight = height;
        return height > 1000 && height === past;
    }"""
    await page.wait_for_function(fits)
    assert await frame.locator("html").evaluate("root => root.scrollHeight === innerHeight")


async def test_a_site_that_is_not_the_profiles_may_not_frame_it(town: Town, visit: Visit) -> None:
    visit.expect_fault("frame-ancestors")
    page = await visit.page()
    await page.goto(f"{town.operator.replace('127.0.0.1', 'other.localhost')}/?lang=de")
    await page.wait_for_load_state("networkidle")
    assert await page.frame_locator("iframe").locator("#form").count() == 0


async def test_it_can_be_used_with_the_keyboard_alone(town: Town, visit: Visit) -> None:
    page = await visit.page()
    await page.goto(f"{town.page}?lang=en")
    await page.locator("#form").wait_for()
    seen = "document.activeElement"
    for _ in range(2):
        await page.keyboard.press("Tab")
    assert await page.evaluate(f"{seen}.id") == "number"
    await page.keyboard.type(NUMBER)
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    assert await page.evaluate(f"[{seen}.name, {seen}.value]") == ["amount", "20.00"]
    ring = f"getComputedStyle({seen}.nextElementSibling).outlineStyle"
    assert await page.evaluate(ring) == "solid"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    assert await page.evaluate(f"{seen}.value") == "scripted"
    await page.keyboard.press("Tab")
    assert await page.evaluate(f"{seen}.textContent") == "Pay €20 with Scripted"
    async with visit.context.expect_page():
        await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Waiting for your payment").wait_for()
    await page.wait_for_function(f"{seen}.id === 'status'")


async def test_what_is_missing_is_said_where_it_is_missing(town: Town, visit: Visit) -> None:
    page = await visit.page()
    await page.goto(f"{town.page}?lang=de")
    button = page.locator("#pay")
    for text, place in (
        ("Bitte geben Sie Ihre Telefonnummer ein.", "number"),
        ("Bitte wählen Sie einen Betrag.", "amount"),
        ("Bitte wählen Sie, womit Sie bezahlen.", "provider"),
    ):
        await button.click()
        assert await page.get_by_role("alert").text_content() == text
        assert await page.evaluate("document.activeElement.name") == place
        match place:
            case "number":
                await page.locator("#number").fill(NUMBER)
            case "amount":
                await page.locator("label", has_text="20").first.click()


async def test_a_mistyped_number_is_put_right_by_a_click(town: Town, visit: Visit) -> None:
    page = await visit.page()
    await page.goto(f"{town.page}?lang=de&number=049+151+12345678")
    meant = page.get_by_role("button", name="Meinten Sie +49 1511 2345678?")
    await meant.click()
    await page.locator("#check.good").wait_for()
    assert await page.locator("#number").input_value() == "+49 1511 2345678"
    assert await meant.is_hidden()
    reaches = await page.locator(".reach:visible").all_text_contents()
    assert len(reaches) == 3
    assert all("vom Handy" in reach for reach in reaches)


async def test_a_provider_that_is_away_is_said(town: Town, visit: Visit) -> None:
    visit.expect_fault("503")
    town.bench.provider.down = True
    page = await visit.page()
    await page.goto(f"{town.page}?lang=de")
    await fill(page)
    async with visit.context.expect_page() as opening:
        await page.locator("#pay").click()
    opened = await opening.value
    await page.get_by_text("Der Anbieter antwortet gerade nicht.").wait_for()
    assert opened.is_closed() or await opened.wait_for_event("close") is not None


async def test_a_blocked_window_leaves_a_link(town: Town, visit: Visit) -> None:
    page = await visit.page()
    await page.add_init_script("window.open = () => null")
    await page.goto(f"{town.page}?lang=de")
    await fill(page)
    await page.locator("#pay").click()
    link = page.get_by_role("link", name="Zur Zahlungsseite")
    await link.wait_for()
    assert town.newest().order_id in (await link.get_attribute("href") or "")
    async with visit.context.expect_page() as opening:
        await link.click()
    await (await opening.value).wait_for_url(f"{town.operator}/provider?*")


async def test_a_transfer_is_told_without_a_window(town: Town, visit: Visit) -> None:
    page = await visit.page()
    await page.goto(f"{town.page}?lang=de")
    await fill(page)
    await page.locator("label", has_text="Überweisung").click()
    await page.get_by_role("button", name="20\xa0€ überweisen").click()
    await page.get_by_text("DE02120300000000202051").wait_for()
    assert len(visit.context.pages) == 1


async def test_the_page_to_return_to_updates_itself(town: Town, visit: Visit) -> None:
    order = (await town.bench.begin()).order
    page = await visit.page()
    await page.goto(f"{town.bench.site.origin}{town.bench.watched(order)}/back")
    await page.get_by_role("heading", name="Warten auf Ihre Zahlung").wait_for()
    await town.bench.tell(order, FactKind.PAID)
    await page.get_by_role("heading", name="Bezahlt, vielen Dank").wait_for()
    await page.get_by_text("22,00\xa0€").wait_for()
    assert await page.get_by_role("button").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_can_be_read(town: Town, visit: Visit, scheme: str) -> None:
    page = await visit.page()
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.goto(f"{town.page}?lang=de")
    await page.locator("summary").click()
    await fill(page)
    assert await page.evaluate(CONTRAST) == []
    await page.locator("#number").fill("110")
    await page.locator("#number").blur()
    await page.locator("#check.bad").wait_for()
    await page.locator("#number").fill("")
    await page.locator("#pay").click()
    assert await page.evaluate(CONTRAST) == []
    order = (await town.bench.begin()).order
    await town.bench.tell(order, FactKind.PAID)
    await page.goto(f"{town.bench.site.origin}{town.bench.watched(order)}/back")
    await page.locator("#available").wait_for()
    assert await page.evaluate(CONTRAST) == []


async def test_without_scripts_it_says_what_it_needs(shared_browser: Browser, town: Town) -> None:
    context = await shared_browser.new_context(java_script_enabled=False)
    try:
        page = await context.new_page()
        await page.goto(f"{town.page}?lang=en")
        told = page.locator("noscript .fault")
        assert await told.is_visible()
        assert "needs a browser that runs JavaScript" in (await told.text_content() or "")
    finally:
        await context.close()
