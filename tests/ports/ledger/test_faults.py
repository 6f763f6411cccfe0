"""Databases that are locked, full, frozen, gone or killed: nothing half written, later it works."""

import asyncio
import gc
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.course import Heard
from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.errors import CallerError, RemoteError
from engine.ledger.sql import SqlLedger
from engine.ports.ledger import Ledger
from tests.ports.ledger.books import (
    LANDLINE,
    MOBILE,
    NOW_MS,
    SqlBooks,
    answered_call,
    sqlite_books,
    top_up,
)
from tests.rig.postgres import Postgres

BRIEF_S = 0.4
CHILD_S = 20

LOCKING = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""

DYING = """
import asyncio, os, signal, sys
from sqlalchemy import Engine, event
from engine.ledger.sql import SqlLedger
from tests.ports.ledger.books import answered_call

async def settle(url, account_id):
    ledger = SqlLedger(url, lambda: 0)
    event.listen(Engine, "commit", lambda _: os.kill(os.getpid(), signal.SIGKILL))
    await ledger.settle(answered_call("c1", account_id))

asyncio.run(settle(*sys.argv[1:]))
"""


async def opened(ledger: Ledger, e164: str = MOBILE) -> str:
    return (await ledger.open_account("acme", "web", e164, "EUR")).account_id


async def nothing_was_written(ledger: Ledger, account_id: str) -> None:
    account = await ledger.account(account_id)
    assert account is not None
    assert (account.balance_micros, account.seq, account.returning) == (0, 0, False)
    assert await ledger.calls(None, 0, NOW_MS * 2) == []
    assert await ledger.outbox(9) == []
    assert await ledger.verify() == []


async def it_works_again(ledger: Ledger, account_id: str) -> None:
    (booked,) = await ledger.settle(answered_call("c1", account_id))
    assert booked.seq == 1
    assert await ledger.verify() == []


