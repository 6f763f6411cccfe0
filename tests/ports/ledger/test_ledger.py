"""What every ledger does: one suite over the twin in memory, SQLite and PostgreSQL."""

import asyncio
from dataclasses import replace

import pytest

from engine.core.posting import Entry, EntryKind, Posting, call_entry, customer
from engine.errors import CallerError, ConflictError
from engine.ledger import sql
from engine.ports.ledger import Ledger
from engine.ports.store import StorePosting
from tests.ports.ledger.books import (
    LANDLINE,
    MINUTE_MS,
    MOBILE,
    NOW_MS,
    Books,
    answered_call,
    opened,
    refused_call,
    top_up,
)


async def standing(ledger: Ledger, account_id: str) -> tuple[int, int]:
    account = await ledger.account(account_id)
    assert account is not None
    return account.balance_micros, account.seq


def entry(
    kind: EntryKind, *postings: tuple[str, int], key: str = "k", currency: str = "EUR"
) -> Entry:
    lines = tuple(Posting(account, micros) for account, micros in postings)
    return Entry(key=key, kind=kind, currency=currency, postings=lines, at_ms=NOW_MS)


async def test_an_entry_is_numbered_on_every_account_it_touches(books: Books) -> None:
    ledger = books.open()
    one = (await opened(ledger)).account_id
    two = (await opened(ledger, LANDLINE)).account_id
    await ledger.post(top_up(one, 10_000_000, "t1"))

    booked = await ledger.post(
        entry(EntryKind.MOVE, (customer(one), -4_000_000), (customer(two), 4_000_000), key="m1")
    )

    taken = StorePosting(
        account_id=one,
        currency="EUR",
        seq=2,
        micros=-4_000_000,
        kind="move",
        key="m1",
        hold_id="m1",
    )
    given = replace(taken, account_id=two, seq=1, micros=4_000_000, hold_id=None)
    assert booked == (taken, given)
    assert await standing(ledger, one) == (6_000_000, 2)
    assert await standing(ledger, two) == (4_000_000, 1)
    assert await ledger.verify() == []


async def test_a_bonus_is_a_line_of_its_own(books: Books) -> None:
    ledger = books.open()
    one = (await opened(ledger)).account_id

    await ledger.post(
        entry(
            EntryKind.TOP_UP,
            (customer(one), 20_000_000),
            ("provider:paypal", -20_000_000),
            (customer(one), 2_000_000),
            ("bonus", -2_000_000),
        )
    )

    lines = await ledger.lines(one, NOW_MS, NOW_MS + 1)
    assert [(line.seq, line.micros, line.balance_micros) for line in lines] == [
        (1, 20_000_000, 20_000_000),
        (2, 2_000_000, 22_000_000),
    ]
    assert await ledger.verify() == []


@pytest.mark.parametrize(
    ("kind", "micros", "ends_hold"),
    [
        (EntryKind.DEBIT, -5, True),
        (EntryKind.REFUND, -5, True),
        (EntryKind.MOVE, -5, True),
        (EntryKind.REVERSAL, -5, False),
        (EntryKind.CREDIT, 5, False),
        (EntryKind.DEBIT, 5, False),
    ],
)
async def test_what_was_held_first_ends_its_hold(
    books: Books, kind: EntryKind, micros: int, ends_hold: bool
) -> None:
    ledger = books.open()
    one = (await opened(ledger)).account_id
    (booked,) = await ledger.post(entry(kind, (customer(one), micros), ("adjustment", -micros)))
    assert booked.hold_id == ("k" if ends_hold else None)
    assert await standing(ledger, one) == (micros, 1)


