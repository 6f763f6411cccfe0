"""The first page: what goes on now, of every kind, and the day so far."""

import re
from dataclasses import replace
from decimal import Decimal

from engine.core.roles import Role
from engine.flows.machines.forwarding import ForwardingMachine
from engine.ports.store import Snapshot
from tests.forwarding.test_machine import Driver
from tests.web.console.house import House
from tests.web.console.money.business import account, call, euros, settle_call

TURNOVER = re.compile(r"<strong>([0-9.,]+)\s€</strong> <span>Umsatz")


async def test_the_day_so_far_is_summed_up(house: House) -> None:
    before = await _turnover(house, Role.OWNER)
    assert before is not None
    customer = await account(house, "+493023125900", euros(20))
    await settle_call(house, call(house, "c1", customer, 3))
    assert await _turnover(house, Role.OWNER) == before + Decimal("5.97")
    assert await _turnover(house, Role.AGENT) is None


async def _turnover(house: House, role: Role) -> Decimal | None:
    page = await (await house.ask("GET", "/console", house.people[role])).text()
    found = TURNOVER.search(page)
    # Other kinds of calls cost nobody anything, and are not in these figures.
    assert ("Heute: Anrufe gegen Entgelt" in page) == (found is not None)
    return Decimal(found[1].replace(".", "").replace(",", ".")) if found else None


async def test_calls_of_every_kind_are_counted(house: House) -> None:
    forwarded = replace(Driver().call, organisation="acme")
    body = ForwardingMachine().encode(forwarded)
    snapshot = Snapshot(
        call_id=forwarded.call_id, account_id=None, engine="engine-1", epoch=1, body=body
    )
    await house.bench.store.save(snapshot)
    page = await (await house.ask("GET", "/console", house.people[Role.OWNER])).text()
    assert '<th scope="row">Weiterleitung</th><td class="number">1</td>' in page
