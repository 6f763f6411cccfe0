"""Two engines on one real store: each sees the other's calls, and reaches them at once."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from engine.core.cdr import CallRecord, Disposition
from engine.core.identity import SignalledIdentity
from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.flows.engine import Engine
from engine.flows.errands import House
from engine.flows.live import Control, Live
from engine.flows.money.relay import Relay
from engine.ports.people.commands import CallOrder, Command, Outcome
from engine.store.address import StoreAddress, parse_address
from engine.store.process import StoreProcess
from engine.store.valkey import ValkeyStore
from tests.fakes.clock import LoopClock
from tests.fakes.ledger import MemoryLedger
from tests.fakes.sounds import NamedSounds
from tests.fakes.telephony import FakeLeg, FakeSwitch
from tests.flows.world import (
    DID,
    LANDLINE,
    MOBILE,
    asserted,
    endpoint_of,
    endpoint_of_number,
    inventory,
)

AT_ONCE_S = 0.4
WITHIN_S = 10


class Site:
    """One switch, one real store, and engines `e1` and `e2`, in real time."""

    def __init__(self, address: StoreAddress) -> None:
        self.address = address
        self.clock = LoopClock()
        self.switch = FakeSwitch(self.clock, playback_ms=lambda _audio: 20)
        self.ledger = MemoryLedger(lambda: self.clock.now().wall_ms)
        self.stores: list[ValkeyStore] = []
        self.work: list[asyncio.Task[None]] = []

    def store(self) -> ValkeyStore:
        """One more way to the store."""
        self.stores.append(ValkeyStore(self.address))
        return self.stores[-1]

    async def start(self, name: str) -> None:
        store = self.store()
        house = House(
            telephony=self.switch.port(name),
            store=store,
            ledger=self.ledger,
            sounds=NamedSounds(),
            clock=self.clock,
            relay=Relay(self.ledger, store, self.clock),
            inventory=inventory,
            endpoint_of=endpoint_of,
            endpoint_of_number=endpoint_of_number,
            engine=name,
        )
        engine = Engine(house)
        self.work.append(asyncio.create_task(engine.run()))
        await engine.ready.wait()

    async def talking(self, name: str, e164: str, engine: str) -> FakeLeg:
        """A call of somebody with money, in conversation at an engine."""
        account = await self.ledger.open_account("acme", "acme-eur", e164, "EUR")
        entry = Entry(
            key=f"test:{name}",
            kind=EntryKind.CREDIT,
            currency="EUR",
            postings=(
                Posting(customer(account.account_id), 3_000_000),
                Posting("adjustment", -3_000_000),
            ),
            at_ms=self.clock.now().wall_ms,
        )
        relay = Relay(self.ledger, self.stores[0], self.clock)
        await relay.apply(await self.ledger.post(entry))
        identity = SignalledIdentity(asserted=(asserted(e164),), from_user=e164)
        call = self.switch.ring_in(name, DID, engine, identity)
        async with asyncio.timeout(WITHIN_S):
            while True:
                if call.bridge is not None and len(self.switch.legs_in(call.bridge)) == 2:
                    return call
                await asyncio.sleep(0.01)

    async def record(self, call: FakeLeg) -> CallRecord:
        async with asyncio.timeout(WITHIN_S):
            while True:
                for record in await self.ledger.calls(None, 0, 2**53):
                    if record.call_id == call.leg:
                        return record
                await asyncio.sleep(0.01)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Both engines at work."""
    process = StoreProcess(tmp_path)
    await process.start()
    made = Site(parse_address(process.url))
    for name in ("e1", "e2"):
        await made.start(name)
    yield made
    for task in made.work:
        task.cancel()
    await asyncio.gather(*made.work, return_exceptions=True)
    for store in made.stores:
        await store.close()
    await process.stop()


def order(call: FakeLeg, what: CallOrder, number: int = 1) -> Command:
    return Command(
        command_id=f"{call.leg}-{what}-{number}",
        call_id=call.leg,
        organisation="acme",
        order=what,
        by="anna",
        reason="complaint",
    )


async def test_each_sees_both_and_reaches_the_others_calls_at_once(site: Site) -> None:
    first = await site.talking("call1", LANDLINE, "e1")
    second = await site.talking("call2", MOBILE, "e2")
    supervisor = site.store()
    control = Control(supervisor, site.clock)
    async with asyncio.timeout(WITHIN_S), aclosing(Live(supervisor, site.clock).watch()) as watched:
        whole = await anext(watched)
        assert [(call.call_id, call.engine) for call in whole.calls] == [
            (first.leg, "e1"), (second.leg, "e2")
        ]  # fmt: skip
        for call in (first, second):
            for what in (CallOrder.WARN, CallOrder.END):
                began_s = time.monotonic()
                assert await control.carry_out(order(call, what)) is Outcome.DONE
                assert time.monotonic() - began_s < AT_ONCE_S
        gone: set[str] = set()
        while gone != {first.leg, second.leg}:
            gone |= set((await anext(watched)).gone)
    for call in (first, second):
        record = await site.record(call)
        assert record.disposition is Disposition.ENDED_BY_OPERATOR
        assert [what for _, _, what in record.ordered] == ["warn", "end: complaint"]


async def test_a_change_is_told_at_once(site: Site) -> None:
    call = await site.talking("call1", LANDLINE, "e2")
    supervisor = site.store()
    async with asyncio.timeout(WITHIN_S), aclosing(Live(supervisor, site.clock).watch()) as watched:
        await anext(watched)
        # The batch that told the call's beginning is over, so this is the first of a new one.
        await asyncio.sleep(0.5)
        began_s = time.monotonic()
        assert (
            await Control(supervisor, site.clock).carry_out(order(call, CallOrder.WARN))
            is Outcome.DONE
        )
        change = await anext(watched)
        assert time.monotonic() - began_s < AT_ONCE_S
        assert [told.who for told in change.calls[0].warned] == ["caller", "agent"]
