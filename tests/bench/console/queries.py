"""Looking things up in large books: each query on both databases, beside a floor.

Every query is asked at its worst page: the deepest, the rarest, or the one that finds nothing.
"""

from collections.abc import Callable
from dataclasses import replace

from engine.core.cdr import Disposition, Refusal
from engine.core.posting import EntryKind
from engine.core.retention import Kind
from engine.ledger.api.sql import SqlCustomers
from engine.ledger.payments.sql import SqlSuspense
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
from tests.bench.console.asked import Ask, Asked, Machine
from tests.bench.console.books import CALLER_LIST, DAY_MS, END_MS, YEAR_MS, number_of
from tests.web.site import ORGANISATION, PROFILE

FLOOR = "one call by its id (floor)"

Tell = Callable[[int, int], None]


def asks(ledger: SqlLedger) -> dict[str, Ask]:
    """Every query by its name, at its worst page."""
    records, transactions = SqlRecords(ledger), SqlTransactions(ledger)
    customers, sums, kin = SqlCustomers(ledger), SqlSums(ledger), SqlKin(ledger)
    calls = CallFilter(organisation=ORGANISATION, most=100)
    deep = CallPlace(END_MS - YEAR_MS + YEAR_MS // 20, "d")
    moved = TransactionFilter(organisation=ORGANISATION, most=100)
    old = LinePlace(END_MS - YEAR_MS + YEAR_MS // 20, 0, 0)
    listed = CustomerFilter(organisation=ORGANISATION, most=100)
    year = SumFilter(organisation=ORGANISATION, from_ms=END_MS - YEAR_MS, to_ms=END_MS)
    number = number_of("a00007")
    near = [f"+49301{n:05}" for n in range(0, 20_000, 70)]
    asked: dict[str, Ask] = {
        FLOOR: lambda: records.record(ORGANISATION, "c77"),
        "calls, 95th percentile of depth": lambda: records.search(replace(calls, before=deep)),
        "calls of a service, deep": lambda: records.search(
            replace(calls, service="s3", before=deep)
        ),
        "calls by outcome and profile": lambda: records.search(
            replace(calls, disposition=Disposition.FAULT, profile=PROFILE, before=deep)
        ),
        "calls of a reason, nothing found": lambda: records.search(
            replace(calls, refusal=Refusal.CLOSED, charged=True)
        ),
        "calls of an agent there is none": lambda: records.search(replace(calls, agent="nobody")),
        "calls of a number": lambda: records.search(replace(calls, e164=number)),
        "calls of an account": lambda: records.search(replace(calls, account_id="a00007")),
        "count and sums of all calls": lambda: records.tally(calls),
        "count and sums, filtered": lambda: records.tally(
            replace(calls, service="s1", charged=False)
        ),
        "a call with its money": lambda: records.file("c77", ORGANISATION),
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
            MarkFilter(organisation=ORGANISATION, caller_list=CALLER_LIST, most=100)
        ),
        "accounts like 286 numbers": lambda: kin.named(ORGANISATION, near),
        "last calls of a number": lambda: kin.last_calls(ORGANISATION, number, 20),
        "payments in suspense": lambda: SqlSuspense(ledger).waiting(ORGANISATION, 200),
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


async def measure(
    ledger: SqlLedger, database: str, times: int, machine: Machine, tell: Tell
) -> list[Asked]:
    """Ask everything so many times; `tell` hears how much of it is done, and of how much."""
    found, asked = [], asks(ledger)
    for name, ask in asked.items():
        found.append(await machine.ask(name, database, ask, times))
        tell(len(found), len(asked))
    return found
