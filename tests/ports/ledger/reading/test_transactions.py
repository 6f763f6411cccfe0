"""Transactions of all customers: filtered, in pages, whole."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.ledger.reading import transactions as searching
from engine.ledger.reading.sql import SqlTransactions
from engine.ledger.sql import SqlLedger
from engine.ports.reading.transactions import TransactionFilter
from tests.ports.ledger.books import LANDLINE, MOBILE, NOW_MS, answered_call, top_up

ACME = TransactionFilter(organisation="acme")


@pytest.fixture
def transactions(ledger: SqlLedger) -> SqlTransactions:
    return SqlTransactions(ledger)


def moved(key: str, giver: str, taker: str, at_ms: int) -> Entry:
    lines = Posting(customer(giver), -5), Posting(customer(taker), 5)
    return Entry(
        key=key, kind=EntryKind.MOVE, currency="EUR", postings=lines, at_ms=at_ms, author="cli:eva"
    )


async def found(transactions: SqlTransactions, wanted: TransactionFilter) -> list[tuple[str, int]]:
    """Key and amount of all lines on all pages."""
    told: list[tuple[str, int]] = []
    while True:
        page = await transactions.search(wanted)
        told += [(one.line.key, one.line.micros) for one in page.transactions]
        if page.following is None:
            return told
        wanted = replace(wanted, before=page.following)


@pytest.mark.parametrize("kind", [None, EntryKind.TOP_UP])
@pytest.mark.parametrize("is_one", [False, True], ids=["all accounts", "one account"])
async def test_a_page_that_holds_all_is_the_last(
    ledger: SqlLedger,
    transactions: SqlTransactions,
    account_id: str,
    monkeypatch: pytest.MonkeyPatch,
    kind: EntryKind | None,
    is_one: bool,
) -> None:
    for n in range(3):
        await ledger.post(top_up(account_id, 5, f"t{n}", NOW_MS + n))
    wanted = replace(ACME, kind=kind, account_id=account_id if is_one else None)
    assert (await transactions.search(replace(wanted, most=3))).following is None
    page = await transactions.search(replace(wanted, most=2))
    assert len(page.transactions) == 2
    assert page.following is not None
    monkeypatch.setattr(searching, "LOOK_MOST", 3)
    assert (await transactions.search(replace(wanted, most=4))).following is None


@pytest.mark.parametrize("look_most", [1, 2, 3_000])
async def test_each_condition_finds_its_lines(
    ledger: SqlLedger,
    transactions: SqlTransactions,
    account_id: str,
    monkeypatch: pytest.MonkeyPatch,
    look_most: int,
) -> None:
    monkeypatch.setattr(searching, "LOOK_MOST", look_most)
    shop = (await ledger.open_account("acme", "shop", LANDLINE, "EUR")).account_id
    other = (await ledger.open_account("bolt", "bolt", MOBILE, "EUR")).account_id
    await ledger.post(top_up(account_id, 5_000_000, "t1", NOW_MS))
    await ledger.post(moved("m1", account_id, shop, NOW_MS + 1))
    await ledger.post(top_up(shop, 7, "t2", NOW_MS + 1))
    await ledger.post(top_up(other, 9, "t3", NOW_MS + 2))
    await ledger.change_number(shop, "+49301")

    async def lines(**which: Any) -> list[tuple[str, int]]:
        return await found(transactions, replace(ACME, most=1, **which))

    all_lines = [("t2", 7), ("m1", 5), ("m1", -5), ("t1", 5_000_000)]
    assert await lines() == all_lines
    assert await lines(kind=EntryKind.MOVE) == [("m1", 5), ("m1", -5)]
    assert await lines(author="cli:eva", profile="shop") == [("m1", 5)]
    assert await lines(from_ms=NOW_MS, to_ms=NOW_MS + 1) == [("t1", 5_000_000)]
    assert await lines(least_micros=5, most_micros=7) == [("t2", 7), ("m1", 5)]
    assert await lines(account_id=account_id) == [("m1", -5), ("t1", 5_000_000)]
    assert await lines(e164=LANDLINE) == await lines(e164="+49301") == [("t2", 7), ("m1", 5)]
    assert await lines(account_id=other) == await lines(e164="+4900") == []


@pytest.mark.parametrize("look_most", [1, 3, 3_000])
async def test_a_number_finds_the_lines_of_every_account_it_named_in_one_order(
    ledger: SqlLedger,
    transactions: SqlTransactions,
    account_id: str,
    monkeypatch: pytest.MonkeyPatch,
    look_most: int,
) -> None:
    monkeypatch.setattr(searching, "LOOK_MOST", look_most)
    shop = (await ledger.open_account("acme", "shop", MOBILE, "EUR")).account_id
    for n in range(4):
        await ledger.post(top_up((account_id, shop)[n % 2], n + 1, f"t{n}", NOW_MS + 10 - n))
    await ledger.post(moved("m", account_id, shop, NOW_MS + 8))
    every = [("t0", 1), ("t1", 2), ("m", 5), ("m", -5), ("t2", 3), ("t3", 4)]
    wanted = replace(ACME, e164=MOBILE, most=2)
    assert await found(transactions, wanted) == every
    assert await found(transactions, replace(wanted, account_id=shop)) == every[1:3] + every[5:]
    assert await found(transactions, replace(wanted, kind=EntryKind.MOVE)) == every[2:4]
    between = replace(wanted, from_ms=NOW_MS + 8, to_ms=NOW_MS + 10)
    assert await found(transactions, between) == every[1:5]


async def test_a_transaction_says_whose_it_is(
    ledger: SqlLedger, transactions: SqlTransactions, account_id: str
) -> None:
    await ledger.post(top_up(account_id, 5_000_000, "t1"))
    await ledger.settle(answered_call("c1", account_id))
    page = await transactions.search(ACME)
    call, paid = page.transactions
    assert (call.e164, call.withheld, call.counter) == (MOBILE, True, "revenue:beratung")
    assert (paid.profile, paid.currency, paid.counter) == ("web", "EUR", "provider:stripe")
    (first, second) = await ledger.lines(account_id, 0, 2**53)
    assert (paid.line, call.line) == (first, second)
