"""What every store does with money, in memory as on a real server."""

import asyncio
import random
from dataclasses import replace

import pytest

from engine.core.account import AccountView, Hold
from engine.errors import CallerError, ConflictError, RemoteError
from engine.ports.store import Store, StorePosting
from tests.ports.stores import METER, Bench, posting, view, wish


class TestAccounts:
    async def test_an_account_never_seen_is_none(self, store: Store) -> None:
        assert await store.account("a") is None

    async def test_a_seeded_account_is_there_with_nothing_held(self, store: Store) -> None:
        seeded = await store.seed_account("a", "EUR", 2_000_000, 7)
        assert seeded == AccountView("a", "EUR", 2_000_000, 7) == await view(store)

    async def test_seeding_again_at_the_same_or_an_earlier_number_changes_nothing(
        self, store: Store
    ) -> None:
        await store.seed_account("a", "EUR", 2_000_000, 7)
        assert (await store.seed_account("a", "EUR", 5, 7)).balance_micros == 2_000_000
        assert (await store.seed_account("a", "EUR", 5, 6)).balance_micros == 2_000_000
        assert (await store.seed_account("a", "EUR", 5, 8)).balance_micros == 5

    async def test_a_number_the_store_cannot_keep_exactly_is_refused(self, store: Store) -> None:
        with pytest.raises(CallerError, match=r"2\*\*53"):
            await store.seed_account("a", "EUR", 2**53, 1)
        largest = 2**53 - 1
        assert (await store.seed_account("a", "EUR", largest, largest)).balance_micros == largest
        assert (await view(store)).seq == largest

    async def test_a_sum_the_store_cannot_keep_exactly_changes_nothing(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 2**53 - 1, 1)
        with pytest.raises(RemoteError) as caught:
            await store.apply(posting(2, 1))
        assert not caught.value.retryable
        assert (await view(store)).seq == 1


class TestPostings:
    async def test_the_next_posting_is_applied(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 100, 3)
        assert await store.apply(posting(4, 50)) == 4
        assert await store.apply(posting(5, -170)) == 5
        assert await view(store) == AccountView("a", "EUR", -20, 5)

    async def test_one_applied_before_changes_nothing(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 100, 3)
        await store.apply(posting(4, 50))
        assert await store.apply(posting(4, 50)) == 4
        assert await store.apply(posting(2, 50)) == 4
        assert (await view(store)).balance_micros == 150

    async def test_after_a_gap_nothing_is_applied_and_no_hold_ends(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 100, 3)
        await store.hold_amount("a", "debit", 10)
        assert await store.apply(posting(5, -10, "debit")) == 3
        assert (await view(store)).available_micros == 90

    async def test_the_first_posting_of_all_puts_the_account_in(self, store: Store) -> None:
        assert await store.apply(posting(2, 5)) == 0
        assert await store.account("a") is None
        assert await store.apply(posting(1, 5)) == 1
        assert await view(store) == AccountView("a", "EUR", 5, 1)

    async def test_a_charge_ends_its_hold_in_the_same_step(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 1_000_000, 1)
        await store.reserve(wish("c", 1, 20))
        await store.apply(posting(2, -130_000, "c"))
        assert await view(store) == AccountView("a", "EUR", 870_000, 2)

    async def test_another_currency_is_a_conflict(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 100, 1)
        with pytest.raises(ConflictError):
            await store.apply(replace(posting(2, 5), currency="CHF"))

    async def test_the_same_postings_from_many_sides_are_applied_once_each(
        self, bench: Bench
    ) -> None:
        engines = [bench.engine() for _ in range(3)]
        await engines[0].seed_account("a", "EUR", 0, 0)
        shuffled = [posting(seq, 10**seq) for seq in range(1, 6)] * 3
        random.Random(5).shuffle(shuffled)

        async def until_applied(at: int, one: StorePosting) -> None:
            while await engines[at % 3].apply(one) < one.seq:
                pass

        await asyncio.gather(*(until_applied(at, one) for at, one in enumerate(shuffled)))
        assert await view(engines[0]) == AccountView("a", "EUR", 111_110, 5)