@asynccontextmanager
async def child(script: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_an_engine_killed_before_its_commit_leaves_nothing(sql_books: SqlBooks) -> None:
    ledger = sql_books.open()
    one = await opened(ledger)

    async with child(DYING, sql_books.url, one) as process, asyncio.timeout(CHILD_S):
        assert await process.wait() == -signal.SIGKILL

    await nothing_was_written(ledger, one)
    await it_works_again(ledger, one)


async def test_a_file_locked_by_another_process_is_told_in_time(
    file_books: SqlBooks, tmp_path: Path
) -> None:
    ledger = file_books.open(timeout_s=BRIEF_S)
    one = await opened(ledger)

    async with child(LOCKING, str(tmp_path / "ledger.db")) as process:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"locked\n"
        answers = await asyncio.gather(
            *(ledger.settle(answered_call(f"c{number}", one)) for number in range(3)),
            return_exceptions=True,
        )
        for answer in answers:
            assert isinstance(answer, RemoteError)
            assert answer.retryable
        await nothing_was_written(ledger, one)

    await it_works_again(ledger, one)


@contextmanager
def disk_of(pages: list[int]) -> Iterator[None]:
    """Lets SQLite files grow to `pages[0]` pages and no further."""

    def limit(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages[0]}")

    event.listen(Engine, "begin", limit)
    try:
        yield
    finally:
        event.remove(Engine, "begin", limit)


async def fill_a_caller_list(ledger: Ledger) -> None:
    for number in range(1000):
        await ledger.claim_first_call("acme", "vip", f"+4930{number}", "c", NOW_MS, None)


async def test_a_full_disk_is_told_and_takes_nothing(file_books: SqlBooks) -> None:
    pages = [1]
    with disk_of(pages):
        ledger = file_books.open()
        one = await opened(ledger)
        with pytest.raises(RemoteError) as refusal:
            await fill_a_caller_list(ledger)
        assert refusal.value.retryable
        assert "full" in str(refusal.value)
        heard = tuple(Heard(NOW_MS, "caller", f"prompt {number}") for number in range(1000))
        with pytest.raises(RemoteError):
            await ledger.settle(replace(answered_call("c1", one), prompts=heard))
        await nothing_was_written(ledger, one)

        pages[0] = 1_000_000
        await it_works_again(ledger, one)


async def test_a_file_that_is_no_database_is_no_passing_fault(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    file.write_bytes(b"not a database" * 100)
    books = sqlite_books(file)
    with pytest.raises(RemoteError) as refusal:
        await books.open().migrate()
    assert not refusal.value.retryable
    await books.close()


async def test_a_stopped_server_is_told_and_found_again(
    server_books: SqlBooks, postgres: Postgres
) -> None:
    ledger = server_books.open()
    one = await opened(ledger)

    postgres.stop(at_once=True)
    try:
        for _ in range(2):
            with pytest.raises(RemoteError) as refusal:
                await ledger.settle(answered_call("c1", one))
            assert refusal.value.retryable
    finally:
        postgres.start()

    await nothing_was_written(ledger, one)
    await it_works_again(ledger, one)


async def test_a_restarted_server_is_not_even_noticed(
    server_books: SqlBooks, postgres: Postgres
) -> None:
    ledger = server_books.open()
    one = await opened(ledger)
    postgres.stop()
    postgres.start()
    assert await ledger.account(one) is not None
    postgres.stop()
    postgres.start()
    await it_works_again(ledger, one)


async def _backend(ledger: SqlLedger) -> int:
    """The server's process behind a ledger that has used one connection only."""
    pid = await ledger.database.read(lambda c: c.scalar(text("SELECT pg_backend_pid()")))
    assert isinstance(pid, int)
    return pid


async def test_a_frozen_server_is_told_in_time(server_books: SqlBooks) -> None:
    one = await opened(server_books.open())
    ledger = server_books.open(timeout_s=BRIEF_S)
    pid = await _backend(ledger)

    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(RemoteError) as refusal:
            await ledger.settle(answered_call("c1", one))
        assert refusal.value.retryable
    finally:
        os.kill(pid, signal.SIGCONT)

    await nothing_was_written(ledger, one)
    await it_works_again(ledger, one)


async def test_an_account_locked_by_another_is_told_in_time(server_books: SqlBooks) -> None:
    holder, ledger = server_books.open(), server_books.open(timeout_s=BRIEF_S)
    one = await opened(ledger)
    other = await opened(ledger, LANDLINE)

    async with holder.database._writer.begin() as connection:
        await connection.execute(text(f"SELECT * FROM heads WHERE account_id = '{one}' FOR UPDATE"))
        with pytest.raises(RemoteError) as refusal:
            await ledger.settle(answered_call("c1", one))
        assert refusal.value.retryable
        await ledger.post(top_up(other, 5, "t1"))

    await it_works_again(ledger, one)


async def test_a_server_that_only_reads_is_a_passing_fault(
    server_books: SqlBooks, postgres: Postgres
) -> None:
    one = await opened(server_books.open())
    postgres.psql("postgres", "ALTER DATABASE books SET default_transaction_read_only = on")
    try:
        with pytest.raises(RemoteError) as refusal:
            await server_books.open().settle(answered_call("c1", one))
        assert refusal.value.retryable
    finally:
        postgres.psql("postgres", "ALTER DATABASE books RESET default_transaction_read_only")
    await it_works_again(server_books.open(), one)


async def test_a_server_that_dies_as_it_greets_is_a_passing_fault(
    server_books: SqlBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails while a new connection is set up comes in the driver's words."""
    one = await opened(server_books.open())

    async def connect(*args: Any, **options: Any) -> Any:
        connection = await connected(*args, **options)
        connection.terminate()
        return connection

    connected = asyncpg.connect
    ledger = server_books.open()
    with monkeypatch.context() as patch:
        patch.setattr(asyncpg, "connect", connect)
        with pytest.raises(RemoteError) as refusal:
            await ledger.account(one)
        assert refusal.value.retryable

    await it_works_again(ledger, one)


async def test_a_missing_database_is_no_passing_fault(postgres: Postgres) -> None:
    ledger = SqlLedger(postgres.url("nowhere"), lambda: 0)
    with pytest.raises(RemoteError) as refusal:
        await ledger.find_account("web", MOBILE)
    assert not refusal.value.retryable
    await ledger.close()


async def test_a_text_the_server_cannot_keep_is_refused(server_books: SqlBooks) -> None:
    ledger = server_books.open()
    one = await opened(ledger)
    with pytest.raises(CallerError):
        await ledger.post(top_up(one, 5, "t\0"))
    await nothing_was_written(ledger, one)


async def test_opposite_moves_never_wait_for_each_other(sql_books: SqlBooks) -> None:
    ledgers = [sql_books.open(), sql_books.open()]
    one, two = await opened(ledgers[0]), await opened(ledgers[0], LANDLINE)

    def move(giver: str, taker: str, key: str) -> Entry:
        lines = Posting(customer(giver), -1), Posting(customer(taker), 1)
        return Entry(key=key, kind=EntryKind.MOVE, currency="EUR", postings=lines, at_ms=NOW_MS)

    there = [ledgers[n % 2].post(move(one, two, f"there{n}")) for n in range(10)]
    back = [ledgers[n % 2].post(move(two, one, f"back{n}")) for n in range(10)]
    await asyncio.gather(*there, *back)

    assert await ledgers[0].verify() == []


async def test_work_given_up_anywhere_is_whole_or_nothing(sql_books: SqlBooks) -> None:
    ledger = sql_books.open()
    one = await opened(ledger)
    for number in range(30):
        task = asyncio.create_task(ledger.post(top_up(one, 1, f"t{number}")))
        await asyncio.sleep(number / 5000)
        task.cancel()
        await asyncio.wait([task])

    postings = [await ledger.post(top_up(one, 1, f"t{number}")) for number in range(30)]

    assert {posting.seq for (posting,) in postings} == set(range(1, 31))
    assert await ledger.verify() == []


async def test_a_connection_that_nobody_waits_for_is_closed_with_the_books(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite opens its file in a thread; one left alone in it would answer a loop that is over."""
    loop, opening, may_open = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    ledger = SqlLedger(f"sqlite:///{tmp_path / 'books.db'}", lambda: 0)
    begun: list[AsyncConnection] = []
    connected = sqlite3.connect

    def connect(*args: Any, **options: Any) -> sqlite3.Connection:
        loop.call_soon_threadsafe(opening.set)
        may_open.wait()
        return connected(*args, **options)

    async def work(connection: AsyncConnection) -> None:
        begun.append(connection)

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect)
        asked = asyncio.create_task(ledger.database.write(work))
        await opening.wait()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        loop.call_later(0.02, may_open.set)
        await ledger.close()

    assert may_open.is_set()
    assert begun == []


@pytest.mark.parametrize("url", ["", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "ledger.db"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(CallerError) as refusal:
        SqlLedger(url, lambda: 0)
    assert refusal.value.field == "url"


async def test_a_fault_that_nobody_waits_for_any_more_is_not_told_as_unforeseen(
    sql_books: SqlBooks,
) -> None:
    """Who asked was told that it took too long; the loop has no further word on it."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, what: told.append(what))
    ledger = sql_books.open()
    begun, left, over = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def fails(connection: AsyncConnection) -> None:
        begun.set()
        try:
            await left.wait()
            await connection.execute(text("SELECT nothing FROM nowhere"))
        finally:
            over.set()

    asked = asyncio.create_task(ledger.database.write(fails))
    await begun.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    left.set()
    await over.wait()
    await ledger.close()
    gc.collect()
    assert told == []
