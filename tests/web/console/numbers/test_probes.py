"""What the console shows of probes: on a number's page, and in the list."""

from dataclasses import replace

import pytest

from engine.core.probe import Health, Probe, Result, Standing
from engine.core.roles import Role
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
    await probes.put(health, probe)
    shown = await page(house, path, customer)
    assert "287 ms" in shown
    assert "nicht zu erreichen" not in shown
    missed = replace(probe, call_id="p2", placed_ms=NOW_MS + 1, result=Result.BUSY, delay_ms=None)
    await probes.put(replace(health, standing=Standing.DEAD, version=3), missed)
    shown = await page(house, path, customer)
    assert shown.index("besetzt") < shown.index("287 ms")
    assert "nicht zu erreichen" in shown


async def test_another_holders_probes_are_not_shown(house: House, customer: User) -> None:
    e164 = f"+{house.own['number']}"
    health = Health(e164=e164, organisation="former", next_ms=NOW_MS, standing=Standing.DEAD)
    ledger = house.bench.ledger
    await ledger.open_account("former", "former-eur", "+4930231250", "EUR")
    await house.bench.site.probes.enrol([health])
    assert "Prüfanrufe" not in await page(house, f"{NUMBERS}/{e164[1:]}", customer)
