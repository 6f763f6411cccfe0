"""Payments in suspense: they wait until they are settled, once."""

import pytest

from engine.core.payment import SETTLED
from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.ledger.payments.sql import SqlSuspense
from engine.ledger.sql import SqlLedger
from engine.ports.reading.suspense import Waiting
from tests.ports.ledger.books import LANDLINE, NOW_MS


@pytest.fixture
def suspense(ledger: SqlLedger) -> SqlSuspense:
    return SqlSuspense(ledger)


def _set_aside(key: str, organisation: str = "acme", at_ms: int = NOW_MS) -> Entry:
    return Entry(
        key=key,
        kind=EntryKind.SUSPENSE,
        currency="EUR",
        postings=(Posting("suspense", 5_000_000), Posting("provider:web.stripe", -5_000_000)),
        at_ms=at_ms,
        reason="no order has this id",
        organisation=organisation,
    )


def _waiting(key: str, at_ms: int = NOW_MS) -> Waiting:
    return Waiting(
        key=key,
        organisation="acme",
        at_ms=at_ms,
        counter="provider:web.stripe",
        currency="EUR",
        micros=5_000_000,
        reason="no order has this id",
    )


async def test_what_waits_is_the_organisations_own_oldest_first(
    ledger: SqlLedger, suspense: SqlSuspense
) -> None:
    for organisation in ("acme", "bolt"):
        await ledger.open_account(organisation, organisation, LANDLINE, "EUR")
    for entry in (
        _set_aside("s:2", at_ms=NOW_MS + 1),
        _set_aside("s:1"),
        _set_aside("s:b", "bolt"),
    ):
        await ledger.post(entry)
    assert await suspense.waiting("acme", 10) == [_waiting("s:1"), _waiting("s:2", NOW_MS + 1)]
    assert await suspense.waiting("acme", 1) == [_waiting("s:1")]
    assert await suspense.one("s:1") == _waiting("s:1")


async def test_what_is_settled_waits_no_longer(
    ledger: SqlLedger, suspense: SqlSuspense, account_id: str
) -> None:
    await ledger.post(_set_aside("s:1"))
    settled = Entry(
        key=f"{SETTLED}s:1",
        kind=EntryKind.TOP_UP,
        currency="EUR",
        postings=(Posting(customer(account_id), 5_000_000), Posting("suspense", -5_000_000)),
        at_ms=NOW_MS,
    )
    await ledger.post(settled)
    assert await suspense.waiting("acme", 10) == []
    assert await suspense.one("s:1") is None
    assert await suspense.one(f"{SETTLED}s:1") is None
    assert list(await ledger.verify()) == []
