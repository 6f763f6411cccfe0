"""What every ledger keeps of callers: notes, reports, blocks, and what agents have done."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import CallerError
from engine.ledger.accounts import select_accounts
from engine.ledger.callers import SqlCallers
from engine.ledger.sql import SqlLedger
from engine.ledger.tables import aliases
from engine.ports.ledger import Ledger
from engine.ports.people.callers import (
    NOTE_CHARS_MOST,
    AgentDay,
    Block,
    CallerNote,
    Callers,
    NoteKind,
)
from tests.fakes.callers import MemoryCallers
from tests.fakes.ledger import MemoryLedger
from tests.ports.ledger.books import (
    LANDLINE,
    MOBILE,
    NOW_MS,
    Books,
    SqlBooks,
    answered_call,
    opened,
)


@pytest.fixture
def ledger(books: Books) -> Ledger:
    return books.open()


@pytest.fixture
def callers(ledger: Ledger) -> Callers:
    if isinstance(ledger, SqlLedger):
        return SqlCallers(ledger)
    assert isinstance(ledger, MemoryLedger)
    return MemoryCallers(ledger)


def note(account_id: str, number: int = 1, text: str = "ruft meist abends an") -> CallerNote:
    return CallerNote(
        note_id=f"n{number}",
        organisation="acme",
        account_id=account_id,
        author="ada",
        text=text,
        at_ms=NOW_MS + number,
    )


def block(account_id: str) -> Block:
    return Block(
        organisation="acme", account_id=account_id, author="ada", reason="rude", at_ms=NOW_MS
    )


async def test_notes_are_shown_newest_first_and_so_many(ledger: Ledger, callers: Callers) -> None:
    account_id = (await opened(ledger)).account_id
    notes = [note(account_id, number) for number in range(1, 5)]
    for one in (*notes, replace(notes[0], text="again")):
        await callers.add_note(one)
    assert await callers.notes("acme", account_id, 3) == notes[:0:-1]
    assert (await callers.notes("acme", account_id, 9))[-1] == notes[0]
    assert await callers.notes("acme", (await opened(ledger, LANDLINE)).account_id, 3) == []
    assert await callers.notes("bolt", account_id, 3) == []


async def test_reports_are_notes_of_any_caller(ledger: Ledger, callers: Callers) -> None:
    ids = [(await opened(ledger, e164)).account_id for e164 in (MOBILE, LANDLINE)]
    reports = [replace(note(ids[n], n + 1), kind=NoteKind.REPORT) for n in (0, 1)]
    for one in (*reports, note(ids[0], 9)):
        await callers.add_note(one)
    assert await callers.reports("acme", 5) == reports[::-1]
    assert await callers.reports("bolt", 5) == []


async def test_an_open_report_is_seen_once(ledger: Ledger, callers: Callers) -> None:
    account_id = (await opened(ledger)).account_id
    reports = [replace(note(account_id, n), kind=NoteKind.REPORT) for n in (1, 2)]
    for one in (*reports, note(account_id, 3)):
        await callers.add_note(one)
    assert await callers.open_reports("acme", 9) == reports[::-1]
    assert await callers.open_reports("acme", 1) == reports[1:]
    assert await callers.open_reports("bolt", 9) == []
    assert await callers.report("n1") == reports[0]
    assert await callers.report("n3") is None
    assert not await callers.see("bolt", "n1", "mia", NOW_MS)
    assert not await callers.see("acme", "n3", "mia", NOW_MS)
    assert await callers.see("acme", "n1", "mia", NOW_MS + 7)
    assert not await callers.see("acme", "n1", "tom", NOW_MS + 8)
    seen = replace(reports[0], seen_by="mia", seen_ms=NOW_MS + 7)
    assert await callers.report("n1") == seen
    assert await callers.open_reports("acme", 9) == reports[1:]
    assert await callers.reports("acme", 9) == [reports[1], seen]


@pytest.mark.parametrize("text", ["", "  \n", "x" * (NOTE_CHARS_MOST + 1), "a\0b"])
async def test_a_note_has_so_many_characters(ledger: Ledger, callers: Callers, text: str) -> None:
    account_id = (await opened(ledger)).account_id
    with pytest.raises(CallerError) as caught:
        await callers.add_note(note(account_id, text=text))
    assert caught.value.field == "text"
    await callers.add_note(note(account_id, text="ü" * NOTE_CHARS_MOST))


async def test_of_anothers_caller_nothing_can_be_kept(ledger: Ledger, callers: Callers) -> None:
    other = await ledger.open_account("bolt", "bolt-eur", MOBILE, "EUR")
    for work in (callers.add_note(note(other.account_id)), callers.block(block(other.account_id))):
        with pytest.raises(CallerError) as caught:
            await work
        assert caught.value.field == "account_id"
    with pytest.raises(CallerError):
        await callers.block(block("nobody"))
    assert await callers.blocks("bolt", "", 9) == []


async def test_a_block_holds_for_all_accounts_of_the_number(
    ledger: Ledger, callers: Callers
) -> None:
    blocked = await opened(ledger)
    assert not blocked.blocked
    await callers.block(block(blocked.account_id))
    await callers.block(replace(block(blocked.account_id), reason="another"))
    assert await callers.blocks("acme", "", 9) == [block(blocked.account_id)]
    assert (await opened(ledger)).blocked
    assert (await ledger.open_account("acme", "phone", MOBILE, "EUR")).blocked
    assert not (await opened(ledger, LANDLINE)).blocked
    assert not (await ledger.open_account("bolt", "bolt-eur", MOBILE, "EUR")).blocked
    moved = await ledger.change_number(blocked.account_id, "+493012345679")
    assert moved.blocked
    assert not (await ledger.open_account("acme", "phone", MOBILE, "EUR")).blocked
    assert not await callers.unblock("bolt", blocked.account_id)
    assert await callers.unblock("acme", blocked.account_id)
    assert not await callers.unblock("acme", blocked.account_id)
    found = await ledger.account(blocked.account_id)
    assert found is not None
    assert not found.blocked


BLOCKED = 1_000
BLOCKED_ROWS = (
    "accounts (account_id, organisation, profile, currency) SELECT 'a' || i, 'acme', 'web', 'EUR'",
    "heads (account_id, organisation, balance_micros, seq) SELECT 'a' || i, 'acme', 0, 0",
    (
        "aliases (account_id, organisation, profile, e164, from_ms) "
        "SELECT 'a' || i, 'acme', 'web', '+4930' || i, 1"
    ),
    (
        "blocked_callers (organisation, account_id, author, at_ms, reason) "
        "SELECT 'acme', 'a' || i, 'ada', 1, 'rude'"
    ),
)


async def test_a_caller_is_looked_up_past_no_other_block(sql_books: SqlBooks) -> None:
    ledger = sql_books.open()
    await opened(ledger)
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {BLOCKED})"

    async def fill(connection: AsyncConnection) -> None:
        for rows in BLOCKED_ROWS:
            into, _, columns = rows.partition(" SELECT ")
            await connection.execute(text(f"INSERT INTO {into} {numbers} SELECT {columns} FROM n"))
        if is_postgres(ledger):
            await connection.execute(text("ANALYZE"))  # as autovacuum does

    await ledger.database.write(fill)
    found = await ledger.account(f"a{BLOCKED}")
    assert found is not None
    assert found.blocked
    passed = await ledger.database.read(rows_passed if is_postgres(ledger) else blocks_first)
    assert passed < 10


def is_postgres(ledger: SqlLedger) -> bool:
    return not ledger.database.is_sqlite


async def explained(connection: AsyncConnection, how: str) -> list[Any]:
    """The plan by which the account of one number is found."""
    wanted = select_accounts().where(aliases.c.profile == "web", aliases.c.e164 == "+4930999")
    statement = wanted.compile(connection.engine, compile_kwargs={"literal_binds": True})
    return [row[-1] for row in await connection.exec_driver_sql(f"EXPLAIN {how} {statement}")]


async def blocks_first(connection: AsyncConnection) -> int:
    """How many blocks SQLite passes: all of them, unless it comes from an account to its block."""
    plan = await explained(connection, "QUERY PLAN")
    steps = [step for step in plan if "blocked_callers" in step]
    assert len(steps) == 1, plan
    return 0 if "account_id=?" in steps[0] else BLOCKED


async def rows_passed(connection: AsyncConnection) -> int:
    """The most rows that any step of PostgreSQL's plan gave or left aside."""
    (plan,) = await explained(connection, "(ANALYZE, FORMAT JSON)")
    steps = [plan[0]["Plan"]]
    most = 0
    while steps:
        step = steps.pop()
        steps += step.get("Plans", [])
        rows = step["Actual Rows"] + step.get("Rows Removed by Filter", 0)
        most = max(most, rows * step["Actual Loops"])
    return most


