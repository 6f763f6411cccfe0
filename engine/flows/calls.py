"""The shell around the pure machines: one mailbox and one task per call, no locks.

An event goes into its call's mailbox; the call's task takes it out, lets the machine decide
(`step`), writes the snapshot to the store, and carries the orders out. Whatever they bring about
comes back into the same mailbox. So a call is only ever changed by its own task, in order, and an
engine that dies leaves a snapshot from which another goes on.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import structlog

from engine.core import events as e
from engine.core.actions import Action, HangUpReason, Play, WatchAccount, Whisper
from engine.core.rating import charge
from engine.errors import ConflictError, RemoteError
from engine.flows.orders import CallTerms, House, Orders
from engine.flows.timers import Timers
from engine.ports.store import BalanceNews, Snapshot
from engine.premium import machine
from engine.premium.call import PremiumCall

MAILBOX_MOST = 1_000
SAVE_WITHIN_S = 0.25
SAVE_AGAIN_MS = 500

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Counts:
    """What went through this engine, for metrics and tests."""

    begun: int = 0
    finished: int = 0
    unexpected: int = 0
    lost: int = 0
    overfull: int = 0


class CallTask:
    """One live call: its mailbox, its timers, its orders."""

    def __init__(
        self,
        house: House,
        call: PremiumCall,
        epoch: int,
        counts: Counts,
        ended: Callable[[str], None],
    ) -> None:
        self.call = call
        self.epoch = epoch
        self._house = house
        self._counts = counts
        self._ended = ended
        self._mailbox: asyncio.Queue[e.Event] = asyncio.Queue(MAILBOX_MOST)
        self._timers = Timers(house.clock, self.tell)
        self._orders = Orders(house, _terms(call), epoch, self._timers, self.tell)
        self._saver: asyncio.Task[None] | None = None
        self._log = log.bind(call=call.call_id)
        self.task = asyncio.create_task(self._run(), name=f"call {call.call_id}")

    @property
    def watched(self) -> str | None:
        """The account whose news this call gets."""
        return self._orders.watched

    async def watch(self, account_id: str) -> None:
        """Get the account's news from now on, for a call taken over."""
        await self._orders.carry_out(WatchAccount(account_id=account_id))

    async def put_back(self) -> tuple[str, ...]:
        """Let a store that lost this call know again what it holds, whom, and where it stands.

        Gives the agents claimed again. `ConflictError` if the store knows better: the call is
        charged, or another engine's.
        """
        call, store = self.call, self._house.store
        if call.finished:
            return ()
        if call.account_id is not None and call.meter is not None:
            held_micros = charge(call.meter.rate, call.meter.granted_n)
            await store.restore_hold(
                call.account_id, call.call_id, self.epoch, call.meter, held_micros
            )
        await self._save()
        return await store.claim_agents(call.call_id, self._agents(), len(self._agents()))

    def _agents(self) -> tuple[str, ...]:
        """The agents the call has, by name."""
        agents = [*self.call.ringing, *([self.call.agent] if self.call.agent else [])]
        return tuple(agent.name for agent in agents if not agent.gone)

    def tell(self, event: e.Event) -> None:
        """Put an event into the mailbox; one that is full has lost its call."""
        try:
            self._mailbox.put_nowait(event)
        except asyncio.QueueFull:
            self._counts.overfull += 1
            self._log.error("mailbox.full", event_type=type(event).__name__)

    async def stop(self) -> None:
        """Leave the call as it is (another engine takes it over): nothing is ordered any more."""
        self._timers.cancel_all()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while not self.call.finished:
                await self._take(await self._mailbox.get())
            await self._orders.finish()
            await self._forget()
            self._counts.finished += 1
        except ConflictError:
            self._counts.lost += 1
            self._log.warning("call.lost_to_another_engine")
        finally:
            self._timers.cancel_all()
            if self._saver is not None:
                self._saver.cancel()
            await self._orders.close()
            self._ended(self.call.call_id)

    async def _take(self, event: e.Event) -> None:
        """One event: decide, write down, carry out."""
        now = self._house.clock.now()
        if not machine.is_expected(self.call.state, event):
            self._counts.unexpected += 1
            self._log.error(
                "event.unexpected", state=self.call.state, event_type=type(event).__name__
            )
        before = self.call
        self.call, actions = machine.step(before, event, now)
        self._note(before, event, actions)
        if self.call is not before and not self.call.finished:
            await self._save()
        for action in actions:
            await self._orders.carry_out(action)

    def _note(self, before: PremiumCall, event: e.Event, actions: tuple[Action, ...]) -> None:
        """The call's way in the log: each change of state, and what is said to whom."""
        if self.call.state is not before.state:
            self._log.info(
                "call.moved", was=before.state, now=self.call.state, by=type(event).__name__
            )
        for action in actions:
            if isinstance(action, Play | Whisper):
                self._log.info(
                    "call.said",
                    to="caller" if action.leg == self.call.caller.leg else "agent",
                    prompts=[prompt.key() for prompt in action.prompts],
                )

    # --- the snapshot ------------------------------------------------------------------

    async def _save(self) -> None:
        """Write the snapshot before the orders; a store that is away holds nobody up."""
        if self._saver is not None:
            return
        try:
            await asyncio.wait_for(self._house.store.save(self._snapshot()), SAVE_WITHIN_S)
        except (RemoteError, TimeoutError):
            self._saver = asyncio.create_task(self._save_later())

    async def _save_later(self) -> None:
        """Write the newest snapshot as soon as the store is back."""
        while True:
            await self._house.clock.sleep(SAVE_AGAIN_MS)
            try:
                await self._house.store.save(self._snapshot())
            except RemoteError:
                continue
            except ConflictError:
                self.task.cancel()
            self._saver = None
            return

    async def _forget(self) -> None:
        try:
            await self._house.store.forget(self.call.call_id, self.epoch)
        except RemoteError as error:
            self._log.warning("snapshot.left_behind", error=str(error))

    def _snapshot(self) -> Snapshot:
        return Snapshot(
            call_id=self.call.call_id,
            account_id=self.call.account_id,
            engine=self._house.engine,
            epoch=self.epoch,
            body=msgspec.json.encode(self.call),
        )


