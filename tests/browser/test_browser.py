"""The browser rig itself: pages are shown and clicked, faults are told, nothing is left over."""

import os
import select
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser

from tests.rig.browser import Visit, descendants, running_browser, visiting

pytestmark = pytest.mark.asyncio(loop_scope="session")

PNG = b"\x89PNG\r\n\x1a\n"

# SameSite=None keeps every other rule than that about third parties away from the cookie.
COOKIE = "met=yes; SameSite=None; Secure; Path=/"

SHOWN = """<!doctype html><title>Groschen</title>
<button onclick="greeting.textContent = 'Guten Tag'">Say it</button><p id="greeting"></p>"""

FRAMED = """<!doctype html><title>framed</title>
<button onclick="ask()">Ask</button><p id="answer"></p>
<script>
document.cookie = "written=yes; SameSite=None; Secure; Path=/";
async function ask() {
    const sent = await (await fetch("/cookies", {method: "POST"})).text();
    answer.textContent = `sent: ${sent}; read: ${document.cookie}`;
}
</script>"""


async def _shown(request: web.Request) -> web.Response:
    return web.Response(text=SHOWN, content_type="text/html")


async def _framing(request: web.Request) -> web.Response:
    frame = f'<!doctype html><iframe src="http://localhost:{request.url.port}/framed"></iframe>'
    return web.Response(text=frame, content_type="text/html")


async def _framed(request: web.Request) -> web.Response:
    return web.Response(text=FRAMED, content_type="text/html", headers={"Set-Cookie": COOKIE})


async def _cookies(request: web.Request) -> web.Response:
    return web.Response(text=",".join(sorted(request.cookies)) or "none")


@pytest_asyncio.fixture(loop_scope="session")
async def port() -> AsyncIterator[int]:
    """A small site on 127.0.0.1, to the browser also on localhost: two sites of one server."""
    app = web.Application()
    app.router.add_get("/shown", _shown)
    app.router.add_get("/framing", _framing)
    app.router.add_get("/framed", _framed)
    app.router.add_post("/cookies", _cookies)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_a_page_is_shown_and_clicked(visit: Visit, port: int) -> None:
    page = await visit.page()
    await page.goto(f"http://127.0.0.1:{port}/shown")
    assert await page.title() == "Groschen"
    before = (await visit.screenshot(page, "before")).read_bytes()
    assert await page.get_by_text("Guten Tag").count() == 0
    await page.get_by_role("button", name="Say it").click()
    await page.get_by_text("Guten Tag").wait_for()
    after = (await visit.screenshot(page, "after")).read_bytes()
    assert before.startswith(PNG)
    assert before != after


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("localhost", "sent: met,written; read: met=yes; written=yes"),
        ("127.0.0.1", "sent: none; read: "),
    ],
    ids=["same site", "foreign site"],
)
async def test_a_framed_page_works_without_third_party_cookies(
    visit: Visit, port: int, host: str, answer: str
) -> None:
    """The same frame on its own site keeps its cookies; on a foreign one it works without."""
    page = await visit.page()
    await page.goto(f"http://{host}:{port}/framing")
    framed = page.frame_locator("iframe")
    await framed.get_by_role("button", name="Ask").click()
    await framed.get_by_text("sent: ").wait_for()
    assert await framed.locator("#answer").text_content() == answer
    kept = {cookie.get("name") for cookie in await visit.context.cookies()}
    assert kept == ({"met", "written"} if host == "localhost" else set())


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("console.error('no change left')", "logged: no change left"),
        ("setTimeout(() => { throw new Error('coin stuck') })", "thrown: .*coin stuck"),
        ("fetch('/nowhere')", "logged: .*404"),
        ("fetch('http://groschen.example/').catch(() => 0)", "logged: .*ERR_NAME_NOT_RESOLVED"),
    ],
)
async def test_a_page_with_a_fault_fails_its_visit_unless_expected(
    shared_browser: Browser, tmp_path: Path, port: int, script: str, fault: str
) -> None:
    async def go(visit: Visit) -> None:
        page = await visit.page()
        await page.goto(f"http://127.0.0.1:{port}/shown")
        await page.evaluate(f"async () => {{ await {script} }}")
        # What was thrown or logged comes before what the page is asked next.
        await page.evaluate("() => new Promise(done => setTimeout(done))")

    with pytest.raises(AssertionError, match=fault):
        async with visiting(shared_browser, tmp_path) as visit:
            await go(visit)
    async with visiting(shared_browser, tmp_path) as visit:
        visit.expect_fault(fault)
        await go(visit)


async def test_an_expected_fault_has_to_come(shared_browser: Browser, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="expected faults did not come"):
        async with visiting(shared_browser, tmp_path) as visit:
            visit.expect_fault("coin stuck")


async def test_visits_share_nothing(shared_browser: Browser, tmp_path: Path, port: int) -> None:
    for _ in range(2):
        async with visiting(shared_browser, tmp_path) as visit:
            assert await visit.context.cookies() == []
            page = await visit.page()
            await page.goto(f"http://localhost:{port}/framed")
            assert len(await visit.context.cookies()) == 2


async def test_a_closed_browser_leaves_no_process(tmp_path: Path, port: int) -> None:
    before = descendants(os.getpid())
    async with running_browser() as browser, visiting(browser, tmp_path) as visit:
        page = await visit.page()
        await page.goto(f"http://127.0.0.1:{port}/shown")
        processes = {pid: os.pidfd_open(pid) for pid in descendants(os.getpid()) - before}
        assert len(processes) > 3  # the driver, the browser and what draws the page
    try:
        ended = select.poll()
        for handle in processes.values():
            ended.register(handle, select.POLLIN)
        assert {handle for handle, _ in ended.poll(0)} == set(processes.values())
    finally:
        for handle in processes.values():
            os.close(handle)
