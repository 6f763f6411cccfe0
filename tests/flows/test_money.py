"""An operator's hand on the accounts: what calls hold is never taken, and nothing is done twice."""

import asyncio
from typing import Any

import pytest

from engine.core.posting import EntryKind
from engine.errors import CallerError, ConflictError, RemoteError
from engine.flows.money import books
from engine.flows.money.accounts import CLOSED_MS
from engine.flows.money.movements import Booked, Denied, DenyReason, Money, Why
from tests.fakes.clock import run_virtually
from tests.flows.world import LANDLINE, MOBILE, World, world

EURO = 1_000_000
OTHER = "+493023125200"


def why(key: str = "k1", reason: str = "by hand", author: str = "ada") -> Why:
    return Why(key=key, reason=reason, author=author)


def in_a_world(work: Any) -> None:
    async def main() -> None:
        async with world() as house:
            await work(house, Money(house.ledger, house.store, house.clock))
            assert await books.verify(house.ledger, house.store, house.clock) == ()

    run_virtually(main())


async def opened(house: World, e164: str) -> str:
    return (await house.ledger.open_account("acme", "acme-eur", e164, "EUR")).account_id


async def reached(house: World, account_id: str) -> int:
    """The balance, once the store has all that the journal has."""
    account = await house.ledger.account(account_id)
    view = await house.store.account(account_id)
    assert account is not None
    assert view is not None
    assert (view.seq, view.balance_micros) == (account.seq, account.balance_micros)
    return view.balance_micros


class TestCredit:
    def test_money_given_is_in_the_store_with_its_reason(self) -> None:
        async def work(house: World, money: Money) -> None:
            account_id = await opened(house, LANDLINE)
            done = await money.credit(account_id, 5 * EURO, why())
            assert (done.key, done.micros, done.in_store) == ("operator:k1", 5 * EURO, True)
            assert done.account.balance_micros == await reached(house, account_id) == 5 * EURO
            (line,) = await house.ledger.lines(account_id, 0, 2**53)
            assert (line.kind, line.reason, line.author) == (EntryKind.CREDIT, "by hand", "ada")

        in_a_world(work)

    def test_a_key_gives_once(self) -> None:
        async def work(house: World, money: Money) -> None:
            account_id = await opened(house, LANDLINE)
            first, second = [await money.credit(account_id, EURO, why()) for _ in range(2)]
            assert first == second
            with pytest.raises(ConflictError):
                await money.credit(account_id, 2 * EURO, why())
            with pytest.raises(ConflictError):
                await money.credit(account_id, EURO, why(reason="another"))
            assert await reached(house, account_id) == EURO

        in_a_world(work)

    def test_a_running_call_goes_on_with_it(self) -> None:
        async def work(house: World, money: Money) -> None:
            account_id = await house.book(LANDLINE, 300_000)
            call = house.call()
            await house.talks_for(call, 25)
            await money.credit(account_id, 200_000, why())
            assert (await house.record(call)).charge_micros == 500_000

        in_a_world(work)

    def test_without_a_store_the_journal_has_it_and_the_store_learns_later(self) -> None:
        async def work(house: World, _: Money) -> None:
            account_id = await opened(house, LANDLINE)
            money = Money(house.ledger, None, house.clock)
            assert not (await money.credit(account_id, EURO, why())).in_store
            await asyncio.sleep(1)
            assert await reached(house, account_id) == EURO
            with pytest.raises(RemoteError):
                await money.debit(account_id, 1, why("k2"))

        in_a_world(work)

    def test_a_store_that_is_away_learns_later(self) -> None:
        async def work(house: World, money: Money) -> None:
            account_id = await opened(house, LANDLINE)
            house.store_away()
            assert not (await money.credit(account_id, EURO, why())).in_store
            house.store_back()
            await asyncio.sleep(2)
            assert await reached(house, account_id) == EURO

        in_a_world(work)

    def test_an_answer_of_the_journal_that_is_lost_is_asked_for_again(self) -> None:
        async def work(house: World, money: Money) -> None:
            account_id = await opened(house, LANDLINE)
            house.ledger.fail_next(1, "post", after=True)
            assert (await money.credit(account_id, EURO, why())).in_store
            house.ledger.fail_next(3, "post")
            with pytest.raises(RemoteError):
                await money.credit(account_id, EURO, why("k2"))
            assert await reached(house, account_id) == EURO

        in_a_world(work)

    @pytest.mark.parametrize("micros", [0, -1, 10**15 + 1])
    def test_what_is_no_amount_is_refused(self, micros: int) -> None:
        async def work(house: World, money: Money) -> None:
            account_id = await house.book(LANDLINE, EURO)
            for refused in (
                money.credit(account_id, micros, why()),
                money.debit(account_id, micros, why()),
                money.move(account_id, "other", micros, why()),
            ):
                with pytest.raises(CallerError) as fault:
                    await refused
                assert fault.value.field == "amount"

        in_a_world(work)

    def test_nobody_unknown_is_given_or_taken_anything(self) -> None:
        async def work(house: World, money: Money) -> None:
            for refused in (
                money.credit("nobody", 1, why()),
                money.debit("nobody", 1, why()),
                money.change_number("nobody", OTHER, why()),
            ):
                with pytest.raises(CallerError) as fault:
                    await refused
                assert fault.value.field == "account"

        in_a_world(work)

    @pytest.mark.parametrize("field", ["key", "reason", "author"])
    def test_every_movement_says_why_and_by_whom(self, field: str) -> None:
        with pytest.raises(CallerError) as fault:
            why(**{field: " "})
        assert fault.value.field == field


