"""Who tops up in mid-call, by each provider, through the page in a frame on a foreign site, hears
it in that very call."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Page

from engine.core.inventory import BillingProfile, TopUpAmount
from tests.fakes.payments.every import every_provider
from tests.rig.browser import Visit
from tests.system.houses.parties import all_talk
from tests.system.stage.alone import alone
from tests.system.stage.lines import ORGANISATION, PROFILE, SIXTY_CENTS, line

EURO = 1_000_000
PAID_WITHIN_MS = 20_000
PROVIDERS = ("paypal", "klarna", "stripe", "paysafecard", "sofort")
LEFT = {"topped_up_caller-s240", "topped_up_caller-s180"}
"""What 1.00 and 2.00 buy at 0.60 a minute, less what has been talked by then."""


@asynccontextmanager
async def foreign_site() -> AsyncIterator[tuple[str, list[str]]]:
    """An operator's site that shows whatever page it is given in a frame; and that list."""
    framed: list[str] = []

    async def show(_request: web.Request) -> web.Response:
        frame = f'<!doctype html><iframe src="{framed[-1]}" width=900 height=900></iframe>'
        return web.Response(text=frame, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", show)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", framed
    finally:
        await runner.cleanup()


async def pay(page: Page, number: str, provider: str) -> str:
    """Pay the one amount for a number as a person does; what the page then says of the balance."""
    frame = page.frame_locator("iframe")
    await frame.locator("#number").fill(number)
    await frame.locator("#check.good").wait_for()
    await frame.locator("label.card").first.click()
    await frame.locator(f"label:has(input[value={provider}])").click()
    async with page.expect_popup() as opened:
        await frame.locator("#pay").click()
    window = await opened.value
    await window.locator("button").first.click()
    await window.wait_for_url("**/pay/**")
    await frame.locator("#balance").wait_for(timeout=PAID_WITHIN_MS)
    await window.close()
    return await frame.locator("#balance").inner_text()


@pytest.mark.timeout(300)
@pytest.mark.asyncio(loop_scope="session")
async def test_a_top_up_by_each_provider_is_heard_in_the_running_call(
    visit: Visit, tmp_path: Path
) -> None:
    async with every_provider(tmp_path) as fakes, foreign_site() as (site, framed):
        profile = BillingProfile(
            name=PROFILE,
            organisation=ORGANISATION,
            currency="EUR",
            amounts=(TopUpAmount(pay_micros=EURO * 3 // 2, bonus_micros=EURO // 2),),
            providers=fakes.terms,
            sites=(site,),
        )
        service = line(SIXTY_CENTS)
        async with alone(tmp_path / "house", service, agents=len(PROVIDERS), profile=profile) as s:
            origin = f"http://localhost:{s.house.engines['e1'].web_port}"
            fakes.hear_at(f"{origin}/hooks/{PROFILE}")
            framed.append(f"{origin}/topup/{PROFILE}?lang=de")
            parties = await all_talk(s, [EURO] * len(PROVIDERS))
            for party, provider in zip(parties, PROVIDERS, strict=True):
                page = await visit.page()
                await page.goto(site)
                assert "Minuten vom Festnetz" in await pay(page, party.e164, provider)
                await page.close()
            await asyncio.sleep(5)
            for party in parties:
                await party.call.hang_up()
            for record in await s.records(len(parties)):
                party = next(p for p in parties if p.e164 == record.e164)
                witness = await party.heard(s, record, *LEFT)
                assert len(LEFT.intersection(witness.told)) == 1, witness.told
                assert await s.balance(party.e164) == 3 * EURO - record.charge_micros