async def test_blocks_come_in_pages(ledger: Ledger, callers: Callers) -> None:
    ids = sorted([(await opened(ledger, f"+49301111{n:03}")).account_id for n in range(5)])
    for account_id in ids:
        await callers.block(block(account_id))
    pages = [await callers.blocks("acme", "", 3), await callers.blocks("acme", ids[2], 3)]
    assert [[one.account_id for one in page] for page in pages] == [ids[:3], ids[3:]]


async def test_agents_days_count_their_own_calls(ledger: Ledger, callers: Callers) -> None:
    account_id = (await opened(ledger)).account_id
    for number, agents in enumerate((("ada", "grace"), ("ada",), ("ad",), ())):
        record = answered_call(f"c{number}", account_id, micros=0)
        await ledger.settle(
            replace(record, agents=agents, ended_ms=NOW_MS + number, talk_ms=1_000 + number)
        )
    whole = {"ada": AgentDay(2, 2_001), "grace": AgentDay(1, 1_000), "ad": AgentDay(1, 1_002)}
    assert await callers.days("acme", NOW_MS, NOW_MS + 9) == whole
    later = {"ada": AgentDay(1, 1_001), "ad": AgentDay(1, 1_002)}
    assert await callers.days("acme", NOW_MS + 1, NOW_MS + 9) == later
    assert await callers.days("acme", NOW_MS, NOW_MS) == {}
    assert await callers.days("bolt", NOW_MS, NOW_MS + 9) == {}
