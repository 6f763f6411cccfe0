"""An organisation's month as a file: its lines sum to what was booked, come what may."""

import csv
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.core.cdr import CallRecord
from engine.core.money import format_shortest, parse_micros
from engine.flows.evn import register
from engine.flows.evn.words import ENGLISH, GERMAN, Words
from engine.flows.papers.month import month_of
from engine.ledger.reading.sql import SqlRecords
from engine.ledger.sql import SqlLedger
from engine.ports.reading.records import PAGE_MOST, CallFilter
from tests.ports.ledger.books import NOW_MS, opened, sqlite_books
from tests.ports.ledger.reading.conftest import talked

DAY_MS = 24 * 3_600_000
CALLS = 3 * PAGE_MOST - 50
WEB = CallFilter(organisation="acme", profile="web")
MONTH = month_of("2026-05", "Europe/Berlin")
"""The month of `NOW_MS`."""


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[SqlLedger]:
    """Books with a call a second, each charged another amount."""
    books = sqlite_books(tmp_path / "ledger.sqlite3")
    ledger = books.open()
    await ledger.migrate()
    account_id = (await opened(ledger)).account_id
    for n in range(CALLS):
        await ledger.settle(charged(f"c{n:03}", account_id, NOW_MS + n * 1_000))
    yield ledger
    await ledger.close()


def charged(call_id: str, account_id: str, ended_ms: int) -> CallRecord:
    return talked(call_id, account_id, ended_ms, charge_micros=10_000 + ended_ms % 1_000_000)


def lines(ledger: SqlLedger, words: Words = ENGLISH, now_ms: int = NOW_MS) -> AsyncIterator[str]:
    return register.month_lines(SqlRecords(ledger), WEB, MONTH, now_ms, words)


def rows_of(text: list[str]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The calls, and what is told after them."""
    rows = list(csv.DictReader(text))
    return [row for row in rows if row["call_id"]], [row for row in rows if not row["call_id"]]


def summed(calls: list[dict[str, str]]) -> str:
    return format_shortest(sum(parse_micros(row["charge"], field="charge") for row in calls), 2)


async def test_calls_booked_while_the_file_is_read_are_in_both_sums_or_in_neither(
    ledger: SqlLedger,
) -> None:
    """One that has just ended, and late ones, in the part that was read and in what is not yet."""
    account_id = (await opened(ledger)).account_id
    text = []
    async for line in lines(ledger):
        text.append(line)
        if len(text) == PAGE_MOST + PAGE_MOST // 2:
            await ledger.settle(charged("new", account_id, NOW_MS + CALLS * 1_000))
            await ledger.settle(charged("passed", account_id, NOW_MS + (CALLS - 5) * 1_000 + 1))
            await ledger.settle(charged("ahead", account_id, NOW_MS + 5_001))
    calls, told = rows_of(text)
    names = {row["call_id"] for row in calls}
    assert names & {"new", "passed", "ahead"} == {"ahead"}
    assert len(calls) == CALLS + 1
    assert [row["charge"] for row in told[-2:]] == [summed(calls)] * 2


async def test_calls_booked_between_the_last_line_and_the_sums_are_in_neither(
    ledger: SqlLedger,
) -> None:
    account_id = (await opened(ledger)).account_id
    text = []
    async for line in lines(ledger):
        text.append(line)
        if len(text) == 1 + CALLS:
            await ledger.settle(charged("new", account_id, NOW_MS + CALLS * 1_000))
            await ledger.settle(charged("ahead", account_id, NOW_MS - 1))
    calls, told = rows_of(text)
    assert len(calls) == CALLS
    assert [row["charge"] for row in told[-2:]] == [summed(calls)] * 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (GERMAN, "vollständig bis 2026-05-28 22:26:40; was später gebucht wird, kann fehlen"),
        (ENGLISH, "complete until 2026-05-28 22:26:40; what is booked later may be missing"),
    ],
)
async def test_an_open_month_says_until_when_it_is_complete(
    ledger: SqlLedger, words: Words, said: str
) -> None:
    ends = [words.sum_of_lines, words.booked]
    _, told = rows_of([line async for line in lines(ledger, words)])
    assert [row["outcome"] for row in told] == [said, *ends]
    assert told[0]["at"] == "2026-05-28T22:26:40+02:00"
    long_after_ms = MONTH.to_ms + 2 * DAY_MS
    _, told = rows_of([line async for line in lines(ledger, words, long_after_ms)])
    assert [row["outcome"] for row in told] == ends


@pytest.mark.parametrize("most", [PAGE_MOST, PAGE_MOST + 7])
async def test_a_file_that_leaves_calls_out_still_has_the_months_bookings(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    all_calls, told = rows_of([line async for line in lines(ledger)])
    monkeypatch.setattr(register, "LINES_MOST", most)
    calls, cut = rows_of([line async for line in lines(ledger)])
    assert (len(all_calls), calls) == (CALLS, all_calls[:most])
    assert cut[0]["outcome"] == register.CUT_SHORT
    assert [row["charge"] for row in cut[-2:]] == [summed(calls), told[-1]["charge"]]
