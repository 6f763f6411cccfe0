"""A store that loses what it kept, while people talk."""

import asyncio
from dataclasses import replace
from typing import Any

from engine.flows.money import books
from engine.flows.money.accounts import CLOSED_MS
from engine.flows.reconcile import LEASE_MS
from tests.fakes.clock import run_virtually
from tests.flows.world import LANDLINE, World, inventory, service, tariff, world


def in_a_world(work: Any, **terms: object) -> None:
    async def main() -> None:
        async with world(inventory(service(tariff=tariff(**terms)))) as house:
            await work(house)

    run_virtually(main())


async def agree(house: World) -> None:
    assert await books.verify(house.ledger, house.store, house.clock) == ()


def test_engines_put_back_what_an_emptied_store_has_lost() -> None:
    """Money, holds, calls and agents, without anybody's order."""

    async def work(house: World) -> None:
        account_id = await house.book(LANDLINE, 3_000_000)
        calls = [house.call(), house.call()]
        for call in calls:
            await house.talks_for(call, 5)
        before = house.data.view(account_id)
        busy = {name: state.call_id for name, state in house.data.agents.items()}
        house.data.empty()
        await asyncio.sleep(2)
        assert house.data.view(account_id) == before
        assert {name: state.call_id for name, state in house.data.agents.items()} == busy
        assert sorted(house.data.calls) == sorted(call.leg for call in calls)
        await asyncio.sleep(10)
        await agree(house)
        records = [await house.record(call) for call in calls]
        assert sum(record.charge_micros for record in records) == 3_000_000
        await agree(house)

    in_a_world(work)


def test_a_store_emptied_in_each_moment_of_a_call_costs_nobody_anything() -> None:
    async def work(house: World) -> None:
        for n in range(60):
            await house.book(LANDLINE, 40_000)
            call = house.call()
            await asyncio.sleep(n / 4)
            house.data.empty()
            await house.record(call)
            await asyncio.sleep(CLOSED_MS / 1000)
            assert await house.balance(LANDLINE) >= 0
            assert await house.held(LANDLINE) == 0
            await agree(house)

    in_a_world(work)


def test_an_account_that_falls_behind_under_a_call_is_brought_up() -> None:
    """As after a failover to a server that lacked the last writes."""

    async def work(house: World) -> None:
        account_id = await house.book(LANDLINE, 500_000)
        call = house.call()
        await house.talks_for(call, 5)
        past = replace(house.data.accounts[account_id])
        past.holds = {name: replace(hold) for name, hold in past.holds.items()}
        await house.book(LANDLINE, 500_000)
        await asyncio.sleep(20)
        house.data.accounts[account_id] = past
        house.store_back()
        await asyncio.sleep(2)
        await agree(house)
        assert (await house.record(call)).charge_micros == 1_000_000
        await agree(house)

    in_a_world(work)


def test_a_hold_that_lost_its_last_slices_is_raised_again() -> None:
    """Else the call would be granted nothing more: the store would not believe it."""

    async def work(house: World) -> None:
        account_id = await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talks_for(call, 5)
        past = replace(house.data.accounts[account_id].holds[call.leg])
        await house.talks_for(call, 60)
        assert house.data.accounts[account_id].holds[call.leg].granted_n > past.granted_n
        house.data.accounts[account_id].holds[call.leg] = past
        assert (await house.record(call)).charge_micros == 3_000_000
        await agree(house)

    in_a_world(work)


def test_nobody_is_taken_for_dead_because_the_store_was_away() -> None:
    async def work(house: World) -> None:
        await house.start_engine("e2")
        await house.book(LANDLINE, 3_000_000)
        call = house.call(engine="e1")
        await house.talks_for(call, 5)
        await asyncio.sleep(LEASE_MS / 1000)
        house.store_away()
        await asyncio.sleep(LEASE_MS / 1000 + 2)
        house.stores["e2"].reconnect()
        await asyncio.sleep(1.5)  # e1 has not found its way back yet
        house.store_back()
        await asyncio.sleep(LEASE_MS / 1000 + 2)
        assert house.engines["e1"].calls.task_of(call.leg) is not None
        assert house.engines["e2"].calls.live == ()
        assert house.engines["e1"].calls.counts.lost == 0
        assert (await house.record(call)).charge_micros == 3_000_000

    in_a_world(work)


def test_a_dead_engines_calls_are_taken_over_soon() -> None:
    async def work(house: World) -> None:
        await house.start_engine("e2")
        await house.book(LANDLINE, 3_000_000)
        call = house.call(engine="e1")
        await house.talks_for(call, 5)
        await house.kill_engine("e1")
        await asyncio.sleep(LEASE_MS / 1000 + 1.5)
        assert house.engines["e2"].calls.task_of(call.leg) is not None

    in_a_world(work)


def test_an_engine_has_its_own_calls_of_a_former_life_at_once() -> None:
    async def work(house: World) -> None:
        await house.book(LANDLINE, 3_000_000)
        call = house.call(engine="e1")
        await house.talks_for(call, 5)
        await house.kill_engine("e1")
        await house.start_engine("e1")
        await asyncio.sleep(0.1)
        assert house.engines["e1"].calls.task_of(call.leg) is not None

    in_a_world(work)


def test_a_hold_put_back_while_its_charge_was_applied_is_ended() -> None:
    """The store's answer to the charge is on its way when its data are lost."""

    async def work(house: World) -> None:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talks_for(call, 5)
        applies = 0

        async def slow_answer(order: str) -> None:
            nonlocal applies
            applies += order == "apply"
            await asyncio.sleep(2 if order == "apply" and applies == 2 else 0)

        house.stores["e1"].delay = slow_answer
        house.switch.hang_up(call.leg)
        await asyncio.sleep(0.2)
        assert applies == 2
        house.data.empty()
        await asyncio.sleep(1)
        assert await house.held(LANDLINE) > 0
        await asyncio.sleep(3)
        await house.record(call)
        assert await house.held(LANDLINE) == 0
        await agree(house)

    in_a_world(work)


def test_an_agent_claimed_again_for_a_call_that_ended_meanwhile_is_free() -> None:
    async def work(house: World) -> None:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talks_for(call, 5)

        async def slow_claim(order: str) -> None:
            await asyncio.sleep(2 if order == "claim_agents" else 0)

        house.stores["e1"].delay = slow_claim
        house.data.empty()
        await asyncio.sleep(1)
        house.switch.hang_up(call.leg)
        await asyncio.sleep(2)
        assert [a.call_id for a in house.data.agents.values()] == [call.leg]
        await asyncio.sleep(3)
        await house.record(call)
        assert all(state.free for state in map(house.data.agent, house.data.agents))

    in_a_world(work)
