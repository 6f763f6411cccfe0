"""Live calls as they change, told to everybody who looks."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from engine.core.inventory import Organisation
from engine.errors import RemoteError
from engine.flows.live import Change, Live, LiveCall
from engine.flows.live.known import AT_ONCE_MOST
from engine.flows.live.watch import BATCHES_A_SECOND, LINGER_MS, REFRESH_S
from engine.flows.machines import read
from engine.flows.machines.premium import PremiumMachine
from engine.ports.store import Snapshot
from tests.fakes.clock import virtually
from tests.flows.world import LANDLINE, MOBILE, World, inventory, service, world

BOLT_DID = "+493023125099"


async def until(watched: AsyncGenerator[Change, None], fits: Callable[[Change], bool]) -> Change:
    """The next change that fits."""
    async with asyncio.timeout(60):
        async for change in watched:
            if fits(change):
                return change
    raise AssertionError("watching never ends")


async def hung_up(house: World, *calls: object) -> None:
    for call in calls:
        house.switch.hang_up(call.leg)  # type: ignore[attr-defined]  # a leg of the fake switch
        await house.record(call)  # type: ignore[arg-type]  # the same


def copy_of(snapshot: Snapshot, call_id: str) -> Snapshot:
    """The same call under another name."""
    machine, call = read(snapshot)
    body = machine.encode(replace(call, call_id=call_id))  # type: ignore[type-var]  # a dataclass
    return replace(snapshot, call_id=call_id, body=body)


@virtually
async def test_first_all_then_what_changes_then_what_is_over() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        await house.start_engine("e2")
        first = house.call()
        await house.talking(first)
        async with aclosing(Live(house.store, house.clock).watch()) as watched:
            whole = await anext(watched)
            assert (whole.whole, [call.call_id for call in whole.calls]) == (True, [first.leg])
            second = house.call(engine="e2")
            change = await until(
                watched,
                lambda change: [c.agent for c in change.calls if c.meter_runs][-1:] == ["a2"],
            )
            assert not change.whole
            talking = change.calls[-1]
            assert (talking.call_id, talking.engine) == (second.leg, "e2")
            assert talking.state == "talking"
            assert talking.since_ms <= talking.at_ms == change.at_ms
            await hung_up(house, first, second)
            change = await until(watched, lambda change: second.leg in change.gone)
            assert change.calls == ()


@virtually
async def test_money_that_comes_in_is_a_change() -> None:
    async with world() as house:
        await house.book(LANDLINE, 600_000)
        call = house.call()
        await house.talks_for(call, 1)
        async with aclosing(Live(house.store, house.clock).watch()) as watched:
            (before,) = (await anext(watched)).calls
            await house.book(LANDLINE, 600_000)
            change = await until(watched, lambda change: change.calls[0].balance_micros != 600_000)
            (after,) = change.calls
            assert before.left_ms is not None
            assert after.left_ms == before.left_ms + 60_000 - (after.at_ms - before.at_ms)
            assert after.held_micros is not None
            assert 0 < after.held_micros <= 1_200_000
        await hung_up(house, call)


@virtually
async def test_what_time_alone_changes_is_told_now_and_then() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talks_for(call, 10)
        async with aclosing(Live(house.store, house.clock).watch()) as watched:
            (before,) = (await anext(watched)).calls
            (after,) = (await anext(watched)).calls
            assert after.at_ms - before.at_ms <= REFRESH_S * 1000
            assert after.cost_micros > before.cost_micros
        await hung_up(house, call)


@virtually
async def test_nobody_is_told_later_or_woken_because_another_call_changes() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talks_for(call, 10)
        (snapshot,) = house.data.calls.values()

        async def write() -> None:
            while True:
                house.data.save(copy_of(snapshot, "another"))
                await asyncio.sleep(0.3)

        live, told_ms, woken = Live(house.store, house.clock), [house.now_ms()], 0
        writing = asyncio.create_task(write())

        async def theirs() -> None:
            nonlocal woken
            async for _change in live.watch("bolt"):
                woken += 1

        watching = asyncio.create_task(theirs())
        async with aclosing(live.watch("acme")) as mine:
            while house.now_ms() - told_ms[0] < 20_000:
                change = await anext(mine)
                told_ms += [one.at_ms for one in change.calls if one.call_id == call.leg]
        apart_ms = [later - before for before, later in pairwise(told_ms)]
        assert max(apart_ms) <= REFRESH_S * 1000 + 1000
        assert woken <= 1 + 20 / REFRESH_S
        for task in (watching, writing):
            task.cancel()
        await asyncio.gather(watching, writing, return_exceptions=True)
        await hung_up(house, call)


MANY = 1_000


@virtually
async def test_who_looks_at_many_calls_reads_them_once_and_lets_others_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talks_for(call, 10)
        (snapshot,) = house.data.calls.values()
        for number in range(1, MANY):
            house.data.save(copy_of(snapshot, f"c{number}"))
        reads, looked, turns = Counter[str](), Counter[str](), 0
        reckon = PremiumMachine.seen

        async def count(order: str) -> None:
            reads[order] += 1
            await asyncio.sleep(0)

        def counted(*args: Any) -> LiveCall:
            looked["calls"] += 1
            return reckon(*args)

        async def turn() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        monkeypatch.setattr(PremiumMachine, "seen", counted)
        house.store.delay = count
        live = Live(house.store, house.clock)
        assert await live.calls("bolt") == ()
        assert looked["calls"] == 0
        first = Counter(reads)
        # Each order is counted on its way there and back.
        assert (first["live_calls"], first["account"]) == (2, 2 * MANY // AT_ONCE_MOST)
        turning = asyncio.create_task(turn())
        assert len(await live.calls("acme")) == MANY
        assert turns >= MANY // AT_ONCE_MOST
        turning.cancel()
        for _ in range(5):
            assert len(await live.calls()) == MANY
        assert looked["calls"] == MANY
        assert (await live.those(("c1", "c2", "nobody's"))).keys() == {"c1", "c2"}
        assert reads - first == Counter(generation=2 * 7)
        await live.close()
        house.store.delay = house.stores["e1"].delay
        await hung_up(house, call)


@virtually
async def test_who_looks_once_is_told_what_was_written_meanwhile_and_of_a_store_away() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        live = Live(house.store, house.clock)
        assert await live.calls() == ()
        call = house.call()
        await house.talks_for(call, 1)
        (seen,) = await live.calls()
        assert (seen.call_id, seen.state) == (call.leg, "talking")
        house.store_away()
        with pytest.raises(RemoteError):
            await live.calls()
        house.store_back()
        await hung_up(house, call)
        await asyncio.sleep(1)
        assert await live.calls() == ()
        await asyncio.sleep(LINGER_MS / 1000 + 1)
        assert house.data.call_listeners == []
        assert await live.calls() == ()


@virtually
async def test_a_first_look_at_a_store_that_is_slow_ends() -> None:
    async with world() as house:
        live = Live(house.store, house.clock)

        async def stand(order: str) -> None:
            await asyncio.sleep(60 if order == "live_calls" else 0)

        house.store.delay = stand
        with pytest.raises(RemoteError):
            await live.calls()


@virtually
async def test_each_sees_his_own_organisation_alone() -> None:
    bolt = service(name="bolt", organisation="bolt", dids=(BOLT_DID,))
    stock = inventory(service(), bolt)
    stock = type(stock)(
        **{name: getattr(stock, name) for name in stock.__slots__}
        | {"organisations": (*stock.organisations, Organisation(name="bolt", title="Bolt"))}
    )
    async with world(stock) as house:
        await house.book(LANDLINE, 3_000_000)
        ours = house.call()
        await house.talking(ours)
        live = Live(house.store, house.clock)
        async with aclosing(live.watch("bolt")) as theirs, aclosing(live.watch("acme")) as mine:
            assert (await anext(theirs)).calls == ()
            assert [call.call_id for call in (await anext(mine)).calls] == [ours.leg]
            await hung_up(house, ours)
            assert await until(mine, lambda change: change.gone == (ours.leg,))
            assert await live.call(ours.leg, "acme") is None
            change = await anext(theirs)
            assert (change.calls, change.gone) == ((), ())


@virtually
async def test_after_a_reconnection_all_are_told_again() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talking(call)
        async with aclosing(Live(house.store, house.clock).watch()) as watched:
            assert (await anext(watched)).whole
            house.store_away()
            await asyncio.sleep(3)
            house.store_back()
            change = await until(watched, lambda change: change.whole)
            assert [one.call_id for one in change.calls] == [call.leg]
        await hung_up(house, call)


@virtually
async def test_one_watcher_reads_for_all_and_no_faster_than_it_may() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talking(call)
        reads: list[str] = []

        async def count(order: str) -> None:
            reads.append(order)

        house.store.delay = count
        live = Live(house.store, house.clock)
        (snapshot,) = house.data.calls.values()

        async def look() -> None:
            async with asyncio.timeout(2), aclosing(live.watch()) as watched:
                async for _change in watched:
                    pass

        async def write() -> None:
            for _ in range(200):
                house.data.save(snapshot)
                await asyncio.sleep(0.01)

        lookers = [asyncio.create_task(look()) for _ in range(20)]
        await asyncio.gather(write(), *lookers, return_exceptions=True)
        # Each order is counted on its way there and back.
        assert reads.count("live_call") // 2 <= 2 * BATCHES_A_SECOND
        assert reads.count("live_calls") == 2
        house.store.delay = house.stores["e1"].delay
        await hung_up(house, call)


@virtually
async def test_nobody_looks_and_nothing_is_read() -> None:
    async with world() as house:
        live = Live(house.store, house.clock)
        async with aclosing(live.watch()) as watched:
            await anext(watched)
            assert len(house.data.call_listeners) == 1
        assert house.data.call_listeners == []
        async with aclosing(live.watch(MOBILE)) as watched:
            assert (await anext(watched)).whole


@virtually
async def test_a_watcher_that_fails_lets_nobody_wait_for_ever() -> None:
    async with world() as house:
        live = Live(house.store, house.clock)
        async with aclosing(live.watch()) as watched:
            assert (await anext(watched)).whole
            broken = Snapshot(call_id="c", account_id=None, engine="e1", epoch=1, body=b"no call")
            house.data.save(broken)
            with pytest.raises(ExceptionGroup):
                await until(watched, lambda change: bool(change.calls))
        del house.data.calls["c"]
        async with aclosing(live.watch()) as watched:
            assert (await anext(watched)).whole
