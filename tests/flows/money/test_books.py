"""Whether store and journal are one, told while calls run; and a store put back."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.flows.money import books
from engine.flows.money.accounts import CLOSED_MS
from engine.flows.money.books import Rebuilt
from tests.fakes.clock import run_virtually
from tests.flows.world import LANDLINE, MOBILE, World, world

LONGER_S = (books.UNAPPLIED_MS + 1_000) / 1000


def in_a_world(work: Any) -> None:
    """Run a test's work in a house with one engine, in virtual time."""

    async def main() -> None:
        async with world() as house:
            await work(house)

    run_virtually(main())


async def verify(house: World) -> tuple[str, ...]:
    return await books.verify(house.ledger, house.store, house.clock)


async def rebuild(house: World) -> Rebuilt:
    return await books.rebuild(house.ledger, house.store, house.clock)


async def only_in_the_journal(house: World, account_id: str, micros: int) -> None:
    """Book without telling the store, and let no engine find it in the outbox."""
    entry = Entry(
        key=f"quiet:{micros}",
        kind=EntryKind.CREDIT,
        currency="EUR",
        postings=(Posting(customer(account_id), micros), Posting("adjustment", -micros)),
        at_ms=house.now_ms(),
    )
    await house.ledger.mark_applied(await house.ledger.post(entry))


class TestVerify:
    def test_nothing_differs_while_calls_come_and_go(self) -> None:
        async def work(house: World) -> None:
            await house.book(LANDLINE, 3_000_000)
            await house.book(MOBILE, 500_000)
            calls = [house.call(), house.call(), house.call(MOBILE)]
            for _ in range(60):
                assert await verify(house) == ()
                await asyncio.sleep(5)
            assert not any(call.alive for call in calls)
            assert await verify(house) == ()

        in_a_world(work)

    def test_it_takes_no_time_when_nothing_is_in_doubt(self) -> None:
        async def work(house: World) -> None:
            await house.book(LANDLINE, 3_000_000)
            began_ms = house.now_ms()
            assert await verify(house) == ()
            assert house.now_ms() == began_ms

        in_a_world(work)

    def test_a_row_is_given_five_seconds(self) -> None:
        async def work(house: World) -> None:
            account_id = await house.book(LANDLINE, 3_000_000)
            await only_in_the_journal(house, account_id, 7)
            late = asyncio.create_task(verify(house))
            await asyncio.sleep(books.UNAPPLIED_MS / 1000 - 1)
            await house.relay.apply(await house.ledger.postings_after(account_id, 1))
            assert await late == ()
            await only_in_the_journal(house, account_id, 8)
            began_ms = house.now_ms()
            assert await verify(house) == (
                f"account {account_id}: 1 postings after 2 are not in the store",
            )
            assert house.now_ms() - began_ms == books.UNAPPLIED_MS

        in_a_world(work)

    def test_a_busy_account_is_not_behind(self) -> None:
        """Though each look finds it behind: it is by other rows each time."""

        async def work(house: World) -> None:
            account_id = await house.book(LANDLINE, 3_000_000)

            async def keep_behind() -> None:
                for n in range(1_000):
                    last = await house.ledger.postings_after(account_id, n)
                    await only_in_the_journal(house, account_id, n + 1)
                    await house.relay.apply(last)
                    await asyncio.sleep(0.1)

            busy = asyncio.create_task(keep_behind())
            await asyncio.sleep(0.05)
            assert await verify(house) == ()
            busy.cancel()
            await asyncio.gather(busy, return_exceptions=True)

        in_a_world(work)

    def test_what_the_journal_finds_wrong_with_itself_is_told(self) -> None:
        async def work(house: World) -> None:
            await house.book(LANDLINE, 3_000_000)
            known = house.ledger._accounts["a1"]
            house.ledger._accounts["a1"] = replace(known, balance_micros=1)
            assert "account a1: balance is not the sum of its postings" in await verify(house)

        in_a_world(work)

    def test_a_wrong_balance_is_told_with_both_numbers(self) -> None:
        async def work(house: World) -> None:
            account_id = await house.book(LANDLINE, 3_000_000)
            house.data.accounts[account_id].balance_micros += 1
            assert await verify(house) == (
                f"account {account_id}: 3.000001 in the store at 1, 3.00 in the journal",
            )

        in_a_world(work)

    def test_a_store_ahead_of_its_journal_is_told(self) -> None:
        async def work(house: World) -> None:
            account_id = await house.book(LANDLINE, 3_000_000)
            house.data.accounts[account_id].seq = 9
            assert await verify(house) == (f"account {account_id}: the store has 9, the journal 1",)

        in_a_world(work)

    def test_holds_of_nobody_and_of_the_wrong_amount_are_told(self) -> None:
        async def work(house: World) -> None:
            account_id = await house.book(LANDLINE, 3_000_000)
            call = house.call()
            await house.talks_for(call, 5)
            hold = house.data.accounts[account_id].holds[call.leg]
            house.data.accounts[account_id].holds["gone"] = replace(hold)
            hold.micros -= 1
            name = f"account {account_id}: the hold of"
            assert await verify(house) == (
                f"{name} {call.leg} is not what its {hold.granted_n} increments cost",
                f"{name} gone belongs to no live call and no coming posting",
            )

        in_a_world(work)

    def test_a_live_call_must_hold_what_it_was_granted(self) -> None:
        async def work(house: World) -> None:
            account_id = await house.book(LANDLINE, 3_000_000)
            call = house.call()
            await house.talks_for(call, 5)
            del house.data.accounts[account_id].holds[call.leg]
            assert await verify(house) == (
                f"account {account_id}: not all is held that call {call.leg} was granted",
            )

        in_a_world(work)

    def test_a_lost_account_is_told_and_one_never_used_is_not(self) -> None:
        async def work(house: World) -> None:
            account_id = await house.book(LANDLINE, 3_000_000)
            await house.ledger.open_account("acme", "acme-eur", MOBILE, "EUR")
            del house.data.accounts[account_id]
            assert await verify(house) == (f"account {account_id} is not in the store",)

        in_a_world(work)


