"""Why a caller cannot use his money: on real books, the likeliest reason first."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.core.cdr import Refusal
from engine.core.likeness import Likeness
from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.errors import CallerError
from engine.flows.why.finding import Finding, Reason, Why, why_call, why_number
from engine.flows.why.words import sentence
from engine.ledger.reading.sql import SqlKin
from engine.ledger.sql import SqlLedger
from tests.ports.ledger.books import MOBILE, NOW_MS, SqlBooks, answered_call, sqlite_books, top_up
from tests.ports.ledger.reading.conftest import refused

TYPED = "0170 1234567"


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[SqlBooks]:
    made = sqlite_books(tmp_path / "books.db")
    await made.open().migrate()
    yield made
    await made.close()


@pytest.fixture
def ledger(books: SqlBooks) -> SqlLedger:
    return books.open()


async def paid(ledger: SqlLedger, e164: str, micros: int, profile: str = "web") -> str:
    account_id = (await ledger.open_account("acme", profile, e164, "EUR")).account_id
    if micros > 0:
        await ledger.post(top_up(account_id, micros, f"t:{profile}:{e164}"))
    return account_id


async def why(ledger: SqlLedger, profile: str | None = "web") -> Why:
    return await why_number(SqlKin(ledger), "acme", TYPED, profile)


def told(found: Why) -> list[tuple[Reason, str | None, Likeness | None]]:
    return [
        (one.reason, one.customer and one.customer.account.e164, one.likeness)
        for one in found.findings
    ]


async def test_a_slip_of_the_finger_is_found_likeliest_first(ledger: SqlLedger) -> None:
    await paid(ledger, "+491701234568", 10_000_000)
    await paid(ledger, "+491701234576", 5_000_000)
    await paid(ledger, "+491701234569", 0)
    await ledger.settle(refused("c1", NOW_MS, e164=MOBILE, refusal=Refusal.BALANCE_TOO_LOW))
    await ledger.open_account("bolt", "bolt", "+491701234561", "EUR")
    assert told(await why(ledger)) == [
        (Reason.NEAR_NUMBER, "+491701234576", Likeness.EXCHANGED),
        (Reason.NEAR_NUMBER, "+491701234568", Likeness.ONE_WRONG),
        (Reason.BALANCE_TOO_LOW, None, Likeness.SAME),
        (Reason.NO_ACCOUNT, None, Likeness.SAME),
        (Reason.NEAR_NUMBER, "+491701234569", Likeness.ONE_WRONG),
    ]


async def test_money_in_another_profile_or_behind_a_change_comes_first(ledger: SqlLedger) -> None:
    await paid(ledger, MOBILE, 0)
    await paid(ledger, MOBILE, 9_000_000, "shop")
    former = await paid(ledger, MOBILE, 8_000_000, "tarot")
    await ledger.change_number(former, "+49302")
    assert told(await why(ledger))[:2] == [
        (Reason.FORMER_NUMBER, "+49302", Likeness.SAME),
        (Reason.OTHER_PROFILE, MOBILE, Likeness.SAME),
    ]


async def test_a_blocked_account_says_so(ledger: SqlLedger) -> None:
    account_id = await paid(ledger, MOBILE, 5_000_000)
    assert told(await why(ledger)) == [(Reason.NOTHING, MOBILE, Likeness.SAME)]
    lines = Posting(customer(account_id), -7_000_000), Posting("provider:stripe", 7_000_000)
    back = Entry(key="r", kind=EntryKind.REVERSAL, currency="EUR", postings=lines, at_ms=NOW_MS)
    await ledger.post(back)
    assert told(await why(ledger)) == [(Reason.BLOCKED, MOBILE, Likeness.SAME)]


async def test_refusals_of_a_call_are_counted(ledger: SqlLedger) -> None:
    calls = [refused(f"c{n}", NOW_MS + n, e164=MOBILE) for n in range(3)]
    for call in calls:
        await ledger.settle(call)
    found = await why_call(SqlKin(ledger), calls[0])
    assert found.findings[0] == Finding(reason=Reason.NOT_IDENTIFIED, refused=3)
    assert [call.call_id for call in found.calls] == ["c2", "c1", "c0"]
    nameless = await why_call(SqlKin(ledger), replace(calls[0], e164=None))
    assert [one.reason for one in nameless.findings] == [Reason.NOT_IDENTIFIED, Reason.NO_ACCOUNT]


async def test_what_is_no_number_is_told(ledger: SqlLedger) -> None:
    with pytest.raises(CallerError) as refusal:
        await why_number(SqlKin(ledger), "acme", "110")
    assert refusal.value.field == "number"


NEAR = "+491701284567"


def sentences(found: Why) -> str:
    """All that is said of what was found, to somebody who may see numbers."""
    return " ".join(
        " ".join(sentence(one, lang, revealed=True))
        for one in found.findings
        for lang in ("de", "en")
    )


@pytest.mark.parametrize("way", ["number", "call", "old call"])
async def test_nobody_learns_a_withheld_number_from_one_like_it(
    ledger: SqlLedger, way: str
) -> None:
    near = await paid(ledger, NEAR, 5_000_000)
    hidden = refused("c", NOW_MS, e164=MOBILE, withheld=True)
    await ledger.settle(hidden)
    for n in range(11 if way == "old call" else 0):
        await ledger.settle(refused(f"c{n}", NOW_MS + 1 + n, e164=MOBILE))
    kin = SqlKin(ledger)
    found = await (why(ledger) if way == "number" else why_call(kin, hidden))
    assert found.withheld
    (like_it,) = (one for one in found.findings if one.reason is Reason.NEAR_NUMBER)
    assert like_it.customer is not None
    assert (like_it.likeness, like_it.customer.withheld) == (None, True)
    told_of_it = " ".join(sentence(like_it, "en", revealed=True))
    assert near in told_of_it
    assert "5.00 EUR" in told_of_it
    assert not [part for part in ("+49", "differs", "anders") if part in sentences(found)]


@pytest.mark.parametrize("changed", [False, True])
async def test_nobody_learns_a_withheld_number_by_typing_one_like_it(
    ledger: SqlLedger, changed: bool
) -> None:
    near = await paid(ledger, NEAR, 5_000_000)
    await ledger.settle(refused("c", NOW_MS, e164=NEAR, withheld=True))
    if changed:
        await ledger.change_number(near, "+493012345678")
    found = await why(ledger)
    assert not found.withheld
    assert found.findings[0].likeness is None
    assert not [part for part in ("+49", "differs", "anders") if part in sentences(found)]


@pytest.mark.parametrize("lang", ["de", "en"])
async def test_each_reason_is_said_without_a_withheld_number(ledger: SqlLedger, lang: str) -> None:
    account_id = await paid(ledger, MOBILE, 5_000_000)
    await ledger.settle(answered_call("c1", account_id))
    (found,) = (await why(ledger)).findings
    assert (await why(ledger)).withheld
    for reason in Reason:
        for customer_of in (found.customer, None):
            if customer_of is None and reason in (Reason.FORMER_NUMBER, Reason.NEAR_NUMBER):
                continue
            finding = replace(found, reason=reason, customer=customer_of)
            said = " ".join(sentence(finding, lang, revealed=True))
            assert "1701234" not in said
            if customer_of is None and reason in (Reason.OTHER_PROFILE, Reason.NOTHING):
                continue
            assert "{" not in said
