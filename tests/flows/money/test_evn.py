"""The itemised bill: every call of the month, summing to what the journal booked."""

import asyncio
import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from engine.core.cdr import CallRecord, Disposition, Refusal
from engine.core.identity import SignalledIdentity
from engine.core.inventory import Hours, Span
from engine.core.money import Rounding, RoundingMode, parse_micros
from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.core.tariff import FirstCall
from engine.errors import CallerError, EngineError
from engine.flows.evn.bill import Bill, complete_until, itemise
from engine.flows.evn.pdf import pdf
from engine.flows.evn.sheet import FIELDS, csv_text, plain, text, values
from engine.flows.evn.words import ENGLISH, GERMAN, LANGUAGES
from engine.flows.papers.month import month_of
from engine.ports.ledger import Account
from tests.fakes.clock import START_MS, run_virtually
from tests.fakes.ledger import MemoryLedger
from tests.flows.papers import printed_in
from tests.flows.world import LANDLINE, World, inventory, service, tariff, world

DAY_MS = 24 * 3600 * 1000
MONTH = "2026-11"
BERLIN = "Europe/Berlin"
NOW_MS = START_MS + 3_600_000
SECOND_DID = "+493023125001"
CLOSED_DID = "+493023125002"

FIRST = service(
    tariff=tariff(
        rounding=Rounding(4, RoundingMode.HALF_UP),
        landline_micros=1_990_000,
        first_call=FirstCall(100_000, 1),
    ),
    caller_list="vip",
)
SECOND = service(name="tarot", dids=(SECOND_DID,))
CLOSED = service(
    name="nachts",
    dids=(CLOSED_DID,),
    hours=Hours(timezone=BERLIN, spans=(Span(weekday=0, opens_min=1, closes_min=2),)),
)


async def a_month_of_calls(house: World) -> tuple[Account, Sequence[CallRecord]]:
    """Calls of every kind, one charged to four decimals at two prices, two refused."""
    account_id = await house.book(LANDLINE, 5_000_000)
    records = []
    for did, talk_s in (
        (house.inventory.services[0].dids[0], 67),
        (SECOND_DID, 12),
        (SECOND_DID, None),
        (CLOSED_DID, None),
    ):
        call = house.call(did=did)
        if talk_s is not None:
            await house.talks_for(call, talk_s)
        else:
            await asyncio.sleep(1)
        house.switch.hang_up(call.leg)
        records.append(await house.record(call))
    account = await house.ledger.account(account_id)
    assert account is not None
    await house.book(LANDLINE, -100_000, EntryKind.DEBIT)
    return account, records


def billed(month: str = MONTH) -> tuple[Bill, Sequence[CallRecord]]:
    """The bill of such a month (the house's clock begins in November 2026)."""

    async def main() -> tuple[Bill, Sequence[CallRecord]]:
        async with world(inventory(FIRST, SECOND, CLOSED)) as house:
            account, records = await a_month_of_calls(house)
            return await itemise(house.ledger, account, month_of(month, BERLIN), NOW_MS), records

    return run_virtually(main())


def test_every_call_is_there_and_the_sum_is_what_was_booked() -> None:
    bill, records = billed()
    assert [line.call_id for line in bill.lines] == [record.call_id for record in records]
    assert [line.charge_micros for line in bill.lines] == [r.charge_micros for r in records]
    assert bill.total_micros == sum(record.charge_micros for record in records)
    first, second, left, refused = bill.lines
    assert first.charge_micros == 100_000 + 232_200  # a minute at 0.10, 7 s at 1.99
    assert (first.charged_s, first.first_s, first.digits) == (67, 60, 4)
    assert (second.charge_micros, second.charged_s) == (120_000, 12)
    assert (left.outcome, left.charge_micros) == (Disposition.ABANDONED, 0)
    assert (refused.outcome, refused.service) == (Refusal.CLOSED, "nachts")
    assert {line.number[-3:] for line in bill.lines} | {bill.number[-3:]} == {"xxx"}


def test_another_month_has_other_calls() -> None:
    bill, _ = billed("2026-10")
    assert (bill.lines, bill.total_micros) == ((), 0)
    assert text(bill, ENGLISH).endswith("No calls.")
    assert pdf(bill, GERMAN, datetime(2026, 12, 1, tzinfo=UTC)).startswith(b"%PDF-")


