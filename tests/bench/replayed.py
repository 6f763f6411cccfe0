"""A month of calls replayed under a dearer draft, beside what reading their records alone takes.

Both take turns over the same books. The calls come from many numbers, as in life: a number that
was read before costs less to read again. Each number has an account, each call its entry in the
journal; the draft uses up many of the balances.
"""

import os
import resource
import time
from collections import Counter
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

from engine.core.cdr import CallRecord, Disposition
from engine.core.course import Heard
from engine.core.inventory import Inventory, Service, Trunk
from engine.core.money import Rounding
from engine.core.number import NumberFormat
from engine.core.rating import (
    BillingStart,
    Increment,
    Rate,
    StartsFrom,
    charge,
    increments_begun,
    seconds_of,
)
from engine.core.tariff import Line, Tariff, rate_for
from engine.flows.replay.replay import Replay, replay
from engine.ledger.accounts import know_organisation
from engine.ledger.sql import SqlLedger
from engine.ledger.tables import accounts, calls, heads
from tests.bench.console.books import (
    CHARGES,
    FILL_S,
    carry_out,
    copied,
    drop_indexes,
    insert_all,
    make_indexes,
)
from tests.rig.postgres import running_postgres

CALLERS = 50_000
LINES = 20
BLOCK = 150_000
"""So many calls are made one by one: each caller's on either line."""

TOLD_EACH = 2_000
FROM_MS = 1_793_487_600_000
MONTH_MS = 30 * 24 * 3_600_000
MORE_MICROS = 500_000
OVER_MICROS = 20_000_000

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
        for head in ("", "seconds", "× reading", "calls/s", "CPU µs a call"):
            table.add_column(head, justify="right" if head else "left")
        for way in ("reading", "replaying"):
            rates = told[way]
            to_reading = told["to_reading"] if way == "replaying" else 1.0
            cells = (rates["seconds"], to_reading, rates["calls_per_s"], rates["cpu_us_per_call"])
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


@dataclass(frozen=True, slots=True)
class _Talk:
    """A conversation: on which line, by whom, how long (ms), and how many increments of it."""

    service: Service
    line: Line
    caller: int
    rate: Rate
    talk_ms: int
    increments: int

    @classmethod
    def made(cls, number: int, now: Inventory) -> "_Talk":
        """That of the call with this number."""
        number %= BLOCK
        service = now.services[number % LINES]
        line = Line.MOBILE if number % 3 == 0 else Line.LANDLINE
        rate = rate_for(service.tariff, line, first_call=False)
        talk_ms = 5_000 + number * 137 % 900_000
        caller = number * 7_919 % CALLERS
        return cls(service, line, caller, rate, talk_ms, increments_begun(rate, talk_ms))

    @property
    def account_id(self) -> str:
        return f"{self.line}-{self.caller:05}"

    @property
    def e164(self) -> str:
        is_mobile = self.line is Line.MOBILE
        return f"+49152288{self.caller:05}" if is_mobile else f"+493023{self.caller:06}"

    @property
    def charge_micros(self) -> int:
        return charge(self.rate, self.increments)


async def _fill(ledger: SqlLedger, count: int, tell: Tell) -> int:
    """Write the records, accounts and what they were charged; returns what they would be charged
    more under the draft."""
    now = _inventory(0)
    money_micros = _money_micros(count, now)
    owned = [{"account_id": name, "organisation": "bench"} for name in money_micros]
    await ledger.database.write(partial(know_organisation, organisation="bench"))
    await ledger.database.write(drop_indexes, FILL_S)
    named = ({**one, "profile": "bench", "currency": "EUR"} for one in owned)
    await insert_all(ledger, accounts, named)
    had = ({**one, "balance_micros": money_micros[one["account_id"]], "seq": 0} for one in owned)
    await insert_all(ledger, heads, had)
    await _fill_calls(ledger, count, now, tell)
    for statement in CHARGES:
        await ledger.database.write(partial(carry_out, statement), FILL_S)
    await ledger.database.write(make_indexes, FILL_S)
    return _more_micros(count, now, money_micros)


async def _fill_calls(ledger: SqlLedger, count: int, now: Inventory, tell: Tell) -> None:
    """The first block, then its copies, each after the one before."""
    block, apart_ms = min(BLOCK, count), MONTH_MS // count
    await insert_all(ledger, calls, _rows(block, apart_ms, now, tell))
    for copy, begun in enumerate(range(block, count, block), 1):
        before_ms = FROM_MS + (count - begun) * apart_ms
        columns = [column.name for column in calls.columns]
        later = copied(copy, before_ms, begun * apart_ms)
        into = insert(calls).from_select(columns, later)
        await ledger.database.write(lambda c, these=into: c.execute(these), FILL_S)
        tell("Writing", min(begun + block, count))


def _rows(block: int, apart_ms: int, now: Inventory, tell: Tell) -> Iterator[dict[str, Any]]:
    for number in range(block):
        yield msgspec.to_builtins(_record(number, FROM_MS + number * apart_ms, now))
        if number % TOLD_EACH == 0:
            tell("Writing", number)


def _money_micros(count: int, now: Inventory) -> dict[str, int]:
    """What each account has before its first call: what all of them cost, and for two accounts of
    three something over. The draft uses up many of them."""
    spent: Counter[str] = Counter()
    for number in range(count):
        talk = _Talk.made(number, now)
        spent[talk.account_id] += talk.charge_micros
    return {
        name: micros + place % 3 * OVER_MICROS for place, (name, micros) in enumerate(spent.items())
    }


def _more_micros(count: int, now: Inventory, money_micros: dict[str, int]) -> int:
    """What the calls cost more under the draft: whole minutes, as many as there is money for."""
    more_micros, left_micros = 0, dict(money_micros)
    for number in range(count):
        talk = _Talk.made(number, now)
        is_dearer = number % LINES % 2 == 1
        price_micros = talk.rate.price_micros + (MORE_MICROS if is_dearer else 0)
        minutes = min(talk.increments, left_micros[talk.account_id] // price_micros)
        left_micros[talk.account_id] -= minutes * price_micros
        more_micros += minutes * price_micros - talk.charge_micros
    return more_micros


def _record(number: int, ended_ms: int, now: Inventory) -> CallRecord:
    talk = _Talk.made(number, now)
    service = talk.service
    joined_ms = ended_ms - talk.talk_ms
    return CallRecord(
        call_id=f"c{number:08}",
        organisation="bench",
        service=service.name,
        config_version=1,
        profile="bench",
        did=service.dids[0],
        trunk="carrier",
        received_identity="<sip:caller@carrier.example>",
        e164=talk.e164,
        verified=True,
        withheld=False,
        line=talk.line,
        account_id=talk.account_id,
        currency="EUR",
        rate=talk.rate,
        billing_start=service.tariff.billing_start,
        first_call=False,
        arrived_ms=joined_ms - 15_000,
        answered_ms=joined_ms - 2_000,
        joined_ms=joined_ms,
        ended_ms=ended_ms,
        wait_ms=2_000,
        talk_ms=talk.talk_ms,
        charged_s=seconds_of(talk.rate, talk.increments),
        charge_micros=talk.charge_micros,
        disposition=Disposition.CALLER_HUNG_UP,
        refusal=None,
        agents=("ada",),
        prompts=tuple(Heard(joined_ms - 10_000 + at, "caller", "tariff") for at in range(4)),
    )


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