def call_of(snapshot: Snapshot) -> PremiumCall:
    """The call as it was written down."""
    return msgspec.json.decode(snapshot.body, type=PremiumCall)


def _terms(call: PremiumCall) -> CallTerms:
    service = call.service
    return CallTerms(
        call_id=call.call_id,
        organisation=service.organisation,
        profile=service.profile,
        currency=call.currency,
        region=service.region,
        did=call.caller.did,
        lang=service.lang,
    )


class Calls:
    """All live calls of this engine."""

    def __init__(self, house: House) -> None:
        self.counts = Counts()
        self._house = house
        self._live: dict[str, CallTask] = {}

    @property
    def live(self) -> tuple[CallTask, ...]:
        return tuple(self._live.values())

    def task_of(self, call_id: str) -> CallTask | None:
        return self._live.get(call_id)

    async def tell(self, call_id: str, event: e.Event) -> None:
        """Bring an event to its call; a new arrival begins one."""
        task = self._live.get(call_id)
        if task is None and isinstance(event, e.CallArrived):
            task = await self._begin(call_id, event)
        if task is not None:
            task.tell(event)

    async def _begin(self, call_id: str, event: e.CallArrived) -> CallTask | None:
        inventory = self._house.inventory()
        service = inventory.service_of(event.did)
        trunk = inventory.trunk(event.trunk)
        if service is None or trunk is None:
            log.warning("call.to_nobody", call=call_id, did=event.did, trunk=event.trunk)
            await self._turn_away(event.leg)
            return None
        call = machine.begin(event, call_id, service, trunk, inventory)
        self.counts.begun += 1
        return self.take(call, epoch=1)

    async def _turn_away(self, leg: str) -> None:
        try:
            await self._house.telephony.hang_up(leg, HangUpReason.UNALLOCATED)
        except RemoteError as error:
            log.warning("call.not_turned_away", leg=leg, error=str(error))

    def take(self, call: PremiumCall, epoch: int) -> CallTask:
        """Own a call from now on."""
        task = CallTask(self._house, call, epoch, self.counts, self._gone)
        self._live[call.call_id] = task
        return task

    def _gone(self, call_id: str) -> None:
        self._live.pop(call_id, None)

    def news(self, news: BalanceNews) -> None:
        """Bring a change of an account to every call that talks on it."""
        now_ms = self._house.clock.now().wall_ms
        for task in self.live:
            if task.watched == news.view.account_id:
                task.tell(
                    e.BalanceChanged(
                        at_ms=now_ms, view=news.view, credited_micros=news.credited_micros
                    )
                )

    async def stop(self) -> None:
        """Leave all calls to other engines."""
        await asyncio.gather(*(task.stop() for task in self.live))
