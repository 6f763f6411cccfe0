"""A year of one organisation's business, filled into books past the ledger, as it would have
written it.

A block of calls is made one by one and then copied by the database itself, each copy a little
later; indexes are made when all is there. The organisation is that of `inventory`.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Select, Table, TextClause, func, insert, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.cdr import CallRecord, Disposition, Refusal
from engine.core.course import Heard
from engine.core.inventory import Agent, HuntGroup, Inventory
from engine.core.payment import SETTLED, OrderStatus, PaymentOrder
from engine.core.posting import EntryKind
from engine.core.tariff import Line, rate_for
from engine.ledger import tables
from engine.ledger.reading.adding import recounted_calls, recounted_days, recounted_payments
from engine.ledger.sql import SqlLedger
from tests.web.console.house import staffed
from tests.web.site import ORGANISATION, PROFILE, PROVIDER, service, site_inventory, tariff

DAY_MS = 24 * 3_600_000
YEAR_MS = 365 * DAY_MS
END_MS = 1_796_083_200_000
"""1 December 2026: the books hold the year before it."""

CUSTOMERS = 20_000
SERVICES = 5
AGENTS = tuple(f"n{number:02}" for number in range(30))
CALL = "c999"
"""One that was charged."""

BATCH = 5_000
BLOCK = 50_000
"""So many calls are made one by one."""

BUSY_EACH = 20
"""Each so manieth call is one busy caller's."""

SUSPENDED, WAITING = 2_000, 30
"""Payments that fitted no order, and how many of these, the last, still wait."""

CALLER_LIST = "stars"

_TIMES = ("arrived_ms", "answered_ms", "joined_ms", "ended_ms")
_INDEXED = (tables.calls, tables.entries, tables.postings, tables.orders)

FILL_S = 600.0

Tell = Callable[[str, int, int], None]
"""Hears what is being done, how much of it is done, and of how much."""


def inventory(user: str = "") -> Inventory:
    """Whose books these are: busy lines, thirty agents; `user` is the one who took `CALL`."""
    found = staffed(site_inventory())
    lines = [
        service(f"s{number}", f"+49302312510{number}", tariff(1_990_000, 2_990_000))
        for number in range(SERVICES)
    ]
    group = HuntGroup(name="advisers", organisation=ORGANISATION, agents=AGENTS)
    users = {_agent(int(CALL[1:])): user}
    return replace(
        found,
        agents=tuple(
            Agent(name=name, organisation=ORGANISATION, user=users.get(name, "")) for name in AGENTS
        ),
        groups=(group,),
        services=(*lines, *found.services),
    )


def _agent(call: int) -> str:
    """Who took a call."""
    return AGENTS[call % len(AGENTS)]


