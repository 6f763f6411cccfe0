"""Orders and the inbox in SQL: a letter is taken in once, with all that follows from it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select

from engine.core.payment import FactKind, OrderStatus, Payee, PaymentFact, PaymentOrder
from engine.core.posting import EntryKind
from engine.core.retention import Kind
from engine.errors import CallerError, ConflictError
from engine.ledger.payments.sql import SqlOrders
from engine.ledger.reading.sql import SqlKeeping
from engine.ledger.sql import SqlLedger
from engine.ledger.tables import entries
from engine.ports.ledger import Account
from engine.ports.orders import Letter, OrderFilter
from tests.ports.ledger.books import NOW_MS, SqlBooks

EURO = 1_000_000
PAYEE = Payee(organisation="acme", profile="acme-eur", provider="paypal")


class Desk:
    """Books with one customer, and orders of his."""

    def __init__(self, ledger: SqlLedger) -> None:
        self.ledger = ledger
        self.orders = SqlOrders(ledger)
        self.account_id = ""

    async def open(self) -> Account:
        account = await self.ledger.open_account("acme", "acme-eur", "+493023125010", "EUR")
        self.account_id = account.account_id
        return account

    def order(self, order_id: str = "o1", created_ms: int = NOW_MS) -> PaymentOrder:
        return PaymentOrder(
            order_id=order_id,
            organisation="acme",
            profile="acme-eur",
            provider="paypal",
            account_id=self.account_id,
            currency="EUR",
            amount_micros=10 * EURO,
            bonus_micros=EURO,
            lang="de",
            created_ms=created_ms,
        )

    async def balance(self) -> int:
        account = await self.ledger.account(self.account_id)
        assert account is not None
        return account.balance_micros


@pytest.fixture
async def desk(sql_books: SqlBooks) -> Desk:
    desk = Desk(sql_books.open())
    await desk.open()
    await desk.orders.place(desk.order())
    await desk.orders.started("o1", "P1", NOW_MS + 20_000)
    return desk


def fact(kind: FactKind = FactKind.PAID, micros: int = 10 * EURO, **other: str) -> PaymentFact:
    values = {"order_id": "o1", "payment_ref": "C1", "currency": "EUR", **other}
    return PaymentFact(kind=kind, amount_micros=micros, **values)


def letter(*facts: PaymentFact, event_id: str = "e1", ask: Sequence[str] = ()) -> Letter:
    return Letter(
        payee=PAYEE,
        event_id=event_id,
        raw=b"{}",
        received_ms=NOW_MS,
        facts=facts,
        ask=tuple(ask),
    )


async def test_a_letter_is_taken_in_once(desk: Desk) -> None:
    first = await desk.orders.take_in(letter(fact()))
    assert [posting.micros for posting in first.postings] == [10 * EURO, EURO]
    assert [order.status for order in first.orders] == [OrderStatus.PAID]
    again = await desk.orders.take_in(letter(fact()))
    assert (again.is_new, again.postings) == (False, ())
    assert await desk.balance() == 11 * EURO
    assert await desk.ledger.verify() == []


async def test_the_same_payment_in_two_letters_is_booked_once(desk: Desk) -> None:
    told = [letter(fact(), event_id=f"e{n}") for n in range(8)]
    taken = await asyncio.gather(*(desk.orders.take_in(one) for one in told))
    assert all(one.is_new for one in taken)
    assert sum(len(one.postings) for one in taken) == 2
    assert await desk.balance() == 11 * EURO


async def test_an_order_is_found_by_the_providers_id(desk: Desk) -> None:
    told = fact(order_id="", provider_ref="P1")
    taken = await desk.orders.note([told], PAYEE, NOW_MS)
    assert taken.orders[0].order_id == "o1"
    assert (await desk.orders.note([replace(told, provider_ref="P9")], PAYEE, NOW_MS)).alarms


async def test_what_does_not_fit_is_set_aside_once_and_the_books_stay_whole(desk: Desk) -> None:
    misfit = fact(micros=9 * EURO)
    unknown = replace(misfit, order_id="nobody's")
    for n, one in enumerate((misfit, misfit, unknown)):
        taken = await desk.orders.take_in(letter(one, event_id=f"e{n}"))
        assert taken.alarms
        assert taken.postings == ()
    assert await desk.balance() == 0
    assert await desk.ledger.verify() == []


async def test_an_order_is_kept_that_anything_came_for(desk: Desk) -> None:
    later = {
        "o2": fact(micros=9_990_000, order_id="o2", payment_ref="C2"),
        "o3": fact(FactKind.REFUNDED, order_id="o3", payment_ref="C3"),
        "o4": fact(FactKind.WITHDRAWN, order_id="o4", payment_ref="C4"),
        "o5": fact(FactKind.EXPIRED, 0, order_id="o5", payment_ref=""),
    }
    for order_id, told in later.items():
        await desk.orders.place(desk.order(order_id))
        await desk.orders.note([told], PAYEE, NOW_MS)
    await desk.orders.ask_later("o1", None)
    assert await SqlKeeping(desk.ledger).let_go(Kind.ORDERS, NOW_MS + 1, 9) == 2
    left = await desk.orders.orders(OrderFilter(organisation="acme"))
    assert [order.order_id for order in left] == ["o4", "o3", "o2"]
    late = fact(order_id="o5", payment_ref="C5")
    await desk.orders.note([late], PAYEE, NOW_MS)
    query = select(entries.c.reason).where(entries.c.kind == EntryKind.SUSPENSE)
    reasons = (await desk.ledger.database.read(lambda c: c.scalars(query))).all()
    assert sorted(reasons) == [
        "no order has this id; order o5",
        f"the amount is 9.99 EUR, not 10.00; order o2 of account {desk.account_id}",
    ]
    assert await desk.ledger.verify() == []


async def test_money_of_an_organisation_without_accounts_can_be_set_aside(desk: Desk) -> None:
    foreign = replace(PAYEE, organisation="new", profile="new-eur")
    taken = await desk.orders.note([fact()], foreign, NOW_MS)
    assert taken.alarms
    assert await desk.ledger.verify() == []


async def test_what_proves_nothing_makes_its_order_due(desk: Desk) -> None:
    orders = desk.orders
    assert await orders.due(NOW_MS, 60_000, 10) == []
    await orders.take_in(letter(ask=["P1", "P9"]))
    (due,) = await orders.due(NOW_MS, 60_000, 10)
    assert due.order_id == "o1"
    assert await orders.due(NOW_MS + 59_999, 60_000, 10) == []
    assert len(await orders.due(NOW_MS + 60_000, 60_000, 10)) == 1
    await orders.ask_later("o1", None)
    assert await orders.due(NOW_MS * 2, 60_000, 10) == []


async def test_an_order_is_also_asked_about_by_the_id_of_its_payment(desk: Desk) -> None:
    await desk.orders.take_in(letter(fact(), ask=["C1"]))
    assert await desk.orders.due(NOW_MS, 60_000, 10) == []
    await desk.orders.take_in(letter(event_id="e2", ask=["C1"]))
    assert [order.order_id for order in await desk.orders.due(NOW_MS, 60_000, 10)] == ["o1"]


async def test_two_engines_are_not_given_the_same_order(desk: Desk) -> None:
    for n in range(2, 12):
        await desk.orders.place(desk.order(f"o{n}"))
        await desk.orders.started(f"o{n}", f"P{n}", NOW_MS)
    asked = await asyncio.gather(*(desk.orders.due(NOW_MS, 60_000, 5) for _ in range(4)))
    given = [order.order_id for orders in asked for order in orders]
    assert len(given) == len(set(given))
    given += [order.order_id for order in await desk.orders.due(NOW_MS, 60_000, 20)]
    assert sorted(given) == sorted(f"o{n}" for n in range(2, 12))


async def test_an_order_is_begun_once(desk: Desk) -> None:
    await desk.orders.place(desk.order("o2"))
    await desk.orders.place(desk.order("o2"))
    with pytest.raises(ConflictError):
        await desk.orders.place(desk.order("o2", created_ms=NOW_MS + 1))
    with pytest.raises(ConflictError):
        await desk.orders.started("o1", "P2", NOW_MS)
    with pytest.raises(CallerError):
        await desk.orders.started("nobody's", "P3", NOW_MS)


async def test_orders_are_listed_newest_first_in_pages(desk: Desk) -> None:
    for n in range(2, 6):
        await desk.orders.place(desk.order(f"o{n}", NOW_MS + n // 2))
    whose = OrderFilter(organisation="acme", most=2)
    first = await desk.orders.orders(whose)
    second = await desk.orders.orders(replace(whose, before=first[-1].order_id))
    third = await desk.orders.orders(replace(whose, before=second[-1].order_id))
    assert [o.order_id for o in (*first, *second, *third)] == ["o5", "o4", "o3", "o2", "o1"]
    assert await desk.orders.orders(replace(whose, organisation="other")) == []
    assert await desk.orders.orders(replace(whose, status=OrderStatus.PAID)) == []
    assert await desk.orders.orders(replace(whose, before="nobody's")) == []


async def test_disputes_are_kept(desk: Desk) -> None:
    await desk.orders.take_in(letter(fact()))
    withdrawn = fact(FactKind.WITHDRAWN, payment_ref="D1")
    await desk.orders.take_in(letter(withdrawn, event_id="e2"))
    assert await desk.balance() == 0
    order = await desk.orders.order("o1")
    assert order is not None
    assert (order.status, order.disputes) == (
        OrderStatus.REVERSED,
        (("withdrawn:D1", 10 * EURO),),
    )
    assert await desk.ledger.verify() == []


SPOILS = {
    "UPDATE payment_orders SET refunded_micros = 1000000": "calls for 9900000",
    "UPDATE payment_orders SET paid_ms = NULL": "calls for 0",
    "UPDATE payment_orders SET order_id = 'o7'": "no order of that provider",
    "UPDATE payment_orders SET provider = 'stripe'": "no order of that provider",
}


@pytest.mark.parametrize("statement", SPOILS)
async def test_an_order_that_is_booked_otherwise_is_found(
    desk: Desk, sql_books: SqlBooks, statement: str
) -> None:
    await desk.orders.take_in(letter(fact()))
    assert await desk.ledger.verify() == []
    sql_books.spoil(statement)
    faults = "\n".join(await desk.ledger.verify())
    assert SPOILS[statement] in faults
