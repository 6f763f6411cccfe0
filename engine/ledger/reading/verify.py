"""The sums that are kept beside the books, against the rows they sum up."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.localtime import HOUR_MS
from engine.core.posting import EntryKind
from engine.ledger.tables import OUTCOMES, accounts, call_sums, calls, entries, heads, postings

FAULTS_MOST = 100

_KEYS = ("organisation", "service", "currency", "hour_ms")
_SUMS = ("calls", "joined", "talk_ms", "charged_s", "charge_micros")


async def faults(connection: AsyncConnection) -> list[str]:
    """Every hour that is not the sum of its records, and every account whose payments are counted
    wrongly, as one sentence each."""
    return [*await _hours(connection), *await _payments(connection)]


async def _hours(connection: AsyncConnection) -> list[str]:
    names = (*_KEYS, *_SUMS, *(outcome.value for outcome in OUTCOMES))
    kept = await _rows(connection, select(*(call_sums.c[name] for name in names)))
    counted = await _rows(connection, recount())
    wrong = sorted(key for key in kept.keys() | counted.keys() if kept.get(key) != counted.get(key))
    return [
        f"the calls of {service} ({organisation}, {currency}) in the hour from {hour_ms} are not"
        " the sum of their records"
        for organisation, service, currency, hour_ms in wrong[:FAULTS_MOST]
    ]


async def _rows(
    connection: AsyncConnection, query: Select[Any]
) -> Mapping[tuple[str, str, str, int], tuple[int, ...]]:
    rows = await connection.execute(query)
    return {
        (row[0], row[1], row[2], int(row[3])): tuple(int(count) for count in row[4:])
        for row in rows.all()
    }


def recount() -> Select[Any]:
    """The rows of `call_sums` as the records give them."""
    hour_ms = (calls.c.ended_ms - calls.c.ended_ms % HOUR_MS).label("hour_ms")
    keys = calls.c.organisation, calls.c.service, calls.c.currency, hour_ms
    outcome = func.coalesce(calls.c.refusal, calls.c.disposition)
    sums = (func.sum(calls.c[name]) for name in ("talk_ms", "charged_s", "charge_micros"))
    counts = (func.count().filter(outcome == each.value) for each in OUTCOMES)
    return select(*keys, func.count(), func.count(calls.c.joined_ms), *sums, *counts).group_by(
        *keys
    )


async def _payments(connection: AsyncConnection) -> list[str]:
    paid = (
        select(
            postings.c.account_id,
            func.count().label("count"),
            func.max(entries.c.at_ms).label("last_ms"),
        )
        .join(entries, entries.c.entry_id == postings.c.entry_id)
        .where(entries.c.kind == EntryKind.TOP_UP, postings.c.account_id.is_not(None))
        .group_by(postings.c.account_id)
        .subquery()
    )
    query = (
        select(heads.c.account_id, heads.c.top_ups, func.coalesce(paid.c.count, 0))
        .join(accounts, accounts.c.account_id == heads.c.account_id)
        .join(paid, paid.c.account_id == heads.c.account_id, isouter=True)
        .where(
            (heads.c.top_ups != func.coalesce(paid.c.count, 0))
            | (heads.c.last_top_up_ms != func.coalesce(paid.c.last_ms, 0))
            | (heads.c.organisation != accounts.c.organisation)
        )
        .limit(FAULTS_MOST)
    )
    return [
        f"account {account_id} counts {kept} payments (or their last, or its owner, wrongly);"
        f" the journal has {count}"
        for account_id, kept, count in await connection.execute(query)
    ]
