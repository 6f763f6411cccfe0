"""Verifications in SQL: each function is part of a transaction.

A row's version decides between two that change it at once: the slower one finds no row to change.
"""

from typing import Any

import msgspec
from sqlalchemy import exists, func, insert, select, tuple_, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.posting import EntryKind, verification_entry
from engine.core.verification import Status, Verification
from engine.core.webhook import verification_ended
from engine.errors import ConflictError
from engine.ledger import journal
from engine.ledger.accounts import know_organisation
from engine.ledger.tables import entries, postings
from engine.ledger.verifications.tables import verifications
from engine.ledger.webhooks.events import enqueue
from engine.ports.verifications import MerchantFigures, Outcomes, VerificationFilter

_FIELDS = tuple(Verification.__dataclass_fields__)
_ROW = verifications.c
FAULTS_MOST = 100


def to_verification(row: RowMapping) -> Verification:
    """The verification that a row describes."""
    return msgspec.convert({name: row[name] for name in _FIELDS}, Verification)


def _row(verification: Verification) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(verification)
    return row


async def add(connection: AsyncConnection, verification: Verification) -> None:
    """Write a new verification down; the very same one again changes nothing."""
    present = await by_id(connection, verification.verification_id)
    if present is not None:
        if present != verification:
            raise ConflictError(f"the verification {verification.verification_id} is there already")
        return
    await know_organisation(connection, verification.organisation)
    await connection.execute(insert(verifications).values(_row(verification)))
    await _conclude(connection, verification)


async def save(connection: AsyncConnection, verification: Verification) -> None:
    """Write a change down, unless it is there already; `ConflictError` if another was faster."""
    changed = await connection.execute(
        update(verifications)
        .where(
            _ROW.verification_id == verification.verification_id,
            _ROW.version == verification.version - 1,
        )
        .values(_row(verification))
    )
    if changed.rowcount:
        await _conclude(connection, verification)
    elif await by_id(connection, verification.verification_id) != verification:
        raise ConflictError(f"the verification {verification.verification_id} has changed")


async def _conclude(connection: AsyncConnection, verification: Verification) -> None:
    """What follows from an end, once: webhooks, and what it costs the merchant."""
    if not verification.finished:
        return
    await enqueue(connection, verification_ended(verification))
    entry = verification_entry(verification)
    if entry is not None:
        await journal.book(connection, entry)


async def consume(connection: AsyncConnection, verification_id: str, by: str) -> bool:
    """See `ports.verifications`."""
    changed = await connection.execute(
        update(verifications)
        .where(
            _ROW.verification_id == verification_id,
            _ROW.status == Status.VERIFIED,
            _ROW.consumed_by.is_(None) | (_ROW.consumed_by == by),
        )
        .values(consumed_by=by)
    )
    return changed.rowcount == 1


async def by_id(connection: AsyncConnection, verification_id: str) -> Verification | None:
    """The verification with this id."""
    query = select(verifications).where(_ROW.verification_id == verification_id)
    found = (await connection.execute(query)).mappings().one_or_none()
    return None if found is None else to_verification(found)


async def listed(connection: AsyncConnection, wanted: VerificationFilter) -> list[Verification]:
    """The verifications that are wanted, newest first."""
    query = select(verifications).where(_ROW.organisation == wanted.organisation)
    if wanted.merchant is not None:
        query = query.where(_ROW.merchant == wanted.merchant)
    if wanted.reference is not None:
        query = query.where(_ROW.reference == wanted.reference)
    if wanted.status is not None:
        query = query.where(_ROW.status == wanted.status)
    if wanted.before is not None:
        last = await by_id(connection, wanted.before)
        if last is None or last.organisation != wanted.organisation:
            return []
        place = tuple_(_ROW.created_ms, _ROW.verification_id)
        query = query.where(place < (last.created_ms, last.verification_id))
    query = query.order_by(_ROW.created_ms.desc(), _ROW.verification_id.desc()).limit(wanted.most)
    return [to_verification(row) for row in (await connection.execute(query)).mappings()]


async def due(connection: AsyncConnection, now_ms: int, most: int) -> list[Verification]:
    """Those whose time has come, the longest due first."""
    query = select(verifications).where(_ROW.due_ms <= now_ms).order_by(_ROW.due_ms).limit(most)
    return [to_verification(row) for row in (await connection.execute(query)).mappings()]


async def figures(
    connection: AsyncConnection, organisation: str, merchant: str, from_ms: int, to_ms: int
) -> MerchantFigures:
    """See `ports.verifications`."""
    alike = (_ROW.status, _ROW.reason, _ROW.currency, _ROW.charge_micros)
    ended = (
        select(*alike, func.count().label("count"))
        .where(
            _ROW.organisation == organisation,
            _ROW.merchant == merchant,
            _ROW.ended_ms >= from_ms,
            _ROW.ended_ms < to_ms,
            ~_ROW.test,
        )
        .group_by(*alike)
    )
    booked = (
        select(func.coalesce(-func.sum(postings.c.micros), 0))
        .join(entries, entries.c.entry_id == postings.c.entry_id)
        .where(
            entries.c.organisation == organisation,
            entries.c.kind == EntryKind.VERIFICATION,
            entries.c.at_ms >= from_ms,
            entries.c.at_ms < to_ms,
            postings.c.account == f"merchant:{merchant}",
        )
    )
    outcomes = [
        Outcomes(
            status=Status(status), reason=reason, currency=currency, price_micros=each, count=count
        )
        for status, reason, currency, each, count in await connection.execute(ended)
    ]
    return MerchantFigures(tuple(outcomes), int(await connection.scalar(booked) or 0))


async def faults(connection: AsyncConnection) -> list[str]:
    """Every verification whose booking is not what it says it cost, as one sentence each."""
    query = (
        select(_ROW.verification_id, _ROW.charge_micros)
        .where(
            _ROW.charge_micros > 0,
            ~exists().where(
                entries.c.key == "verification:" + _ROW.verification_id,
                postings.c.entry_id == entries.c.entry_id,
                postings.c.account == "merchant:" + _ROW.merchant,
                postings.c.micros == -_ROW.charge_micros,
            ),
        )
        .limit(FAULTS_MOST)
    )
    unbooked = await connection.execute(query)
    strays = await connection.execute(
        select(entries.c.key)
        .where(
            entries.c.kind == EntryKind.VERIFICATION,
            ~exists().where(
                entries.c.key == "verification:" + _ROW.verification_id,
                _ROW.status == Status.VERIFIED,
            ),
        )
        .limit(FAULTS_MOST)
    )
    return [
        *(f"verification {name} cost {micros}, which is not booked" for name, micros in unbooked),
        *(f"entry {key} charges for a number that was not proved" for (key,) in strays),
    ]
