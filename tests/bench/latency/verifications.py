"""How long it takes from the wish for a verification to its INVITE.

A merchant's server asks over HTTP at an even pace, each time for another number. The carrier
refuses every call, so that none lasts. Measured is the time from just before the request is sent to
the INVITE on the wire. The floor, in the same run: one commit to the same disk, and one order to
the same Asterisk to dial, until its INVITE is there, one after the other.
"""

import asyncio
import time
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp

from engine.asterisk.process import authorization
from engine.core.inventory import CallLimits, Inventory, Organisation, Trunk
from engine.core.number import NumberFormat
from engine.flows.clock import SystemClock
from engine.flows.keys import KeyRing
from engine.ledger.api.sql import SqlKeys
from engine.ledger.verifications.sql import SqlVerifications
from engine.ports.operators import Scope
from tests.bench.far_end import HOST, FarEnd
from tests.bench.latency.latencies import Latencies, Progress
from tests.rig.house import ORGANISATION, EngineProcess, RealHouse
from tests.rig.outside import OutsideWorld
from tests.verification.cases import OWN, merchant, verification

NUMBER = "+4930231{:05}"
INVITED_WITHIN_S = 10.0
LOOK_S = 0.005
KEY_TAKES = 200
"""Requests with one key; the interface takes 300 of each in a minute."""

FLOORS = 50
MANY = 1_000_000
MOST = 10_000
"""Numbers that are asked for; those of the floors come after them."""


async def measure(folder: Path, count: int, rate: float, progress: Progress) -> Latencies:
    """Have so many numbers verified, so many begun each second."""
    async with AsyncExitStack() as stack:
        far = await stack.enter_async_context(FarEnd.open())
        house = RealHouse(folder, (), organise=lambda world: _inventory(world, far))
        await stack.enter_async_context(house)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        run = _Run(house, far, session)
        floors = [await run.floor(MOST + n) for n in range(FLOORS)]
        engine = await house.start_engine()
        measured = await run.ask(engine, count, 1 / rate, progress)
        known = sorted(ms for ms in measured if ms is not None)
        return Latencies(
            "verifications",
            "From the wish for a verification to its INVITE",
            known,
            sorted(floors),
            lost=count - len(known),
            differences=await house.ledger.verify(),
        )


def _inventory(_world: OutsideWorld, far: FarEnd) -> Inventory:
    """A merchant whose carrier is the far end of the bench, which knows no number."""
    trunk = Trunk(
        name="carrier",
        host=HOST,
        port=far.agents.port,
        number_format=NumberFormat.E164_PLUS,
        caller_id=OWN,
    )
    limits = CallLimits(per_prefix=MANY, per_merchant=MANY, in_all=MANY, share_percent=0)
    return Inventory(
        version=1,
        organisations=(Organisation(name=ORGANISATION, title="Bench"),),
        trunks=(trunk,),
        merchants=(merchant(calls=1, limits=limits),),
    )


class _Run:
    def __init__(self, house: RealHouse, far: FarEnd, session: aiohttp.ClientSession) -> None:
        self._house = house
        self._far = far
        self._session = session

    async def ask(
        self, engine: EngineProcess, count: int, every_s: float, progress: Progress
    ) -> Sequence[float | None]:
        """Milliseconds of each; None where there was no INVITE."""
        ring = KeyRing(SqlKeys(self._house.ledger), SystemClock())
        url = f"http://localhost:{engine.web_port}/api/v1/verifications"
        began_s = time.monotonic()
        asked = list[asyncio.Task[float | None]]()
        for n in range(count):
            if n % KEY_TAKES == 0:
                key = await ring.create(ORGANISATION, "bench", [Scope.VERIFICATIONS_WRITE])
            await asyncio.sleep(max(0.0, began_s + n * every_s - time.monotonic()))
            asked.append(asyncio.create_task(self._begun(url, key.text, NUMBER.format(n))))
            progress(1)
        return await asyncio.gather(*asked)

    async def _begun(self, url: str, key: str, number: str) -> float | None:
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": uuid.uuid4().hex}
        since_ns = time.monotonic_ns()
        wish = {"merchant": "shop", "to": number}
        async with self._session.post(url, json=wish, headers=headers) as answer:
            if answer.status != 201:
                raise RuntimeError(f"{answer.status}: {await answer.text()}")
        return await self._invited(number, since_ns)

    async def floor(self, n: int) -> float:
        """One commit, then one order to dial: milliseconds until its INVITE is there."""
        access, number = self._house.asterisk.access, NUMBER.format(n)
        since_ns = time.monotonic_ns()
        named = uuid.uuid4().hex
        await SqlVerifications(self._house.ledger).add(verification(verification_id=named))
        dialled = {"endpoint": f"PJSIP/{number}@trunk-carrier", "app": "bench", "timeout": "5"}
        headers = {"Authorization": authorization(access)}
        url = f"{access.ari_url}/channels"
        async with self._session.post(url, params=dialled, headers=headers) as answer:
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {await answer.text()}")
        took_ms = await self._invited(number, since_ns)
        if took_ms is None:
            raise RuntimeError("Asterisk did not dial")
        return took_ms

    async def _invited(self, number: str, since_ns: int) -> float | None:
        """Milliseconds until the number was called; None if it never was."""
        until_s = time.monotonic() + INVITED_WITHIN_S
        while time.monotonic() < until_s:
            if number in self._far.strangers_ns:
                return (self._far.strangers_ns[number] - since_ns) / 1e6
            await asyncio.sleep(LOOK_S)
        return None
