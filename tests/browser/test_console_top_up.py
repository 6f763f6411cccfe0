"""Staff give money to somebody who is talking, in the console: he hears his new time."""

import asyncio
from pathlib import Path

import pytest

from engine.core.inventory import BillingProfile, ProviderTerms
from engine.core.roles import Role
from engine.flows.access import People
from engine.flows.clock import SystemClock
from engine.ledger.users.sql import SqlSessions, SqlUsers
from tests.browser.consoles import sign_in
from tests.rig.browser import Visit
from tests.system.houses.parties import all_talk
from tests.system.stage.alone import alone
from tests.system.stage.lines import ORGANISATION, PROFILE, SIXTY_CENTS, line
from tests.web.console.house import PASSWORD

EURO = 1_000_000
SERVED = BillingProfile(
    name=PROFILE,
    organisation=ORGANISATION,
    currency="EUR",
    providers=(
        ProviderTerms(
            provider="manual", options=(("holder", "Acme"), ("iban", "DE02120300000000202051"))
        ),
    ),
)
"""With a provider, so that the engine serves pages."""

NAME = "grace@acme.example"
LEFT = {"topped_up_caller-s240", "topped_up_caller-s180"}
"""What 1.00 and 2.00 buy at 0.60 a minute, less what has been talked by then."""


@pytest.mark.timeout(300)
@pytest.mark.asyncio(loop_scope="session")
async def test_a_credit_is_heard_in_the_running_call(visit: Visit, tmp_path: Path) -> None:
    async with alone(tmp_path / "house", line(SIXTY_CENTS), profile=SERVED) as s:
        ledger = s.house.ledger
        people = People(SqlUsers(ledger), SqlSessions(ledger), SystemClock())
        await people.add(ORGANISATION, NAME, Role.MANAGER, PASSWORD)
        origin = f"http://localhost:{s.house.engines['e1'].web_port}"
        page = await visit.page()
        await sign_in(page, origin, NAME)
        (party,) = await all_talk(s, [EURO])
        await page.goto(f"{origin}/console/transactions/new")
        await page.get_by_label("Rufnummer").fill(party.e164)
        await page.get_by_label("Betrag").fill("2,00")
        await page.get_by_label("Grund").fill("Kulanz")
        await page.get_by_role("button", name="Weiter").click()
        await page.get_by_text("3,00 €").wait_for()
        await page.get_by_role("button", name="Jetzt buchen").click()
        await page.get_by_role("status").filter(has_text="Gebucht: 2,00 €").wait_for()
        await asyncio.sleep(5)
        await party.call.hang_up()
        (record,) = await s.records(1)
        witness = await party.heard(s, record, *LEFT)
        assert len(LEFT.intersection(witness.told)) == 1, witness.told
        assert await s.balance(party.e164) == 3 * EURO - record.charge_micros
