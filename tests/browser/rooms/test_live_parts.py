"""Parts that change by themselves where their stream is refused, finds nobody, or is over."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from engine.core.roles import Role
from engine.ports.store import PauseReason
from tests.browser.consoles import Place, furnished_console, sign_in
from tests.rig.axe import barriers
from tests.rig.browser import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

STREAM = "**/console/live/agents"
NOTES = {"de": "gerade nicht aktuell", "en": "not up to date just now"}
FIRST_WAIT_MS = (2_000, 4_000)
SLACK_MS = 2_000


@pytest_asyncio.fixture(loop_scope="session")
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with furnished_console(tmp_path) as place:
        yield place


async def _signed_in(place: Place, visit: Visit) -> Page:
    page = await visit.page()
    await sign_in(page, place.origin, place.house.people[Role.OWNER].name)
    return page


@pytest.mark.parametrize(("lang", "status"), [("de", 503), ("en", 429)])
async def test_a_refused_stream_is_asked_for_again_and_the_page_says_so(
    place: Place, visit: Visit, lang: str, status: int
) -> None:
    page = await _signed_in(place, visit)
    site = place.house.bench.site
    await site.people.set_look(place.house.people[Role.OWNER], lang, "auto")
    asked_ms: list[float] = []

    async def refuse_once(route: Route) -> None:
        asked_ms.append(await page.evaluate("performance.now()"))
        if len(asked_ms) == 1:
            await route.fulfill(status=status)
        else:
            await route.continue_()

    await page.route(STREAM, refuse_once)
    visit.expect_fault(str(status))
    await page.goto(f"{place.origin}/console/agents")
    note = page.locator(".stale[aria-live=polite]")
    await expect(note).to_contain_text(NOTES[lang])
    assert await barriers(page) == []
    await expect(page.locator("#agent-a1 select")).to_have_count(1)
    await place.house.bench.store.set_pause("a1", PauseReason.BREAK)
    await expect(note).to_be_empty()
    await expect(page.locator("#agent-a1 select")).to_have_count(0)
    first_ms, second_ms = asked_ms
    least_ms, most_ms = FIRST_WAIT_MS
    assert least_ms <= second_ms - first_ms <= most_ms + SLACK_MS


async def test_a_page_says_that_nobody_answers(place: Place, visit: Visit) -> None:
    page = await _signed_in(place, visit)
    await page.route(STREAM, lambda route: route.abort("connectionrefused"))
    visit.expect_fault("CONNECTION_REFUSED")
    await page.goto(f"{place.origin}/console/agents")
    note = page.locator(".stale")
    await expect(note).to_contain_text(NOTES["de"])
    await page.unroute(STREAM)
    await expect(note).to_be_empty()


async def test_a_call_that_is_over_is_followed_no_more(place: Place, visit: Visit) -> None:
    page = await _signed_in(place, visit)
    call_id, store = place.house.own["live_id"], place.house.bench.store
    await page.goto(f"{place.origin}/console/live-calls/{call_id}")
    await expect(page.locator("#call-phase")).to_be_visible()
    snapshot = await store.live_call(call_id)
    assert snapshot is not None
    async with page.expect_event(
        "requestfailed", lambda request: request.url.endswith(f"/live/calls/{call_id}")
    ):
        await store.forget(call_id, snapshot.epoch)
        await expect(page.locator("#call-over")).to_be_visible()
    await expect(page.locator(".stale")).to_be_empty()
