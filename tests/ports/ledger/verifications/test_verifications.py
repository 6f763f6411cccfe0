"""The port's suite for verifications: the twin in memory, SQLite and PostgreSQL."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.posting import Entry, EntryKind, Posting
from engine.core.verification import Mode, Status
from engine.errors import CallerError, ConflictError
from engine.ledger.verifications.sql import SqlVerifications
from engine.ledger.webhooks.sql import SqlEndpoints
from engine.ledger.webhooks.tables import webhook_events
from engine.ports.verifications import VerificationFilter, Verifications
from engine.verification import session
from tests.ports.ledger.books import SqlBooks
from tests.ports.ledger.webhooks.conftest import endpoint
from tests.verification.cases import FIFTEEN_CENTS, NOW_MS, verification
from tests.verification.memory import MemoryVerifications


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Verifications]:
    """Verifications of each kind, empty."""
    if request.param == "memory":
        yield MemoryVerifications()
        return
    from tests.ports.ledger.conftest import _postgres, _sqlite

    books = _sqlite(request, tmp_path) if request.param == "sqlite" else _postgres(request)
    ledger = books.open()
    await SqlEndpoints(ledger).add(endpoint())
    yield SqlVerifications(ledger)
    await books.close()


def proved():  # type: ignore[no-untyped-def]  # a test's own
    """A verification that is just being proved."""
    waiting = replace(verification(), status=Status.WAITING, code_told=True, calls=1)
    return waiting, session.checked(waiting, True, Mode.SPEAK, NOW_MS + 5)


async def test_it_is_read_as_it_was_written(kept: Verifications) -> None:
    written = replace(verification(), due_ms=NOW_MS, method=Mode.PRESS)
    await kept.add(written)
    await kept.add(written)
    assert await kept.verification("v1") == written
    assert await kept.verification("v2") is None
    with pytest.raises(ConflictError):
        await kept.add(replace(written, reference="another"))


async def test_who_is_slower_finds_a_conflict(kept: Verifications) -> None:
    await kept.add(verification())
    changes = [replace(verification(), version=2, reason=f"{n}") for n in range(5)]
    answers = await asyncio.gather(*(kept.save(one) for one in changes), return_exceptions=True)
    assert sum(answer is None for answer in answers) == 1
    assert sum(isinstance(answer, ConflictError) for answer in answers) == 4
    winner = changes[answers.index(None)]
    await kept.save(winner)
    assert await kept.verification("v1") == winner


async def test_its_end_is_told_once(kept: Verifications) -> None:
    waiting, ended = proved()
    over = replace(verification(verification_id="v2", e164=None), status=Status.REJECTED)
    await kept.add(waiting)
    assert await told(kept) == []
    await kept.save(ended)
    await kept.save(ended)
    for _ in range(2):
        await kept.add(over)
    first, second = await told(kept)
    assert (first["status"], first["reference"], first["charge"]) == ("verified", "order 7", "0.15")
    assert waiting.e164 not in json.dumps(first)
    assert (second["verification_id"], second["status"]) == ("v2", "rejected")


async def told(kept: Verifications) -> list[dict[str, str]]:
    """What an endpoint that wants everything is to be told."""
    if isinstance(kept, MemoryVerifications):
        return [json.loads(event.body)["data"] for event in kept.told]
    assert isinstance(kept, SqlVerifications)

    async def read(connection: AsyncConnection) -> list[str]:
        query = select(webhook_events.c.body).order_by(webhook_events.c.object_id)
        return list((await connection.execute(query)).scalars())

    return [json.loads(body)["data"] for body in await kept._database.read(read)]


async def test_what_is_due_is_found_in_its_order(kept: Verifications) -> None:
    for name, due_ms in (("late", 30), ("first", 10), ("second", 20), ("over", None)):
        await kept.add(verification(verification_id=name, due_ms=due_ms))
    assert [one.verification_id for one in await kept.due(20, 10)] == ["first", "second"]
    assert [one.verification_id for one in await kept.due(99, 1)] == ["first"]


async def test_lists_hold_one_organisation_newest_first(kept: Verifications) -> None:
    for n in range(5):
        await kept.add(verification(verification_id=f"v{n}", created_ms=n, reference=f"r{n % 2}"))
    await kept.add(verification(verification_id="x", organisation="other", merchant="theirs"))
    wanted = VerificationFilter(organisation="acme", most=2)
    assert [one.verification_id for one in await kept.verifications(wanted)] == ["v4", "v3"]
    further = replace(wanted, before="v3")
    assert [one.verification_id for one in await kept.verifications(further)] == ["v2", "v1"]
    assert await kept.verifications(replace(wanted, before="x")) == []
    assert await kept.verifications(replace(wanted, merchant="theirs")) == []
    by_reference = replace(wanted, reference="r1")
    assert [one.verification_id for one in await kept.verifications(by_reference)] == ["v3", "v1"]
    await kept.save(
        replace(
            verification(verification_id="v2", created_ms=2, reference="r0"),
            status=Status.CANCELLED,
            version=2,
        )
    )
    cancelled = replace(wanted, status=Status.CANCELLED)
    assert [one.verification_id for one in await kept.verifications(cancelled)] == ["v2"]


async def test_a_proved_number_is_booked_once_with_its_end(sql_books: SqlBooks) -> None:
    ledger = sql_books.open()
    kept = SqlVerifications(ledger)
    waiting, ended = proved()
    await kept.add(waiting)
    await asyncio.gather(*(kept.save(ended) for _ in range(5)))
    assert await ledger.verify() == []
    assert await ledger.outbox(10) == []
    alone = Entry(
        key="by hand",
        kind=EntryKind.VERIFICATION,
        currency="EUR",
        postings=(
            Posting("merchant:shop", -FIFTEEN_CENTS),
            Posting("revenue:verification", FIFTEEN_CENTS),
        ),
        at_ms=NOW_MS,
        organisation="acme",
    )
    with pytest.raises(CallerError) as refusal:
        await ledger.post(alone)
    assert refusal.value.field == "kind"


async def test_a_charge_that_is_not_booked_is_found(sql_books: SqlBooks) -> None:
    ledger = sql_books.open()
    kept = SqlVerifications(ledger)
    waiting, ended = proved()
    await kept.add(waiting)
    await kept.save(ended)
    sql_books.spoil("UPDATE verifications SET charge_micros = 1")
    assert await ledger.verify() == ["verification v1 cost 1, which is not booked"]
    sql_books.spoil("UPDATE verifications SET charge_micros = 0, status = 'failed'")
    assert await ledger.verify() == [
        "entry verification:v1 charges for a number that was not proved"
    ]


async def test_a_merchants_month_is_what_ended_in_it_and_what_was_booked(
    kept: Verifications,
) -> None:
    """Half-open in time; another's, a test, and what is not over are no part of it."""
    waiting, ended = proved()
    await kept.add(waiting)
    await kept.save(ended)
    over = {"e164": None, "status": Status.REJECTED, "reason": "foreign", "ended_ms": NOW_MS + 5}
    for name, changes in {
        "v2": over,
        "v3": over,
        "late": {**over, "ended_ms": NOW_MS + 10},
        "test": {**over, "test": True},
        "other": {**over, "merchant": "another"},
        "open": {},
    }.items():
        await kept.add(verification(verification_id=name, **changes))
    figures = await kept.figures("acme", "shop", NOW_MS + 5, NOW_MS + 10)
    assert figures.booked_micros == FIFTEEN_CENTS
    assert sorted(
        (one.status, one.reason, one.price_micros, one.count) for one in figures.outcomes
    ) == [
        ("rejected", "foreign", 0, 2),
        ("verified", "", FIFTEEN_CENTS, 1),
    ]
    assert (await kept.figures("acme", "shop", 0, NOW_MS)).booked_micros == 0
    assert (await kept.figures("bolt", "shop", 0, NOW_MS + 10)).outcomes == ()
