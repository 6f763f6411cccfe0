"""What an admin does with prices, files and dialplan in the console while people really talk."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from engine.core.cdr import CallRecord
from engine.core.inventory import Inventory
from engine.core.roles import Role
from engine.flows.access import People
from engine.flows.clock import SystemClock
from engine.flows.config import load
from engine.ledger.users.sql import SqlSessions, SqlUsers
from tests.rig.browser import Visit
from tests.rig.ear import Ear
from tests.rig.house import ORGANISATION, PROFILE, RealHouse
from tests.rig.outside import OutsideWorld
from tests.rig.sip.legs import Leg
from tests.system.stage.listening import prompt_file

DID = "+493023125100"
NAME, PASSWORD = "ada@operator.example", "correct horse battery"
EURO = 1_000_000
SOON_MS = 20_000
UNDONE_AFTER_S = "6"
TARIFF = "tariff-p{}-EUR-conversation-a0"
PRICES_MICROS = (600_000, 660_000, 990_000, 1_990_000, 2_990_000)
FILES = """\
organisations: {%(organisation)s: {title: Acme}}
trunks: {carrier: {host: 127.0.0.1, port: %(network)d, number_format: e164_plus}}
agents:
  a1: {address: "127.0.0.1:%(phones)d"}
  a2: {address: "127.0.0.1:%(phones)d"}
groups: {advisers: {agents: [a1, a2]}}
profiles: {%(profile)s: {currency: EUR}}
tariffs:
  plain:
    currency: EUR
    landline: 0.66  # agreed in spring
    mobile: 0.66
    increment: 1/1
    billing_starts: {from: conversation}
services:
  line: {numbers: ["%(did)s"], profile: %(profile)s, tariff: plain, group: advisers}
"""
SOUND = "exten => 4711,1,Hangup(17)"
BREAKAGES = {
    "own.d/gone.conf ist nicht unter den Dateien": '#include "own.d/gone.conf"',
    "nowhere.* gibt es nicht": "exten => 4700,1,Goto(nowhere,s,1)",
    "Playbck ist keine Anwendung, die dieses Asterisk geladen hat": "exten => 4700,1,Playbck(x)",
    "hat eine Klammer ohne Gegenstück": "exten => 4700,1,NoOp((x)",
    "no-such-prompt ist in keinem Ordner mit Ansagen": "exten => 4700,1,Playback(no-such-prompt)",
}


@dataclass
class Office:
    """The house, and the admin's page in his browser."""

    house: RealHouse
    page: Page
    origin: str

    async def go(self, path: str) -> None:
        await self.page.goto(f"{self.origin}/console/{path}".removesuffix("/"))

    async def told(self, words: str) -> None:
        await self.page.get_by_role("status").filter(has_text=words).wait_for()

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def call(self, number: int) -> Leg:
        """Somebody with five euros talks to an agent."""
        e164 = f"+493023145{number:03}"
        await self.house.book(e164, 5 * EURO)
        call = await self.house.world.call(DID, pai=e164, from_user=e164)
        await call.answered()
        return call

    async def shows_change(self, line: str) -> None:
        changed = self.page.locator("pre.diff .added, pre.diff .removed").last
        await expect(changed).to_have_text(line, timeout=SOON_MS)

    async def dialplan(self) -> str:
        return await self.house.asterisk.run_command("dialplan show")

    async def draft_price(self, price: str) -> None:
        """Type a price and look at what it changes."""
        await self.go("services/line/price")
        await self.page.locator("#landline").fill(price)
        await self.press("Prüfen und vergleichen")

    async def set_price(self, price: str, undo_after_s: str = "") -> None:
        """A price in force, perhaps for some seconds alone."""
        await self.draft_price(price)
        await self.page.locator("#reason").fill(f"now {price}")
        within = self.page.locator("#confirm_within")
        if undo_after_s:
            await within.evaluate("(s, value) => { s.options[1].value = value; }", undo_after_s)
            await within.select_option(undo_after_s)
        await self.press("Anwenden")
        await self.told("ist in Kraft")

    async def price_is(self, shown: str) -> None:
        """The engine has come to go by a price."""
        async with asyncio.timeout(SOON_MS / 1000):
            while shown not in await self.page.locator("dl.facts").first.inner_text():
                await self.go("services/line")

    async def type_file(self, text: str) -> None:
        """Another text in the open file of the editor."""
        await self.page.locator(".ace_text-input").focus()
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.insert_text(text)


@asynccontextmanager
async def office(folder: Path, visit: Visit) -> AsyncIterator[Office]:
    """An engine that goes by files, an Asterisk that it may change, the operator's own admin."""
    config, own = folder / "config", folder / "own"
    own.mkdir(parents=True)

    def organise(world: OutsideWorld) -> Inventory:
        config.mkdir()
        values = {
            "organisation": ORGANISATION,
            "profile": PROFILE,
            "did": DID,
            "network": world.network_port,
            "phones": world.phones_port,
        }
        (config / "all.yaml").write_text(FILES % values)
        inventory = load(config)
        assert isinstance(inventory, Inventory), str(inventory)
        return inventory

    async with RealHouse(folder, (), organise=organise, config=config, own=own) as house:
        for name in ("a1", "a2"):
            house.world.agent(name).answers(after_s=0.2)
        engine = await house.start_engine()
        people = People(SqlUsers(house.ledger), SqlSessions(house.ledger), SystemClock())
        await people.add(None, NAME, Role.ADMIN, PASSWORD)
        page = await visit.page()
        page.set_default_timeout(SOON_MS)
        opened = Office(house, page, f"http://localhost:{engine.web_port}")
        await opened.go("")
        await page.locator("#name").fill(NAME)
        await page.locator("#password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", level=1, name="Übersicht").wait_for()
        yield opened


