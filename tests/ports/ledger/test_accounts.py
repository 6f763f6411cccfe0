"""Accounts, numbers, PINs and caller lists: one suite over memory, SQLite and PostgreSQL."""

import asyncio
from dataclasses import replace

import pytest

from engine.errors import CallerError, ConflictError
from engine.ledger import sql
from engine.ports.ledger import Account, Ledger
from tests.ports.ledger.books import (
    LANDLINE,
    MINUTE_MS,
    MOBILE,
    NOW_MS,
    Books,
    answered_call,
    opened,
    top_up,
)


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


async def test_marks_can_hold_for_another_number(books: Books) -> None:
    ledger = books.open()
    account = await opened(ledger)
    assert await ledger.claim_first_call("acme", "vip", MOBILE, "c1", NOW_MS, None)
    await ledger.copy_marks(account.account_id, LANDLINE)
    await ledger.copy_marks(account.account_id, LANDLINE)
    assert not await ledger.claim_first_call("acme", "vip", LANDLINE, "c2", NOW_MS, None)
    assert await ledger.claim_first_call("acme", "spa", LANDLINE, "c2", NOW_MS, None)
    with pytest.raises(CallerError):
        await ledger.copy_marks("nobody", LANDLINE)


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


async def test_a_call_that_was_never_joined_makes_no_returning_caller(books: Books) -> None:
    ledger = books.open()
    one = (await opened(ledger)).account_id
    await ledger.settle(replace(answered_call("c1", one, 0), joined_ms=None, talk_ms=0))
    account = await ledger.account(one)
    assert account is not None
    assert not account.returning