def test_a_bill_that_does_not_sum_to_the_journal_is_not_made() -> None:
    async def main() -> None:
        async with world() as house:
            account, records = await a_month_of_calls_on_one_line(house)
            changed = replace(records[0], charge_micros=1)
            house.ledger._calls[changed.call_id] = changed
            with pytest.raises(EngineError):
                await itemise(house.ledger, account, month_of(MONTH, BERLIN), NOW_MS)

    run_virtually(main())


def test_a_call_booked_between_two_readings_does_not_matter() -> None:
    async def main() -> None:
        async with world() as house:
            account, records = await a_month_of_calls_on_one_line(house)
            late = replace(records[0], call_id="late")

            async def settle(method: str) -> None:
                if method == "lines":
                    house.ledger.on_call = at_once
                    await house.ledger.settle(late)

            house.ledger.on_call = settle
            bill = await itemise(house.ledger, account, month_of(MONTH, BERLIN), NOW_MS)
            assert [line.call_id for line in bill.lines] == sorted([records[0].call_id, "late"])

    async def at_once(_method: str) -> None:
        pass

    run_virtually(main())


async def a_month_of_calls_on_one_line(house: World) -> tuple[Account, Sequence[CallRecord]]:
    account_id = await house.book(LANDLINE, 5_000_000)
    call = house.call()
    await house.talks_for(call, 10)
    house.switch.hang_up(call.leg)
    record = await house.record(call)
    account = await house.ledger.account(account_id)
    assert account is not None
    return account, [record]


def test_calls_of_a_stranger_who_says_he_is_the_caller_are_not_there() -> None:
    async def main() -> None:
        async with world(inventory(CLOSED)) as house:
            await house.book(LANDLINE, 5_000_000)
            stranger = house.call(
                did=CLOSED_DID, identity=SignalledIdentity(asserted=(), from_user=LANDLINE)
            )
            assert not (await house.record(stranger)).verified
            account = await house.ledger.find_account("acme-eur", LANDLINE)
            assert account is not None
            assert (
                await itemise(house.ledger, account, month_of(MONTH, BERLIN), NOW_MS)
            ).lines == ()

    run_virtually(main())


@pytest.mark.parametrize(
    ("name", "timezone", "first", "last"),
    [
        ("2026-11", BERLIN, "2026-10-31T23:00:00+00:00", "2026-11-30T23:00:00+00:00"),
        ("2026-03", BERLIN, "2026-02-28T23:00:00+00:00", "2026-03-31T22:00:00+00:00"),
        ("2026-12", BERLIN, "2026-11-30T23:00:00+00:00", "2026-12-31T23:00:00+00:00"),
        ("2026-12", "UTC", "2026-12-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00"),
    ],
)
def test_a_month_begins_and_ends_at_local_midnight(
    name: str, timezone: str, first: str, last: str
) -> None:
    month = month_of(name, timezone)
    assert month.from_ms == datetime.fromisoformat(first).timestamp() * 1000
    assert month.to_ms == datetime.fromisoformat(last).timestamp() * 1000


@pytest.mark.parametrize(
    ("name", "timezone", "field"),
    [
        ("2026-13", BERLIN, "month"),
        ("2026-1", BERLIN, "month"),
        ("0000-01", BERLIN, "month"),
        ("9999-12", BERLIN, "month"),
        ("november", BERLIN, "month"),
        ("2026-11", "Berlin", "timezone"),
        ("2026-11", "../etc/passwd", "timezone"),
        ("2026-11", "", "timezone"),
    ],
)
def test_what_is_no_month_is_refused(name: str, timezone: str, field: str) -> None:
    with pytest.raises(CallerError) as fault:
        month_of(name, timezone)
    assert fault.value.field == field


