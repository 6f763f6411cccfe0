"""What numbers cost, in SQL: how long each was whose, and what was booked for it."""

from collections.abc import Mapping, Sequence

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.numbers.number import Status
from engine.core.numbers.rental import Tenure
from engine.core.posting import Entry, EntryKind, holder
from engine.ledger import journal
from engine.ledger.numbers.records import record_of
from engine.ledger.numbers.tables import did_events
from engine.ledger.tables import entries, postings


async def tenures(
    connection: AsyncConnection,
    from_ms: int,
    to_ms: int,
    organisation: str | None,
    after: str,
    most: int,
) -> list[Tenure]:
    """See `ports.numbers`: a history has no gap, so a tenure ends with the very next event."""
    on, then = did_events.alias("switched_on"), did_events.alias("afterwards")
    query = (
        select(on, on.c.at_ms.label("from_ms"), then.c.at_ms.label("to_ms"))
        .outerjoin(then, and_(then.c.e164 == on.c.e164, then.c.version == on.c.version + 1))
        .where(
            on.c.status == Status.ACTIVE,
            on.c.e164 > after,
            on.c.at_ms < to_ms,
            or_(then.c.at_ms.is_(None), then.c.at_ms > from_ms),
        )
    )
    if organisation is not None:
        query = query.where(on.c.organisation == organisation)
    rows = await connection.execute(query.order_by(on.c.e164).limit(most))
    return [record_of(row, Tenure) for row in rows.mappings()]


async def booked(connection: AsyncConnection, keys: Sequence[str]) -> frozenset[str]:
    """Which of these keys have their entry."""
    found = await connection.execute(select(entries.c.key).where(entries.c.key.in_(keys)))
    return frozenset(found.scalars())


async def book(connection: AsyncConnection, due: Sequence[Entry]) -> None:
    """Book all of these."""
    for entry in due:
        await journal.book(connection, entry)


async def owed(
    connection: AsyncConnection, organisation: str, from_ms: int, to_ms: int
) -> Mapping[str, int]:
    """What was booked on an organisation for its numbers, by currency."""
    query = (
        select(entries.c.currency, -func.sum(postings.c.micros))
        .join(postings, postings.c.entry_id == entries.c.entry_id)
        .where(
            entries.c.organisation == organisation,
            entries.c.kind == EntryKind.RENTAL,
            entries.c.at_ms >= from_ms,
            entries.c.at_ms < to_ms,
            postings.c.account == holder(organisation),
        )
        .group_by(entries.c.currency)
    )
    return {row[0]: int(row[1]) for row in await connection.execute(query)}