@pytest.mark.timeout(300)
@pytest.mark.asyncio(loop_scope="session")
async def test_an_admin_changes_prices_and_dialplan_while_people_talk(
    visit: Visit, tmp_path: Path
) -> None:
    async with office(tmp_path / "house", visit) as o:
        first = await o.call(1)
        await a_price_against_the_law_is_refused_at_its_field(o)
        await o.set_price("0.99")
        await o.price_is("0,99")
        await expect(
            o.page.get_by_role("row").filter(has_text="behält seinen alten Preis")
        ).to_have_text(re.compile("0,66"))
        second = await o.call(2)
        await a_broken_dialplan_is_refused_with_its_line(o)
        assert not first.is_over
        assert not second.is_over
        await first.hang_up()
        await second.hang_up()
        records = {record.e164: record for record in await o.house.records(2)}
        await heard_and_paid(first, records["+493023145001"], 660_000)
        await heard_and_paid(second, records["+493023145002"], 990_000)
        await a_version_is_kept_undone_and_undoes_itself(o)
        await a_draft_on_an_old_version_is_refused(o)


async def heard_and_paid(call: Leg, record: CallRecord, price_micros: int) -> None:
    """The caller heard this price and no other, and the call was rated by it."""
    await call.ended()
    prices = {key: prompt_file(key) for key in map(TARIFF.format, PRICES_MICROS)}
    heard = await asyncio.to_thread(Ear(call.recording).hits, prices)
    assert [key for key, _ in heard] == [TARIFF.format(price_micros)]
    assert record.rate is not None
    assert record.rate.price_micros == price_micros
    assert record.charge_micros > 0


async def a_price_against_the_law_is_refused_at_its_field(o: Office) -> None:
    await o.draft_price("3.01")
    hint = o.page.locator("#landline-hint")
    await expect(hint).to_contain_text("§ 112")
    await expect(o.page.locator("#landline")).to_have_value("3.01")
    await expect(o.page.locator("#reason")).to_have_count(0)


async def a_broken_dialplan_is_refused_with_its_line(o: Office) -> None:
    await o.go("dialplan")
    await o.page.locator("#new_file").fill("own.conf")
    await o.press("Prüfen und vergleichen")
    await o.type_file(f"{SOUND}\n")
    await o.press("Prüfen und vergleichen")
    await o.shows_change(f"+{SOUND}")
    await o.page.locator("#reason").fill("the door")
    await o.press("Anwenden")
    await o.told("jedes Asterisk hat sie")
    before = await o.dialplan()
    assert "4711" in before
    for words, line in BREAKAGES.items():
        await o.type_file(f"{SOUND}\n{line}\n")
        await o.press("Prüfen und vergleichen")
        told = o.page.get_by_role("alert").get_by_role("listitem")
        await expect(told).to_have_text(re.compile(f"own.conf, Zeile 2:.*{words}"))
        await expect(o.page.locator(".ace_gutter-cell.ace_error")).to_have_count(1)
        await expect(o.page.get_by_role("button", name="Anwenden")).to_have_count(0)
        assert await o.dialplan() == before
    await the_own_dialplan_is_undone(o)


async def the_own_dialplan_is_undone(o: Office) -> None:
    await o.go("dialplan")
    made = o.page.get_by_role("row").filter(has_text="the door")
    await expect(made).to_contain_text(NAME)
    undo = o.page.get_by_role("button", name="Letzte Änderung zurücknehmen")
    await undo.click()
    await o.told("jedes Asterisk hat sie")
    assert "4711" not in await o.dialplan()
    await expect(o.page.locator("textarea[data-editor]")).to_have_count(0)
    await made.get_by_role("link").click()
    await o.shows_change(f"+{SOUND}")
    await o.go("dialplan")
    await expect(undo).to_have_count(0)
    await o.page.locator("#number").fill(await made.get_by_role("rowheader").inner_text())
    await o.page.locator("#restore_reason").fill("the door after all")
    await o.press("Zurückholen")
    await o.told("jedes Asterisk hat sie")
    assert "4711" in await o.dialplan()


async def a_version_is_kept_undone_and_undoes_itself(o: Office) -> None:
    banner = o.page.locator(".banner")
    await o.set_price("1.99", "60")
    await expect(banner.locator(".countdown")).to_have_text(re.compile("0:[0-5][0-9]"))
    await o.press("Behalten")
    await o.told("bleibt")
    await expect(banner).to_have_count(0)
    await o.set_price("2,99", "60")
    await o.press("Jetzt zurücknehmen")
    await o.told("ist wieder in Kraft")
    await o.set_price("0.66", UNDONE_AFTER_S)
    await expect(banner).to_have_count(1)
    await expect(banner).to_have_count(0, timeout=SOON_MS)
    await o.price_is("1,99")
    await o.go("configuration")
    await expect(
        o.page.get_by_role("row").filter(has_text="von selbst zurückgenommen")
    ).to_have_count(1)


async def a_draft_on_an_old_version_is_refused(o: Office) -> None:
    await o.go("configuration/edit")
    text = await o.page.locator("textarea[data-editor]").input_value()
    assert "landline: 1.99  # agreed in spring" in text
    other = await o.page.context.new_page()
    mine, o.page = o.page, other
    await o.set_price("2.99")
    o.page = mine
    await o.type_file(text.replace("1.99", "0.99"))
    await o.press("Prüfen und vergleichen")
    alert = o.page.get_by_role("alert")
    await expect(alert).to_contain_text("jemand anders")
    await expect(alert).to_contain_text("1.99 → 2.99")
    await expect(o.page.locator("#reason")).to_have_count(0)
    await other.close()
