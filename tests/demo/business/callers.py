"""Callers of the demo: some call, talk a while, hang up, and call again, on real SIP."""

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable, Sequence

import structlog

from engine.core.inventory import AgentKind, Service
from engine.core.money import MICROS
from engine.flows.clock import SystemClock
from engine.flows.errands import House
from engine.flows.money.movements import Money, Why
from tests.demo.business.books import SEED
from tests.demo.business.channels import DEALERS
from tests.rig.outside import OutsideWorld
from tests.rig.sip.legs import Leg

NUMBERS = ("+493023125901", "+493023125902", "+493023125903")
"""Who calls; the last of them withholds his number."""

READER = "+493023125904"
"""Who has read an advertisement."""

GIVEN_MICROS = 12 * MICROS
TALK_S = (45, 240)
REST_S = (5, 20)

log = structlog.get_logger(__name__)


class Callers:
    """Three people who call lines, and one who calls numbers of `channels`, again and again."""

    def __init__(self, world: OutsideWorld, house: House, channels: Sequence[str]) -> None:
        self._world = world
        self._channels = channels
        self._house = house
        self._money = Money(house.ledger, house.store, SystemClock())
        self._chance = random.Random(SEED)
        for agent in house.inventory().agents:
            # Who is known to be there answers; an outside one does not press the key.
            world.agent(agent.name if agent.kind is AgentKind.PHONE else agent.address)
        for dealer in DEALERS:
            world.agent(dealer)

    async def run(self) -> None:
        """Call for ever."""
        async with asyncio.TaskGroup() as group:
            for number in NUMBERS:
                group.create_task(self._again(lambda caller=number: self._call_line(caller)))
            group.create_task(self._again(self._call_channel))

    async def _again(self, call: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await call()
            except (TimeoutError, AssertionError, OSError) as error:
                log.info("demo.call_failed", error=str(error))
            await asyncio.sleep(self._chance.uniform(*REST_S))

    async def _call_channel(self) -> None:
        """One call to a number of a sales channel, which leads to the dealer."""
        await self._talk(
            await self._world.call(
                self._chance.choice(self._channels), pai=READER, from_user=READER
            )
        )

    async def _call_line(self, e164: str) -> None:
        await self._call(e164, self._chance.choice(self._house.inventory().services))

    async def _call(self, e164: str, service: Service) -> None:
        """One call with a fresh balance, until he has enough or is sent away."""
        account = await self._house.ledger.open_account(
            service.organisation, service.profile, e164, service.tariff.currency
        )
        why = Why(key=uuid.uuid4().hex, reason="Demo", author="demo")
        await self._money.credit(account.account_id, GIVEN_MICROS, why)
        hides = e164 == NUMBERS[-1]
        call = await self._world.call(
            service.dids[0],
            pai=e164,
            from_user=None if hides else e164,
            privacy="id" if hides else None,
        )
        await self._talk(call)

    async def _talk(self, call: Leg) -> None:
        try:
            await call.ended(self._chance.uniform(*TALK_S))
        except TimeoutError:
            await call.hang_up()