class TestReserving:
    async def test_a_call_alone_gets_all_it_asks_for_if_that_is_there(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 1_000_000, 1)
        granted = await store.reserve(wish("c", 1, 60))
        assert granted.granted_n == 60
        assert granted.view.holds == (Hold("c", 600_000, METER.granted(60)),)
        assert granted.view == await view(store)

    async def test_the_last_increment_that_fits_is_granted_and_none_beyond(
        self, store: Store
    ) -> None:
        await store.seed_account("a", "EUR", 399_999, 1)
        assert (await store.reserve(wish("c", 1, 60))).granted_n == 39
        assert (await store.reserve(wish("c", 2, 60, 39))).granted_n == 39
        await store.apply(posting(2, 1))
        assert (await store.reserve(wish("c", 3, 60, 39))).granted_n == 40

    async def test_the_same_step_again_holds_nothing_more(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 1_000_000, 1)
        first = await store.reserve(wish("c", 1, 10))
        assert await store.reserve(wish("c", 1, 10)) == first
        second = await store.reserve(wish("c", 2, 20, 10))
        assert second.granted_n == 20
        assert await store.reserve(wish("c", 1, 10)) == second

    async def test_an_engine_that_believes_otherwise_is_told_the_truth(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 1_000_000, 1)
        await store.reserve(wish("c", 1, 10))
        told = await store.reserve(wish("c", 2, 30, 5))
        assert told.granted_n == 10
        assert told.view.holds == (Hold("c", 100_000, METER.granted(10)),)

    async def test_without_levels_only_the_meter_is_written(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 1_000_000, 1)
        await store.reserve(wish("c", 1, 10))
        running = METER.granted(10).started(1_000)
        answer = await store.reserve(wish("c", 2, 10, 10, meter=running))
        assert answer.granted_n == 10
        assert answer.view.holds == (Hold("c", 100_000, running),)

    async def test_what_costs_nothing_is_granted_without_any_money(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 0, 1)
        assert (await store.reserve(wish("c", 1, 0, levels=(0, 0, 0, 1)))).granted_n == 3

    async def test_what_costs_nothing_is_granted_to_a_call_below_zero(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 10_000, 1)
        await store.reserve(wish("c", 1, 1))
        await store.apply(posting(2, -20_000))
        levels = (10_000, 10_000, 20_000)
        assert (await store.reserve(wish("c", 2, 1, 1, levels=levels))).granted_n == 3

    async def test_no_first_hold_below_zero(self, store: Store) -> None:
        await store.seed_account("a", "EUR", -1, 1)
        answer = await store.reserve(wish("c", 1, 0, levels=(0, 0)))
        assert (answer.granted_n, answer.view.holds) == (0, ())

    async def test_an_account_never_seen_is_the_callers_fault(self, store: Store) -> None:
        with pytest.raises(CallerError):
            await store.reserve(wish("c", 1, 10))

    async def test_levels_that_fall_are_the_callers_fault(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 1_000_000, 1)
        with pytest.raises(CallerError):
            await store.reserve(wish("c", 1, 0, levels=(20, 10)))

    async def test_a_call_gets_its_share_of_what_is_available(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 1_000_000, 1)
        await store.reserve(wish("b", 1, 20))
        assert (await store.reserve(wish("c", 1, 60))).granted_n == 40

    async def test_a_call_gets_the_least_it_wants_beyond_its_share(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 100_000, 1)
        await store.reserve(wish("b", 1, 2))
        assert (await store.reserve(wish("c", 1, 60, least=5))).granted_n == 5
        await store.drop_hold("a", "c")
        assert (await store.reserve(wish("c", 2, 60, least=50))).granted_n == 8

    async def test_fixed_amounts_are_no_calls_to_share_with(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 1_000_000, 1)
        await store.hold_amount("a", "debit", 200_000)
        assert (await store.reserve(wish("c", 1, 100))).granted_n == 80

    @pytest.mark.parametrize("calls", [1, 2, 10])
    @pytest.mark.parametrize("seed", range(3))
    async def test_calls_side_by_side_use_up_exactly_all(
        self, bench: Bench, calls: int, seed: int
    ) -> None:
        """0.60 a minute by the second and 0.50: nobody hangs up, fifty seconds are sold."""
        chance = random.Random(seed)
        engines = [bench.engine() for _ in range(3)]
        await engines[0].seed_account("a", "EUR", 500_000, 1)

        async def talk(call_id: str) -> int:
            granted_n, refusals, step = 0, 0, 0
            while refusals < 2:
                step += 1
                for _ in range(chance.randrange(5)):
                    await asyncio.sleep(0)
                upto_n = granted_n + chance.randint(1, 20)
                order = wish(call_id, step, upto_n, granted_n, least=chance.randint(1, 5))
                answer = await chance.choice(engines).reserve(order)
                assert answer.view.available_micros >= 0
                refusals = refusals + 1 if answer.granted_n == granted_n else 0
                granted_n = answer.granted_n
            return granted_n

        granted = await asyncio.gather(*(talk(f"c{n}") for n in range(calls)))
        assert sum(granted) == 50
        assert (await view(engines[0])).available_micros == 0


