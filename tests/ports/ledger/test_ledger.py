"""What every ledger does: one suite over the twin in memory, SQLite and PostgreSQL."""

import asyncio
from dataclasses import replace

import pytest

from engine.core.posting import Entry, EntryKind, Posting, call_entry, customer
from engine.errors import CallerError, ConflictError
from engine.ledger import sql
from engine.ports.ledger import Account, Ledger
from engine.ports.store import StorePosting
from tests.ports.ledger.books import NOW_MS, Books, answered_call, refused_call, top_up

MOBILE = "+491701234567"
LANDLINE = "+493012345678"
MINUTE_MS = 60_000


async def opened(ledger: Ledger, e164: str = MOBILE) -> Account:
    return await ledger.open_account("acme", "web", e164, "EUR")


async def standing(ledger: Ledger, account_id: str) -> tuple[int, int]:
    account = await ledger.account(account_id)
    assert account is not None
    return account.balance_micros, account.seq


def entry(
    kind: EntryKind, *postings: tuple[str, int], key: str = "k", currency: str = "EUR"
) -> Entry:
    lines = tuple(Posting(account, micros) for account, micros in postings)
    return Entry(key=key, kind=kind, currency=currency, postings=lines, at_ms=NOW_MS)


async def test_a_number_has_one_account(books: Books) -> None:
    ledger, other = books.open(), books.open()

    many = await asyncio.gather(*(opened(each) for each in [ledger, other] * 5))

    assert len({account.account_id for account in many}) == 1
    assert many[0] == Account(
        account_id=many[0].account_id,
        organisation="acme",
        profile="web",
        e164=MOBILE,
        currency="EUR",
        balance_micros=0,
        seq=0,
        returning=False,
    )
    assert await other.find_account("web", MOBILE) == many[0]
    assert await other.account(many[0].account_id) == many[0]


async def test_another_profile_is_another_account(books: Books) -> None:
    ledger = books.open()
    first = await opened(ledger)
    second = await ledger.open_account("acme", "tv", MOBILE, "EUR")
    assert first.account_id != second.account_id


async def test_unknown_accounts_are_none(books: Books) -> None:
    ledger = books.open()
    await opened(ledger)
    assert await ledger.find_account("web", LANDLINE) is None
    assert await ledger.find_account("tv", MOBILE) is None
    assert await ledger.account("nobody") is None


@pytest.mark.parametrize(("organisation", "currency"), [("other", "EUR"), ("acme", "CHF")])
async def test_an_account_keeps_organisation_and_currency(
    books: Books, organisation: str, currency: str
) -> None:
    ledger = books.open()
    await opened(ledger)
    with pytest.raises(ConflictError):
        await ledger.open_account(organisation, "web", MOBILE, currency)


async def test_a_changed_number_keeps_the_account(books: Books) -> None:
    ledger = books.open()
    account = await opened(ledger)
    await ledger.post(top_up(account.account_id, 500, "t1"))
    await ledger.claim_first_call("acme", "vip", MOBILE, "c1", NOW_MS, None)
    await ledger.claim_first_call("other", "vip", MOBILE, "c1", NOW_MS, None)

    changed = await ledger.change_number(account.account_id, LANDLINE)

    assert changed == replace(account, e164=LANDLINE, balance_micros=500, seq=1)
    assert await ledger.find_account("web", LANDLINE) == changed
    assert await ledger.find_account("web", MOBILE) is None
    assert not await ledger.claim_first_call("acme", "vip", LANDLINE, "c2", NOW_MS, None)
    assert await ledger.claim_first_call("other", "vip", LANDLINE, "c2", NOW_MS, None)
    assert (await opened(ledger)).account_id != account.account_id
    assert await ledger.change_number(account.account_id, LANDLINE) == changed
    assert await ledger.verify() == []


async def test_a_number_in_use_is_not_taken(books: Books) -> None:
    ledger = books.open()
    account = await opened(ledger)
    await opened(ledger, LANDLINE)
    with pytest.raises(ConflictError):
        await ledger.change_number(account.account_id, LANDLINE)
    with pytest.raises(CallerError):
        await ledger.change_number("nobody", "+4940123456")


async def test_a_pin_opens_its_account_alone(books: Books) -> None:
    ledger = books.open()
    account = await opened(ledger)
    assert await ledger.check_pin("web", MOBILE, "1234") is None
    await ledger.set_pin(account.account_id, "1234")
    assert await ledger.check_pin("web", MOBILE, "1234") == account
    assert await ledger.check_pin("web", MOBILE, "1235") is None
    assert await ledger.check_pin("web", MOBILE, "") is None
    assert await ledger.check_pin("tv", MOBILE, "1234") is None
    assert await ledger.check_pin("web", LANDLINE, "1234") is None


