"""The sums kept beside records and payments: each fact is added in its own transaction.

A fact counts in two rows, its day's (UTC) and its hour's. The day's comes first, so that of two
who add on one day the later waits before it holds anything the earlier may want.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, Table, case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.cdr import CallRecord
from engine.core.localtime import DAY_MS, HOUR_MS
from engine.core.posting import Entry, EntryKind, customer_id
from engine.ledger.columns import insert_into
from engine.ledger.tables import (
    OUTCOMES,
    SPANS_H,
    accounts,
    call_sums,
    calls,
    entries,
    postings,
    top_up_sums,
)

MEASURES = ("calls", "joined", "talk_ms", "charged_s", "charge_micros")
_BACK = (EntryKind.REFUND, EntryKind.REVERSAL)


async def add_call(connection: AsyncConnection, record: CallRecord) -> None:
    """Add a record to its day and its hour."""
    keys = {
        "organisation": record.organisation,
        "service": record.service,
        "currency": record.currency,
    }
    added = {
        "calls": 1,
        "joined": int(record.joined_ms is not None),
        "talk_ms": record.talk_ms,
        "charged_s": record.charged_s,
        "charge_micros": record.charge_micros,
        (record.refusal or record.disposition).value: 1,
    }
    await _add(connection, call_sums, record.ended_ms, [(keys, added)])


async def add_payment(
    connection: AsyncConnection, entry: Entry, organisation: str, profiles: Sequence[str]
) -> None:
    """Add an entry to its day and its hour if money came in or went back with it.

    It counts for the first of its customers' profiles in the order of their names.
    """
    if entry.kind is not EntryKind.TOP_UP and entry.kind not in _BACK:
        return
    counts, sums = Counter[str](), Counter[str]()
    for posting in entry.postings:
        if customer_id(posting.account) is None:
            counts[posting.account] += 1
            sums[posting.account] += posting.micros
    keys = {"organisation": organisation, "profile": min(profiles), "currency": entry.currency}
    facts = []
    for counter in sorted(counts):
        count, micros = counts[counter], sums[counter]
        came = {"count": count, "micros": -micros, "reversals": 0, "reversed_micros": 0}
        back = {"count": 0, "micros": 0, "reversals": count, "reversed_micros": micros}
        facts.append(({**keys, "counter": counter}, back if entry.kind in _BACK else came))
    if facts:
        await _add(connection, top_up_sums, entry.at_ms, facts)


async def _add(
    connection: AsyncConnection,
    table: Table,
    at_ms: int,
    facts: Sequence[tuple[Mapping[str, str], Mapping[str, int]]],
) -> None:
    """Add what is counted to the rows of an instant."""
    rows = [
        {"span_h": span_h, "from_ms": at_ms - at_ms % (span_h * HOUR_MS), **keys, **added}
        for span_h in SPANS_H
        for keys, added in facts
    ]
    new = insert_into(connection.dialect.name, table).values(rows)
    _, counted = facts[0]
    risen = {name: table.c[name] + new.excluded[name] for name in counted}
    keyed = list(table.primary_key)
    await connection.execute(new.on_conflict_do_update(index_elements=keyed, set_=risen))


def recounted_calls() -> Select[Any]:
    """The hours of `call_sums` as the records give them, in the order of its columns."""
    from_ms = (calls.c.ended_ms - calls.c.ended_ms % HOUR_MS).label("from_ms")
    keys = calls.c.service, calls.c.currency
    outcome = func.coalesce(calls.c.refusal, calls.c.disposition)
    sums = (func.sum(calls.c[name]) for name in ("talk_ms", "charged_s", "charge_micros"))
    counts = (func.count().filter(outcome == each.value) for each in OUTCOMES)
    return select(
        calls.c.organisation,
        literal(1).label("span_h"),
        from_ms,
        *keys,
        func.count(),
        func.count(calls.c.joined_ms),
        *sums,
        *counts,
    ).group_by(calls.c.organisation, from_ms, *keys)


def recounted_payments() -> Select[Any]:
    """The hours of `top_up_sums` as the journal gives them, in the order of its columns."""
    theirs = postings.alias("theirs")
    profile = (
        select(func.min(accounts.c.profile))
        .join(theirs, theirs.c.account_id == accounts.c.account_id)
        .where(theirs.c.entry_id == entries.c.entry_id)
        .scalar_subquery()
    )
    came = entries.c.kind == EntryKind.TOP_UP
    lines = (
        select(
            entries.c.organisation,
            (entries.c.at_ms - entries.c.at_ms % HOUR_MS).label("from_ms"),
            profile.label("profile"),
            postings.c.account.label("counter"),
            entries.c.currency,
            case((came, 1), else_=0).label("came"),
            postings.c.micros,
        )
        .join(postings, postings.c.entry_id == entries.c.entry_id)
        .where(entries.c.kind.in_((EntryKind.TOP_UP, *_BACK)), postings.c.account_id.is_(None))
        .subquery()
        .c
    )
    keys = lines.profile, lines.counter, lines.currency
    return select(
        lines.organisation,
        literal(1).label("span_h"),
        lines.from_ms,
        *keys,
        func.sum(lines.came),
        func.sum(-lines.micros * lines.came),
        func.sum(1 - lines.came),
        func.sum(lines.micros * (1 - lines.came)),
    ).group_by(lines.organisation, lines.from_ms, *keys)


def recounted_days(table: Table) -> Select[Any]:
    """The days of a table of sums as its hours give them, in the order of its columns."""
    hours = table.c
    from_ms = (hours.from_ms - hours.from_ms % DAY_MS).label("from_ms")
    keys = [column for column in table.primary_key if column.name not in ("span_h", "from_ms")]
    counted = (func.sum(column) for column in table.columns if not column.primary_key)
    organisation, *others = keys
    return (
        select(organisation, literal(24).label("span_h"), from_ms, *others, *counted)
        .where(hours.span_h == 1)
        .group_by(organisation, from_ms, *others)
    )
