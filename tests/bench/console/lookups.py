"""Books on both databases, filled or found, and all that is asked of them."""

import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rich.table import Table

from engine.ledger.sql import SqlLedger
from tests.bench.console import books, pages, queries
from tests.bench.console.asked import Asked, Machine, table
from tests.bench.console.books import Tell
from tests.rig.postgres import running_postgres

DATABASES = ("sqlite", "postgresql")
SLOWEST_MS = 100


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked, how often: books of so many calls and other transactions in `folder`."""

    folder: Path
    calls: int
    postings: int
    times: int
    databases: Sequence[str]


@dataclass(slots=True)
class Found:
    """What came of it; `unseen` are pages without a record to ask for."""

    asking: Asking
    machine: Machine = field(default_factory=Machine)
    queries: list[Asked] = field(default_factory=list)
    pages: list[Asked] = field(default_factory=list)
    unseen: Sequence[str] = ()
    load: float = 0.0

    @property
    def limit_ms(self) -> float:
        """What half of the answers of each may take on a machine as busy as this one."""
        return SLOWEST_MS * self.machine.slowness

    @property
    def slow(self) -> list[str]:
        """What takes longer."""
        asked = (*self.queries, *self.pages)
        return [f"{one.what} ({one.database})" for one in asked if one.p50_ms >= self.limit_ms]

    def tables(self) -> list[Table]:
        """Queries and pages for people."""
        size = f"{self.asking.calls} calls and their charges, {self.asking.postings} other entries"
        return [
            table(self.queries, queries.FLOOR, f"Queries, {size}"),
            table(self.pages, pages.FLOOR, f"Pages, {size}"),
        ]

    def notes(self) -> list[str]:
        """What the tables have no place for."""
        slowness = f"{self.machine.slowness:.2f} times its CPU time"
        return [
            f"Load {self.load:.1f} on {os.cpu_count()} cores; a computation took {slowness}.",
            f"So the limit is {self.limit_ms:.0f} ms instead of {SLOWEST_MS}.",
            f"Not asked for: {', '.join(self.unseen) or 'none'}.",
            f"Slower: {', '.join(self.slow) or 'none'}.",
        ]

    def as_json(self) -> dict[str, Any]:
        """The same for programs; times in milliseconds."""
        return {
            "calls": self.asking.calls,
            "postings": self.asking.postings,
            "load": self.load,
            "cores": os.cpu_count(),
            "slowness": self.machine.slowness,
            "limit_ms": self.limit_ms,
            "queries": [asdict(one) for one in self.queries],
            "pages": [asdict(one) for one in self.pages],
            "unseen": list(self.unseen),
            "slow": self.slow,
        }


async def measure(asking: Asking, tell: Tell) -> Found:
    """Ask everything of each database, filled first where it is not there."""
    found = Found(asking)
    asking.folder.mkdir(parents=True, exist_ok=True)
    for database in asking.databases:
        async with _books(asking, database, tell) as (url, records):
            ledger = SqlLedger(url, lambda: books.END_MS, timeout_s=30.0)
            try:
                await ledger.migrate()  # books that were kept may be older than the tables
                told = partial(tell, f"{database}: queries")
                found.queries += await queries.measure(
                    ledger, database, asking.times, found.machine, told
                )
            finally:
                await ledger.close()
            told = partial(tell, f"{database}: pages")
            file = asking.folder / "pages"
            seen, found.unseen = await pages.measure(
                file, url, records, database, asking.times, found.machine, told
            )
            found.pages += seen
    found.load = os.getloadavg()[0]
    return found


@asynccontextmanager
async def _books(
    asking: Asking, database: str, tell: Tell
) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """Filled books; their address, and the records that paths of pages name."""
    name = f"books_{asking.calls}_{asking.postings}"
    filled = asking.folder / f"{database}-{name}.json"
    if database == "sqlite":
        file = asking.folder / f"{name}.db"
        url = f"sqlite:///{file}"
        if not filled.exists():
            file.unlink(missing_ok=True)
            filled.write_text(json.dumps(await _fill(asking, url, tell)))
        yield url, json.loads(filled.read_text())
        return
    with running_postgres(asking.folder / "postgres") as server:
        url = server.url(name)
        if not filled.exists():
            server.psql("postgres", f"DROP DATABASE IF EXISTS {name}")
            server.psql("postgres", f"CREATE DATABASE {name}")
            records = await _fill(asking, url, tell)
            # What a server does by itself sooner or later.
            server.psql(name, "VACUUM ANALYZE")
            filled.write_text(json.dumps(records))
        yield url, json.loads(filled.read_text())


async def _fill(asking: Asking, url: str, tell: Tell) -> dict[str, str]:
    ledger = SqlLedger(url, lambda: books.END_MS, timeout_s=books.FILL_S)
    try:
        await ledger.migrate()
        await books.fill(ledger, asking.calls, asking.postings, tell)
    finally:
        await ledger.close()
    return await pages.furnish_books(asking.folder / "pages", url)
