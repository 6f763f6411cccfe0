"""Customers."""

from dataclasses import replace

from playwright.async_api import Page

from engine.core.cdr import CallRecord, Refusal
from engine.flows.agents.callers import CallerFile
from engine.ports.people.callers import NoteKind
from tests.web.console.house import MASTERS, OTHERS, House, Row
from tests.web.console.money.business import WITHHELD, account, call, euros, refused, settle_call
from tests.web.site import LANDLINE, MOBILE, ORGANISATION

ONE = "/console/customers/{account_id}"
READERS = f"{MASTERS} manager auditor"
WRITERS = f"{MASTERS} manager"

ROWS = {
    ("GET", "/console/customers"): Row(READERS),
    ("GET", ONE): Row(READERS),
    ("POST", f"{ONE}/reveal"): Row(WRITERS, {"reason": "asked back"}),
    ("POST", f"{ONE}/notes"): Row(WRITERS, {"text": "speaks softly", "form_id": "n1"}),
    ("POST", f"{ONE}/block"): Row(WRITERS, {"reason": "insults"}),
    ("POST", f"{ONE}/unblock"): Row(WRITERS),
    ("POST", f"{ONE}/pin"): Row(WRITERS),
    ("POST", f"{ONE}/number"): Row(
        WRITERS, {"number": "030 23125200", "reason": "has moved", "form_id": "c1"}
    ),
    ("POST", "/console/customers/reports/{note_id}/see"): Row(
        WRITERS, {"next": "/console/customers"}
    ),
}


async def seed(house: House) -> None:
    """A customer with a history here, one who withholds his number, and one elsewhere."""
    site = house.bench.site
    ours = await account(house, "+4915228817999", euros(50))
    await site.ledger.change_number(ours, LANDLINE)
    house.own["account_id"] = ours
    await settle_call(house, call(house, "1796083200.12", ours))
    file = CallerFile(site.callers, site.clock, ORGANISATION)
    await file.note(ours, "grace", "Ruft abends an.")
    report = await file.note(ours, "grace", "Droht den Beraterinnen.", NoteKind.REPORT)
    house.own["note_id"] = report.note_id
    await site.ledger.set_pin(ours, "4711")
    hidden = await account(house, WITHHELD, euros(20))
    record = refused(house, "1796083300.2", Refusal.BALANCE_TOO_LOW, WITHHELD)
    await settle_call(house, _withheld(record, hidden))
    await account(house, MOBILE)
    theirs = await account(house, LANDLINE, euros(5), OTHERS, "bolt")
    file = CallerFile(site.callers, site.clock, OTHERS)
    report = await file.note(theirs, "b1", "Fragt nach Frau Bolt.", NoteKind.REPORT)
    house.foreign.update(account_id=theirs, note_id=report.note_id)


def _withheld(record: CallRecord, account_id: str) -> CallRecord:
    return replace(record, withheld=True, account_id=account_id)


async def _merge(house: House, page: Page, origin: str) -> bool:
    if "account_id" not in house.own:
        return False
    await page.goto(f"{origin}/console/customers/{house.own['account_id']}")
    await page.locator("#number").fill(MOBILE)
    await page.locator("#number-reason").fill("zwei Konten")
    await page.locator("#change button").click()
    await page.locator("button.danger").click()
    await page.locator("input[name=merge]").wait_for(state="attached")
    return True


async def _pin(house: House, page: Page, origin: str) -> bool:
    if "account_id" not in house.own:
        return False
    path = f"/console/customers/{house.own['account_id']}"
    await page.goto(origin + path)
    await page.locator(f'form[action="{path}/pin"] button').click()
    await page.locator("button.danger").click()
    await page.locator("#made").wait_for()
    return True


SCENES = {"customers-merge": _merge, "customers-pin": _pin}
