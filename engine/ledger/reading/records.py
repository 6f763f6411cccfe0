"""Searching call records: each function is part of a transaction.

The most telling condition drives the search along its own index, newest first; what else is asked
filters the `LOOK_MOST` next calls found there.
"""

import json
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.cdr import CallRecord
from engine.core.posting import EntryKind
from engine.ledger.calls import by_id, record_of
from engine.ledger.journal import line_of, numbered
from engine.ledger.reading.withheld import is_withheld, was_withheld
from engine.ledger.tables import accounts, calls, entries, postings
from engine.ports.ledger import JournalLine
from engine.ports.reading.records import (
    PAGE_MOST,
    BookedPage,
    CallFile,
    CallFilter,
    CallPage,
    CallPlace,
    Tally,
)

LOOK_MOST = 2_000
"""How many calls a page looks at."""

TALLY_MOST = 5_000
"""How many calls are added up."""

MEANWHILE_MOST = 100

_PLACE = (calls.c.ended_ms, calls.c.call_id)
_ADDED = (calls.c.currency, calls.c.charged_s, calls.c.charge_micros)
_DRIVERS = ("account_id", "e164", "refusal", "disposition", "service", "profile")
"""What may drive a search, the most telling first."""


@dataclass(frozen=True, slots=True)
class _Search:
    """A search as it is carried out: what drives it, and what filters what it finds."""

    drives: tuple[ColumnElement[bool], ...]
    filters: tuple[ColumnElement[bool], ...]

    def looked(self, most: int, before: CallPlace | None) -> Select[Any]:
        """The places and ids of the next calls in the index's order, from a place on.

        The filters are columns beside them (`kept`), so that they are asked of no call beyond.
        """
        query = select(*_PLACE, *_ADDED, and_(true(), *self.filters).label("kept"))
        query = query.where(*self.drives)
        if before is not None:
            query = query.where(tuple_(*_PLACE) < (before.ended_ms, before.call_id))
        return query.order_by(*(column.desc() for column in _PLACE)).limit(most)


async def search(connection: AsyncConnection, wanted: CallFilter) -> CallPage:
    """See `ports.reading.records`."""
    most = max(1, min(wanted.most, PAGE_MOST))
    plan = _planned(wanted)
    look_most = LOOK_MOST if plan.filters else most + 1
    looked = plan.looked(look_most, wanted.before).subquery()
    place = looked.c.ended_ms.desc(), looked.c.call_id.desc()
    found = select(looked.c.call_id).where(looked.c.kept).order_by(*place).limit(most + 1)
    ids = (await connection.scalars(found)).all()
    newest_first = [column.desc() for column in _PLACE]
    hidden = is_withheld(calls.c.organisation, calls.c.e164).label("number_hidden")
    rows = await connection.execute(
        select(calls, hidden).where(calls.c.call_id.in_(ids[:most])).order_by(*newest_first)
    )
    records = tuple(
        _tellable(record_of(row), is_hidden=row["number_hidden"]) for row in rows.mappings()
    )
    if len(ids) > most:
        return CallPage(records, CallPlace(records[-1].ended_ms, records[-1].call_id))
    return CallPage(records, await _stopped(connection, plan, look_most, wanted.before))


def _tellable(record: CallRecord, *, is_hidden: bool) -> CallRecord:
    """The record without its number, if that was withheld in another call of his."""
    if not is_hidden or record.withheld:
        return record
    return replace(record, e164=None, received_identity="")


async def _stopped(
    connection: AsyncConnection, plan: _Search, looked_most: int, before: CallPlace | None
) -> CallPlace | None:
    """The last place that was looked at; None if there was nothing beyond it."""
    query = plan.looked(2, before).with_only_columns(*_PLACE).offset(looked_most - 1)
    last = (await connection.execute(query)).all()
    return CallPlace(*last[0]) if len(last) > 1 else None


async def booked_page(connection: AsyncConnection, wanted: CallFilter) -> BookedPage:
    """See `ports.reading.records`."""
    page = await search(connection, wanted)
    return BookedPage(page, await booked(connection, wanted, page.following))


