"""A real call as its agent and a supervisor see it: warned, topped up, ended, and a pause kept.

The caller withholds his number: no byte that reaches the agent may hold it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser, Page, expect

from engine.core.cdr import Disposition
from engine.core.inventory import BillingProfile, ProviderTerms
from engine.core.roles import Role
from engine.flows.access import People
from engine.flows.clock import SystemClock
from engine.ledger.users.sql import SqlSessions, SqlUsers
from tests.rig.browser import Visit, visiting
from tests.system.stage.alone import alone
from tests.system.stage.lines import ORGANISATION, PROFILE, line
from tests.system.stage.listening import length_s
from tests.system.stage.scenes import Scene

PASSWORD = "correct horse battery"
TWENTY_SECONDS = 220_000
WARNED_S = 15
WARNING = f"warning_agent-s{WARNED_S}"
TOGETHER_MS = 300
SHOWN_WITHIN_MS = 20_000
TERMS = ProviderTerms(
    provider="manual", options=(("holder", "Acme"), ("iban", "DE02120300000000202051"))
)
PAGES = BillingProfile(name=PROFILE, organisation=ORGANISATION, currency="EUR", providers=(TERMS,))
NOTE_TIMES = """
window.firstShown = {};
new MutationObserver(() => {
  for (const name of ["banner", "toast"]) {
    if (!(name in window.firstShown) && document.querySelector(`.${name}`)) {
      window.firstShown[name] = Date.now();
    }
  }
}).observe(document, { childList: true, subtree: true });
"""


async def sign_in(page: Page, origin: str, name: str) -> None:
    await page.goto(f"{origin}/console/sign-in")
    await page.locator("#name").fill(name)
    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", level=1).wait_for()


async def people(s: Scene) -> None:
    """The agent of the line and a supervisor."""
    ledger = s.house.ledger
    known = People(SqlUsers(ledger), SqlSessions(ledger), SystemClock())
    await known.add(ORGANISATION, f"{s.cast.phones[0]}@acme.example", Role.AGENT, PASSWORD)
    await known.add(ORGANISATION, "maja@acme.example", Role.MANAGER, PASSWORD)


@asynccontextmanager
async def overheard(visit: Visit, origin: str) -> AsyncIterator[bytearray]:
    """All bytes of the agent's stream, as a program of his would get them."""
    told = bytearray()
    cookies = {one["name"]: one["value"] for one in await visit.context.cookies()}
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}

    async def listen() -> None:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session,
            session.get(f"{origin}/console/live/desk", headers=headers) as answer,
        ):
            async for part in answer.content.iter_any():
                told.extend(part)

    listening = asyncio.create_task(listen())
    try:
        yield told
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def top_up(boss: Page, origin: str) -> None:
    """The supervisor finds the call and gives it a euro, by keyboard alone."""
    await boss.goto(f"{origin}/console/live-calls")
    await boss.get_by_role("link", name="Nummer unterdrückt").focus()
    await boss.keyboard.press("Enter")
    await boss.locator("#amount").focus()
    await boss.keyboard.type("1,00")
    await boss.keyboard.press("Tab")
    await boss.keyboard.type("Kulanz")
    await boss.keyboard.press("Enter")
    await boss.get_by_text("sind gutgeschrieben").wait_for()


async def end(boss: Page) -> None:
    await boss.locator("#end-reason").fill("Beschwerde")
    await boss.get_by_role("button", name="Anruf beenden").click()
    await boss.get_by_role("button", name="Ja, ausführen").click()
    await boss.get_by_text("Der Anruf ist beendet.").wait_for(timeout=SHOWN_WITHIN_MS)


@pytest.mark.timeout(300)
@pytest.mark.asyncio(loop_scope="session")
async def test_agent_and_supervisor_see_a_call_as_it_goes(
    visit: Visit, shared_browser: Browser, tmp_path: Path
) -> None:
    service = line(thresholds_s=(WARNED_S,), max_wait_s=5)
    async with (
        alone(tmp_path / "house", service, profile=PAGES) as s,
        visiting(shared_browser, tmp_path) as others,
    ):
        await people(s)
        origin = f"http://localhost:{s.house.engines['e1'].web_port}"
        desk, boss = await visit.page(), await others.page()
        await desk.add_init_script(NOTE_TIMES)
        await sign_in(desk, origin, f"{s.cast.phones[0]}@acme.example")
        await sign_in(boss, origin, "maja@acme.example")
        await desk.goto(f"{origin}/console/desk")
        await s.credit(TWENTY_SECONDS)
        async with overheard(visit, origin) as told:
            call, leg = await s.talk(from_user=None, privacy="id")
            await desk.get_by_role("heading", name="Im Gespräch").wait_for()
            await expect(desk.get_by_text("Nummer unterdrückt")).to_have_count(1)
            await desk.locator(".banner").wait_for(timeout=SHOWN_WITHIN_MS)
            warned_ms = await desk.evaluate("window.firstShown.banner")
            # News cuts off what is being said.
            await asyncio.sleep(length_s(WARNING))
            await top_up(boss, origin)
            await desk.locator(".toast").filter(has_text="1,00").wait_for()
            pages = await desk.content()
            await desk.get_by_role("button", name="Pause zur Erholung").click()
            await desk.get_by_text("Pause nach dem Anruf").wait_for()
            await boss.goto(f"{origin}/console/agents")
            row = boss.locator(f"#agent-{s.cast.phones[0]}")
            await expect(row).to_contain_text("Im Gespräch")
            await expect(row.get_by_text("angemeldet", exact=True)).to_have_count(1)
            await row.get_by_role("link").click()
            await end(boss)
            await call.ended()
            await expect(desk.locator("#desk-standing")).to_have_text("Pause")
            refused = await s.call()
            await refused.ended()
            first, second = await s.records(2)
            await desk.reload()
            await desk.get_by_role("row", name="Nummer unterdrückt").get_by_role("link").click()
            await desk.get_by_label("Neue Notiz").fill("Ruft wieder an.")
            await desk.get_by_role("button", name="Notieren").click()
            await desk.get_by_text("Ruft wieder an.").wait_for()
            pages += await desk.content()
        await desk.close()
        await boss.close()
        assert (first.disposition, first.withheld) == (Disposition.ENDED_BY_OPERATOR, True)
        assert [by for _, by, _ in first.ordered] == ["maja@acme.example"]
        assert (second.disposition, second.agents) == (Disposition.NO_AGENT, ())
        assert len(s.agent.legs) == 1
        assert b"Nummer unterdr" in told
        assert b"toast" in told
        for digits in (s.caller, s.caller[1:], s.caller[3:], s.caller[3:-3]):
            assert digits.encode() not in told
            assert digits not in pages
        witness = await s.heard(leg, call, None, is_agent=True, also=(WARNING,))
        assert WARNING in witness.told, (witness.told, first.prompts)
        (heard_ms,) = witness.at_ms(WARNING)
        assert abs(warned_ms - heard_ms) <= TOGETHER_MS, warned_ms - heard_ms