class TestRebuild:
    def test_an_emptied_store_is_put_back_under_live_calls(self) -> None:
        async def work(house: World) -> None:
            await house.book(LANDLINE, 500_000)
            await house.book(MOBILE, 4_000_000)
            calls = [house.call(), house.call()]
            for call in calls:
                await house.talks_for(call, 5)
            calls.append(house.call(MOBILE))
            await house.talks_for(calls[-1], 5)
            house.data.empty()
            await rebuild(house)
            await asyncio.sleep(LONGER_S)
            assert await verify(house) == ()
            records = [await house.record(call) for call in calls]
            spent = [record.charge_micros for record in records]
            assert spent[0] + spent[1] == 500_000
            assert spent[2] == 4_000_000
            assert await house.balance(LANDLINE) == 0
            assert await verify(house) == ()

        in_a_world(work)

    def test_nothing_is_granted_before_the_calls_had_time_to_come_back(self) -> None:
        async def work(house: World) -> None:
            account_id = await house.book(LANDLINE, 900_000)
            await house.stop()  # nobody is there who would put holds back
            house.data.empty()
            assert await rebuild(house) == Rebuilt(put_in=1, brought_up=0, holds_ended=0)
            kept = house.data.accounts[account_id]
            assert (kept.balance_micros, kept.seq) == (900_000, 1)
            assert kept.closed_until_ms == house.now_ms() + CLOSED_MS
            await house.start_engine("e2")
            refused = house.call(engine="e2")
            record = await house.record(refused)
            assert (record.charge_micros, record.disposition) == (0, "fault")
            await asyncio.sleep(CLOSED_MS / 1000)
            call = house.call(engine="e2")
            assert (await house.record(call)).charge_micros == 900_000

        in_a_world(work)

    def test_a_store_that_fell_behind_is_replayed_so_that_holds_end(self) -> None:
        async def work(house: World) -> None:
            account_id = await house.book(LANDLINE, 900_000)
            call = house.call()
            await house.talks_for(call, 5)
            before = replace(house.data.accounts[account_id])
            before.holds = dict(before.holds)
            house.switch.hang_up(call.leg)
            record = await house.record(call)
            before.ended_ms = {}
            house.data.accounts[account_id] = before
            assert len(await verify(house)) == 1
            assert await rebuild(house) == Rebuilt(put_in=0, brought_up=1, holds_ended=0)
            assert await house.balance(LANDLINE) == 900_000 - record.charge_micros
            assert await house.held(LANDLINE) == 0
            assert await verify(house) == ()

        in_a_world(work)

    def test_a_hold_whose_charge_is_booked_is_ended(self) -> None:
        async def work(house: World) -> None:
            account_id = await house.book(LANDLINE, 900_000)
            call = house.call()
            await house.talks_for(call, 5)
            hold = replace(house.data.accounts[account_id].holds[call.leg])
            house.switch.hang_up(call.leg)
            await house.record(call)
            house.data.accounts[account_id].holds[call.leg] = hold
            assert (await rebuild(house)).holds_ended == 1
            assert await verify(house) == ()

        in_a_world(work)

    def test_an_amount_held_for_a_debit_that_never_came_is_given_free(self) -> None:
        async def work(house: World) -> None:
            account_id = await house.book(LANDLINE, 900_000)
            await house.store.hold_amount(account_id, "operator:lost", 100_000)
            assert "belongs to no live call" in (await verify(house))[0]
            assert (await rebuild(house)).holds_ended == 1
            assert await verify(house) == ()

        in_a_world(work)

    @pytest.mark.parametrize("times", [1, 2])
    def test_repeating_it_changes_nothing(self, times: int) -> None:
        async def work(house: World) -> None:
            await house.book(LANDLINE, 900_000)
            for _ in range(times):
                assert await rebuild(house) == Rebuilt(0, 0, 0)

        in_a_world(work)