@pytest.mark.parametrize(
    ("kind", "postings", "key", "currency", "field"),
    [
        (EntryKind.CREDIT, [("customer:nobody", 5), ("adjustment", -5)], "k", "EUR", "account_id"),
        (EntryKind.CREDIT, [("customer:ONE", 5), ("adjustment", -5)], "k", "CHF", "currency"),
        (EntryKind.CREDIT, [("customer:ONE", 5), ("adjustment", -5)], "", "EUR", "key"),
        (EntryKind.CALL, [("customer:ONE", -5), ("revenue:x", 5)], "k", "EUR", "kind"),
        (EntryKind.CREDIT, [("customer:ONE", 5), ("cash", -5)], "k", "EUR", "postings"),
        (EntryKind.CREDIT, [("customer:", 5), ("adjustment", -5)], "k", "EUR", "postings"),
        (EntryKind.CREDIT, [("provider:x", 5), ("adjustment", -5)], "k", "EUR", "postings"),
        (EntryKind.CREDIT, [], "k", "EUR", "postings"),
        (EntryKind.MOVE, [("customer:ONE", 5), ("customer:FAR", -5)], "k", "EUR", "postings"),
        (
            EntryKind.CREDIT,
            [("customer:ONE", 10**15 + 1), ("adjustment", -(10**15) - 1)],
            "k",
            "EUR",
            "postings",
        ),
    ],
)
async def test_what_does_not_fit_is_not_booked(
    books: Books,
    kind: EntryKind,
    postings: list[tuple[str, int]],
    key: str,
    currency: str,
    field: str,
) -> None:
    ledger = books.open()
    one = (await opened(ledger)).account_id
    far = (await ledger.open_account("other", "far", MOBILE, "EUR")).account_id
    named = [
        (account.replace("ONE", one).replace("FAR", far), micros) for account, micros in postings
    ]

    with pytest.raises(CallerError) as refusal:
        await ledger.post(entry(kind, *named, key=key, currency=currency))

    assert refusal.value.field == field
    assert await standing(ledger, one) == (0, 0)
    assert await ledger.outbox(9) == []
    assert await ledger.verify() == []


async def test_a_repeat_is_the_same_answer(books: Books) -> None:
    first, second = books.open(), books.open()
    one = (await opened(first)).account_id
    booked = await first.post(top_up(one, 500, "t1"))
    await first.post(top_up(one, 700, "t2"))

    assert await second.post(top_up(one, 500, "t1")) == booked
    assert await second.post(top_up(one, 500, "t1", at_ms=NOW_MS + 9)) == booked
    assert await standing(second, one) == (1200, 2)
    assert [line.at_ms for line in await first.lines(one, 0, NOW_MS + 99)] == [NOW_MS, NOW_MS]


async def test_repeats_at_once_book_once(books: Books) -> None:
    ledgers = [books.open(), books.open()]
    one = (await opened(ledgers[0])).account_id

    answers = await asyncio.gather(*(each.post(top_up(one, 500, "t1")) for each in ledgers * 6))

    assert len(set(answers)) == 1
    assert await standing(ledgers[0], one) == (500, 1)
    assert await ledgers[0].verify() == []


async def test_a_key_used_for_something_else_is_a_conflict(books: Books) -> None:
    ledger = books.open()
    one = (await opened(ledger)).account_id
    first = top_up(one, 500, "t1")
    await ledger.post(first)
    for other in (
        top_up(one, 501, "t1"),
        replace(first, kind=EntryKind.CREDIT),
        replace(first, reason="Bar"),
        replace(first, author="ada"),
        replace(first, call_id="c1"),
        replace(first, postings=(*first.postings, Posting("bonus", 0))),
    ):
        with pytest.raises(ConflictError):
            await ledger.post(other)
    assert await standing(ledger, one) == (500, 1)


async def test_a_call_is_recorded_and_booked_in_one_step(books: Books) -> None:
    ledger = books.open()
    account = await opened(ledger)
    one = account.account_id
    await ledger.post(top_up(one, 5_000_000, "t1"))
    record = answered_call("c1", one)

    (booked,) = await ledger.settle(record)

    assert booked == StorePosting(
        account_id=one,
        currency="EUR",
        seq=2,
        micros=-3_980_000,
        kind="call",
        key="call:c1",
        hold_id="c1",
    )
    assert await ledger.calls(one, NOW_MS, record.ended_ms + 1) == [record]
    assert await ledger.account(one) == replace(
        account, balance_micros=1_020_000, seq=2, returning=True
    )
    (line,) = await ledger.lines(one, record.ended_ms, record.ended_ms + 1)
    assert (line.micros, line.kind, line.call_id) == (-3_980_000, "call", "c1")
    assert await ledger.verify() == []


async def test_a_call_without_an_account_is_only_recorded(books: Books) -> None:
    ledger = books.open()
    record = refused_call("c1")
    assert await ledger.settle(record) == ()
    assert await ledger.settle(record) == ()
    assert await ledger.calls(None, NOW_MS, record.ended_ms + 1) == [record]
    assert await ledger.verify() == []


