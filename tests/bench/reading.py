"""Looking things up in large books: each query on both databases, beside a floor.

The books are filled in bulk, past the ledger, with records as it would have written them. Every
query is asked at its worst page: the deepest, the rarest, or the one that finds nothing.
"""

import random
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from rich import box
from rich.table import Table
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.cdr import Disposition, Refusal
from engine.core.posting import EntryKind
from engine.core.retention import Kind
from engine.ledger import tables
from engine.ledger.api.sql import SqlCustomers
from engine.ledger.reading.adding import recounted_calls, recounted_days, recounted_payments
from engine.ledger.reading.sql import (
    SqlKeeping,
    SqlKin,
    SqlMarks,
    SqlRecords,
    SqlSums,
    SqlTransactions,
)
from engine.ledger.sql import SqlLedger
from engine.ports.operators import CustomerFilter, CustomerOrder
from engine.ports.reading.marks import MarkFilter
from engine.ports.reading.records import CallFilter, CallPlace
from engine.ports.reading.sums import Bucket, SumFilter
from engine.ports.reading.transactions import LinePlace, TransactionFilter

DAY_MS = 24 * 3_600_000
YEAR_MS = 365 * DAY_MS
END_MS = 1_796_083_200_000
"""1 December 2026: the books hold the year before it."""

CUSTOMERS = 20_000
SERVICES = 5
BATCH = 5_000
BUSY_EACH = 20
"""Each so manieth call is one busy caller's."""

FLOOR = "one call by its id (floor)"

COMPUTED = 200_000

Ask = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Asked:
    """How long a query took on a database, in milliseconds."""

    query: str
    database: str
    p50_ms: float
    max_ms: float


async def fill(ledger: SqlLedger, calls: int, postings: int, note: Callable[[int], None]) -> None:
    """A year of one organisation's business: calls, and payments with what they moved."""
    chance = random.Random(7)  # the same books every time
    await _insert(ledger, tables.organisations, iter([{"organisation": "acme"}]))
    names = [f"a{n:05}" for n in range(CUSTOMERS)]
    owned = {"organisation": "acme", "profile": "web"}
    of_account = [{"account_id": name, **owned} for name in names]
    await _insert(ledger, tables.accounts, ({**row, "currency": "EUR"} for row in of_account))
    numbers = ({**row, "e164": _number(row["account_id"]), "from_ms": 0} for row in of_account)
    await _insert(ledger, tables.aliases, numbers)
    await _insert(ledger, tables.heads, _heads(names, postings))
    await _insert(ledger, tables.entries, _entries(postings))
    await _insert(ledger, tables.postings, _postings(names, postings))
    await _insert(ledger, tables.first_calls, _marks(names))
    await _insert(ledger, tables.calls, _calls(names, calls, chance), note)
    await ledger.database.write(_book_calls, 600)

    async def add_up(connection: AsyncConnection) -> None:
        for table, hours in (
            (tables.call_sums, recounted_calls()),
            (tables.top_up_sums, recounted_payments()),
        ):
            columns = [column.name for column in table.columns]
            await connection.execute(insert(table).from_select(columns, hours))
            await connection.execute(insert(table).from_select(columns, recounted_days(table)))

    await ledger.database.write(add_up, 600)
    await ledger.database.write(lambda c: c.execute(text("ANALYZE")), 600)


async def _book_calls(connection: AsyncConnection) -> None:
    """The charge of every call that reached an account, after the other entries."""
    for statement in _CHARGES:
        await connection.execute(text(statement))


_CHARGES = (
    """
    INSERT INTO entries (entry_id, organisation, key, content_hash, kind, currency, reason, author,
        call_id, at_ms)
    SELECT (SELECT MAX(entry_id) FROM entries) + ROW_NUMBER() OVER (ORDER BY ended_ms),
        organisation, 'call:' || call_id, '', 'call', currency, '', 'engine', call_id, ended_ms
    FROM calls WHERE account_id IS NOT NULL
    """,
    """
    INSERT INTO postings (entry_id, line, account, micros, account_id, seq, balance_micros, at_ms)
    SELECT entries.entry_id, 0, 'customer:' || heads.account_id, -charge_micros, heads.account_id,
        heads.seq + ROW_NUMBER() OVER (PARTITION BY heads.account_id ORDER BY entries.entry_id), 0,
        entries.at_ms
    FROM entries
    JOIN calls ON calls.call_id = entries.call_id
    JOIN heads ON heads.account_id = calls.account_id
    """,
    """
    INSERT INTO postings (entry_id, line, account, micros)
    SELECT entries.entry_id, 1, 'revenue:' || calls.service, charge_micros
    FROM entries JOIN calls ON calls.call_id = entries.call_id
    """,
)


async def _insert(
    ledger: SqlLedger,
    table: Any,
    rows: Iterator[dict[str, Any]],
    note: Callable[[int], None] = lambda _count: None,
) -> None:
    while batch := list(islice(rows, BATCH)):
        await ledger.database.write(lambda c, these=batch: c.execute(insert(table), these), 60)
        note(len(batch))