def test_programs_get_every_amount_to_the_last_digit() -> None:
    bill, records = billed()
    told = plain(bill)
    calls = told["calls"]
    assert isinstance(calls, list)
    assert [call["charge"] for call in calls] == ["0.3322", "0.12", "0.00", "0.00"]
    assert told["total"] == "0.4522"
    assert (
        calls[0]["at"]
        == datetime.fromtimestamp(records[0].arrived_ms // 1000, ZoneInfo(BERLIN)).isoformat()
    )
    rows = list(csv.DictReader(io.StringIO(csv_text(bill))))
    assert [tuple(row) for row in rows] == [FIELDS] * 4
    assert [row["charge"] for row in rows] == [call["charge"] for call in calls]
    total = sum(parse_micros(row["charge"], field="charge") for row in rows)
    assert total == bill.total_micros
    assert tuple(values(bill.lines[0], "EUR")) == FIELDS


def test_people_read_it_in_their_language() -> None:
    bill, _ = billed()
    german, english = text(bill, GERMAN), text(bill, ENGLISH)
    assert "0,10 für 60 s, dann 1,99" in german
    assert "0.10 for 60 s, then 1.99" in english
    assert german.endswith("Summe: 0,4522 EUR")
    assert english.endswith("Total: 0.4522 EUR")
    assert "abgewiesen: geschlossen" in german
    assert "refused: closed" in english


def test_a_bill_says_until_when_it_is_complete_while_calls_of_it_may_be_booked() -> None:
    bill, _ = billed()
    made_at = datetime(2026, 12, 1, tzinfo=UTC)
    at = "2026-11-22 00:26:40"
    assert plain(bill)["complete_until"] == "2026-11-22T00:26:40+01:00"
    for words, said in (
        (GERMAN, f"vollständig bis {at}; was später gebucht wird, kann fehlen"),
        (ENGLISH, f"complete until {at}; what is booked later may be missing"),
    ):
        assert said in text(bill, words).splitlines()
        assert said in printed_in(pdf(bill, words, made_at))
    before, _ = billed("2026-10")
    assert before.until is None
    assert plain(before)["complete_until"] is None
    assert "complete" not in text(before, ENGLISH) + printed_in(pdf(before, ENGLISH, made_at))


@pytest.mark.parametrize(("after_days", "is_told"), [(-1, True), (1, True), (2, False)])
def test_a_month_is_complete_two_days_after_its_end(after_days: int, is_told: bool) -> None:
    month = month_of(MONTH, BERLIN)
    assert (complete_until(month, month.to_ms + after_days * DAY_MS) is not None) is is_told


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
def test_every_outcome_has_words(lang: str) -> None:
    words = LANGUAGES[lang]
    assert set(words.outcomes) == {*Disposition, *Refusal}
    assert len(words.columns) == len(GERMAN.columns)


def test_a_document_holds_the_same_and_is_made_alike() -> None:
    bill, _ = billed()
    many = replace(bill, lines=bill.lines * 30)
    made_at = datetime(2026, 12, 1, tzinfo=UTC)
    document = pdf(many, GERMAN, made_at)
    assert document == pdf(many, GERMAN, made_at)
    printed = printed_in(document)
    assert printed.count("0,3322") == 30
    assert "Einzelverbindungsnachweis 2026-11" in printed
    assert "Gebühr" not in printed
    assert "abgewiesen: geschlossen" in printed
    assert document.count(b"/Type /Page\n") > 2


def test_a_name_in_letters_that_the_document_lacks_breaks_nothing() -> None:
    bill, _ = billed()
    odd = replace(bill, lines=(replace(bill.lines[0], service="звезда ★"),))
    assert "?????? ?" in printed_in(pdf(odd, ENGLISH, datetime(2026, 12, 1, tzinfo=UTC)))


def test_a_cell_that_is_too_long_is_wrapped_and_every_page_has_its_heading() -> None:
    bill, _ = billed()
    long = replace(bill.lines[0], service="Beratung " * 20)
    document = pdf(replace(bill, lines=(long,) * 30), GERMAN, datetime(2026, 12, 1, tzinfo=UTC))
    printed = printed_in(document)
    assert printed.count("Beratung") == 600
    assert max(line.count("Beratung") for line in printed.splitlines()) < 5
    assert printed.count(GERMAN.columns[0]) == document.count(b"/Type /Page\n") > 2


def test_only_calls_count_not_other_movements() -> None:
    async def main() -> None:
        ledger = MemoryLedger(lambda: 0)
        account = await ledger.open_account("acme", "acme-eur", LANDLINE, "EUR")
        lines = Posting(customer(account.account_id), 700), Posting("provider:stripe", -700)
        at_ms = month_of(MONTH, BERLIN).from_ms
        await ledger.post(
            Entry(key="k", kind=EntryKind.TOP_UP, currency="EUR", postings=lines, at_ms=at_ms)
        )
        assert (await itemise(ledger, account, month_of(MONTH, BERLIN), NOW_MS)).total_micros == 0

    run_virtually(main())
