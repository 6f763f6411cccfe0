"""A profile's sums in SQL: each kind by itself, nothing of others, and all of it adding up."""

from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.ledger.statements.sql import SqlStatements
from engine.ports.statements import Figures, SetAside
from tests.flows.statement.months import moved
from tests.ports.ledger.books import NOW_MS, SqlBooks, answered_call, opened

FROM_MS, TO_MS = NOW_MS, NOW_MS + 1_000_000


def booked(
    kind: EntryKind, account_id: str, micros: int, counter: str, at_ms: int, reason: str = ""
) -> Entry:
    """An entry on a customer, its key made of what it says."""
    return Entry(
        key=f"{kind}:{account_id}:{micros}:{counter}:{at_ms}:{reason}",
        kind=kind,
        currency="EUR",
        postings=(Posting(customer(account_id), micros), Posting(counter, -micros)),
        at_ms=at_ms,
        reason=reason,
    )


def set_aside(account: str, micros: int, currency: str = "EUR", at_ms: int = FROM_MS) -> Entry:
    """Money of nobody's."""
    return Entry(
        key=f"suspense:{account}:{micros}:{at_ms}",
        kind=EntryKind.SUSPENSE,
        currency=currency,
        postings=(Posting("suspense", micros), Posting(account, -micros)),
        at_ms=at_ms,
        organisation="acme",
    )


async def figures(books: SqlBooks, profile: str = "web") -> Figures:
    return await SqlStatements(books.open()).figures("acme", profile, FROM_MS, TO_MS)


async def test_books_without_anything_have_sums_of_nothing(sql_books: SqlBooks) -> None:
    assert await figures(sql_books) == Figures(
        opening_micros=0,
        entries_before=0,
        movements=(),
        closing_micros=0,
        set_aside=(),
        currencies=(),
    )


async def test_every_kind_is_summed_by_itself(sql_books: SqlBooks) -> None:
    ledger = sql_books.open()
    one = (await opened(ledger)).account_id
    two = (await opened(ledger, "+493012345678")).account_id
    for entry in (
        booked(EntryKind.TOP_UP, one, 50, "provider:web.stripe", FROM_MS - 1),
        booked(EntryKind.TOP_UP, one, 20, "provider:web.stripe", FROM_MS),
        booked(EntryKind.TOP_UP, two, 30, "provider:web.stripe", TO_MS - 1),
        booked(EntryKind.TOP_UP, two, 40, "provider:web.paypal", FROM_MS),
        booked(EntryKind.TOP_UP, two, 70, "provider:web.paypal", TO_MS),
        booked(EntryKind.BONUS, two, 4, "bonus", FROM_MS, "order-1"),
        booked(EntryKind.BONUS, one, 3, "bonus", FROM_MS, "order-2"),
        booked(EntryKind.REVERSAL, two, -10, "provider:web.paypal", FROM_MS, "order-1"),
        booked(EntryKind.REVERSAL, two, 5, "provider:web.paypal", FROM_MS + 1, "order-1"),
        booked(EntryKind.DEBIT, two, -6, "adjustment", FROM_MS, "newsletter"),
        booked(EntryKind.DEBIT, one, -7, "adjustment", FROM_MS, "newsletter"),
        booked(EntryKind.CREDIT, one, 2, "adjustment", FROM_MS, "goodwill"),
        booked(EntryKind.MOVE, one, -8, customer(two), FROM_MS),
    ):
        await ledger.post(entry)
    assert await figures(sql_books) == Figures(
        opening_micros=50,
        entries_before=1,
        movements=(
            moved(EntryKind.BONUS, 7, "bonus", count=2),
            moved(EntryKind.CREDIT, 2, "adjustment", "goodwill"),
            moved(EntryKind.DEBIT, -13, "adjustment", "newsletter", count=2),
            moved(EntryKind.MOVE, -8),
            moved(EntryKind.MOVE, 8),
            moved(EntryKind.REVERSAL, -10, "provider:web.paypal"),
            moved(EntryKind.REVERSAL, 5, "provider:web.paypal"),
            moved(EntryKind.TOP_UP, 40, "provider:web.paypal"),
            moved(EntryKind.TOP_UP, 50, "provider:web.stripe", count=2),
        ),
        closing_micros=50 + 7 + 2 - 13 - 10 + 5 + 40 + 50,
        set_aside=(),
        currencies=("EUR",),
    )


