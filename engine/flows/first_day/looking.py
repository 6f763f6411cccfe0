"""Finds out how the steps of the first day stand: asks Asterisk, books and prompts."""

from collections.abc import Mapping

import structlog

from engine.core.cdr import CallRecord
from engine.core.inventory import Inventory
from engine.core.payment import OrderStatus
from engine.errors import RemoteError
from engine.flows.dialplan.own import OwnDialplan
from engine.flows.first_day.rules import Found
from engine.flows.hearing import silent
from engine.ports.operators import CustomerFilter, CustomerOrder, Customers
from engine.ports.orders import OrderFilter, Orders
from engine.ports.reading.records import CallFilter, Records
from engine.ports.speech import Sounds

CALLS_SEEN = 100
"""Of each organisation, the newest."""

ORGANISATIONS_ASKED = 50
SERVICES_ASKED = 50
PROFILES_ASKED = 20
"""Of more, the first ones are looked at."""

log = structlog.get_logger(__name__)


async def look(
    inventory: Inventory,
    *,
    sounds: Sounds,
    records: Records,
    orders: Orders,
    customers: Customers,
) -> Found:
    """How everything stands now, but for what Asterisk must be asked (`standing`)."""
    calls: list[CallRecord] = []
    balances = 0
    for organisation in (o.name for o in inventory.organisations[:ORGANISATIONS_ASKED]):
        page = await records.search(CallFilter(organisation=organisation, most=CALLS_SEEN))
        calls += page.records
        richest = CustomerFilter(organisation=organisation, order=CustomerOrder.BALANCE, most=1)
        found = await customers.customers(richest)
        balances += sum(one.account.balance_micros > 0 for one in found)
    missing = {f"{one.lang}/{one.key}" for one in silent(inventory, sounds)}
    return Found(
        standing=None,
        calls=calls,
        reached=await _reached(inventory, records),
        silent=sorted(missing),
        paid=await _paid(inventory, orders),
        balances=balances,
        is_asking=True,
    )


async def _reached(inventory: Inventory, records: Records) -> Mapping[str, str | None]:
    """By service, the number that was called last; None if none ever was."""
    found: dict[str, str | None] = {}
    for service in inventory.services[:SERVICES_ASKED]:
        page = await records.search(
            CallFilter(organisation=service.organisation, service=service.name, most=1)
        )
        found[service.name] = page.records[0].did if page.records else None
    return found


async def _paid(inventory: Inventory, orders: Orders) -> Mapping[str, bool]:
    """By profile that takes payments, whether one has come in."""
    found: dict[str, bool] = {}
    for profile in [one for one in inventory.profiles if one.providers][:PROFILES_ASKED]:
        wanted = OrderFilter(
            organisation=profile.organisation,
            profile=profile.name,
            status=OrderStatus.PAID,
            most=1,
        )
        found[profile.name] = bool(await orders.orders(wanted))
    return found


async def standing(inventory: Inventory, dialplan: OwnDialplan | None) -> Mapping[str, bool] | None:
    """Which trunks and phones answer, None where that cannot be seen; takes up to two seconds
    where one does not."""
    if dialplan is None:
        return None
    try:
        return await dialplan.standing(inventory)
    except RemoteError as fault:
        log.warning("first_day.unanswered", error=str(fault))
        return None
