"""Taking over: calls of an engine that died, and our own after the event stream was broken.

An engine shows that it lives by a lease in the store. One that has none any more is dead to the
others; its calls are orphans, and whoever is first to raise a call's epoch has it. The machine is
then told what Asterisk and the store know (`CallAdopted`) and makes up for what was missed.

Leases run out too while the store itself is away, and are lost with its data. So who has not seen
this store for a lease's length, as at its start, first lets every living engine renew, before it
takes another's calls.
"""

import asyncio

import structlog

from engine.core import events as e
from engine.errors import EngineError, RemoteError
from engine.flows.calls import Calls, CallTask
from engine.flows.machines import is_known, read
from engine.flows.orders import House
from engine.ports.store import Snapshot

LEASE_MS = 3_000
RENEW_EVERY_MS = 1_000
LOOK_ALWAYS_EVERY = 30

log = structlog.get_logger(__name__)


class Reconciler:
    """Keeps this engine's lease and takes over what others left."""

    def __init__(self, house: House, calls: Calls) -> None:
        self._house = house
        self._calls = calls
        self._generation = ""
        self._living: frozenset[str] = frozenset()
        self._rounds = 0
        self._due = True
        self._trusted_from_ms: int | None = None
        self._unseen: dict[str, bool] = {}
        self._lease_until_ms = 0

    @property
    def lease_left_ms(self) -> int:
        """How long this engine still counts as alive, at least."""
        return max(0, self._lease_until_ms - self._house.clock.now().mono_ms)

    async def run(self) -> None:
        """Renew the lease and look for orphans, for ever; however long the one takes, the other
        goes on."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_lease(), name="lease")
            group.create_task(self._look_around(), name="look")

    async def _keep_lease(self) -> None:
        while True:
            asked_ms = self._house.clock.now().mono_ms
            try:
                await self._house.store.renew_lease(self._house.engine, LEASE_MS)
                self._lease_until_ms = asked_ms + LEASE_MS
            except RemoteError as error:
                self._trusted_from_ms = None
                log.warning("lease.not_renewed", error=str(error))
            await self._house.clock.sleep(RENEW_EVERY_MS)

    async def _look_around(self) -> None:
        while True:
            try:
                await self._compare_unseen()
                await self._look()
            except EngineError as error:
                self._trusted_from_ms = None
                log.warning("look.failed", error=str(error))
            await self._house.clock.sleep(RENEW_EVERY_MS)

    async def _look(self) -> None:
        """Look for orphans at the start, when an engine has gone, and every so often."""
        generation = await self._house.store.generation()
        if generation != self._generation:
            self._trusted_from_ms = None
        self._generation = generation
        living = frozenset(await self._house.store.living_engines())
        gone = self._living - living
        self._living = living
        self._due |= bool(gone) or self._rounds % LOOK_ALWAYS_EVERY == 0
        self._rounds += 1
        trusted = self._leases_are_trusted()
        if not self._due:
            return
        await self.adopt_orphans(living if trusted else None)
        self._due = not trusted

    def _leases_are_trusted(self) -> bool:
        """Whether the store has answered for as long as a lease lasts, so that one that is not
        there is a dead engine's."""
        now_ms = self._house.clock.now().mono_ms
        if self._trusted_from_ms is None:
            self._trusted_from_ms = now_ms + LEASE_MS
        return now_ms >= self._trusted_from_ms

    async def adopt_orphans(self, living: frozenset[str] | None) -> None:
        """Take over our own calls of a former life, and every call whose engine is dead, unless
        nobody knows who lives (None)."""
        mine = self._house.engine
        for snapshot in await self._house.store.live_calls():
            dead = living is not None and snapshot.engine not in living
            orphan = dead or snapshot.engine == mine
            if orphan and self._calls.task_of(snapshot.call_id) is None and is_known(snapshot):
                await self._adopt(snapshot)

    async def _adopt(self, snapshot: Snapshot) -> None:
        taken = await self._house.store.adopt(
            snapshot.call_id, snapshot.account_id, self._house.engine, snapshot.epoch
        )
        if taken is None:
            return
        machine, call = read(taken)
        log.info("call.adopted", call=call.call_id, state=call.state, engine_before=snapshot.engine)
        self._unseen[call.call_id] = True
        self._calls.counts.adopted += 1
        task = self._calls.take(machine, call, taken.epoch)
        if call.account_id is not None:
            task.watch(call.account_id)
        await self._compare_unseen()

    async def compare_all(self) -> None:
        """After a broken event stream: compare every live call with what Asterisk knows."""
        for task in self._calls.live:
            self._unseen.setdefault(task.call.call_id, False)
        try:
            await self._compare_unseen()
        except RemoteError as error:
            log.warning("compare.later", error=str(error))

    async def _compare_unseen(self) -> None:
        """Compare those calls of which something may have been missed, after taking their legs
        over where they were another's; a fault leaves the rest for the next time."""
        for call_id, adopted in tuple(self._unseen.items()):
            task = self._calls.task_of(call_id)
            if task is not None and adopted:
                await self._house.telephony.adopt(call_id, task.legs)
            if task is not None:
                await self._compare(task)
            self._unseen.pop(call_id, None)

    async def _compare(self, task: CallTask) -> None:
        """Tell a call what Asterisk and the store know of it."""
        call = task.call
        legs = await self._house.telephony.facts(call.call_id, task.legs)
        view = None
        if call.account_id is not None:
            try:
                view = await self._house.store.account(call.account_id)
            except RemoteError as error:
                log.warning("account.unseen", call=call.call_id, error=str(error))
        holds = view.holds if view is not None else ()
        hold = next((h for h in holds if h.hold_id == call.call_id), None)
        granted_n = hold.meter.granted_n if hold is not None and hold.meter is not None else 0
        now_ms = self._house.clock.now().wall_ms
        task.tell(e.CallAdopted(at_ms=now_ms, legs=legs, view=view, granted_n=granted_n))
