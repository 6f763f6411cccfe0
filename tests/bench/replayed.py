"""A month of calls replayed under a dearer draft, beside what reading their records alone takes.

Both take turns over the same books. The calls come from many numbers, as in life: a number that
was read before costs less to read again.
"""

import asyncio
import os
import resource
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from rich import box
from rich.table import Table
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.cdr import CallRecord, Disposition
from engine.core.inventory import Inventory, Service, Trunk
from engine.core.money import Rounding
from engine.core.number import NumberFormat
from engine.core.rating import (
    BillingStart,
    Increment,
    StartsFrom,
    charge,
    increments_begun,
    seconds_of,
)
from engine.core.tariff import Line, Tariff, rate_for
from engine.flows.replay.replay import Replay, replay
from engine.ledger.accounts import know_organisation
from engine.ledger.sql import SqlLedger
from engine.ledger.tables import calls
from tests.rig.postgres import running_postgres

CALLERS = 50_000
LINES = 20
BATCH = 2_000
FROM_MS = 1_793_487_600_000
MONTH_MS = 30 * 24 * 3_600_000
MORE_MICROS = 500_000

Tell = Callable[[str, int], None]


@dataclass(slots=True)
class Cost:
    """What one pass over the calls took."""

    wall_s: float
    cpu_s: float


@dataclass(slots=True)
class Passes:
    """What was measured: passes that read, passes that replay, and what came out."""

    calls: int
    database: str
    reading: list[Cost] = field(default_factory=list)
    replaying: list[Cost] = field(default_factory=list)
    grown_mib: float = 0.0
    found: Replay | None = None
    expected_micros: int = 0

    @property
    def is_clean(self) -> bool:
        """Every call was replayed, and the sum is what the price makes it."""
        found = self.found
        return (
            found is not None
            and found.calls == self.calls
            and found.difference_micros() == {"EUR": self.expected_micros}
        )

    def as_json(self) -> dict[str, Any]:
        """Rates of the best pass of each, CPU of this process alone."""
        reading, replaying = _best(self.reading), _best(self.replaying)
        return {
            "calls": self.calls,
            "database": self.database,
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
            "reading": self._rates(reading),
            "replaying": self._rates(replaying),
            "to_reading": round(replaying.wall_s / reading.wall_s, 2),
            "grown_mib": round(self.grown_mib, 1),
            "clean": self.is_clean,
        }

    def _rates(self, cost: Cost) -> dict[str, float]:
        return {
            "seconds": round(cost.wall_s, 1),
            "calls_per_s": round(self.calls / cost.wall_s),
            "cpu_us_per_call": round(cost.cpu_s * 1e6 / self.calls, 1),
        }

    def table(self) -> Table:
        """The same for people."""
        told = self.as_json()
        table = Table(title=f"{self.calls} calls in {self.database}", box=box.SIMPLE)
        for head in ("", "seconds", "calls/s", "CPU µs a call"):
            table.add_column(head, justify="right" if head else "left")
        for way in ("reading", "replaying"):
            rates = told[way]
            cells = (rates["seconds"], rates["calls_per_s"], rates["cpu_us_per_call"])
            table.add_row(way, *map(str, cells))
        return table


async def measure(folder: Path, count: int, rounds: int, database: str, tell: Tell) -> Passes:
    """Fill a database with calls, then read and replay them in turn."""
    with _database(folder, database) as url:
        ledger = SqlLedger(url, lambda: FROM_MS, timeout_s=60.0)
        try:
            await ledger.migrate()
            passes = Passes(count, database)
            passes.expected_micros = await _fill(ledger, count, tell)
            before_kib = _most_kib()
            for _ in range(rounds):
                passes.reading.append(await _timed(partial(_read, ledger, tell)))
                passes.replaying.append(await _timed(partial(_replay, ledger, passes, tell)))
            passes.grown_mib = (_most_kib() - before_kib) / 1024
        finally:
            await ledger.close()
    return passes


@contextmanager
def _database(folder: Path, database: str) -> Iterator[str]:
    if database == "sqlite":
        yield f"sqlite:///{folder}/ledger.db"
        return
    with running_postgres() as server:
        server.psql("postgres", "CREATE DATABASE bench")
        yield server.url("bench")


async def _timed(work: Callable[[], Awaitable[None]]) -> Cost:
    began_s, cpu_s = time.monotonic(), time.process_time()
    await work()
    return Cost(time.monotonic() - began_s, time.process_time() - cpu_s)


