"""Transactions on SQLite or PostgreSQL: one writer at a time, bounded waits, faults translated.

SQLite (WAL, `synchronous=FULL`) has one writing connection per process, and each of its
transactions is `BEGIN IMMEDIATE`, so that it waits for other processes before it has read
anything. PostgreSQL runs at READ COMMITTED; whoever books locks the account's head row first.
What another was faster at (a unique key taken, a deadlock, a connection that died) is carried out
again, a bounded number of times: every transaction here may run twice without booking twice. What
was given more time than usual (a migration, beside another engine's) waits for locks all that time.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from asyncpg import InterfaceError, InternalClientError, PostgresError
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from engine.errors import CallerError, ConflictError, EngineError, RemoteError
from engine.ports.metrics import UNMEASURED, Metrics, Remote

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

ATTEMPTS = 5
ATTEMPT_PAUSE_S = 0.01
READERS = 4
CONNECTIONS = 10

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
}
_SQLITE_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
}
_SQLITE_UNIQUE = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}

# SQLSTATE, by class (its first two characters) and whole.
_PASSING_CLASSES = {"08", "25", "40", "53", "55", "57", "58"}
_REPEATABLE_STATES = {"23505", "40001", "40P01"}
_LOCKED_STATE = "55P03"
_BAD_VALUE_CLASS = "22"

# A server that dies while SQLAlchemy sets a new connection up is told in the driver's own words.
_UNWRAPPED = (InterfaceError, InternalClientError, PostgresError)


class Database:
    """The connections of one ledger; `timeout_s` bounds every transaction and every wait in it."""

    def __init__(self, url: str, timeout_s: float, metrics: Metrics = UNMEASURED) -> None:
        self.url = _with_driver(url)
        self.timeout_s = timeout_s
        self._metrics = metrics
        self._under_way: set[asyncio.Task[Any]] = set()
        self._closed = False
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._writer = _sqlite_engine(self.url, timeout_s, connections=1, writes=True)
            self._reader = _sqlite_engine(self.url, timeout_s, connections=READERS, writes=False)
        else:
            self._writer = _postgres_engine(self.url, timeout_s)
            self._reader = self._writer.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    async def create(self) -> None:
        """Make SQLite's file if there is none, for its owner's eyes alone."""
        if self.is_sqlite:
            file = Path(self.url.database or "")
            async with _faults(self.timeout_s):
                await asyncio.to_thread(file.touch, 0o600)

    async def write(self, work: Work[T], timeout_s: float | None = None) -> T:
        """Run `work` in a transaction that commits if it returns; see the module for repeats."""
        return await self._run(self._writer, work, timeout_s or self.timeout_s)

    async def read(self, work: Work[T], timeout_s: float | None = None) -> T:
        """Run `work` on one snapshot of what was committed last; it cannot write."""
        return await self._run(self._reader, work, timeout_s or self.timeout_s)

    async def close(self) -> None:
        """Close every connection once what is under way has ended; nothing more is begun."""
        self._closed = True
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self.timeout_s)
        await self._writer.dispose()
        await self._reader.dispose()

    async def _run(self, engine: AsyncEngine, work: Work[T], timeout_s: float) -> T:
        with self._metrics.asking(Remote.LEDGER, _name(work)):
            return await self._in_time(engine, work, timeout_s)

    async def _in_time(self, engine: AsyncEngine, work: Work[T], timeout_s: float) -> T:
        is_long = timeout_s > self.timeout_s
        async with _faults(timeout_s):
            attempt = 0
            while True:
                attempt += 1
                try:
                    return await self._carry_out(engine, work, timeout_s)
                except DBAPIError as fault:
                    waits = is_long and _is_locked(fault)
                    if not waits and not (_repeatable(fault) and attempt < ATTEMPTS):
                        raise
                await asyncio.sleep(ATTEMPT_PAUSE_S * min(attempt, ATTEMPTS))

    async def _carry_out(self, engine: AsyncEngine, work: Work[T], timeout_s: float) -> T:
        """Run one transaction to its end, even if nobody waits for it any longer.

        SQLite works in a thread that does not hear of a cancelled wait: torn away from it, its
        connection would keep the file locked until it is collected as garbage, and one torn away
        while it is opened would answer a loop that may be closed. There only the file itself can
        hold the work up, and then it holds up everybody. Whoever leaves before there is a
        connection has nothing begun for him.
        """
        if self._closed:
            raise RemoteError("the database was closed", retryable=False)
        left = asyncio.Event()
        limit_s = None if self.is_sqlite else timeout_s
        task = asyncio.create_task(_transact(engine, work, limit_s, left))
        self._under_way.add(task)
        task.add_done_callback(self._over)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            left.set()
            raise

    def _over(self, task: "asyncio.Task[Any]") -> None:
        """Its end is told to whoever waits; who has left by then was told that it took too long."""
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()


def _name(work: Work[T]) -> str:
    """What a transaction is called: `journal.book`, by its function."""
    function: Any = work.func if isinstance(work, partial) else work
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


async def _transact(
    engine: AsyncEngine, work: Work[T], limit_s: float | None, left: asyncio.Event
) -> T:
    async with asyncio.timeout(limit_s):
        connection = await engine.connect()
        try:
            if left.is_set():
                raise asyncio.CancelledError
            async with connection.begin():
                return await work(connection)
        finally:
            await connection.close()


def _with_driver(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError as fault:
        raise CallerError("must be an SQLAlchemy database URL", "url") from fault
    driver = _DRIVERS.get(url.get_backend_name())
    if driver is None:
        raise CallerError("must name sqlite or postgresql", "url")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise CallerError("must name a file", "url")
    return url.set(drivername=driver)


def _sqlite_engine(url: URL, timeout_s: float, *, connections: int, writes: bool) -> AsyncEngine:
    # Half of the time a transaction has, so that the wait ends before the transaction's own limit.
    pragmas = {
        "busy_timeout": str(int(timeout_s * 500)),
        "journal_mode": "WAL",
        "synchronous": "FULL",
        "foreign_keys": "ON",
        "query_only": "OFF" if writes else "ON",
    }
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=timeout_s,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for name, value in pragmas.items():
            cursor.execute(f"PRAGMA {name} = {value}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres_engine(url: URL, timeout_s: float) -> AsyncEngine:
    settings = {
        "application_name": "groschen",
        "lock_timeout": str(int(timeout_s * 500)),
        # An engine that freezes in mid-transaction must not keep an account locked.
        "idle_in_transaction_session_timeout": str(int(timeout_s * 2000)),
    }
    return create_async_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=timeout_s,
        hide_parameters=True,
        connect_args={"server_settings": settings, "timeout": timeout_s},
    )


@asynccontextmanager
async def _faults(timeout_s: float) -> AsyncIterator[None]:
    """Bounds what is done inside and translates what the libraries raise there."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except (TimeoutError, PoolTimeoutError) as fault:
        raise RemoteError("the database did not answer in time") from fault
    except DBAPIError as fault:
        raise _translated(fault) from fault
    except (OSError, *_UNWRAPPED) as fault:
        raise RemoteError(f"the database cannot be reached: {fault}") from fault