@pytest.mark.parametrize("pin", ["", "123", "1" * 13, "12a4", "١٢٣٤", " 1234"])
async def test_a_pin_is_four_to_twelve_digits(books: Books, pin: str) -> None:
    ledger = books.open()
    account = await opened(ledger)
    with pytest.raises(CallerError) as refusal:
        await ledger.set_pin(account.account_id, pin)
    assert refusal.value.field == "pin"


async def test_a_pin_needs_an_account(books: Books) -> None:
    with pytest.raises(CallerError):
        await books.open().set_pin("nobody", "1234")


async def test_five_wrong_pins_lock_for_fifteen_minutes(books: Books) -> None:
    ledger = books.open()
    account = await opened(ledger)
    await ledger.set_pin(account.account_id, "1234")
    for wrong in ("0000", "0001", "0002", "0003"):
        assert await ledger.check_pin("web", MOBILE, wrong) is None
    assert await ledger.check_pin("web", MOBILE, "1234") == account

    for wrong in ("0000", "0001", "0002", "0003", "0004"):
        assert await ledger.check_pin("web", MOBILE, wrong) is None
    assert await ledger.check_pin("web", MOBILE, "1234") is None
    books.wall.ms += 15 * MINUTE_MS - 1
    assert await ledger.check_pin("web", MOBILE, "1234") is None
    books.wall.ms += 1
    assert await ledger.check_pin("web", MOBILE, "1234") == account


async def test_many_pins_at_once_are_five_tries(books: Books) -> None:
    first, second = books.open(), books.open()
    account = await opened(first)
    await first.set_pin(account.account_id, "1234")

    wrong = [each.check_pin("web", MOBILE, "0000") for each in (first, second) * 5]
    answers = await asyncio.gather(*wrong)

    assert answers == [None] * 10
    assert await first.check_pin("web", MOBILE, "1234") is None


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
    booked = []
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


async def test_all_accounts_are_told(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "PAGE_ACCOUNTS", 2)
    ledger = books.open()
    assert [account async for account in ledger.accounts()] == []
    for number in range(4):
        account = await opened(ledger, f"+49301234567{number}")
        await ledger.post(top_up(account.account_id, number, f"t{number}"))

    told = [account async for account in ledger.accounts()]

    assert sorted(account.balance_micros for account in told) == [0, 1, 2, 3]
    assert [account.account_id for account in told] == sorted(a.account_id for a in told)


async def test_the_first_call_offer_goes_to_one_call(books: Books) -> None:
    ledgers = [books.open(), books.open()]

    async def claim(ledger: Ledger, call_id: str, e164: str = MOBILE) -> bool:
        return await ledger.claim_first_call("acme", "vip", e164, call_id, NOW_MS, None)

    answers = await asyncio.gather(
        *(claim(ledgers[number % 2], f"c{number}") for number in range(8))
    )
    assert answers.count(True) == 1
    winner, loser = f"c{answers.index(True)}", f"c{answers.index(False)}"

    assert await claim(ledgers[0], winner)
    await ledgers[0].return_first_call("acme", "vip", MOBILE, loser)
    assert not await claim(ledgers[1], loser)
    assert await claim(ledgers[1], loser, LANDLINE)
    await ledgers[0].return_first_call("acme", "vip", MOBILE, winner)
    assert await claim(ledgers[1], loser)


async def test_a_caller_list_is_its_organisations(books: Books) -> None:
    ledger = books.open()
    assert await ledger.claim_first_call("acme", "vip", MOBILE, "c1", NOW_MS, None)
    assert await ledger.claim_first_call("other", "vip", MOBILE, "c2", NOW_MS, None)
    assert await ledger.claim_first_call("acme", "all", MOBILE, "c3", NOW_MS, None)


async def test_an_offer_in_days_ends_with_the_last_day(books: Books) -> None:
    ledger = books.open()
    days_ms = 3 * 24 * 60 * MINUTE_MS

    async def claim(call_id: str, at_ms: int) -> bool:
        return await ledger.claim_first_call("acme", "vip", MOBILE, call_id, at_ms, 3)

    assert await claim("c1", NOW_MS)
    assert await claim("c2", NOW_MS + days_ms - 1)
    assert not await claim("c3", NOW_MS + days_ms)
    await ledger.return_first_call("acme", "vip", MOBILE, "c2")
    assert not await claim("c3", NOW_MS + days_ms)


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


async def test_a_call_that_was_never_joined_makes_no_returning_caller(books: Books) -> None:
    ledger = books.open()
    one = (await opened(ledger)).account_id
    await ledger.settle(replace(answered_call("c1", one, 0), joined_ms=None, talk_ms=0))
    account = await ledger.account(one)
    assert account is not None
    assert not account.returning


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