class TestFixedHolds:
    async def test_what_is_available_can_be_held_once(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 100, 1)
        assert await store.hold_amount("a", "d1", 60)
        assert await store.hold_amount("a", "d1", 60)
        assert not await store.hold_amount("a", "d2", 41)
        assert await store.hold_amount("a", "d3", 40)
        assert (await view(store)).holds == (Hold("d1", 60), Hold("d3", 40))

    async def test_the_same_id_for_something_else_is_a_conflict(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 1_000_000, 1)
        await store.hold_amount("a", "d", 60)
        await store.reserve(wish("c", 1, 10))
        with pytest.raises(ConflictError):
            await store.hold_amount("a", "d", 61)
        with pytest.raises(ConflictError):
            await store.hold_amount("a", "c", 100_000)
        with pytest.raises(ConflictError):
            await store.reserve(wish("d", 1, 10))

    async def test_a_booked_debit_is_not_held_again(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 100, 1)
        await store.hold_amount("a", "d", 60)
        await store.apply(posting(2, -60, "d"))
        assert await store.hold_amount("a", "d", 60)
        assert (await view(store)).available_micros == 40

    async def test_a_dropped_hold_can_be_made_again(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 100, 1)
        await store.hold_amount("a", "d", 60)
        await store.drop_hold("a", "d")
        await store.drop_hold("a", "d")
        assert (await view(store)).available_micros == 100
        assert await store.hold_amount("a", "d", 100)

    async def test_less_than_nothing_cannot_be_held(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 100, 1)
        with pytest.raises(CallerError):
            await store.hold_amount("a", "d", -1)


class TestAfterLoss:
    async def test_a_lost_hold_is_put_back_whatever_is_there(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 50_000, 1)
        restored = await store.restore_hold("a", "c", 2, METER.granted(10), 100_000)
        assert restored.holds == (Hold("c", 100_000, METER.granted(10)),)
        assert restored.available_micros == -50_000
        assert (await store.reserve(wish("c", 1, 20, 10, epoch=2))).granted_n == 10

    async def test_after_putting_back_the_new_owners_steps_count(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 1_000_000, 1)
        await store.reserve(wish("c", 7, 5))
        for call_id in ("c", "d"):
            await store.restore_hold("a", call_id, 2, METER.granted(10), 100_000)
            answer = await store.reserve(wish(call_id, 1, 20, 10, epoch=2))
            assert answer.granted_n == 20

    async def test_putting_back_never_lowers_a_hold(self, store: Store) -> None:
        await store.seed_account("a", "EUR", 1_000_000, 1)
        await store.reserve(wish("c", 1, 20))
        restored = await store.restore_hold("a", "c", 1, METER.granted(10), 100_000)
        assert restored.holds == (Hold("c", 200_000, METER.granted(20)),)
        with pytest.raises(ConflictError):
            await store.restore_hold("a", "c", 0, METER.granted(30), 300_000)

    async def test_a_closed_account_grants_nothing_until_its_time_is_over(
        self, bench: Bench
    ) -> None:
        store = bench.engine()
        await store.seed_account("a", "EUR", 1_000_000, 1, closed_ms=60_000)
        for refused in (store.reserve(wish("c", 1, 10)), store.hold_amount("a", "d", 5)):
            with pytest.raises(RemoteError) as caught:
                await refused
            assert caught.value.retryable
        await store.restore_hold("a", "b", 1, METER.granted(10), 100_000)
        assert (await view(store)).held_micros == 100_000

    async def test_a_closed_account_opens_by_the_stores_clock(self, bench: Bench) -> None:
        store = bench.engine()
        await store.seed_account("a", "EUR", 1_000_000, 1, closed_ms=20)
        await bench.pass_ms(30)
        assert (await store.reserve(wish("c", 1, 10))).granted_n == 10

    async def test_the_generation_stays_while_the_data_does(self, bench: Bench) -> None:
        assert await bench.engine().generation() == await bench.engine().generation()