def _translated(fault: DBAPIError) -> EngineError:
    state = _state(fault)
    # The first line alone: PostgreSQL tells the values, phone numbers too, in the next.
    told, _, _ = str(fault.orig).partition("\n")
    message = f"the database refused: {told}"
    if isinstance(fault, IntegrityError):
        return ConflictError(message)
    if state.startswith(_BAD_VALUE_CLASS):
        return CallerError(message)
    if isinstance(fault.orig, sqlite3.Error):
        return RemoteError(message, retryable=_sqlite_code(fault) & 0xFF in _SQLITE_PASSING)
    return RemoteError(message, retryable=fault.connection_invalidated or _is_passing(state))


def _repeatable(fault: DBAPIError) -> bool:
    """Whether another was faster, or the connection had died while it was idle."""
    return (
        fault.connection_invalidated
        or _state(fault) in _REPEATABLE_STATES
        or _sqlite_code(fault) in _SQLITE_UNIQUE
    )


def _is_locked(fault: DBAPIError) -> bool:
    return _state(fault) == _LOCKED_STATE or _sqlite_code(fault) & 0xFF == sqlite3.SQLITE_BUSY


def _is_passing(state: str) -> bool:
    return state[:2] in _PASSING_CLASSES


def _state(fault: DBAPIError) -> str:
    return getattr(fault.orig, "sqlstate", None) or ""


def _sqlite_code(fault: DBAPIError) -> int:
    return getattr(fault.orig, "sqlite_errorcode", 0)
