"""Lua and Python give the same answers to any orders in any order, and no wish overdraws."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.account import AccountView
from engine.errors import EngineError
from engine.ports.store import Reservation, Store, StorePosting
from engine.store.address import StoreAddress
from engine.store.valkey import ValkeyStore
from tests.fakes.store import MemoryStore
from tests.ports.stores import METER, snapshot

NAMES = st.sampled_from(["c1", "c2", "c3", "d1"])
COSTS = st.lists(st.integers(0, 40), max_size=6)
SMALL = st.integers(0, 3)
accounts = itertools.count()


@dataclass(frozen=True)
class Scene:
    """One account in one of the two stores, and what an engine would know of it."""

    store: Store
    account_id: str

    def call_id(self, name: str) -> str:
        return f"{self.account_id}-{name}"

    async def view(self) -> AccountView | None:
        return await self.store.account(self.account_id)

    async def held(self, name: str) -> tuple[int, int]:
        """Micros and increments of a call's hold."""
        view = await self.view()
        for hold in view.holds if view is not None else ():
            if hold.hold_id == self.call_id(name):
                return hold.micros, hold.meter.granted_n if hold.meter is not None else 0
        return 0, 0


Order = Callable[[Scene], Awaitable[Any]]


@st.composite
def seeds(draw: st.DrawFn) -> Order:
    balance_micros, seq = draw(st.integers(-20, 300)), draw(SMALL)
    return lambda scene: scene.store.seed_account(scene.account_id, "EUR", balance_micros, seq)


@st.composite
def reservations(draw: st.DrawFn) -> Order:
    name, epoch, step = draw(NAMES), draw(SMALL), draw(st.integers(0, 9))
    off_by, costs = draw(st.sampled_from([0, 0, 0, 0, 1])), draw(COSTS)
    least = draw(st.integers(1, 4))

    async def reserve(scene: Scene) -> object:
        micros, granted_n = await scene.held(name)
        before = await scene.view()
        answer = await scene.store.reserve(
            Reservation(
                account_id=scene.account_id,
                call_id=scene.call_id(name),
                epoch=epoch,
                step=step,
                meter=METER.granted(granted_n + off_by).started(step),
                levels=tuple(itertools.accumulate(costs, initial=micros))[1:],
                least=least,
            )
        )
        assert before is not None
        assert answer.view.available_micros >= min(0, before.available_micros)
        return answer

    return reserve


@st.composite
def restorations(draw: st.DrawFn) -> Order:
    name, epoch, micros, granted_n = draw(NAMES), draw(SMALL), draw(st.integers(0, 60)), draw(SMALL)
    meter = METER.granted(granted_n)
    return lambda scene: scene.store.restore_hold(
        scene.account_id, scene.call_id(name), epoch, meter, micros
    )


@st.composite
def postings(draw: st.DrawFn) -> Order:
    ahead, micros = draw(st.sampled_from([1, 1, 1, 0, 2])), draw(st.integers(-150, 100))
    hold, currency = draw(st.none() | NAMES), draw(st.sampled_from(["EUR"] * 5 + ["CHF"]))

    async def apply(scene: Scene) -> object:
        view = await scene.view()
        return await scene.store.apply(
            StorePosting(
                account_id=scene.account_id,
                currency=currency,
                seq=(view.seq if view is not None else 0) + ahead,
                micros=micros,
                kind="credit",
                key="key",
                hold_id=scene.call_id(hold) if hold is not None else None,
            )
        )

    return apply


@st.composite
def fixed_holds(draw: st.DrawFn) -> Order:
    name, micros = draw(NAMES), draw(st.integers(0, 60))
    return lambda scene: scene.store.hold_amount(scene.account_id, scene.call_id(name), micros)


@st.composite
def drops(draw: st.DrawFn) -> Order:
    name = draw(NAMES)
    return lambda scene: scene.store.drop_hold(scene.account_id, scene.call_id(name))


@st.composite
def saves(draw: st.DrawFn) -> Order:
    name, epoch, engine = draw(NAMES), draw(SMALL), draw(st.sampled_from(["one", "two"]))

    async def save(scene: Scene) -> None:
        account_id = scene.account_id
        await scene.store.save(snapshot(scene.call_id(name), engine, epoch, account_id=account_id))

    return save


@st.composite
def adoptions(draw: st.DrawFn) -> Order:
    name, epoch, engine = draw(NAMES), draw(SMALL), draw(st.sampled_from(["one", "two"]))
    return lambda scene: scene.store.adopt(scene.call_id(name), scene.account_id, engine, epoch)


@st.composite
def endings(draw: st.DrawFn) -> Order:
    name, epoch = draw(NAMES), draw(SMALL)
    return lambda scene: scene.store.forget(scene.call_id(name), epoch)


ORDERS = st.lists(
    reservations()
    | reservations()
    | postings()
    | seeds()
    | fixed_holds()
    | drops()
    | restorations()
    | saves()
    | adoptions()
    | endings(),
    min_size=1,
    max_size=25,
)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def real(runner: asyncio.Runner, valkey_address: StoreAddress) -> Iterator[ValkeyStore]:
    async def made() -> ValkeyStore:
        return ValkeyStore(valkey_address)

    store = runner.run(made())
    yield store
    runner.run(store.close())


async def outcome(scene: Scene, order: Order) -> object:
    try:
        return await order(scene)
    except EngineError as error:
        return type(error), getattr(error, "retryable", None)


@given(start=st.none() | st.integers(0, 400), orders=ORDERS)
@settings(max_examples=60, deadline=None)
def test_twins_answer_alike(
    runner: asyncio.Runner, real: ValkeyStore, start: int | None, orders: list[Order]
) -> None:
    account_id = f"twin{next(accounts)}"
    scenes = Scene(MemoryStore(), account_id), Scene(real, account_id)

    async def compare() -> None:
        for scene in scenes:
            if start is not None:
                await scene.store.seed_account(account_id, "EUR", start, 0)
        for order in orders:
            ours, theirs = [await outcome(scene, order) for scene in scenes]
            assert ours == theirs
            assert await scenes[0].view() == await scenes[1].view()
        for call in await scenes[0].store.live_calls():
            assert call in await scenes[1].store.live_calls()

    runner.run(compare())
