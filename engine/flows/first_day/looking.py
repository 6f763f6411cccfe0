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

log = structlog.get_logger(__name__)


async def look(
    inventory: Inventory,
    *,
    dialplan: OwnDialplan | None,
    sounds: Sounds,
    records: Records,
    orders: Orders,
    customers: Customers,
) -> Found:
    """How everything stands now; takes up to two seconds where a trunk does not answer."""
    calls: list[CallRecord] = []
    payments = balances = 0
    for organisation in (o.name for o in inventory.organisations):
        page = await records.search(CallFilter(organisation=organisation, most=CALLS_SEEN))
        calls += page.records
        paid = OrderFilter(organisation=organisation, status=OrderStatus.PAID, most=1)
        payments += len(await orders.orders(paid))
        richest = CustomerFilter(organisation=organisation, order=CustomerOrder.BALANCE, most=1)
        found = await customers.customers(richest)
        balances += sum(one.account.balance_micros > 0 for one in found)
    missing = {f"{one.lang}/{one.prompt.key()}" for one in silent(inventory, sounds)}
    return Found(
        standing=await _standing(inventory, dialplan),
        calls=calls,
        silent=sorted(missing),
        payments=payments,
        balances=balances,
    )


async def _standing(
    inventory: Inventory, dialplan: OwnDialplan | None
) -> Mapping[str, bool] | None:
    if dialplan is None:
        return None
    try:
        return await dialplan.standing(inventory)
    except RemoteError as fault:
        log.warning("first_day.unanswered", error=str(fault))
        return None
