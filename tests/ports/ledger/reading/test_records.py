"""Calls are found by whatever is known of them, newest first, and never another's."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.cdr import CallRecord, Disposition, Refusal
from engine.core.course import Fate, Heard
from engine.ledger.reading import records as searching
from engine.ledger.reading.sql import SqlRecords
from engine.ledger.sql import SqlLedger
from engine.ports.reading.records import CallFilter, CallPlace
from tests.ports.ledger.books import LANDLINE, MOBILE, NOW_MS, SqlBooks, top_up
from tests.ports.ledger.reading.conftest import refused, talked

ACME = CallFilter(organisation="acme")


@pytest.fixture
def records(ledger: SqlLedger) -> SqlRecords:
    return SqlRecords(ledger)


async def found(records: SqlRecords, wanted: CallFilter) -> list[str]:
    """The ids on all pages, in order."""
    ids: list[str] = []
    while True:
        page = await records.search(wanted)
        assert len(page.records) <= wanted.most
        ids += [record.call_id for record in page.records]
        if page.following is None:
            return ids
        wanted = replace(wanted, before=page.following)


async def test_records_of_before_their_course_was_kept_are_read(
    sql_books: SqlBooks, ledger: SqlLedger, records: SqlRecords, account_id: str
) -> None:
    await ledger.settle(talked("c1", account_id, NOW_MS))
    sql_books.spoil(
        """UPDATE calls SET prompts = '[[5, "caller", "tariff"]]', slices = NULL, stays = NULL"""
    )
    (record,) = (await records.search(ACME)).records
    assert record.prompts == (Heard(5, "caller", "tariff", Fate.ORDERED),)
    assert (record.slices, record.stays) == ((), ())


async def test_each_condition_finds_its_calls(
    ledger: SqlLedger, records: SqlRecords, account_id: str
) -> None:
    calls: list[CallRecord] = [
        talked("c1", account_id, NOW_MS + 1),
        talked("c2", account_id, NOW_MS + 2, charge_micros=0, charged_s=0, agents=("jörg",)),
        talked("c3", account_id, NOW_MS + 3, service="tarot", disposition=Disposition.FAULT),
        refused("c4", NOW_MS + 4, e164=MOBILE, refusal=Refusal.CLOSED),
        refused("c5", NOW_MS + 4, e164="+49301234", profile="shop"),
        refused("c6", NOW_MS + 6, organisation="bolt", e164=MOBILE),
    ]
    for call in calls:
        await ledger.settle(call)

    async def ids(**which: Any) -> str:
        return " ".join(await found(records, replace(ACME, most=2, **which)))

    assert await ids() == "c5 c4 c3 c2 c1"
    assert await ids(profile="shop") == "c5"
    assert await ids(service="tarot") == "c3"
    assert await ids(service="beratung") == "c5 c4 c2 c1"
    assert await ids(from_ms=NOW_MS + 2, to_ms=NOW_MS + 4) == "c3 c2"
    assert await ids(e164=MOBILE) == "c4"
    assert await ids(account_id=account_id, charged=True) == "c3 c1"
    assert await ids(account_id=account_id, service="tarot") == "c3"
    assert await ids(disposition=Disposition.REFUSED) == "c5 c4"
    assert await ids(refusal=Refusal.CLOSED, profile="web") == "c4"
    assert await ids(agent="jörg") == "c2"
    assert await ids(agent="ad") == ""
    assert await ids(charged=False) == "c5 c4 c2"
    assert await found(records, replace(ACME, organisation="bolt", account_id=account_id)) == []
    assert await records.record("acme", "c1") == calls[0]
    assert await records.record("bolt", "c1") is None


async def test_a_number_withheld_in_one_call_is_in_no_other_one_either(
    ledger: SqlLedger, records: SqlRecords, account_id: str
) -> None:
    shown = talked("c1", account_id, NOW_MS, received_identity=f"sip:{LANDLINE}@pstn.example")
    await ledger.settle(shown)
    file = await records.file("c1")
    assert file is not None
    assert file.record == shown
    await ledger.settle(talked("c2", account_id, NOW_MS + 1, withheld=True))
    await ledger.settle(refused("c3", NOW_MS + 2, organisation="bolt", e164=shown.e164))
    nameless = replace(shown, e164=None, received_identity="")
    page = await records.search(replace(ACME, e164=shown.e164))
    assert page.records[1] == nameless
    file = await records.file("c1")
    assert file is not None
    assert file.record == nameless
    others = await records.search(replace(ACME, organisation="bolt"))
    assert others.records[0].e164 == shown.e164


@pytest.mark.parametrize("agent", [None, "ada"])
async def test_a_page_that_holds_all_is_the_last(
    ledger: SqlLedger, records: SqlRecords, monkeypatch: pytest.MonkeyPatch, agent: str | None
) -> None:
    """Both where the page is full and where it has looked at the last call there is."""
    for n in range(3):
        await ledger.settle(refused(f"c{n}", NOW_MS + n, agents=("ada",)))
    wanted = replace(ACME, agent=agent)
    assert (await records.search(replace(wanted, most=3))).following is None
    following = (await records.search(replace(wanted, most=2))).following
    assert following == CallPlace(NOW_MS + 1, "c1")
    monkeypatch.setattr(searching, "LOOK_MOST", 3)
    assert (await records.search(replace(wanted, most=4))).following is None


async def test_a_page_that_looked_long_enough_is_gone_on_from(
    ledger: SqlLedger, records: SqlRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "LOOK_MOST", 3)
    for n in range(8):
        await ledger.settle(refused(f"c{n}", NOW_MS + n // 2, agents=("ada",) if n == 1 else ()))
    page = await records.search(replace(ACME, agent="ada"))
    assert page.records == ()
    assert page.following == CallPlace(NOW_MS + 2, "c5")
    assert await found(records, replace(ACME, agent="ada")) == ["c1"]


@pytest.mark.parametrize("most", [1, 2, 3, 7])
async def test_pages_are_read_with_what_was_booked_in_their_time(
    ledger: SqlLedger, records: SqlRecords, account_id: str, most: int
) -> None:
    """Calls that ended alike are told apart by their ids, on the page and in the journal."""
    bolt = (await ledger.open_account("bolt", "bolt-eur", MOBILE, "EUR")).account_id
    shop = (await ledger.open_account("acme", "shop", MOBILE, "EUR")).account_id
    for n, at_ms in enumerate((-1, 0, 1, 1, 1, 1, 2, 9, 10)):
        await ledger.settle(talked(f"c{n}", account_id, NOW_MS + at_ms, charge_micros=10**n))
    await ledger.settle(talked("s", shop, NOW_MS + 1, profile="shop", charge_micros=5))
    await ledger.settle(
        talked("b", bolt, NOW_MS + 1, organisation="bolt", profile="bolt-eur", charge_micros=5)
    )
    await ledger.settle(refused("r", NOW_MS + 1))
    await ledger.post(top_up(account_id, 7, "top-up", NOW_MS + 1))
    wanted = replace(ACME, profile="web", from_ms=NOW_MS, to_ms=NOW_MS + 10, most=most)
    assert await records.booked(wanted) == 11_111_110
    seen = 0
    while True:
        found = await records.booked_page(wanted)
        charges = sum(record.charge_micros for record in found.page.records)
        assert found.booked_micros == charges
        seen += charges
        if found.page.following is None:
            break
        wanted = replace(wanted, before=found.page.following)
        assert await records.booked(wanted) == 11_111_110 - seen
    assert seen == 11_111_110


async def test_a_tally_adds_up_and_says_when_there_is_more(
    ledger: SqlLedger, records: SqlRecords, account_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = await records.tally(ACME)
    assert (empty.calls, empty.charged_s, empty.charges, empty.is_whole) == (0, 0, {}, True)
    for n in range(4):
        await ledger.settle(talked(f"c{n}", account_id, NOW_MS + n))
    await ledger.settle(refused("r", NOW_MS))
    tally = await records.tally(replace(ACME, charged=True, most=1))
    assert (tally.calls, tally.charged_s, tally.is_whole) == (4, 480, True)
    assert tally.charges == {"EUR": 4 * 3_980_000}
    monkeypatch.setattr(searching, "TALLY_MOST", 5)
    assert (await records.tally(ACME)).is_whole
    monkeypatch.setattr(searching, "TALLY_MOST", 4)
    tally = await records.tally(ACME)
    assert (tally.calls, tally.is_whole) == (4, False)


async def test_a_calls_file_has_its_money(
    ledger: SqlLedger, records: SqlRecords, account_id: str
) -> None:
    call = talked("c1", account_id, NOW_MS)
    await ledger.post(top_up(account_id, 5_000_000, "before", call.arrived_ms - 1))
    await ledger.post(top_up(account_id, 3_000_000, "during", call.ended_ms - 1))
    await ledger.settle(call)
    await ledger.post(top_up(account_id, 1_000_000, "after", call.ended_ms + 1))
    await ledger.settle(refused("r1", NOW_MS, e164=LANDLINE))
    file = await records.file("c1", "acme")
    assert file is not None
    assert file.record == call
    assert file.booked is not None
    assert (file.booked.micros, file.booked.balance_micros) == (-3_980_000, 4_020_000)
    assert [line.key for line in file.meanwhile] == ["during"]
    assert await records.file("c1", "bolt") is None
    other = await records.file("r1")
    assert other is not None
    assert (other.booked, other.meanwhile) == (None, ())
    assert await records.file("none") is None