async def test_a_free_call_still_releases_its_hold(books: Books) -> None:
    ledger = books.open()
    one = (await opened(ledger)).account_id
    (booked,) = await ledger.settle(answered_call("c1", one, micros=0))
    assert (booked.seq, booked.micros, booked.hold_id) == (1, 0, "c1")


async def test_a_call_settled_twice_is_booked_once(books: Books) -> None:
    ledgers = [books.open(), books.open()]
    one = (await opened(ledgers[0])).account_id
    record = answered_call("c1", one)

    answers = await asyncio.gather(*(each.settle(record) for each in ledgers * 4))

    assert len(set(answers)) == 1
    assert await standing(ledgers[0], one) == (-3_980_000, 1)
    with pytest.raises(ConflictError):
        await ledgers[0].settle(replace(record, ended_ms=record.ended_ms + 1))
    with pytest.raises(ConflictError):
        await ledgers[0].settle(replace(record, charge_micros=1))
    assert await ledgers[1].calls(one, 0, NOW_MS * 2) == [record]
    assert await ledgers[1].verify() == []


async def test_a_call_of_an_unknown_account_is_refused_whole(books: Books) -> None:
    ledger = books.open()
    with pytest.raises(CallerError):
        await ledger.settle(answered_call("c1", "nobody"))
    assert await ledger.calls(None, 0, NOW_MS * 2) == []


async def test_the_outbox_gives_what_is_not_applied_in_order(books: Books) -> None:
    ledger = books.open()
    one = (await opened(ledger)).account_id
    two = (await opened(ledger, LANDLINE)).account_id
    booked: list[StorePosting] = []
    for number, account_id in enumerate([one, two, one, one, two]):
        booked += await ledger.post(top_up(account_id, 100 + number, f"t{number}"))

    assert await ledger.outbox(9) == booked
    assert await ledger.outbox(2) == booked[:2]
    await ledger.mark_applied([booked[1], booked[2]])
    await ledger.mark_applied([booked[1]])
    assert await ledger.outbox(9) == [booked[0], booked[3], booked[4]]
    assert await ledger.outbox(2) == [booked[0], booked[3]]
    assert await ledger.postings_after(one, 0) == [booked[0], booked[2], booked[3]]
    assert await ledger.postings_after(one, 2) == [booked[3]]
    assert await ledger.postings_after(one, 3) == []
    assert await ledger.postings_after("nobody", 0) == []
    await ledger.mark_applied(booked)
    assert await ledger.outbox(9) == []


