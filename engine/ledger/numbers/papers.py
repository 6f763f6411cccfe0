"""Holders, files, sources, notices and the catalogue in SQL: parts of a transaction."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.numbers.due import TO_OPERATOR, Notice
from engine.core.numbers.holder import Holder
from engine.core.numbers.number import Status
from engine.core.numbers.source import Source
from engine.errors import ConflictError
from engine.ledger.accounts import know_organisation
from engine.ledger.numbers.records import record_of
from engine.ledger.numbers.tables import (
    did_files,
    did_holders,
    did_notices,
    did_offers,
    did_sources,
    dids,
)
from engine.ports.numbers import Commit, HolderEvent, Move, Offer


def _event(row: RowMapping) -> HolderEvent:
    return HolderEvent(
        holder=msgspec.convert(row["content"], Holder),
        at_ms=row["at_ms"],
        author=row["author"],
        action=row["action"],
    )


def _versions(organisation: str) -> Select[Any]:
    query = select(did_holders).where(did_holders.c.organisation == organisation)
    return query.order_by(did_holders.c.version.desc())


async def holder(connection: AsyncConnection, organisation: str) -> Holder | None:
    """A holder as he is now."""
    found = await holder_history(connection, organisation, 1)
    return found[0].holder if found else None


async def holder_history(
    connection: AsyncConnection, organisation: str, most: int
) -> list[HolderEvent]:
    """What was done to a holder's data."""
    rows = await connection.execute(_versions(organisation).limit(most))
    return [_event(row) for row in rows.mappings()]


async def holders(connection: AsyncConnection, after: str, most: int) -> list[Holder]:
    """A page of holders."""
    last = (
        select(did_holders.c.organisation, func.max(did_holders.c.version).label("version"))
        .where(did_holders.c.organisation > after)
        .group_by(did_holders.c.organisation)
        .order_by(did_holders.c.organisation)
        .limit(most)
        .subquery()
    )
    query = (
        select(did_holders)
        .join(
            last,
            (last.c.organisation == did_holders.c.organisation)
            & (last.c.version == did_holders.c.version),
        )
        .order_by(did_holders.c.organisation)
    )
    return [_event(row).holder for row in (await connection.execute(query)).mappings()]


async def put_holder(connection: AsyncConnection, holder_: Holder, commit: Commit) -> None:
    """Write down a holder's next version."""
    query = select(func.max(did_holders.c.version)).where(
        did_holders.c.organisation == holder_.organisation
    )
    if (await connection.scalar(query) or 0) + 1 != holder_.version:
        raise ConflictError(f"the data of {holder_.organisation} have changed meanwhile")
    await connection.execute(
        insert(did_holders).values(
            organisation=holder_.organisation,
            version=holder_.version,
            at_ms=commit.at_ms,
            author=commit.author,
            action=commit.holder_action,
            content=msgspec.to_builtins(holder_),
        )
    )


async def keep_file(
    connection: AsyncConnection, organisation: str, document_id: str, content: bytes
) -> None:
    """Keep a document's file."""
    there = select(did_files.c.document_id).where(did_files.c.document_id == document_id)
    if await connection.scalar(there) is None:
        await know_organisation(connection, organisation)
        row = {"document_id": document_id, "organisation": organisation, "content": content}
        await connection.execute(insert(did_files).values(row))


async def file(connection: AsyncConnection, organisation: str, document_id: str) -> bytes | None:
    """A document's file."""
    query = select(did_files.c.content).where(
        did_files.c.document_id == document_id, did_files.c.organisation == organisation
    )
    return await connection.scalar(query)


async def source(
    connection: AsyncConnection, organisation: str | None, source_id: str
) -> Source | None:
    """One source, of an organisation or of whichever."""
    query = select(did_sources).where(did_sources.c.source_id == source_id)
    if organisation is not None:
        query = query.where(did_sources.c.organisation == organisation)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else record_of(row, Source)


async def sources(
    connection: AsyncConnection, organisation: str | None, e164: str | None, after: str, most: int
) -> list[Source]:
    """A page of sources."""
    query = select(did_sources).where(did_sources.c.source_id > after)
    if organisation is not None:
        query = query.where(did_sources.c.organisation == organisation)
    if e164 is not None:
        query = query.where(did_sources.c.e164 == e164)
    query = query.order_by(did_sources.c.source_id).limit(most)
    rows = (await connection.execute(query)).mappings()
    return [record_of(row, Source) for row in rows]


