"""The whole way: a buyer's browser, the widget in a shop, a real call, a token, an order."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import FrameLocator, expect

from engine.app import WebPlan
from engine.flows.payments.seals import Seal
from engine.web.publishable import publishable_key
from tests.rig.browser import Visit
from tests.rig.house import WEB_SECRET
from tests.rig.shop import Shop, open_shop
from tests.system.verification.scenes import Person, Scenes, code_in, heard, shop

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.filterwarnings("ignore:EdDSA is deprecated"),
    pytest.mark.timeout(180),
]

HEARD_WITHIN_MS = 60_000


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def town(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Scenes, Shop]]:
    """Our site on `localhost`, and a shop on `127.0.0.1`: to the browser two sites."""
    folder = tmp_path_factory.mktemp("town")
    port = _free_port()
    origin = f"http://localhost:{port}"
    plan = WebPlan(port=port, origin=origin, secret=WEB_SECRET, secrets=folder / "secrets")
    async with open_shop(origin, "shop") as kept:
        kept.key = publishable_key(Seal(bytes.fromhex(WEB_SECRET)), "shop", test=False)
        async with shop(folder, plan, (kept.address,)) as scenes:
            yield scenes, kept


async def calls(visit: Visit, kept: Shop, person: Person, mode: str) -> FrameLocator:
    """The widget, just as the person is being called."""
    page = await visit.page()
    await page.goto(f"{kept.address}/?mode={mode}")
    frame = page.frame_locator("iframe")
    await frame.locator("#number").fill(person.number)
    await frame.locator("#call").click()
    return frame


async def orders(visit: Visit, frame: FrameLocator, person: Person) -> None:
    """The number is proved, and the shop takes the order for it."""
    await expect(frame.locator("#title")).to_have_text("Number confirmed")
    (page,) = visit.context.pages
    await page.locator("#order").click()
    await expect(page.locator("body")).to_contain_text(f"confirmed for {person.number}")


async def test_a_code_heard_on_the_phone_is_typed_into_the_shop(
    town: tuple[Scenes, Shop], visit: Visit
) -> None:
    scenes, kept = town
    person = scenes.person()
    person.phone.answers(after_s=1.5, press="1", press_after_s=2)
    frame = await calls(visit, kept, person, "speak")
    await frame.locator("#panel[data-step=ringing]").wait_for()
    await frame.locator("#panel[data-step=answered]").wait_for()
    leg = await person.phone.called()
    await frame.locator("#entry").wait_for(timeout=HEARD_WITHIN_MS)
    await leg.ended(60)
    code = code_in(await asyncio.to_thread(heard, leg, "en"))
    wrong = "000000" if code != "000000" else "111111"
    await frame.locator("#code").fill(wrong)
    await frame.locator("#entry button").click()
    await expect(frame.locator("#wrong")).to_contain_text("Tries left: 4")
    await frame.locator("#code").fill(code)
    await frame.locator("#entry button").click()
    await orders(visit, frame, person)


async def test_a_code_shown_by_the_shop_is_keyed_in_on_the_phone(
    town: tuple[Scenes, Shop], visit: Visit
) -> None:
    scenes, kept = town
    person = scenes.person()
    person.phone.answers(press="1", press_after_s=1)
    frame = await calls(visit, kept, person, "keypad")
    await expect(frame.locator("#code-to-key")).not_to_be_empty()
    code = (await frame.locator("#code-to-key").inner_text()).replace("\u00a0", "")
    leg = await person.phone.called()
    await frame.locator("#panel[data-step=key_pressed]").wait_for(timeout=HEARD_WITHIN_MS)
    await leg.dtmf(code)
    await expect(frame.locator("#title")).to_have_text("Number confirmed", timeout=HEARD_WITHIN_MS)
    await orders(visit, frame, person)


async def test_a_busy_phone_is_shown_as_such(town: tuple[Scenes, Shop], visit: Visit) -> None:
    scenes, kept = town
    person = scenes.person()
    person.phone.busy()
    frame = await calls(visit, kept, person, "speak")
    await expect(frame.locator("#title")).to_have_text("The line was busy")