class TestDebit:
    def test_what_is_free_is_taken(self) -> None:
        async def work(house: World, money: Money) -> None:
            account_id = await house.book(LANDLINE, 3 * EURO)
            done = await money.debit(account_id, 3 * EURO, why())
            assert isinstance(done, Booked)
            assert await reached(house, account_id) == 0
            assert await house.held(LANDLINE) == 0

        in_a_world(work)

    def test_what_calls_hold_is_not_taken(self) -> None:
        async def work(house: World, money: Money) -> None:
            account_id = await house.book(LANDLINE, 3 * EURO)
            call = house.call()
            await house.talks_for(call, 5)
            held = await house.held(LANDLINE)
            free = 3 * EURO - held
            assert await money.debit(account_id, free + 1, why()) == Denied(
                DenyReason.NOT_AVAILABLE, free
            )
            assert isinstance(await money.debit(account_id, free, why()), Booked)
            assert await house.held(LANDLINE) == held
            assert (await house.record(call)).charge_micros == held
            assert await reached(house, account_id) == 0

        in_a_world(work)

    def test_debits_at_once_take_no_more_than_there_is(self) -> None:
        async def work(house: World, money: Money) -> None:
            account_id = await house.book(LANDLINE, 10 * EURO)
            call = house.call()
            await house.talks_for(call, 5)
            free = 10 * EURO - await house.held(LANDLINE)
            wishes = [money.debit(account_id, EURO, why(f"k{n}")) for n in range(20)]
            done = await asyncio.gather(*wishes)
            assert sum(isinstance(one, Booked) for one in done) == free // EURO
            await house.record(call)
            assert await reached(house, account_id) >= 0

        in_a_world(work)

    def test_a_key_takes_once_also_at_once(self) -> None:
        async def work(house: World, money: Money) -> None:
            account_id = await house.book(LANDLINE, 3 * EURO)
            done = await asyncio.gather(
                *(money.debit(account_id, 2 * EURO, why()) for _ in range(5))
            )
            assert {type(one) for one in done} == {Booked}
            assert await reached(house, account_id) == EURO
            assert isinstance(await money.debit(account_id, 2 * EURO, why()), Booked)
            with pytest.raises(ConflictError):
                await money.debit(account_id, EURO, why())
            assert await reached(house, account_id) == EURO
            assert await house.held(LANDLINE) == 0

        in_a_world(work)

    @pytest.mark.parametrize("euros", [3, 10])
    def test_a_key_takes_once_though_the_store_has_forgotten_it(self, euros: int) -> None:
        async def work(house: World, money: Money) -> None:
            account_id = await house.book(LANDLINE, euros * EURO)
            await money.debit(account_id, 2 * EURO, why())
            house.data.empty()
            await books.rebuild(house.ledger, house.store, house.clock)
            with pytest.raises(RemoteError):  # the account is closed until calls are back
                await money.debit(account_id, 2 * EURO, why())
            await asyncio.sleep(CLOSED_MS / 1000)
            assert isinstance(await money.debit(account_id, 2 * EURO, why()), Booked)
            assert await reached(house, account_id) == (euros - 2) * EURO
            assert await house.held(LANDLINE) == 0

        in_a_world(work)

    def test_an_answer_that_is_lost_anywhere_is_mended_by_the_same_key(self) -> None:
        async def work(house: World, money: Money) -> None:
            account_id = await house.book(LANDLINE, 3 * EURO)
            house.ledger.fail_next(3, "post", after=True)
            with pytest.raises(RemoteError):
                await money.debit(account_id, 2 * EURO, why())
            done = await money.debit(account_id, 2 * EURO, why())
            assert isinstance(done, Booked)
            assert done.in_store
            assert await reached(house, account_id) == EURO
            assert await house.held(LANDLINE) == 0

        in_a_world(work)

    def test_what_the_journal_refuses_is_not_held_any_longer(self) -> None:
        async def work(house: World, money: Money) -> None:
            account_id = await house.book(LANDLINE, 3 * EURO)
            await money.credit(account_id, EURO, why())
            with pytest.raises(ConflictError):
                await money.debit(account_id, EURO, why())
            assert await house.held(LANDLINE) == 0

        in_a_world(work)

    def test_a_debit_under_way_is_held(self) -> None:
        """From a caller who would talk it away, while the journal does not answer."""

        async def work(house: World, money: Money) -> None:
            account_id = await house.book(LANDLINE, 3 * EURO)

            async def slow(method: str) -> None:
                await asyncio.sleep(300 if method == "post" else 0)

            house.ledger.on_call = slow
            debit = asyncio.create_task(money.debit(account_id, 2_500_000, why()))
            await asyncio.sleep(1)
            record = await house.record(house.call())
            assert record.charge_micros == 500_000
            assert isinstance(await debit, Booked)
            assert await reached(house, account_id) == 0

        in_a_world(work)


