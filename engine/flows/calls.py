"""The shell around the pure machines: one mailbox and one task per call, no locks.

An event goes into its call's mailbox; the call's task takes it out, lets the machine decide
(`step`), writes the snapshot to the store, and carries the orders out. Whatever they bring about
comes back into the same mailbox. So a call is only ever changed by its own task, in order, and an
engine that dies leaves a snapshot from which another goes on.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from engine.core import events as e
from engine.core.actions import (
    Action,
    CancelTimer,
    HangUpReason,
    Part,
    Play,
    SetTimer,
    WatchAccount,
    Whisper,
)
from engine.core.call import LiveCall
from engine.core.rating import charge
from engine.errors import ConflictError, RemoteError
from engine.flows.clock import Timers
from engine.flows.errands import Errands, House
from engine.flows.machines import Machine, begun
from engine.flows.orders import Orders
from engine.ports.people.commands import Outcome
from engine.ports.store import BalanceNews, Snapshot

MAILBOX_MOST = 1_000
SAVE_WITHIN_S = 0.05
SAVE_AGAIN_MS = 500
SAVE_SOON_S = 0.1
"""What nobody outside has seen anything of is written so soon: an engine that dies before has, for
all others, died just before the event came."""

OWN_ACTIONS = (SetTimer, CancelTimer)
"""Orders that nobody outside sees: an engine that takes the call over sets its own timers."""

Step = tuple[LiveCall, LiveCall]
"""A call before and after an event."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Counts:
    """What went through this engine, for metrics and tests."""

    begun: int = 0
    finished: int = 0
    unexpected: int = 0
    faults: int = 0
    lost: int = 0
    overfull: int = 0
    adopted: int = 0


@dataclass(slots=True)
class _Asked:
    """An event in the mailbox whose step is waited for, until its time is over (monotonic)."""

    until_ms: int
    answer: asyncio.Future[Step]


