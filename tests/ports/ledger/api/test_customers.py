"""Customers as an operator lists them: his own, in pages, with their top-ups and lines."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.ledger.api.sql import SqlCustomers
from engine.ledger.sql import SqlLedger
from engine.ports.operators import CustomerFilter, LineFilter, TopUps
from tests.ports.ledger.books import LANDLINE, MOBILE, NOW_MS, SqlBooks, answered_call, top_up


@pytest.fixture
def ledger(sql_books: SqlBooks) -> SqlLedger:
    return sql_books.open()


@pytest.fixture
def customers(ledger: SqlLedger) -> SqlCustomers:
    return SqlCustomers(ledger)


async def opened(ledger: SqlLedger, e164: str, profile: str = "web", owner: str = "acme") -> str:
    return (await ledger.open_account(owner, profile, e164, "EUR")).account_id


def booked(kind: EntryKind, account_id: str, micros: int, key: str, at_ms: int = NOW_MS) -> Entry:
    lines = Posting(customer(account_id), micros), Posting("bonus", -micros)
    return Entry(key=key, kind=kind, currency="EUR", postings=lines, at_ms=at_ms)


async def test_pages_hold_the_organisations_own_accounts(
    ledger: SqlLedger, customers: SqlCustomers
) -> None:
    mine = sorted([await opened(ledger, f"+49301111{n:03}") for n in range(7)])
    other = await opened(ledger, MOBILE, "bolt-eur", "bolt")
    wanted = CustomerFilter(organisation="acme", most=3)
    seen: list[str] = []
    while page := await customers.customers(replace(wanted, after=seen[-1] if seen else "")):
        assert len(page) <= 3
        seen += [found.account.account_id for found in page]
    assert seen == mine
    assert await customers.customer("acme", other) is None
    found = await customers.customer("bolt", other)
    assert found is not None
    assert found.account == await ledger.account(other)


async def test_accounts_are_found_by_number_and_profile(
    ledger: SqlLedger, customers: SqlCustomers
) -> None:
    web, shop = await opened(ledger, MOBILE), await opened(ledger, MOBILE, "shop")
    await opened(ledger, MOBILE, "bolt-eur", "bolt")
    await opened(ledger, LANDLINE)

    async def ids(**which: Any) -> set[str]:
        page = await customers.customers(CustomerFilter(organisation="acme", **which))
        return {found.account.account_id for found in page}

    assert await ids(e164=MOBILE) == {web, shop}
    assert await ids(e164=MOBILE, profile="shop") == {shop}
    assert len(await ids(profile="web")) == 2
    await ledger.change_number(web, "+49301")
    assert await ids(e164=MOBILE) == {shop}


async def test_a_number_that_was_withheld_is_marked(
    ledger: SqlLedger, customers: SqlCustomers
) -> None:
    shown, hidden = await opened(ledger, LANDLINE), await opened(ledger, MOBILE)
    await ledger.settle(replace(answered_call("c1", shown, 0), e164=LANDLINE, withheld=False))
    await ledger.settle(answered_call("c2", hidden, 0))
    page = await customers.customers(CustomerFilter(organisation="acme"))
    assert {found.account.account_id: found.withheld for found in page} == {
        shown: False,
        hidden: True,
    }
    await ledger.change_number(hidden, "+49301")
    renamed = await customers.customer("acme", hidden)
    assert renamed is not None
    assert not renamed.withheld


async def test_only_payments_count_as_top_ups(ledger: SqlLedger, customers: SqlCustomers) -> None:
    payer, guest = await opened(ledger, MOBILE), await opened(ledger, LANDLINE)
    await ledger.post(top_up(payer, 5_000_000, "t1", NOW_MS))
    await ledger.post(top_up(payer, 5_000_000, "t2", NOW_MS + 9))
    for place, kind in enumerate((EntryKind.BONUS, EntryKind.REVERSAL, EntryKind.CREDIT)):
        await ledger.post(booked(kind, payer, 1, f"k{place}", NOW_MS + 99))
        await ledger.post(booked(kind, guest, 1, f"g{place}"))
    assert await customers.top_ups([payer, guest]) == {payer: TopUps(2, NOW_MS + 9)}
    assert await customers.top_ups([]) == {}


async def test_lines_are_told_newest_first_and_filtered(
    ledger: SqlLedger, customers: SqlCustomers
) -> None:
    account_id, other = await opened(ledger, MOBILE), await opened(ledger, LANDLINE)
    await ledger.post(top_up(other, 1, "o1"))
    for n in range(5):
        await ledger.post(top_up(account_id, 10, f"t{n}", NOW_MS + n))
        await ledger.post(booked(EntryKind.BONUS, account_id, 1, f"b{n}", NOW_MS + n))

    async def seqs(**which: Any) -> list[int]:
        wanted = replace(LineFilter(account_id=account_id, most=4), **which)
        return [line.seq for line in await customers.lines(wanted)]

    assert await seqs() == [10, 9, 8, 7]
    assert await seqs(before_seq=7) == [6, 5, 4, 3]
    assert await seqs(kind=EntryKind.BONUS) == [10, 8, 6, 4]
    assert await seqs(from_ms=NOW_MS + 1, to_ms=NOW_MS + 2) == [4, 3]
    (first,) = await customers.lines(LineFilter(account_id=other))
    assert first == (await ledger.lines(other, 0, 2**53))[0]


async def test_sqlite_finds_accounts_by_their_indexes(file_books: SqlBooks) -> None:
    ledger = file_books.open()
    for statement, index in (
        ("accounts WHERE organisation = 'acme' AND account_id > 'a'", "ix_accounts_organisation"),
        ("aliases WHERE organisation = 'acme' AND e164 = '+49'", "ix_aliases_number"),
        ("heads WHERE organisation = 'acme' ORDER BY balance_micros", "ix_heads_balance"),
    ):
        query = text(f"EXPLAIN QUERY PLAN SELECT * FROM {statement}")
        plan = await ledger.database.read(partial(AsyncConnection.execute, statement=query))
        assert index in str(plan.all())
