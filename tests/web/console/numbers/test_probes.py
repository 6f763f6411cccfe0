"""What the console shows of probes: on a number's page, and in the list."""

from dataclasses import replace

import pytest

from engine.core.probe import Health, Probe, Result, Standing
from engine.core.roles import Role
from engine.ports.probes import Finding
from engine.ports.users import User
from tests.web.console.house import House
from tests.web.console.numbers.test_numbers import NUMBERS, page
from tests.web.site import ORGANISATION

NOW_MS = 1_795_300_000_000


@pytest.fixture
def customer(house: House) -> User:
    return house.people[Role.MANAGER]


async def test_a_dead_number_is_marked_listed_and_explained(house: House, customer: User) -> None:
    probes, e164 = house.bench.site.probes, f"+{house.own['number']}"
    path = f"{NUMBERS}/{e164[1:]}"
    assert "Prüfanrufe" not in await page(house, path, customer)
    assert f'href="{path}"' not in await page(house, f"{NUMBERS}?status=dead", customer)
    health = Health(e164=e164, organisation=ORGANISATION, next_ms=NOW_MS)
    await probes.enrol([health])
    probe = Probe(
        call_id="p1",
        e164=e164,
        organisation=ORGANISATION,
        placed_ms=NOW_MS,
        result=Result.ARRIVED,
        delay_ms=287,
    )
    health = replace(health, standing=Standing.ALIVE, version=2)
    await probes.note(Finding(health=health, probe=probe))
    shown = await page(house, path, customer)
    assert "287 ms" in shown
    assert "nicht zu erreichen" not in shown
    missed = replace(probe, call_id="p2", placed_ms=NOW_MS + 1, result=Result.BUSY, delay_ms=None)
    dead = replace(health, standing=Standing.DEAD, version=3)
    await probes.note(Finding(health=dead, probe=missed))
    shown = await page(house, path, customer)
    assert shown.index("besetzt") < shown.index("287 ms")
    assert "nicht zu erreichen" in shown


@pytest.mark.parametrize("calls_a_day", [1, 2_057])
async def test_how_many_numbers_are_called_how_often_is_told(
    house: House, customer: User, calls_a_day: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second number, called today, belongs to another organisation."""
    site, own, foreign = house.bench.site, house.own["number"], house.foreign["number"]
    for module in ("engine.core.probe", "engine.web.console.pages.numbers.probing"):
        monkeypatch.setattr(f"{module}.calls_a_day", lambda _plan: calls_a_day)
    assert "angerufene" not in await page(house, NUMBERS, customer)
    now_ms = site.clock.now().wall_ms
    for e164, last_ms in ((own, None), (foreign, now_ms)):
        held = await site.numbering.numbers.number(f"+{e164}")
        assert held is not None
        assert held.organisation is not None
        health = Health(e164=held.e164, organisation=held.organisation, next_ms=0, last_ms=last_ms)
        await site.probes.enrol([health])
    often = "einmal am Tag" if calls_a_day > 1 else "etwa alle 2 Tage"
    shown = await page(house, NUMBERS, customer)
    assert f"Rufnummern: 1, jede {often}; in den letzten 24 Stunden: 0." in shown
    assert "at_once" not in shown
    shown = await page(house, NUMBERS, house.staff[Role.MANAGER])
    assert f"Rufnummern: 2, jede {often}; in den letzten 24 Stunden: 1." in shown
    assert ("höchstens 1; mehr mit at_once" in shown) == (calls_a_day == 1)
    assert f"selbst an, {often}." in await page(house, f"{NUMBERS}/{own}", customer)


async def test_another_holders_probes_are_not_shown(house: House, customer: User) -> None:
    e164 = f"+{house.own['number']}"
    health = Health(e164=e164, organisation="former", next_ms=NOW_MS, standing=Standing.DEAD)
    ledger = house.bench.ledger
    await ledger.open_account("former", "former-eur", "+4930231250", "EUR")
    await house.bench.site.probes.enrol([health])
    assert "Prüfanrufe" not in await page(house, f"{NUMBERS}/{e164[1:]}", customer)