class CallTask:
    """One live call: its mailbox, its timers, its orders."""

    def __init__(
        self,
        house: House,
        machine: Machine[Any],
        call: LiveCall,
        epoch: int,
        counts: Counts,
        ended: "Callable[[CallTask], None]",
    ) -> None:
        self.machine = machine
        self.call = call
        self.epoch = epoch
        self._house = house
        self._counts = counts
        self._ended = ended
        self._mailbox: asyncio.Queue[e.Event] = asyncio.Queue(MAILBOX_MOST)
        self._asked: dict[int, _Asked] = {}
        self._timers = Timers(house.clock, self.tell)
        terms = machine.terms(call)
        self._errands = Errands(house, terms, epoch, self.tell, self._lose)
        self._orders = Orders(house, terms, self._timers, self._errands, self.tell)
        self._saver: asyncio.Task[None] | None = None
        self._save_by_s: float | None = None
        self._log = log.bind(call=call.call_id)
        self._measures = machine.measures(house.metrics, call)
        self.task = asyncio.create_task(self._run(), name=f"call {call.call_id}")

    @property
    def watched(self) -> str | None:
        """The account whose news this call gets."""
        return self._errands.watched

    def knows(self, news: BalanceNews) -> bool:
        """Whether the call has just this view of its account, and no money came in."""
        return news.credited_micros == 0 and self.machine.knows(self.call, news.view)

    def watch(self, account_id: str) -> None:
        """Get the account's news from now on, for a call taken over."""
        self._errands.start(WatchAccount(account_id=account_id))

    async def put_back(self) -> tuple[str, ...]:
        """Let a store that lost this call know again what it holds, whom, and where it stands.

        Gives the agents claimed again. `ConflictError` if the store knows better: the call is
        charged, or another engine's.
        """
        call, store = self.call, self._house.store
        if call.finished:
            return ()
        meter, agents = self.machine.meter(call), self.machine.agents(call)
        if call.account_id is not None and meter is not None:
            held_micros = charge(meter.rate, meter.granted_n)
            await store.restore_hold(call.account_id, call.call_id, self.epoch, meter, held_micros)
        await self._save()
        return await store.claim_agents(call.call_id, agents, len(agents))

    @property
    def legs(self) -> tuple[str, ...]:
        """Every leg the call knows of."""
        return self.machine.legs(self.call)

    def tell(self, event: e.Event) -> None:
        """Put an event into the mailbox; one that is full has lost its call."""
        self._put(event)

    def _put(self, event: e.Event) -> bool:
        try:
            self._mailbox.put_nowait(event)
        except asyncio.QueueFull:
            self._counts.overfull += 1
            self._log.error("mailbox.full", event_type=type(event).__name__)
            return False
        return True

    async def ask(self, event: e.Event, within_ms: int) -> "Step | Outcome":
        """Put an event into the mailbox; the step it led to once its orders are carried out.

        GONE if the call ended or was lost before; BUSY if the mailbox is full, or does not come to
        the event within so long: then it never does anything.
        """
        answer: asyncio.Future[Step] = asyncio.get_running_loop().create_future()
        if not self._put(event):
            return Outcome.BUSY
        self._asked[id(event)] = _Asked(self._house.clock.now().mono_ms + within_ms, answer)
        over: set[asyncio.Future[Any]] = {answer, self.task}
        await asyncio.wait(over, timeout=within_ms / 1000, return_when=asyncio.FIRST_COMPLETED)
        if id(event) in self._asked and not self.task.done():
            answer.cancel()
            return Outcome.BUSY
        await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
        if answer.cancelled():
            return Outcome.BUSY
        return answer.result() if answer.done() else Outcome.GONE

    async def stop(self) -> None:
        """Leave the call as it is (another engine takes it over): nothing is ordered any more."""
        self._timers.cancel_all()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def _lose(self) -> None:
        """Another engine has this call: order nothing more. One that is being booked is let be."""
        if not self.machine.is_settling(self.call):
            self._count_as_lost()
            self.task.cancel()

    def _count_as_lost(self) -> None:
        self._counts.lost += 1
        self._log.warning("call.lost_to_another_engine")

    async def _run(self) -> None:
        # Rooms below log too while they work for this call.
        structlog.contextvars.bind_contextvars(call=self.call.call_id)
        try:
            while not self.call.finished:
                event = await self._next()
                asked = self._asked.pop(id(event), None)
                if asked is None or self._is_wanted(asked):
                    await self._take(event, asked)
            if await self._errands.finish():
                await self._forget()
            self._counts.finished += 1
        except ConflictError:
            self._count_as_lost()
        finally:
            self._timers.cancel_all()
            if self._saver is not None:
                self._saver.cancel()
            await self._errands.close()
            self._ended(self)

    async def _next(self) -> e.Event:
        """The next event; what is to be written soon is written if none comes before."""
        if self._save_by_s is not None:
            try:
                async with asyncio.timeout_at(self._save_by_s):
                    return await self._mailbox.get()
            except TimeoutError:
                await self._save()
        return await self._mailbox.get()

    def _is_wanted(self, asked: _Asked) -> bool:
        """Whether an event is still to be carried out, as it leaves the mailbox."""
        if self._house.clock.now().mono_ms > asked.until_ms:
            asked.answer.cancel()
        return not asked.answer.cancelled()

    async def _take(self, event: e.Event, asked: _Asked | None) -> None:
        """One event: decide, write down, carry out."""
        if not self.machine.is_expected(self.call, event):
            self._counts.unexpected += 1
            self._log.error(
                "event.unexpected", state=self.call.state, event_type=type(event).__name__
            )
        before = self.call
        self.call, actions = self._decide(event)
        self._note(before, event, actions)
        now = self._house.clock.now()
        # What ends a conversation waits for nobody: found parted, a call is adopted as well.
        partings = [action for action in actions if isinstance(action, Part)]
        for parting in partings:
            await self._order(parting, event)
        if self.call is not before and not self.call.finished:
            if all(isinstance(action, OWN_ACTIONS) for action in actions):
                self._save_soon()
            else:
                await self._save()
        # Counted once it is written down: another that has the call by then counts it himself.
        self._measures.stepped(before, self.call, event, actions, now)
        for action in actions:
            if action not in partings:
                await self._order(action, event)
        self._measures.handled(event, self._house.clock.now())
        if asked is not None:
            asked.answer.set_result((before, self.call))

    async def _order(self, action: Action, event: e.Event) -> None:
        await self._orders.carry_out(action)
        self._measures.carried_out(self.call, event, action, self._house.clock.now())

    def _note(self, before: LiveCall, event: e.Event, actions: tuple[Action, ...]) -> None:
        """The call's way in the log: each change of state, and what is said to whom."""
        if self.call.state is not before.state:
            self._log.info(
                "call.moved", was=before.state, now=self.call.state, by=type(event).__name__
            )
        for action in actions:
            if isinstance(action, Play | Whisper):
                self._log.info(
                    "call.said",
                    to=self.machine.role(self.call, action.leg),
                    prompts=[prompt.shown for prompt in action.prompts],
                )

    def _decide(self, event: e.Event) -> tuple[LiveCall, tuple[Action, ...]]:
        """The machine's decision; a step that fails ends the call safely."""
        now = self._house.clock.now()
        try:
            return self.machine.step(self.call, event, now)
        except Exception:
            self._counts.faults += 1
            event_type = type(event).__name__
            self._log.exception("step.failed", state=self.call.state, event_type=event_type)
            ended = e.EndOrdered(at_ms=now.wall_ms, reason="fault of the engine")
            return self.machine.step(self.call, ended, now)

    # --- the snapshot ------------------------------------------------------------------

    async def _save(self) -> None:
        """Write the snapshot before the orders; a store that is away or slow holds nobody up."""
        self._save_by_s = None
        if self._saver is not None:
            return
        saver = asyncio.create_task(self._house.store.save(self._snapshot()))
        try:
            await asyncio.wait({saver}, timeout=SAVE_WITHIN_S)
        except asyncio.CancelledError:
            saver.cancel()
            raise
        if saver.done():
            with contextlib.suppress(RemoteError):
                saver.result()
                return
        self._saver = asyncio.create_task(self._save_later(saver))

    def _save_soon(self) -> None:
        if self._save_by_s is None:
            self._save_by_s = asyncio.get_running_loop().time() + SAVE_SOON_S

    async def _save_later(self, under_way: "asyncio.Task[None]") -> None:
        """Write the newest snapshot as soon as the store is back."""
        try:
            await asyncio.wait({under_way})
            while not await self._saved():
                await self._house.clock.sleep(SAVE_AGAIN_MS)
        finally:
            under_way.cancel()
            self._saver = None

    async def _saved(self) -> bool:
        """Whether the newest snapshot could be written."""
        try:
            await self._house.store.save(self._snapshot())
        except RemoteError:
            return False
        except ConflictError:
            self._lose()
        return True

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
            body=self.machine.encode(self.call),
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
        try:
            begins = begun(event, call_id, self._house.inventory())
        except ValueError as error:
            log.error("call.no_terms", call=call_id, did=event.did, error=str(error))
            self._house.metrics.call_turned_away()
            await self._turn_away(call_id, event.leg, HangUpReason.FAULT)
            return None
        if begins is None:
            log.warning("call.to_nobody", call=call_id, did=event.did, trunk=event.trunk)
            self._house.metrics.call_turned_away()
            await self._turn_away(call_id, event.leg, HangUpReason.UNALLOCATED)
            return None
        self.counts.begun += 1
        machine, call = begins
        if not machine.asks_first:
            self._house.metrics.call_begun(machine.service(call))
        return self.take(machine, call, epoch=1)

    async def _turn_away(self, call_id: str, leg: str, reason: HangUpReason) -> None:
        try:
            await self._house.telephony.hang_up(leg, reason)
        except RemoteError as error:
            log.warning("call.not_turned_away", call=call_id, leg=leg, error=str(error))

    def place(self, machine: Machine[Any], call: LiveCall) -> None:
        """Begin a call of our own; its machine is told to place it."""
        self.counts.begun += 1
        now_ms = self._house.clock.now().wall_ms
        self.take(machine, call, epoch=1).tell(e.CallWanted(at_ms=now_ms))

    def take(self, machine: Machine[Any], call: LiveCall, epoch: int) -> CallTask:
        """Own a call from now on."""
        task = CallTask(self._house, machine, call, epoch, self.counts, self._gone)
        self._live[call.call_id] = task
        return task

    def _gone(self, task: CallTask) -> None:
        if self._live.get(task.call.call_id) is task:
            del self._live[task.call.call_id]

    def news(self, news: BalanceNews) -> None:
        """Bring a change of an account to every call that talks on it and does not know it yet: a
        call's own reservation is news to the others alone."""
        now_ms = self._house.clock.now().wall_ms
        for task in self.live:
            if task.watched == news.view.account_id and not task.knows(news):
                task.tell(
                    e.BalanceChanged(
                        at_ms=now_ms, view=news.view, credited_micros=news.credited_micros
                    )
                )

    async def stop(self) -> None:
        """Leave all calls to other engines."""
        await asyncio.gather(*(task.stop() for task in self.live))
