"""Customers in an operator's orders, whole over all pages."""

from dataclasses import replace

import pytest

from engine.ledger.api.sql import SqlCustomers
from engine.ledger.sql import SqlLedger
from engine.ports.operators import CustomerFilter, CustomerOrder
from tests.ports.ledger.books import NOW_MS, top_up


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (CustomerOrder.NUMBER, ["+490", "+491", "+492", "+493", "+494"]),
        (CustomerOrder.BALANCE, ["+492", "+490", "+491"]),
        (CustomerOrder.LAST_TOP_UP, ["+491", "+492", "+490"]),
    ],
)
async def test_customers_are_listed_in_order(
    ledger: SqlLedger, order: CustomerOrder, expected: list[str]
) -> None:
    ids = [
        (await ledger.open_account("acme", "web", f"+49{n}", "EUR")).account_id for n in range(5)
    ]
    await ledger.open_account("bolt", "bolt", "+490", "EUR")
    await ledger.change_number(ids[0], "+49300")
    await ledger.change_number(ids[0], "+490")
    for n, (account, micros) in enumerate([(0, 20), (2, 30), (1, 10)]):
        await ledger.post(top_up(ids[account], micros, f"t{n}", NOW_MS + n))
    customers = SqlCustomers(ledger)
    wanted = CustomerFilter(organisation="acme", order=order, most=2)
    seen: list[str] = []
    while page := await customers.customers(wanted):
        seen += [one.account.e164 for one in page]
        wanted = replace(wanted, after=page[-1].account.account_id)
    assert seen[: len(expected)] == expected
    assert sorted(seen) == ["+490", "+491", "+492", "+493", "+494"]
