"""A real browser for tests: headless Chromium, driven by Playwright.

    async with running_browser() as browser, visiting(browser, folder) as visit:
        page = await visit.page()
        await page.goto(address)
        await page.get_by_role("button").click()
        await visit.screenshot(page, "clicked")

One browser serves many tests; each visit has cookies and storage of its own. It resolves no name
but `localhost` and what ends in it, so a test that reaches for the world outside fails. Pages keep
no third-party cookies, as browsers do more and more: what works here works framed on a foreign
site. A visit fails at its end if one of its pages logged an error, threw or crashed, unless that
was expected. Closing the browser ends every process of it, and its profile is gone.
"""

import os
import re
import select
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    async_playwright,
    expect,
)

from tests.programs import chromium_program

START_TIMEOUT_MS: Final = 30_000
STEP_TIMEOUT_MS: Final = 15_000
END_TIMEOUT_MS: Final = 5_000
FAULTS_KEPT: Final = 50
_NO_WORLD: Final = "MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE *.localhost , EXCLUDE 127.0.0.1"


class Visit:
    """One visitor with some pages; made by `visiting`. `faults` are one line each."""

    def __init__(self, context: BrowserContext, folder: Path) -> None:
        self.context = context
        self.folder = folder
        self.faults: list[str] = []
        self._expected: list[str] = []
        context.on("console", self._heard)
        context.on("weberror", lambda thrown: self._note(f"thrown: {thrown.error}"))
        context.on("page", lambda page: page.on("crash", lambda _: self._note("crashed")))

    async def page(self) -> Page:
        """An empty page without third-party cookies."""
        page = await self.context.new_page()
        session = await self.context.new_cdp_session(page)
        await session.send("Network.enable")
        await session.send("Network.setCookieControls", {"enableThirdPartyCookieRestriction": True})
        return page

    async def screenshot(self, page: Page, name: str) -> Path:
        """The page in full, as a PNG in the visit's folder."""
        path = self.folder / f"{name}.png"
        await page.screenshot(path=path, full_page=True)
        return path

    def expect_fault(self, pattern: str) -> None:
        """Faults in which the regular expression is found are no faults; one must come."""
        self._expected.append(pattern)

    def judge(self) -> None:
        """`AssertionError` if a fault came that was not expected, or an expected one did not."""
        matches = [[bool(re.search(p, fault)) for p in self._expected] for fault in self.faults]
        unexpected = [
            fault for fault, row in zip(self.faults, matches, strict=True) if not any(row)
        ]
        assert not unexpected, "\n".join(["the pages had faults:", *unexpected])
        missed = [p for p, *column in zip(self._expected, *matches, strict=True) if not any(column)]
        assert not missed, f"expected faults did not come: {missed}"

    def _heard(self, message: ConsoleMessage) -> None:
        # Some browsers ask for an icon that no page named.
        address = message.location["url"]
        if message.type == "error" and not address.endswith("/favicon.ico"):
            self._note(f"logged: {message.text} ({address})")

    def _note(self, fault: str) -> None:
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(fault)


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """A Chromium for many visits, with a home of its own; ended afterwards."""
    expect.set_options(timeout=STEP_TIMEOUT_MS)
    with tempfile.TemporaryDirectory(prefix="groschen-browser-") as home:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium_program(),
                args=[f"--host-resolver-rules={_NO_WORLD}", "--disable-gpu"],
                chromium_sandbox=_can_sandbox(),
                env={"HOME": home, "TMPDIR": home, "PATH": os.defpath, "LANG": "C.UTF-8"},
                timeout=START_TIMEOUT_MS,
            )
            pid = await _pid(browser)
            try:
                yield browser
            finally:
                processes = list(_held([pid, *descendants(pid)]))
                await browser.close()
                _wait_for_end(processes)


@asynccontextmanager
async def visiting(browser: Browser, folder: Path) -> AsyncIterator[Visit]:
    """A visit that leaves its pictures in `folder`; judged at its end."""
    context = await browser.new_context(locale="de-DE", timezone_id="Europe/Berlin")
    try:
        context.set_default_timeout(STEP_TIMEOUT_MS)
        visit = Visit(context, folder)
        yield visit
    finally:
        await context.close()
    visit.judge()


def descendants(ancestor: int) -> set[int]:
    """The processes that a process started, and they in turn, as Linux knows them now."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found, asked = set[int](), [ancestor]
    while asked:
        begotten = children.get(asked.pop(), [])
        found.update(begotten)
        asked.extend(begotten)
    return found


async def _pid(browser: Browser) -> int:
    session = await browser.new_browser_cdp_session()
    answer = await session.send("SystemInfo.getProcessInfo")
    await session.detach()
    return next(int(known["id"]) for known in answer["processInfo"] if known["type"] == "browser")


def _held(pids: list[int]) -> Iterator[int]:
    """Handles that outlive their processes, so that no number can come to mean another."""
    for pid in pids:
        with suppress(ProcessLookupError):
            yield os.pidfd_open(pid)


def _wait_for_end(processes: list[int]) -> None:
    """Closing the browser does not wait for the sandbox around it."""
    try:
        for process in processes:
            poll = select.poll()
            poll.register(process, select.POLLIN)
            assert poll.poll(END_TIMEOUT_MS), "a process outlived its browser"
    finally:
        for process in processes:
            os.close(process)


def _can_sandbox() -> bool:
    """Chromium's sandbox needs namespaces that an ordinary user may make; root has none."""
    if os.geteuid() == 0:
        return False
    command = ["unshare", "--user", "--map-root-user", "true"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
