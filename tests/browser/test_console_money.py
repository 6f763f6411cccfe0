"""What staff do with money and records in the console, as they do it."""

import csv
import re
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from engine.core.cdr import Refusal
from engine.core.roles import Role
from tests.browser.consoles import Place, furnished_console, sign_in
from tests.rig.browser import Visit
from tests.web.console.money.business import WITHHELD, account, euros, refused, settle_call
from tests.web.site import PROFILE

pytestmark = pytest.mark.asyncio(loop_scope="session")

MEANT, MISTYPED = "+4915228817555", "+4915228817655"


@pytest_asyncio.fixture(loop_scope="session")
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with furnished_console(tmp_path) as place:
        yield place


async def _signed_in(place: Place, visit: Visit, role: Role) -> Page:
    page = await visit.page()
    await sign_in(page, place.origin, place.house.people[role].name)
    return page


async def test_a_mistyped_number_is_found_and_mended(place: Place, visit: Visit) -> None:
    paid = await account(place.house, MISTYPED, euros(20))
    await settle_call(
        place.house, refused(place.house, "why.1", Refusal.BALANCE_TOO_LOW, e164=MEANT)
    )
    page = await _signed_in(place, visit, Role.MANAGER)
    await page.goto(f"{place.origin}/console/why")
    await page.get_by_label("Rufnummer oder Anruf").fill("0152 28817555")
    await page.get_by_role("button", name="Nachsehen").click()
    near = page.locator("ol.reasons li").filter(has_text="eine Ziffer anders")
    await expect(near).to_contain_text("20.00 EUR")
    assert MISTYPED not in await page.content()
    await near.get_by_role("button", name="Nummer dieses Kontos ändern").click()
    await page.locator("#number-reason").fill("bei der Aufladung vertippt")
    await page.get_by_role("button", name="Nummer ändern").click()
    await page.get_by_role("button", name="Ja, ausführen").click()
    await page.get_by_role("status").filter(has_text="neue Nummer").wait_for()
    known = await place.house.bench.ledger.account(paid)
    assert known is not None
    assert (known.e164, known.balance_micros) == (MEANT, euros(20))


async def test_a_revealed_number_is_in_the_audit_log(place: Place, visit: Visit) -> None:
    page = await _signed_in(place, visit, Role.OWNER)
    await page.goto(f"{place.origin}/console/evn/{place.house.own['call_id']}")
    assert "+4915228817111" not in await page.content()
    await page.locator("summary").click()
    await page.get_by_label("Grund").fill("Beschwerde 17")
    await page.get_by_role("button", name="Nummer ganz zeigen").click()
    await expect(page.locator("dl.facts")).to_contain_text("+4915228817111")
    await page.goto(f"{place.origin}/console/audit?action=evn.reveal")
    line = page.locator("tbody tr").first
    await expect(line).to_contain_text("Beschwerde 17")
    await expect(line).to_contain_text(place.house.own["call_id"])
    assert "+4915228817111" not in await page.content()


async def test_a_withheld_number_is_on_no_page(place: Place, visit: Visit) -> None:
    page = await _signed_in(place, visit, Role.OWNER)
    named = await place.house.bench.ledger.find_account(PROFILE, WITHHELD)
    assert named is not None
    for path in (
        "customers",
        f"customers/{named.account_id}",
        "transactions",
        "evn",
        "lists",
        "why?caller=1796083300.2",
        f"transactions/new?account={named.account_id}",
    ):
        await page.goto(f"{place.origin}/console/{path}")
        content = await page.content()
        assert "unterdrückt" in content, path
        for shorter in (WITHHELD, WITHHELD[3:], WITHHELD[:-3]):
            assert shorter not in re.sub(r"[\s().]|caller=[^\"]*", "", content), path


async def test_an_exported_month_sums_to_its_call_postings(place: Place, visit: Visit) -> None:
    page = await _signed_in(place, visit, Role.AUDITOR)
    await page.goto(f"{place.origin}/console/evn")
    async with page.expect_download() as begun:
        await page.get_by_role("button", name="Als CSV ausgeben").click()
    file = await (await begun.value).path()
    with file.open(newline="") as opened:
        *lines, until, summed, booked = csv.DictReader(opened)
    assert until["outcome"].startswith("vollständig bis ")
    assert summed["charge"] == booked["charge"] == "19.90"
    assert sum(Decimal(line["charge"]) for line in lines) == Decimal(booked["charge"])
    outcomes = {line["outcome"] for line in lines}
    assert {Refusal.CLOSED.value, Refusal.PIN_WRONG.value} <= outcomes
    assert all(line["caller"] == "" or line["caller"].endswith("xxx") for line in lines)