async def test_long_lists_are_whole_and_in_order(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "PAGE_CALLS", 2)
    ledger = books.open()
    records = [
        replace(refused_call(f"c{number}"), ended_ms=NOW_MS + number // 3) for number in range(6)
    ]
    for record in reversed(records):
        await ledger.settle(record)
    assert await ledger.calls(None, NOW_MS, NOW_MS + 2) == records
    pages = [page async for page in ledger.call_pages(NOW_MS, NOW_MS + 2)]
    assert [record for page in pages for record in page] == records
    assert all(1 <= len(page) <= 2 for page in pages)


async def test_pages_of_calls_are_an_organisations_own(books: Books) -> None:
    ledger = books.open()
    ours = refused_call("ours")
    theirs = replace(refused_call("theirs"), organisation="other")
    for record in (ours, theirs):
        await ledger.settle(record)
    for organisation, record in (("acme", ours), ("other", theirs)):
        pages = [page async for page in ledger.call_pages(0, NOW_MS * 2, organisation)]
        assert pages == [[record]]
    assert [page async for page in ledger.call_pages(0, NOW_MS * 2, "nobody")] == []
    assert [page async for page in ledger.call_pages(0, NOW_MS)] == []


async def test_balances_are_those_after_each_call(books: Books) -> None:
    ledger = books.open()
    one = (await opened(ledger)).account_id
    two = (await opened(ledger, LANDLINE)).account_id
    await ledger.post(top_up(one, 10_000_000, "t1"))
    await ledger.settle(answered_call("c1", one, 4_000_000))
    await ledger.settle(answered_call("c2", two, 0))
    await ledger.settle(answered_call("c3", one, 3_000_000))
    await ledger.settle(refused_call("refused"))
    await ledger.post(top_up(one, 1_000_000, "t2"))
    await ledger.post(
        replace(entry(EntryKind.CREDIT, (customer(one), 1), ("bonus", -1)), call_id="c1")
    )
    asked = ["c1", "c2", "c3", "refused", "unknown", "%"]
    found = await ledger.balances_after(asked)
    assert found == {"c1": 6_000_000, "c2": 0, "c3": 3_000_000}
    assert await ledger.balances_after(["c3"]) == {"c3": 3_000_000}
    assert await ledger.balances_after([]) == {}


async def test_intervals_hold_their_start_and_not_their_end(books: Books) -> None:
    ledger = books.open()
    one = (await opened(ledger)).account_id
    two = (await opened(ledger, LANDLINE)).account_id
    month_ms = NOW_MS + 30 * 24 * 60 * MINUTE_MS
    ends = {"before": NOW_MS - 1, "last": month_ms - 1, "first": NOW_MS, "after": month_ms}
    records = {}
    for call_id, ended_ms in ends.items():
        records[call_id] = replace(answered_call(call_id, one), ended_ms=ended_ms)
        await ledger.settle(records[call_id])
    other = replace(answered_call("other", two), ended_ms=NOW_MS + 5)
    await ledger.settle(other)

    assert await ledger.calls(one, NOW_MS, month_ms) == [records["first"], records["last"]]
    assert await ledger.calls(None, NOW_MS, month_ms) == [
        records["first"],
        other,
        records["last"],
    ]
    lines = await ledger.lines(one, NOW_MS, month_ms)
    assert [(line.call_id, line.seq) for line in lines] == [("last", 2), ("first", 3)]


async def test_calls_refused_before_they_had_an_account_are_found_by_number(books: Books) -> None:
    ledger = books.open()
    account = await opened(ledger)
    mine = replace(refused_call("c1"), e164=MOBILE, verified=True)
    others = (
        replace(mine, call_id="c2", profile="tv"),
        replace(mine, call_id="c3", verified=False),
        replace(mine, call_id="c4", e164="+493012345678"),
        replace(mine, call_id="c5", ended_ms=NOW_MS + 5_000),
        answered_call("c6", account.account_id),
    )
    for record in (mine, *others):
        await ledger.settle(record)
    found = await ledger.calls_without_account("web", MOBILE, NOW_MS, NOW_MS + 5_000)
    assert list(found) == [mine]


async def test_two_engines_number_without_a_gap(books: Books) -> None:
    ledgers = [books.open(), books.open()]
    ids = [(await opened(ledgers[0], f"+49301234567{n}")).account_id for n in range(3)]

    async def work(worker: int) -> None:
        ledger = ledgers[worker % 2]
        for number in range(25):
            one, two = ids[(worker + number) % 3], ids[(worker + number * 2 + 1) % 3]
            key = f"w{worker}n{number}"
            if one == two:
                await ledger.post(top_up(one, 10, key))
            else:
                await ledger.post(
                    entry(EntryKind.MOVE, (customer(one), -3), (customer(two), 3), key=key)
                )

    await asyncio.gather(*(work(worker) for worker in range(20)))

    booked = [await ledgers[0].postings_after(account_id, 0) for account_id in ids]
    top_ups = sum(
        1 for w in range(20) for n in range(25) if ids[(w + n) % 3] == ids[(w + n * 2 + 1) % 3]
    )
    assert sum(len(each) for each in booked) == top_ups + 2 * (500 - top_ups)
    for account_id, postings in zip(ids, booked, strict=True):
        assert [posting.seq for posting in postings] == list(range(1, len(postings) + 1))
        balance_micros = sum(posting.micros for posting in postings)
        assert await standing(ledgers[1], account_id) == (balance_micros, len(postings))
    waiting = await ledgers[1].outbox(9999)
    for account_id, postings in zip(ids, booked, strict=True):
        assert [posting for posting in waiting if posting.account_id == account_id] == postings
    assert await ledgers[1].verify() == []


def test_a_record_and_its_entry_name_the_same_charge() -> None:
    made = call_entry(answered_call("c1", "a1"))
    assert made is not None
    assert made.postings[0] == Posting("customer:a1", -3_980_000)