class TestMove:
    def test_an_amount_or_all_that_is_available_moves(self) -> None:
        async def work(house: World, money: Money) -> None:
            source = await house.book(LANDLINE, 5 * EURO)
            target = await opened(house, MOBILE)
            assert isinstance(await money.move(source, target, EURO, why("k1")), Booked)
            assert (await reached(house, source), await reached(house, target)) == (
                4 * EURO,
                EURO,
            )
            call = house.call()
            await house.talks_for(call, 5)
            held = await house.held(LANDLINE)
            done = await money.move(source, target, None, why("k2"))
            assert isinstance(done, Booked)
            assert done.micros == 4 * EURO - held
            again = await money.move(source, target, None, why("k2"))
            assert again == done
            assert await reached(house, target) == 5 * EURO - held
            assert (await house.record(call)).charge_micros == held
            assert await money.move(source, target, None, why("k3")) == Denied(
                DenyReason.NOT_AVAILABLE, 0
            )

        in_a_world(work)

    def test_all_of_it_moves_once_though_the_journal_lost_its_answer(self) -> None:
        async def work(house: World, money: Money) -> None:
            source = await house.book(LANDLINE, 5 * EURO)
            target = await opened(house, MOBILE)
            house.ledger.fail_next(3, "post")
            with pytest.raises(RemoteError):
                await money.move(source, target, None, why())
            assert isinstance(await money.move(source, target, None, why()), Booked)
            assert (await reached(house, source), await reached(house, target)) == (0, 5 * EURO)

        in_a_world(work)

    def test_money_stays_within_organisation_and_currency(self) -> None:
        async def work(house: World, money: Money) -> None:
            source = await house.book(LANDLINE, EURO)
            targets = (
                source,
                "nobody",
                (await house.ledger.open_account("acme", "acme-chf", OTHER, "CHF")).account_id,
                (await house.ledger.open_account("zeta", "zeta-eur", OTHER, "EUR")).account_id,
            )
            for target in targets:
                with pytest.raises(CallerError) as fault:
                    await money.move(source, target, EURO, why())
                assert fault.value.field == "to"
            assert await reached(house, source) == EURO
            assert await house.held(LANDLINE) == 0

        in_a_world(work)

    def test_a_call_on_the_target_goes_on_with_it(self) -> None:
        async def work(house: World, money: Money) -> None:
            source = await house.book(MOBILE, 200_000)
            target = await house.book(LANDLINE, 300_000)
            call = house.call()
            await house.talks_for(call, 25)
            await money.move(source, target, None, why())
            assert (await house.record(call)).charge_micros == 500_000

        in_a_world(work)