async def booked(
    connection: AsyncConnection, wanted: CallFilter, down_to: CallPlace | None = None
) -> int:
    """See `ports.reading.records`; not beyond the call at `down_to`, which is part of it.

    The entry of a call has its time and its id, and so its place.
    """
    column = entries.c
    place = tuple_(column.at_ms, column.call_id)
    during = [column.organisation == wanted.organisation, column.kind == EntryKind.CALL]
    if wanted.from_ms is not None:
        during.append(column.at_ms >= wanted.from_ms)
    if wanted.to_ms is not None:
        during.append(column.at_ms < wanted.to_ms)
    # The plain column finds the place in its index; of calls that ended alike the ids tell.
    if wanted.before is not None:
        during.append(column.at_ms <= wanted.before.ended_ms)
        during.append(place < (wanted.before.ended_ms, wanted.before.call_id))
    if down_to is not None:
        during.append(column.at_ms >= down_to.ended_ms)
        during.append(place >= (down_to.ended_ms, down_to.call_id))
    query = (
        select(func.coalesce(func.sum(-postings.c.micros), 0))
        .select_from(entries)
        .join(postings, postings.c.entry_id == column.entry_id)
        .join(accounts, accounts.c.account_id == postings.c.account_id)
        .where(*during, accounts.c.profile == wanted.profile)
    )
    return int(await connection.scalar(query) or 0)


async def tally(connection: AsyncConnection, wanted: CallFilter) -> Tally:
    """See `ports.reading.records`."""
    plan = _planned(wanted)
    looked = plan.looked(TALLY_MOST, None).subquery()
    query = (
        select(
            looked.c.currency,
            func.count(),
            func.sum(looked.c.charged_s),
            func.sum(looked.c.charge_micros),
        )
        .where(looked.c.kept)
        .group_by(looked.c.currency)
        .order_by(looked.c.currency)
    )
    rows = (await connection.execute(query)).all()
    return Tally(
        calls=sum(int(count) for _, count, _, _ in rows),
        charged_s=sum(int(charged_s) for _, _, charged_s, _ in rows),
        charges={currency: int(micros) for currency, _, _, micros in rows},
        is_whole=await _stopped(connection, plan, TALLY_MOST, None) is None,
    )


def _planned(wanted: CallFilter) -> _Search:
    column = calls.c
    conditions: dict[str, ColumnElement[bool]] = {
        name: column[name] == value
        for name in _DRIVERS
        if (value := getattr(wanted, name)) is not None
    }
    conditions["own"] = column.organisation == wanted.organisation
    driver = next((name for name in _DRIVERS if name in conditions), "own")
    drives = [conditions.pop(driver)]
    # An account's calls have an index of their own, without the organisation in it.
    if driver not in ("own", "account_id"):
        drives.append(conditions.pop("own"))
    if wanted.from_ms is not None:
        drives.append(column.ended_ms >= wanted.from_ms)
    if wanted.to_ms is not None:
        drives.append(column.ended_ms < wanted.to_ms)
    if wanted.agent is not None:
        name = json.dumps(wanted.agent)
        conditions["agent"] = cast(column.agents, Text).contains(name, autoescape=True)
    if wanted.charged is not None:
        conditions["charged"] = (column.charge_micros != 0) == wanted.charged
    return _Search(tuple(drives), tuple(conditions.values()))


async def file(
    connection: AsyncConnection, call_id: str, organisation: str | None
) -> CallFile | None:
    """See `ports.reading.records`."""
    record = await by_id(connection, call_id)
    if record is None or organisation not in (None, record.organisation):
        return None
    is_hidden = await was_withheld(connection, record.organisation, record.e164)
    record = _tellable(record, is_hidden=is_hidden)
    if record.account_id is None:
        return CallFile(record, None, ())
    of_account = numbered().where(postings.c.account_id == record.account_id)
    booked = await _lines(
        connection,
        of_account.where(entries.c.call_id == call_id, entries.c.kind == EntryKind.CALL),
    )
    meanwhile = await _lines(
        connection,
        of_account.where(
            entries.c.at_ms >= record.arrived_ms,
            entries.c.at_ms <= record.ended_ms,
            func.coalesce(entries.c.call_id, "") != call_id,
        ),
    )
    return CallFile(record, booked[0] if booked else None, tuple(meanwhile))


async def _lines(connection: AsyncConnection, query: Select[Any]) -> list[JournalLine]:
    rows = await connection.execute(query.order_by(postings.c.seq).limit(MEANWHILE_MOST))
    return [line_of(row) for row in rows.mappings()]