async def put_source(connection: AsyncConnection, source_: Source, *, is_moved: bool) -> None:
    """Write a source down as it is to be, with its number that `is_moved` or alone.

    Alone it lasts longer only on an active number, whose row is held, so that no source comes to
    a number that leaves just now.
    """
    if not is_moved and source_.lasts_longer(await source(connection, None, source_.source_id)):
        held = select(dids.c.e164).where(
            dids.c.e164 == source_.e164,
            dids.c.organisation == source_.organisation,
            dids.c.status == Status.ACTIVE,
        )
        if await connection.scalar(held.with_for_update()) is None:
            raise ConflictError(f"{source_.e164} has left {source_.organisation} meanwhile")
    row = msgspec.to_builtins(source_)
    if source_.version == 1:
        await connection.execute(insert(did_sources).values(row))
        return
    done = await connection.execute(
        update(did_sources)
        .where(
            did_sources.c.source_id == source_.source_id,
            did_sources.c.version == source_.version - 1,
        )
        .values(row)
    )
    if done.rowcount != 1:
        raise ConflictError(f"the source {source_.source_id} has changed meanwhile")


async def check_left(connection: AsyncConnection, move: Move) -> None:
    """`ConflictError` if a number that leaves its holder leaves a source without an end there:
    one that was added just now."""
    left = select(did_sources.c.name).where(
        did_sources.c.e164 == move.before.e164,
        did_sources.c.organisation == move.before.organisation,
        did_sources.c.removed_on.is_(None),
        did_sources.c.ends_on.is_(None),
    )
    if move.changes_hands and (name := await connection.scalar(left)) is not None:
        raise ConflictError(f"{move.before.e164} has the source {name} meanwhile")


async def tell(connection: AsyncConnection, notice: Notice) -> None:
    """Write down a notice that is not there yet."""
    there = select(did_notices.c.place).where(did_notices.c.key == notice.key)
    if await connection.scalar(there) is None:
        await connection.execute(insert(did_notices).values(msgspec.to_builtins(notice)))


async def notices(
    connection: AsyncConnection, organisation: str | None, after: int, most: int
) -> list[tuple[int, Notice]]:
    """A page of notices; an organisation sees none of the operator's."""
    query = _notices(organisation).where(did_notices.c.place > after)
    return await _placed(connection, query.order_by(did_notices.c.place).limit(most))


async def latest(
    connection: AsyncConnection, organisation: str | None, before: int | None, most: int
) -> list[tuple[int, Notice]]:
    """As `notices`, newest first."""
    query = _notices(organisation)
    if before is not None:
        query = query.where(did_notices.c.place < before)
    return await _placed(connection, query.order_by(did_notices.c.place.desc()).limit(most))


def _notices(organisation: str | None) -> Select[Any]:
    query = select(did_notices)
    if organisation is None:
        return query
    return query.where(
        did_notices.c.organisation == organisation, did_notices.c.kind.not_in(TO_OPERATOR)
    )


async def _placed(connection: AsyncConnection, query: Select[Any]) -> list[tuple[int, Notice]]:
    rows = (await connection.execute(query)).mappings()
    return [(row["place"], record_of(row, Notice)) for row in rows]


async def told(connection: AsyncConnection, keys: Sequence[str]) -> frozenset[str]:
    """Which of these notices are there already."""
    query = select(did_notices.c.key).where(did_notices.c.key.in_(keys))
    return frozenset((await connection.execute(query)).scalars())


async def offers(connection: AsyncConnection) -> list[Offer]:
    """The catalogue as it is now."""
    last = select(func.max(did_offers.c.place)).group_by(did_offers.c.country, did_offers.c.purpose)
    query = (
        select(did_offers)
        .where(did_offers.c.place.in_(last))
        .order_by(did_offers.c.country, did_offers.c.purpose)
    )
    rows = (await connection.execute(query)).mappings()
    return [record_of(row, Offer) for row in rows]


async def put_offer(connection: AsyncConnection, offer: Offer, author: str, at_ms: int) -> None:
    """Write a price down."""
    row = {**msgspec.to_builtins(offer), "author": author, "at_ms": at_ms}
    await connection.execute(insert(did_offers).values(row))