class TestChangeOfNumber:
    def test_everything_stays_with_the_account(self) -> None:
        async def work(house: World, money: Money) -> None:
            account_id = await house.book(LANDLINE, EURO)
            claim = ("acme", "vip")
            assert await house.ledger.claim_first_call(*claim, LANDLINE, "c1", 0, None)
            changed = await money.change_number(account_id, OTHER, why())
            assert not isinstance(changed, Denied)
            assert (changed.account_id, changed.e164) == (account_id, OTHER)
            assert await house.ledger.find_account("acme-eur", LANDLINE) is None
            assert not await house.ledger.claim_first_call(*claim, OTHER, "c2", 0, None)
            assert await money.change_number(account_id, OTHER, why()) == changed

        in_a_world(work)

    def test_it_goes_on_under_a_call(self) -> None:
        async def work(house: World, money: Money) -> None:
            account_id = await house.book(LANDLINE, 500_000)
            call = house.call()
            await house.talks_for(call, 5)
            await money.change_number(account_id, OTHER, why())
            assert (await house.record(call)).charge_micros == 500_000

        in_a_world(work)

    def test_a_number_that_has_an_account_is_merged_only_when_that_is_wanted(self) -> None:
        async def work(house: World, money: Money) -> None:
            old, new = await house.book(LANDLINE, EURO), await house.book(OTHER, 2 * EURO)
            assert await house.ledger.claim_first_call("acme", "vip", LANDLINE, "c1", 0, None)
            assert await money.change_number(old, OTHER, why()) == Denied(
                DenyReason.NUMBER_TAKEN, EURO, other=new
            )
            for _ in range(2):
                merged = await money.change_number(old, OTHER, why(), merge=True)
                assert not isinstance(merged, Denied)
                assert (merged.account_id, merged.balance_micros) == (new, 3 * EURO)
            assert await reached(house, old) == 0
            assert not await house.ledger.claim_first_call("acme", "vip", OTHER, "c2", 0, None)
            (line,) = [one for one in await house.ledger.lines(new, 0, 2**53) if one.seq == 2]
            assert (line.kind, line.micros, line.author) == (EntryKind.MOVE, EURO, "ada")

        in_a_world(work)

    def test_an_account_with_a_call_or_a_debt_is_not_merged(self) -> None:
        async def work(house: World, money: Money) -> None:
            old, new = await house.book(LANDLINE, EURO), await opened(house, OTHER)
            call = house.call()
            await house.talks_for(call, 5)
            denied = await money.change_number(old, OTHER, why(), merge=True)
            assert isinstance(denied, Denied)
            assert (denied.reason, denied.other) == (DenyReason.MONEY_IS_HELD, new)
            await house.record(call)
            await house.book(LANDLINE, -5 * EURO, EntryKind.REVERSAL)
            denied = await money.change_number(old, OTHER, why(), merge=True)
            assert isinstance(denied, Denied)
            assert denied.reason is DenyReason.NOT_AVAILABLE

        in_a_world(work)

    @pytest.mark.parametrize("number", ["", "030 23125", "+49", "sip:x@y", "+493023125100x"])
    def test_what_is_no_number_is_refused(self, number: str) -> None:
        async def work(house: World, money: Money) -> None:
            account_id = await opened(house, LANDLINE)
            with pytest.raises(CallerError) as fault:
                await money.change_number(account_id, number, why())
            assert fault.value.field == "number"

        in_a_world(work)