async def _read(ledger: SqlLedger, tell: Tell) -> None:
    read = 0
    async for page in ledger.call_pages(FROM_MS, FROM_MS + MONTH_MS):
        read += len(page)
        tell("Reading", read)


async def _replay(ledger: SqlLedger, passes: Passes, tell: Tell) -> None:
    passes.found = await replay(
        ledger,
        _inventory(MORE_MICROS),
        FROM_MS,
        FROM_MS + MONTH_MS,
        progress=lambda done, _ended_ms: tell("Replaying", done),
    )


def _best(passes: list[Cost]) -> Cost:
    return min(passes, key=lambda cost: cost.wall_s)


def _most_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


# --- the calls -------------------------------------------------------------------------------


async def _fill(ledger: SqlLedger, count: int, tell: Tell) -> int:
    """Write the records; returns what they would cost more under the draft."""
    more_micros = 0

    async def write(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
        await connection.execute(insert(calls), rows)

    await ledger.database.write(partial(know_organisation, organisation="bench"))
    now = _inventory(0)
    for first in range(0, count, BATCH):
        numbers = range(first, min(count, first + BATCH))
        records = [_record(number, count, now) for number in numbers]
        more_micros += sum(_dearer(record) for record in records)
        rows = [msgspec.to_builtins(record) for record in records]
        await ledger.database.write(partial(write, rows=rows))
        tell("Writing", numbers.stop)
        await asyncio.sleep(0)
    return more_micros


def _record(number: int, count: int, now: Inventory) -> CallRecord:
    service = now.services[number % LINES]
    mobile = number % 3 == 0
    caller = number * 7_919 % CALLERS
    line = Line.MOBILE if mobile else Line.LANDLINE
    rate = rate_for(service.tariff, line, first_call=False)
    talk_ms = 5_000 + number * 137 % 900_000
    n = increments_begun(rate, talk_ms)
    ended_ms = FROM_MS + number * MONTH_MS // count
    joined_ms = ended_ms - talk_ms
    return CallRecord(
        call_id=f"bench-{number:08}",
        organisation="bench",
        service=service.name,
        config_version=1,
        profile="bench",
        did=service.dids[0],
        trunk="carrier",
        received_identity="<sip:caller@carrier.example>",
        e164=f"+49152288{caller:05}" if mobile else f"+493023{caller:06}",
        verified=True,
        withheld=False,
        line=line,
        account_id=None,
        currency="EUR",
        rate=rate,
        billing_start=service.tariff.billing_start,
        first_call=False,
        arrived_ms=joined_ms - 15_000,
        answered_ms=joined_ms - 2_000,
        joined_ms=joined_ms,
        ended_ms=ended_ms,
        wait_ms=2_000,
        talk_ms=talk_ms,
        charged_s=seconds_of(rate, n),
        charge_micros=charge(rate, n),
        disposition=Disposition.CALLER_HUNG_UP,
        refusal=None,
        agents=("ada",),
        prompts=tuple((joined_ms - 10_000 + at, "caller", "tariff") for at in range(4)),
    )


def _dearer(record: CallRecord) -> int:
    """What a call costs more under the draft, reckoned from its charged minutes alone."""
    is_dearer = int(record.service.removeprefix("line")) % 2 == 1
    return record.charged_s // 60 * MORE_MICROS if is_dearer else 0


def _inventory(more_micros: int) -> Inventory:
    """Twenty lines; in the draft every second one is dearer."""
    services = tuple(
        Service(
            name=f"line{number}",
            organisation="bench",
            dids=(f"+49309000{number:04}",),
            profile="bench",
            tariff=_tariff(more_micros if number % 2 else 0),
            group="advisers",
            blocked=("+49900*",),
        )
        for number in range(LINES)
    )
    trunk = Trunk(name="carrier", host="192.0.2.1", number_format=NumberFormat.E164_PLUS)
    return Inventory(version=1, trunks=(trunk,), services=services)


def _tariff(more_micros: int) -> Tariff:
    return Tariff(
        currency="EUR",
        landline_micros=1_990_000 + more_micros,
        mobile_micros=2_990_000 + more_micros,
        other_micros=2_990_000 + more_micros,
        increment=Increment(60, 60),
        billing_start=BillingStart(StartsFrom.CONVERSATION),
        connect_fee_micros=0,
        first_call=None,
        max_call_minutes=60,
        rounding=Rounding(),
    )