def _number(name: str) -> str:
    return f"+49301{name[1:]}"


def _heads(names: list[str], postings: int) -> Iterator[dict[str, Any]]:
    for place, name in enumerate(names):
        count = postings // CUSTOMERS + (place < postings % CUSTOMERS)
        yield {
            "account_id": name,
            "organisation": "acme",
            "balance_micros": count * 10_000_000,
            "seq": count,
            "top_ups": count,
            "last_top_up_ms": END_MS - place * 60_000,
        }


def _entries(postings: int) -> Iterator[dict[str, Any]]:
    for n in range(postings):
        yield {
            "entry_id": n + 1,
            "organisation": "acme",
            "key": f"t{n}",
            "content_hash": "",
            "kind": EntryKind.TOP_UP if n % 4 == 0 else EntryKind.CREDIT,
            "currency": "EUR",
            "reason": "",
            "author": "cli:eva" if n == 9 else "engine",
            "at_ms": _booked_ms(n, postings),
        }


def _booked_ms(n: int, postings: int) -> int:
    return END_MS - YEAR_MS + n * (YEAR_MS // postings)


def _postings(names: list[str], postings: int) -> Iterator[dict[str, Any]]:
    for n in range(postings):
        seq = n // len(names) + 1
        theirs = {"account_id": names[n % len(names)], "seq": seq, "balance_micros": seq * 10**7}
        theirs["at_ms"] = _booked_ms(n, postings)
        mine = dict.fromkeys(theirs)
        line = {"entry_id": n + 1, "micros": 10**7}
        yield {**line, **theirs, "line": 0, "account": f"customer:{theirs['account_id']}"}
        counter = f"provider:web.p{n // 4 % 4}"
        yield {**line, **mine, "line": 1, "account": counter, "micros": -(10**7)}


def _marks(names: list[str]) -> Iterator[dict[str, Any]]:
    for place, name in enumerate(names):
        mark = {"organisation": "acme", "caller_list": "web", "e164": _number(name)}
        yield {**mark, "call_id": f"c{place}", "at_ms": END_MS - place}


def _calls(names: list[str], count: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    step_ms = YEAR_MS // max(count, 1)
    ends = [each for each in Disposition if each is not Disposition.REFUSED]
    for n in range(count):
        ended_ms = END_MS - YEAR_MS + n * step_ms
        name = names[0] if n % BUSY_EACH == 1 else chance.choice(names)
        refusal = chance.choice(list(Refusal)) if n % 5 == 0 else None
        yield {
            "call_id": f"c{n}",
            "organisation": "acme",
            "service": f"s{n % SERVICES}",
            "config_version": 1,
            "profile": "web",
            "did": "+4930900900",
            "trunk": "north",
            "received_identity": f"<sip:{_number(name)}@north.example>",
            "e164": _number(name),
            "verified": True,
            "withheld": False,
            "line": "landline",
            "account_id": name if refusal is None else None,
            "currency": "EUR",
            "rate": {"price_micros": 1_990_000, "connect_fee_micros": 0, "first_minutes": None,
                     "first_price_micros": None, "increment": {"first_s": 60, "next_s": 60},
                     "rounding": {"digits": 2, "mode": "half_up"}, "max_call_minutes": 60},
            "billing_start": {"origin": "conversation", "after_s": 0},
            "first_call": False,
            "arrived_ms": ended_ms - 90_000,
            "answered_ms": ended_ms - 85_000,
            "joined_ms": None if refusal else ended_ms - 60_000,
            "ended_ms": ended_ms,
            "wait_ms": 20_000,
            "talk_ms": 0 if refusal else 60_000,
            "charged_s": 0 if refusal else 60,
            "charge_micros": 0 if refusal else 1_990_000,
            "disposition": Disposition.REFUSED if refusal else chance.choice(ends),
            "refusal": refusal,
            "agents": [] if refusal else ["anna"],
            "prompts": [[ended_ms - 84_000, "caller", "tariff_minute"],
                        [ended_ms - 70_000, "caller", "minutes_left"]],
            "clock_alarm": False,
        }  # fmt: skip


def asks(ledger: SqlLedger) -> dict[str, Ask]:
    """Every query by its name, at its worst page."""
    records, transactions = SqlRecords(ledger), SqlTransactions(ledger)
    customers, sums, kin = SqlCustomers(ledger), SqlSums(ledger), SqlKin(ledger)
    calls = CallFilter(organisation="acme", most=100)
    deep = CallPlace(END_MS - YEAR_MS + YEAR_MS // 20, "d")
    moved = TransactionFilter(organisation="acme", most=100)
    old = LinePlace(END_MS - YEAR_MS + YEAR_MS // 20, 0, 0)
    listed = CustomerFilter(organisation="acme", most=100)
    year = SumFilter(organisation="acme", from_ms=END_MS - YEAR_MS, to_ms=END_MS)
    number = _number("a00007")
    near = [f"+49301{n:05}" for n in range(0, 20_000, 70)]
    asked: dict[str, Ask] = {
        FLOOR: lambda: records.record("acme", "c77"),
        "calls, 95th percentile of depth": lambda: records.search(replace(calls, before=deep)),
        "calls of a service, deep": lambda: records.search(
            replace(calls, service="s3", before=deep)
        ),
        "calls by outcome and profile": lambda: records.search(
            replace(calls, disposition=Disposition.FAULT, profile="web", before=deep)
        ),
        "calls of a reason, nothing found": lambda: records.search(
            replace(calls, refusal=Refusal.CLOSED, charged=True)
        ),
        "calls of an agent there is none": lambda: records.search(replace(calls, agent="nobody")),
        "calls of a number": lambda: records.search(replace(calls, e164=number)),
        "calls of a prefix few have": lambda: records.search(
            replace(calls, e164_prefix="+493010123")
        ),
        "calls of a prefix all have": lambda: records.search(replace(calls, e164_prefix="+49")),
        "calls of an account": lambda: records.search(replace(calls, account_id="a00007")),
        "count and sums of all calls": lambda: records.tally(calls),
        "count and sums, filtered": lambda: records.tally(
            replace(calls, service="s1", charged=False)
        ),
        "a call with its money": lambda: records.file("c77", "acme"),
        "transactions, deep": lambda: transactions.search(replace(moved, before=old)),
        "transactions of a kind": lambda: transactions.search(
            replace(moved, kind=EntryKind.TOP_UP, before=old)
        ),
        "transactions of a rare author": lambda: transactions.search(
            replace(moved, author="cli:eva")
        ),
        "transactions of an amount there is none": lambda: transactions.search(
            replace(moved, least_micros=1, most_micros=2)
        ),
        "transactions of a number": lambda: transactions.search(replace(moved, e164=number)),
        "transactions of a busy account": lambda: transactions.search(
            replace(moved, account_id="a00000", least_micros=1, most_micros=2)
        ),
        "calls of a busy account": lambda: records.search(
            replace(calls, account_id="a00000", agent="nobody")
        ),
        "the last page of a caller list": lambda: SqlMarks(ledger).marks(
            MarkFilter(organisation="acme", caller_list="web", most=100)
        ),
        "accounts like 286 numbers": lambda: kin.named("acme", near),
        "last calls of a number": lambda: kin.last_calls("acme", number, 20),
        "what retention would take": lambda: SqlKeeping(ledger).let_go(Kind.CALLS, 0, 500),
    }
    for order in CustomerOrder:
        wanted = replace(listed, order=order, after="a10000")
        asked[f"customers by {order.value}"] = lambda these=wanted: customers.customers(these)
    for bucket in Bucket:
        days = 365 if bucket in (Bucket.WHOLE, Bucket.MONTH) else 100
        over = replace(year, bucket=bucket, from_ms=END_MS - days * DAY_MS)
        asked[f"calls of {days} days by {bucket.value}"] = lambda these=over: sums.calls(these)
        asked[f"payments of {days} days by {bucket.value}"] = lambda these=over: sums.top_ups(these)
    return asked


@dataclass(slots=True)
class Machine:
    """How busy a machine was: a computation of its own takes `wall_s` for `cpu_s` of work."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    def compute(self) -> None:
        """Some milliseconds of nothing but work."""
        began_s, worked_s = time.perf_counter(), time.thread_time()
        sum(range(COMPUTED))
        self.wall_s += time.perf_counter() - began_s
        self.cpu_s += time.thread_time() - worked_s

    @property
    def slowness(self) -> float:
        """How often as long as on a quiet machine all takes; 1 on that one."""
        return max(1.0, self.wall_s / self.cpu_s) if self.cpu_s else 1.0


async def measure(ledger: SqlLedger, database: str, times: int, machine: Machine) -> list[Asked]:
    """Ask everything so many times, after once to warm up; how busy the machine is, in between."""
    found = []
    for name, ask in asks(ledger).items():
        await ask()
        took_ms = []
        for _ in range(times):
            machine.compute()
            began_s = time.perf_counter()
            await ask()
            took_ms.append((time.perf_counter() - began_s) * 1000)
        found.append(Asked(name, database, statistics.median(took_ms), max(took_ms)))
    return found


def table(asked: list[Asked], calls: int, postings: int) -> Table:
    """Queries by databases, p50 and max in milliseconds, the p50 also in floors."""
    databases = list(dict.fromkeys(one.database for one in asked))
    found = {(one.query, one.database): one for one in asked}
    title = f"{calls} calls and their charges, {postings} other transactions: ms, p50 / max"
    made = Table(title=title, box=box.SIMPLE)
    made.add_column("")
    for database in databases:
        made.add_column(database, justify="right")
        made.add_column("floors", justify="right")
    for query in dict.fromkeys(one.query for one in asked):
        cells = []
        for database in databases:
            one, floor = found.get((query, database)), found[FLOOR, database]
            if one is None:
                cells += ["", ""]
                continue
            cells += [f"{one.p50_ms:.1f} / {one.max_ms:.1f}", f"{one.p50_ms / floor.p50_ms:.1f}"]
        made.add_row(query, *cells)
    return made
