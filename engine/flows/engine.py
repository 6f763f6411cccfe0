"""The engine at work: six loops that never end, in one task group."""

import asyncio

import structlog

from engine.flows.calls import Calls
from engine.flows.errands import House
from engine.flows.live.control import Obeying
from engine.flows.money.refill import Refiller
from engine.flows.reconcile import Reconciler
from engine.ports.telephony import CallEvent, SwitchFound, SwitchLost

log = structlog.get_logger(__name__)


class Engine:
    """Listens to switch and store, decides by the machines, keeps its lease."""

    def __init__(self, house: House) -> None:
        self.calls = Calls(house)
        self.ready = asyncio.Event()
        self.switch_up = False
        self._house = house
        self._reconciler = Reconciler(house, self.calls)
        self._refiller = Refiller(house, self.calls)
        self._obeying = Obeying(house, self.calls)

    @property
    def lease_left_ms(self) -> int:
        """How long the other engines still take this one for alive, at least."""
        return self._reconciler.lease_left_ms

    async def run(self) -> None:
        """Work until cancelled; then every call is left to whoever adopts it."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._obeying.run(), name="orders")
                group.create_task(self._house.relay.run(), name="relay")
                group.create_task(self._refiller.run(), name="refill")
                group.create_task(self._listen_to_store(), name="news")
                group.create_task(self._listen_to_switch(group), name="switch")
        finally:
            await self.calls.stop()

    async def _listen_to_store(self) -> None:
        async for news in self._house.store.news():
            self._refiller.notice(news)
            self.calls.news(news)

    async def _listen_to_switch(self, group: asyncio.TaskGroup) -> None:
        """Bring events to calls. Orphans are looked for once the switch can be asked."""
        async for heard in self._house.telephony.events():
            match heard:
                case CallEvent():
                    await self.calls.tell(heard.call_id, heard.event)
                case SwitchLost():
                    self.switch_up = False
                    log.warning("switch.lost")
                case SwitchFound():
                    self.switch_up = True
                    log.info("switch.found", restarted=heard.restarted)
                    if self.ready.is_set():
                        group.create_task(self._reconciler.compare_all(), name="compare")
                    else:
                        group.create_task(self._reconciler.run(), name="lease")
                        self.ready.set()
