"""Tracking calls in SQL: each function is part of a transaction.

A call's day comes before its hour among the sums, so that of two that are kept at once the later
waits before it holds anything the earlier may want.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Table, delete, exists, insert, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.missed import missed_mails
from engine.core.tracked import (
    Origin,
    Outcome,
    Place,
    Seen,
    Terms,
    TrackedCall,
    counted,
    in_force,
    origin_of,
    place_of,
    seconds_of,
    step_of,
)
from engine.ledger.accounts import know_organisation
from engine.ledger.analytics import rows as analytics
from engine.ledger.columns import insert_into
from engine.ledger.mails.rows import queue
from engine.ledger.tracked.days import number_of
from engine.ledger.tracked.keys import KeySeal, period_of, seen
from engine.ledger.tracked.tables import (
    ALL_DAY,
    Over,
    tracked_calls,
    tracked_origins,
    tracked_sums,
    tracked_terms,
    tracked_times,
)

_FIELDS = tuple(field.name for field in fields(TrackedCall))


async def keep(
    connection: AsyncConnection,
    call: TrackedCall,
    caller: str | None,
    seal: KeySeal,
    *,
    mailing: bool,
) -> None:
    """See `ports.tracked`; mails are queued if there is `mailing` at all.

    Of two that keep one call at once the later finds its id taken, and is carried out again.
    """
    if await connection.scalar(select(exists().where(tracked_calls.c.call_id == call.call_id))):
        return
    await know_organisation(connection, call.organisation)
    place, origin = place_of(call), origin_of(caller)
    own = await terms(connection, call.organisation)
    found = Seen.UNKNOWN
    if caller is not None:
        period = await period_of(connection, call.organisation, place.day, own.key_months)
        found = await seen(connection, seal, call.organisation, period, caller)
    await connection.execute(insert(tracked_calls).values(_row(call, place, origin, found)))
    await _add_origin(connection, call, place.day, origin, found)
    await _add_counts(connection, call, place, found)
    await analytics.queue(connection, call)
    if mailing:
        for mail in missed_mails(call, own):
            await queue(connection, mail, call.ended_ms)


def _row(call: TrackedCall, place: Place, origin: Origin, found: Seen) -> dict[str, Any]:
    return {
        **asdict(call),
        "outcome": call.outcome.value,
        "day": number_of(place.day),
        "hour": place.hour,
        **_origin(origin),
        "seen": found.value,
    }


def _origin(origin: Origin) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(origin).items()}


async def _add_counts(
    connection: AsyncConnection, call: TrackedCall, place: Place, found: Seen
) -> None:
    keys = {"organisation": call.organisation, "source": call.source, "number": call.number}
    added = asdict(counted(call, found))
    rows = [
        {**keys, "day": number_of(place.day), "hour": hour, **added}
        for hour in (ALL_DAY, place.hour)
    ]
    await _add(connection, tracked_sums, rows)
    begun = {Over.DAY: place.day, Over.MONTH: place.day.replace(day=1)}
    times = [
        {
            **keys,
            "over": over.value,
            "day": number_of(day),
            "measure": measure.value,
            "step": step_of(seconds),
            "calls": 1,
        }
        for over, day in begun.items()
        for measure, seconds in seconds_of(call).items()
    ]
    await _add(connection, tracked_times, times)


async def _add_origin(
    connection: AsyncConnection, call: TrackedCall, day: date, origin: Origin, found: Seen
) -> None:
    row = {
        "organisation": call.organisation,
        "month": number_of(day.replace(day=1)),
        "source": call.source,
        "number": call.number,
        **_origin(origin),
        "calls": 1,
        "firsts": int(found is Seen.FIRST),
    }
    await _add(connection, tracked_origins, [row])


async def _add(
    connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, object]]
) -> None:
    """Add what is counted to the rows that are there already, or to new ones."""
    await connection.execute(_adding(table, connection.dialect.name), rows)


@cache
def _adding(table: Table, dialect: str) -> Any:
    """The statement, without its rows: made and compiled once."""
    new = insert_into(dialect, table)
    risen = {each.name: each + new.excluded[each.name] for each in table.c if not each.primary_key}
    return new.on_conflict_do_update(index_elements=list(table.primary_key), set_=risen)


async def terms(connection: AsyncConnection, organisation: str) -> Terms:
    """See `ports.tracked`."""
    query = select(tracked_terms).where(tracked_terms.c.organisation == organisation)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        return Terms(organisation=organisation)
    values: dict[str, Any] = dict(row)
    return in_force(Terms(**{**values, "mails": tuple(values["mails"])}))


async def set_terms(connection: AsyncConnection, own: Terms) -> None:
    """See `ports.tracked`."""
    await know_organisation(connection, own.organisation)
    whose = tracked_terms.c.organisation == own.organisation
    await connection.execute(delete(tracked_terms).where(whose))
    values = {**asdict(own), "mails": list(own.mails)}
    await connection.execute(insert(tracked_terms).values(values))


def call_of(row: RowMapping) -> TrackedCall:
    """The call in a row of `tracked_calls`."""
    values = {name: row[name] for name in _FIELDS}
    return TrackedCall(**{**values, "outcome": Outcome(values["outcome"])})