async def test_calls_are_counted_where_a_second_was_charged(sql_books: SqlBooks) -> None:
    ledger = sql_books.open()
    one = (await opened(ledger)).account_id
    first = replace(answered_call("c1", one, 300), ended_ms=FROM_MS)
    free = replace(first, call_id="c2", charge_micros=0)
    for record in (
        first,
        replace(first, call_id="c3", charge_micros=200, charged_s=60),
        free,
        replace(free, call_id="c4", charged_s=0),
        replace(first, call_id="c5", service="tarot"),
        replace(first, call_id="c6", ended_ms=TO_MS),
    ):
        await ledger.settle(record)
    found = await figures(sql_books)
    assert found.movements == (
        moved(EntryKind.CALL, -500, "revenue:beratung", count=3, charged_s=300),
        moved(EntryKind.CALL, -300, "revenue:tarot", charged_s=120),
    )
    assert found.closing_micros == -800


async def test_another_profile_and_another_organisation_stay_out(sql_books: SqlBooks) -> None:
    ledger = sql_books.open()
    own = (await opened(ledger)).account_id
    other = (await ledger.open_account("acme", "web2", "+493012345678", "EUR")).account_id
    foreign = (await ledger.open_account("else", "third", "+493012345678", "CHF")).account_id
    await ledger.post(booked(EntryKind.TOP_UP, own, 10, "provider:web.stripe", FROM_MS))
    await ledger.post(booked(EntryKind.TOP_UP, other, 11, "provider:web2.stripe", FROM_MS))
    await ledger.post(booked(EntryKind.MOVE, other, -4, customer(own), FROM_MS))
    swiss = booked(EntryKind.TOP_UP, foreign, 12, "provider:third.stripe", FROM_MS)
    await ledger.post(replace(swiss, currency="CHF"))
    web, web2 = await figures(sql_books), await figures(sql_books, "web2")
    assert [line.micros for line in web.movements] == [4, 10]
    assert [line.micros for line in web2.movements] == [-4, 11]
    assert (web.closing_micros, web2.closing_micros) == (14, 7)
    third = await SqlStatements(ledger).figures("else", "third", FROM_MS, TO_MS)
    assert (third.closing_micros, third.currencies) == (12, ("CHF",))


async def test_money_set_aside_is_the_profiles_whose_account_it_came_to(
    sql_books: SqlBooks,
) -> None:
    ledger = sql_books.open()
    await opened(ledger)
    for entry in (
        set_aside("provider:web.stripe", 5),
        set_aside("provider:web.stripe", 6, "USD"),
        set_aside("provider:web.stripe", 7),
        set_aside("provider:web2.stripe", 8),
        set_aside("provider:we_.stripe", 9),
        set_aside("provider:web.paypal", 1, at_ms=TO_MS),
    ):
        await ledger.post(entry)
    found = await figures(sql_books)
    assert found.set_aside == (
        SetAside(counter="provider:web.stripe", currency="EUR", count=2, micros=12),
        SetAside(counter="provider:web.stripe", currency="USD", count=1, micros=6),
    )
    assert (found.movements, found.closing_micros) == ((), 0)
    wild = await figures(sql_books, "we_")
    assert [line.micros for line in wild.set_aside] == [9]


async def test_no_table_is_read_from_end_to_end(file_books: SqlBooks) -> None:
    """SQLite says how it looks for each thing that a statement asks for."""
    asked: list[tuple[str, Any]] = []

    def note(_c: object, _u: object, statement: str, values: object, *_: object) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        await figures(file_books)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert len(asked) == 6
    database = file_books.open().database
    for statement, values in asked:
        explain = partial(explained, statement=statement, values=values)
        plan = await database.read(explain)
        assert not [step for step in plan if step.startswith("SCAN") and "moved" not in step], plan


async def explained(connection: AsyncConnection, statement: str, values: Any) -> list[str]:
    rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    return [row[3] for row in rows]