async def fill(ledger: SqlLedger, calls: int, postings: int, tell: Tell) -> None:
    """Calls with their charges, and `postings` other transactions."""
    names = [f"a{n:05}" for n in range(min(CUSTOMERS, calls))]
    tell("customers and entries", 0, calls)
    await ledger.database.write(drop_indexes, FILL_S)
    await insert_all(ledger, tables.organisations, iter([{"organisation": ORGANISATION}]))
    await insert_all(
        ledger, tables.accounts, ({**_owned(name), "currency": "EUR"} for name in names)
    )
    numbered = ({**_owned(name), "e164": number_of(name), "from_ms": 0} for name in names)
    await insert_all(ledger, tables.aliases, numbered)
    await insert_all(ledger, tables.heads, _heads(names, postings))
    await insert_all(ledger, tables.entries, _entries(postings))
    await insert_all(ledger, tables.postings, _postings(names, postings))
    suspended = min(SUSPENDED, postings // 4)
    await insert_all(ledger, tables.entries, _suspended(suspended, postings))
    await insert_all(ledger, tables.postings, _suspended_postings(suspended, postings))
    await insert_all(ledger, tables.orders, _orders(names, postings // 4))
    await insert_all(ledger, tables.first_calls, _marks(names))
    await _fill_calls(ledger, names, calls, partial(tell, "calls"))
    charges = (partial(carry_out, charge) for charge in CHARGES)
    works = (*charges, make_indexes, _add_up, _count_on)
    for done, work in enumerate(works):
        tell("charges, indexes, sums", done, len(works))
        await ledger.database.write(lambda c, this=work: this(c), FILL_S)


async def carry_out(statement: TextClause, connection: AsyncConnection) -> None:
    """One of `CHARGES`."""
    await connection.execute(statement)


async def drop_indexes(connection: AsyncConnection) -> None:
    """Of the tables that get most rows: they are filled sooner without."""
    for table in _INDEXED:
        for index in table.indexes:
            await connection.run_sync(index.drop)


async def make_indexes(connection: AsyncConnection) -> None:
    """Those that were dropped."""
    for table in _INDEXED:
        for index in table.indexes:
            await connection.run_sync(index.create)


async def _add_up(connection: AsyncConnection) -> None:
    for table, hours in (
        (tables.call_sums, recounted_calls()),
        (tables.top_up_sums, recounted_payments()),
    ):
        columns = [column.name for column in table.columns]
        await connection.execute(insert(table).from_select(columns, hours))
        await connection.execute(insert(table).from_select(columns, recounted_days(table)))


async def _count_on(connection: AsyncConnection) -> None:
    """PostgreSQL does not see which entries' numbers were given away past its counter."""
    if connection.dialect.name == "postgresql":
        last = select(func.max(tables.entries.c.entry_id)).scalar_subquery()
        counter = func.pg_get_serial_sequence("entries", "entry_id")
        await connection.execute(select(func.setval(counter, last)))


async def insert_all(ledger: SqlLedger, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    """Every row, a few thousand in a transaction."""
    while batch := list(islice(rows, BATCH)):
        await ledger.database.write(lambda c, these=batch: c.execute(insert(table), these), 60)


def number_of(name: str) -> str:
    """The number of the customer with this id."""
    return f"+49301{name[1:]}"


def _owned(name: str) -> dict[str, Any]:
    return {"account_id": name, "organisation": ORGANISATION, "profile": PROFILE}


def _heads(names: list[str], postings: int) -> Iterator[dict[str, Any]]:
    for place, name in enumerate(names):
        count = postings // len(names) + (place < postings % len(names))
        yield {
            "account_id": name,
            "organisation": ORGANISATION,
            "balance_micros": count * 10_000_000,
            "seq": count,
            "top_ups": count,
            "last_top_up_ms": END_MS - place * 60_000,
        }


def _entries(postings: int) -> Iterator[dict[str, Any]]:
    settled = SUSPENDED - WAITING
    for n in range(postings):
        yield {
            "entry_id": n + 1,
            "organisation": ORGANISATION,
            "key": SETTLED + f"s{n // 4}" if n % 4 == 1 and n // 4 < settled else f"t{n}",
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
        counter = f"provider:{PROFILE}.p{n // 4 % 4}"
        yield {**line, **mine, "line": 1, "account": counter, "micros": -(10**7)}


def _suspended(count: int, postings: int) -> Iterator[dict[str, Any]]:
    for n in range(count):
        yield {
            "entry_id": postings + n + 1,
            "organisation": ORGANISATION,
            "key": f"s{n}",
            "content_hash": "",
            "kind": EntryKind.SUSPENSE,
            "currency": "EUR",
            "reason": "no order has this id",
            "author": "payments",
            "at_ms": _booked_ms(n, count),
        }


def _suspended_postings(count: int, postings: int) -> Iterator[dict[str, Any]]:
    for n in range(count):
        sides = ("suspense", 10**7), (f"provider:{PROFILE}.p0", -(10**7))
        for line, (account, micros) in enumerate(sides):
            yield {
                "entry_id": postings + n + 1,
                "line": line,
                "account": account,
                "micros": micros,
            }


def _orders(names: list[str], count: int) -> Iterator[dict[str, Any]]:
    for n in range(count):
        name = names[n % len(names)]
        order = PaymentOrder(
            order_id=f"{n:032x}",
            organisation=ORGANISATION,
            profile=PROFILE,
            provider=PROVIDER,
            account_id=name,
            currency="EUR",
            amount_micros=10**7,
            bonus_micros=0,
            lang="de",
            e164=number_of(name),
            created_ms=_booked_ms(n, count),
            provider_ref=f"ref-{n}",
            status=OrderStatus.PAID if n % 9 else OrderStatus.FAILED,
        )
        yield asdict(order)


def _marks(names: list[str]) -> Iterator[dict[str, Any]]:
    for place, name in enumerate(names):
        mark = {"organisation": ORGANISATION, "caller_list": CALLER_LIST, "e164": number_of(name)}
        yield {**mark, "call_id": f"c{place}", "at_ms": END_MS - place}


# --- calls -----------------------------------------------------------------------------------


async def _fill_calls(
    ledger: SqlLedger, names: list[str], calls: int, tell: Callable[[int, int], None]
) -> None:
    """The first block, then its copies; together the year's."""
    block = min(BLOCK, calls)
    step_ms = YEAR_MS // calls
    apart_ms = step_ms * -(-calls // block)
    await insert_all(ledger, tables.calls, _calls(names, block, apart_ms))
    tell(block, calls)
    for copy, begun in enumerate(range(block, calls, block), 1):
        wanted = min(block, calls - begun)
        later = copied(copy, END_MS - YEAR_MS + wanted * apart_ms, copy * step_ms)
        columns = [column.name for column in tables.calls.columns]
        into = insert(tables.calls).from_select(columns, later)
        await ledger.database.write(lambda c, these=into: c.execute(these), FILL_S)
        tell(begun + wanted, calls)


def copied(copy: int, before_ms: int, later_ms: int) -> Select[Any]:
    """The first block's calls that ended before an instant, as others a little later."""
    calls = tables.calls.c
    columns = []
    for column in calls:
        if column is calls.call_id:
            columns.append(literal(f"{copy}-").concat(column))
        elif column.name in _TIMES:
            columns.append(column + later_ms)
        else:
            columns.append(column)
    return select(*columns).where(calls.ended_ms < before_ms, calls.call_id.startswith("c"))


def _calls(names: Sequence[str], count: int, apart_ms: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(7)  # the same books every time
    lines = [one for one in inventory().services if one.organisation == ORGANISATION]
    ends = [each for each in Disposition if each is not Disposition.REFUSED]
    reasons = list(Refusal)
    for n in range(count):
        ended_ms = END_MS - YEAR_MS + n * apart_ms
        name = names[0] if n % BUSY_EACH == 1 else chance.choice(names)
        refusal = chance.choice(reasons) if n % 5 == 0 else None
        line = lines[n % SERVICES]
        record = CallRecord(
            call_id=f"c{n}",
            organisation=ORGANISATION,
            service=line.name,
            config_version=1,
            profile=PROFILE,
            did=line.dids[0],
            trunk="carrier",
            received_identity=f"<sip:{number_of(name)}@carrier.example>",
            e164=number_of(name),
            verified=True,
            withheld=False,
            line=Line.LANDLINE,
            account_id=None if refusal else name,
            currency="EUR",
            rate=rate_for(line.tariff, Line.LANDLINE, first_call=False),
            billing_start=line.tariff.billing_start,
            first_call=False,
            arrived_ms=ended_ms - 90_000,
            answered_ms=ended_ms - 85_000,
            joined_ms=None if refusal else ended_ms - 60_000,
            ended_ms=ended_ms,
            wait_ms=20_000,
            talk_ms=0 if refusal else 60_000,
            charged_s=0 if refusal else 60,
            charge_micros=0 if refusal else 1_990_000,
            disposition=Disposition.REFUSED if refusal else chance.choice(ends),
            refusal=refusal,
            agents=() if refusal else (_agent(n),),
            prompts=(
                Heard(ended_ms - 84_000, "caller", "tariff_minute"),
                Heard(ended_ms - 70_000, "caller", "minutes_left"),
            ),
        )
        yield msgspec.to_builtins(record)


_NEXT = "(SELECT COALESCE(MAX(entry_id), 0) FROM entries) + ROW_NUMBER() OVER"

CHARGES = (
    text(
        f"""
        INSERT INTO entries (entry_id, organisation, key, content_hash, kind, currency, reason,
            author, call_id, at_ms)
        SELECT {_NEXT} (ORDER BY ended_ms, call_id), organisation, 'call:' || call_id, '', 'call',
            currency, '', 'engine', call_id, ended_ms
        FROM calls WHERE account_id IS NOT NULL
        """
    ),
    text(
        """
        INSERT INTO postings (entry_id, line, account, micros, account_id, seq, balance_micros,
            at_ms)
        SELECT entries.entry_id, 0, 'customer:' || heads.account_id, -charge_micros,
            heads.account_id, heads.seq + ROW_NUMBER() OVER calls_of_it,
            heads.balance_micros - SUM(charge_micros) OVER calls_of_it, entries.at_ms
        FROM entries
        JOIN calls ON calls.call_id = entries.call_id
        JOIN heads ON heads.account_id = calls.account_id
        WINDOW calls_of_it AS (PARTITION BY heads.account_id ORDER BY entries.entry_id)
        """
    ),
    text(
        """
        INSERT INTO postings (entry_id, line, account, micros)
        SELECT entries.entry_id, 1, 'revenue:' || calls.service, charge_micros
        FROM entries JOIN calls ON calls.call_id = entries.call_id
        """
    ),
)
"""The charge of every call that reached an account, after the other entries."""
