"""Telephones for a site in tests: verification calls over a switch in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from engine.core.inventory import Inventory
from engine.flows.calls import Calls
from engine.flows.errands import House
from engine.flows.money.relay import Relay
from engine.flows.verification.codes import Codes
from engine.flows.verification.sessions import Sessions
from engine.flows.verification.verifier import Verifier
from engine.ledger.sql import SqlLedger
from engine.ledger.verifications.sql import SqlVerifications
from engine.ports.clock import Clock
from engine.ports.telephony import CallEvent
from tests.fakes.sounds import NamedSounds
from tests.fakes.store import MemoryStore
from tests.fakes.telephony import FakeSwitch, Manner
from tests.flows.world import endpoint_of, endpoint_of_number


@dataclass(frozen=True)
class Telephones:
    """The verifier, and the switch that its calls go through; a prompt takes 20 ms."""

    verifier: Verifier
    switch: FakeSwitch

    def person(self, number: str, **manner: Any) -> None:
        """How whoever has a number treats a call from now on."""
        self.switch.manners[f"carrier/{number}"] = Manner(**{"answers_after_ms": 5, **manner})

    @property
    def dialled(self) -> list[str]:
        """The numbers that were called, in order."""
        legs = (leg.dialled for leg in self.switch.legs.values())
        return [dialled.endpoint.partition("/")[2] for dialled in legs if dialled is not None]


@asynccontextmanager
async def telephones(
    ledger: SqlLedger,
    store: MemoryStore,
    clock: Clock,
    inventory: Inventory,
    secret: bytes,
) -> AsyncIterator[Telephones]:
    """Calls are placed until the block is left; none but verifications' is known."""
    switch = FakeSwitch(clock, playback_ms=lambda _audio: 20)
    port = switch.port("calling")
    house = House(
        telephony=port,
        store=store,
        ledger=ledger,
        sounds=NamedSounds(),
        clock=clock,
        relay=Relay(ledger, store, clock),
        inventory=lambda: inventory,
        endpoint_of=endpoint_of,
        endpoint_of_number=endpoint_of_number,
        engine="calling",
        sessions=Sessions(SqlVerifications(ledger), store, Codes(secret), clock),
    )
    assert house.sessions is not None
    calls = Calls(house)
    verifier = Verifier(house, calls, house.sessions, store)

    async def listen() -> None:
        async for heard in port.events():
            if isinstance(heard, CallEvent):
                await calls.tell(heard.call_id, heard.event)

    tasks = [asyncio.create_task(listen()), asyncio.create_task(verifier.run())]
    try:
        yield Telephones(verifier, switch)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await calls.stop()
