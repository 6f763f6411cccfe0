"""The three ledgers of the suite behind one handle, and the records it books."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from argon2 import PasswordHasher

from engine.core.cdr import CallRecord, Disposition, Refusal
from engine.core.course import Fate, Heard, Slice, Stay
from engine.core.money import Rounding
from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.core.rating import BillingStart, Increment, Rate, StartsFrom
from engine.ledger.sql import SqlLedger
from engine.ports.ledger import Account, Ledger
from tests.fakes.ledger import MemoryLedger
from tests.rig.postgres import Postgres

TARIFF = "tariff-p1990000-EUR-conversation-a0"
MOBILE = "+491701234567"
LANDLINE = "+493012345678"
MINUTE_MS = 60_000
NOW_MS = 1_780_000_000_000
TIMEOUT_S = 10.0
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Wall:
    """A wall clock that stands until it is moved."""

    ms: int = NOW_MS

    def __call__(self) -> int:
        return self.ms


class Books(Protocol):
    """Books that any number of ledgers can be opened on."""

    wall: Wall

    def open(self) -> Ledger: ...

    async def close(self) -> None: ...


@dataclass
class MemoryBooks:
    """One twin in memory, shared by all who open it."""

    wall: Wall = field(default_factory=Wall)

    def __post_init__(self) -> None:
        self._ledger = MemoryLedger(self.wall)

    def open(self) -> MemoryLedger:
        return self._ledger

    async def close(self) -> None:
        pass


@dataclass
class SqlBooks:
    """A database; `spoil` runs statements behind the ledger's back, all keys unguarded."""

    url: str
    spoil: Callable[..., None]
    wall: Wall = field(default_factory=Wall)
    _opened: list[SqlLedger] = field(default_factory=list)

    def open(
        self, timeout_s: float = TIMEOUT_S, hasher: PasswordHasher = QUICK_HASHER
    ) -> SqlLedger:
        ledger = SqlLedger(self.url, self.wall, timeout_s=timeout_s, hasher=hasher)
        self._opened.append(ledger)
        return ledger

    async def close(self) -> None:
        for ledger in self._opened:
            await ledger.close()


def sqlite_books(file: Path) -> SqlBooks:
    """Books in an SQLite file."""

    def spoil(*statements: str) -> None:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    return SqlBooks(f"sqlite:///{file}", spoil)


def postgres_books(server: Postgres, database: str) -> SqlBooks:
    """Books in a database of a running server."""

    def spoil(*statements: str) -> None:
        unguarded = "SET session_replication_role = replica"
        server.psql(database, ";".join([unguarded, *statements]))

    return SqlBooks(server.url(database), spoil)


async def opened(ledger: Ledger, e164: str = MOBILE) -> Account:
    """The account of a number, opened if need be."""
    return await ledger.open_account("acme", "web", e164, "EUR")


def top_up(account_id: str, micros: int, key: str, at_ms: int = NOW_MS) -> Entry:
    """Money that comes in."""
    return Entry(
        key=key,
        kind=EntryKind.TOP_UP,
        currency="EUR",
        postings=(Posting(customer(account_id), micros), Posting("provider:stripe", -micros)),
        at_ms=at_ms,
        reason="Karte",
        author="stripe",
    )


def answered_call(call_id: str, account_id: str, micros: int = 3_980_000) -> CallRecord:
    """A call with every field filled."""
    return CallRecord(
        call_id=call_id,
        organisation="acme",
        service="beratung",
        config_version=7,
        profile="web",
        did="+4930900900",
        trunk="north",
        received_identity="<sip:+491701234567@north.example>;\"Jörg\"\\ 'x' 100% :a",
        e164="+491701234567",
        verified=True,
        withheld=True,
        line="mobile",
        account_id=account_id,
        currency="EUR",
        rate=Rate(2_990_000, 0, 10, Increment(60, 1), 150_000, Rounding(), 60),
        billing_start=BillingStart(StartsFrom.ANNOUNCEMENT, 10),
        first_call=True,
        arrived_ms=NOW_MS,
        answered_ms=NOW_MS + 2_000,
        joined_ms=NOW_MS + 12_500,
        ended_ms=NOW_MS + 87_700,
        wait_ms=12_500,
        talk_ms=75_200,
        charged_s=120,
        charge_micros=micros,
        disposition=Disposition.MONEY_ENDED,
        refusal=None,
        agents=("ada", "grace"),
        prompts=(
            Heard(NOW_MS + 100, "caller", TARIFF, Fate.WHOLE, NOW_MS + 140, NOW_MS + 8_000, "de"),
            Heard(NOW_MS + 9_000, "agent", "whisper_agent-r0"),
        ),
        clock_alarm=True,
        ordered=((NOW_MS + 20_000, "anna", "warn"),),
        slices=(Slice(NOW_MS + 300, 150_000), Slice(NOW_MS + 12_000, 3_980_000, NOW_MS + 132_500)),
        stays=(Stay("ada", NOW_MS + 12_500, NOW_MS + 40_000), Stay("grace", NOW_MS + 52_500)),
    )


def refused_call(call_id: str) -> CallRecord:
    """A call that reached no account, every field empty that may be."""
    return CallRecord(
        call_id=call_id,
        organisation="acme",
        service="beratung",
        config_version=7,
        profile="web",
        did="+4930900900",
        trunk="north",
        received_identity="",
        e164=None,
        verified=False,
        withheld=False,
        line=None,
        account_id=None,
        currency="EUR",
        rate=None,
        billing_start=None,
        first_call=False,
        arrived_ms=NOW_MS,
        answered_ms=None,
        joined_ms=None,
        ended_ms=NOW_MS + 900,
        wait_ms=0,
        talk_ms=0,
        charged_s=0,
        charge_micros=0,
        disposition=Disposition.REFUSED,
        refusal=Refusal.NOT_IDENTIFIED,
        agents=(),
    )
