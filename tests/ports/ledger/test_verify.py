"""Every kind of damage to the books is found and named, and none where there is none."""

import re
import shutil
from pathlib import Path

import pytest

from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.ledger.verify import RULES
from tests.ports.ledger.books import (
    NOW_MS,
    SqlBooks,
    answered_call,
    refused_call,
    sqlite_books,
    top_up,
)

FIRST = "(SELECT MIN(entry_id) FROM entries)"
ONE = "(SELECT account_id FROM aliases WHERE e164 = '+491')"
TWO = "(SELECT account_id FROM aliases WHERE e164 = '+492')"

# What is done behind the ledger's back, and the beginnings of the sentences it must lead to.
DAMAGE = {
    "a posting changed": (
        [f"UPDATE postings SET micros = 1 WHERE entry_id = {FIRST} AND line = 1"],
        ["entry t1 sums to", "all postings in EUR sum to", "entry t1 is not what was booked"],
    ),
    "both sides changed alike": (
        [f"UPDATE postings SET micros = micros * 2 WHERE entry_id = {FIRST}"],
        ["entry t1 is not what was booked", "account", "account"],
    ),
    "an entry without postings": (
        [f"DELETE FROM postings WHERE entry_id = {FIRST}"],
        ["entry t1 has no postings", "account", "the outbox holds"],
    ),
    "an entry gone": (
        [f"DELETE FROM entries WHERE entry_id = {FIRST}"],
        ["a posting of"],
    ),
    "an entry's reason changed": (
        [f"UPDATE entries SET reason = 'gift' WHERE entry_id = {FIRST}"],
        ["entry t1 is not what was booked"],
    ),
    "an entry's currency changed": (
        [f"UPDATE entries SET currency = 'CHF' WHERE entry_id = {FIRST}"],
        ["entry t1 moves customer:"],
    ),
    "an entry's organisation changed": (
        [f"UPDATE entries SET organisation = 'other' WHERE entry_id = {FIRST}"],
        ["entry t1 of other moves customer:"],
    ),
    "a posting numbered for another account": (
        [f"UPDATE postings SET account_id = {TWO}, seq = 9 WHERE entry_id = {FIRST} AND line = 0"],
        ["a posting on customer:"],
    ),
    "a posting's time changed": (
        [f"UPDATE postings SET at_ms = 5 WHERE entry_id = {FIRST} AND line = 0"],
        [f"entry t1 was made at {NOW_MS}, its posting on customer:"],
    ),
    "a number left out": (
        [f"UPDATE postings SET seq = 7 WHERE entry_id = {FIRST} AND line = 0"],
        ["has the sequence number 7 where"],
    ),
    "a running balance changed": (
        [f"UPDATE postings SET balance_micros = 1 WHERE entry_id = {FIRST} AND line = 0"],
        ["has 1 at 1, but its postings up to there sum to 5000000"],
    ),
    "a head's balance changed": (
        [f"UPDATE heads SET balance_micros = 1 WHERE account_id = {ONE}"],
        ["stands at 2 with 1, its postings at 2 with 1020000"],
    ),
    "a head's number changed": (
        [f"UPDATE heads SET seq = 3 WHERE account_id = {ONE}"],
        ["stands at 3 with 1020000, its postings at 2 with 1020000"],
    ),
    "a head gone": ([f"DELETE FROM heads WHERE account_id = {ONE}"], ["has no head"]),
    "a number gone": (
        ["UPDATE aliases SET until_ms = 5 WHERE e164 = '+491'"],
        ["has no present number"],
    ),
    "a call's charge changed": (
        ["UPDATE calls SET charge_micros = 5 WHERE call_id = 'c1'"],
        ["call c1 cost 5, but 1 postings book 3980000"],
    ),
    "a call's entry renamed": (
        ["UPDATE entries SET call_id = 'c9' WHERE call_id = 'c1'"],
        ["call c1 cost 3980000, but 0 postings book 0", "entry call:c1 is not what was booked"],
    ),
    "a call booked twice": (
        ["UPDATE entries SET call_id = 'c1', kind = 'call' WHERE key = 't1'"],
        ["call c1 cost 3980000, but 2 postings book -1020000"],
    ),
    "a refused call booked": (
        ["UPDATE entries SET call_id = 'c2', kind = 'call' WHERE key = 't1'"],
        ["call c2 reached no account, but entry t1 books it"],
    ),
    "an outbox row for nothing": (
        [f"INSERT INTO outbox (account_id, seq) VALUES ({ONE}, 99)"],
        ["the outbox holds"],
    ),
}


async def clean_books(books: SqlBooks) -> None:
    ledger = books.open()
    one = (await ledger.open_account("acme", "web", "+491", "EUR")).account_id
    two = (await ledger.open_account("acme", "web", "+492", "EUR")).account_id
    await ledger.open_account("other", "far", "+493", "CHF")
    await ledger.post(top_up(one, 5_000_000, "t1"))
    await ledger.settle(answered_call("c1", one))
    await ledger.settle(refused_call("c2"))
    move = Posting(customer(two), 7), Posting("adjustment", -7)
    await ledger.post(
        Entry(key="a1", kind=EntryKind.CREDIT, currency="EUR", postings=move, at_ms=NOW_MS)
    )
    assert await ledger.verify() == []


@pytest.mark.parametrize("damage", DAMAGE)
async def test_damage_is_found(sql_books: SqlBooks, damage: str) -> None:
    statements, beginnings = DAMAGE[damage]
    await clean_books(sql_books)

    sql_books.spoil(*statements)

    faults = await sql_books.open().verify()
    for beginning in beginnings:
        assert any(beginning in fault for fault in faults), faults


async def test_every_rule_can_be_broken(file_books: SqlBooks, tmp_path: Path) -> None:
    await clean_books(file_books)
    await file_books.close()
    told: list[str] = []
    for number, (statements, _) in enumerate(DAMAGE.values()):
        file = shutil.copy(tmp_path / "ledger.db", tmp_path / f"damaged{number}.db")
        damaged = sqlite_books(Path(file))
        damaged.spoil(*statements)
        told += await damaged.open().verify()
        await damaged.close()
    for rule in RULES:
        sentence = re.compile(re.sub(r"\\{\w+\\}", ".+", re.escape(rule.fault)))
        assert any(sentence.fullmatch(fault) for fault in told), rule.fault
