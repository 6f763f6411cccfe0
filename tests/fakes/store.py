"""A store in memory, deterministic, for flows and simulations.

Several engines use one store by sharing its data: `MemoryStore(data)` is one engine's way to it,
with the accounts it watches. Faults come from the test: a lost order was never carried out, a lost
answer was; either way the caller sees a `RemoteError`.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from enum import Enum
from typing import TypeVar

from engine.core.account import AccountView
from engine.core.quota import Meter
from engine.errors import RemoteError
from engine.ports.limits import Breaker, Limit, Use
from engine.ports.people.commands import Command, Outcome
from engine.ports.store import (
    AgentState,
    BalanceNews,
    Granted,
    PauseReason,
    Reservation,
    Snapshot,
    StorePosting,
)
from engine.store.codec import checked_wish
from engine.store.limits import BLOCK_MS, counted, whole
from engine.store.watched import Watched
from tests.fakes.valkey import StoreData

Answer = TypeVar("Answer")


class Fault(Enum):
    """What goes wrong with one order."""

    LOST_ORDER = "lost order"
    LOST_ANSWER = "lost answer"


def no_fault(_order: str) -> Fault | None:
    """All goes well."""
    return None


async def no_delay(_order: str) -> None:
    """Let others run, as a round trip would, but let no time pass."""
    await asyncio.sleep(0)


class MemoryStore:
    """`ports.store.Store` on data in memory.

    `faults` and `delay` are asked with the name of each order; `delay` is awaited on the way to
    the store and on the way back. `down` lets every order fail, unanswered.
    """

    def __init__(
        self,
        data: StoreData | None = None,
        *,
        faults: Callable[[str], Fault | None] = no_fault,
        delay: Callable[[str], Awaitable[None]] = no_delay,
    ) -> None:
        self.data = data or StoreData(lambda: 0)
        self.down = False
        self.faults = faults
        self.delay = delay
        self._watched = Watched()
        self._dirty: deque[str] = deque()
        self._woken = asyncio.Event()
        self.data.listeners.append(self._changed)

    # --- accounts and holds --------------------------------------------------------------

    async def account(self, account_id: str) -> AccountView | None:
        return await self._order("account", lambda: self.data.view(account_id))

    async def seed_account(
        self, account_id: str, currency: str, balance_micros: int, seq: int, closed_ms: int = 0
    ) -> AccountView:
        whole(balance_micros, "balance_micros")
        whole(seq, "seq")
        return await self._order(
            "seed_account",
            lambda: self.data.seed(account_id, currency, balance_micros, seq, closed_ms),
        )

    async def apply(self, posting: StorePosting, *, quiet: bool = False) -> int:
        whole(posting.micros, "micros")
        whole(posting.seq, "seq")
        return await self._order("apply", lambda: self.data.apply(posting, quiet))

    async def reserve(self, wish: Reservation) -> Granted:
        checked_wish(wish)
        return await self._order("reserve", lambda: self.data.reserve(wish))

    async def restore_hold(
        self, account_id: str, call_id: str, epoch: int, meter: Meter, micros: int
    ) -> AccountView:
        counted(micros, "micros")
        counted(epoch, "epoch")
        return await self._order(
            "restore_hold",
            lambda: self.data.restore_hold(account_id, call_id, epoch, meter, micros),
        )

    async def hold_amount(self, account_id: str, hold_id: str, micros: int) -> bool:
        counted(micros, "micros")
        return await self._order(
            "hold_amount", lambda: self.data.hold_amount(account_id, hold_id, micros)
        )

    async def drop_hold(self, account_id: str, hold_id: str) -> None:
        await self._order("drop_hold", lambda: self.data.drop_hold(account_id, hold_id))

    # --- live calls ----------------------------------------------------------------------

    async def save(self, snapshot: Snapshot) -> None:
        await self._order("save", lambda: self.data.save(snapshot))

    async def forget(self, call_id: str, epoch: int) -> None:
        await self._order("forget", lambda: self.data.forget(call_id, epoch))

    async def live_calls(self) -> tuple[Snapshot, ...]:
        return await self._order(
            "live_calls",
            lambda: tuple(snapshot for _, snapshot in sorted(self.data.calls.items())),
        )

    async def live_call(self, call_id: str) -> Snapshot | None:
        return await self._order("live_call", lambda: self.data.calls.get(call_id))

    async def changes(self) -> AsyncIterator[str | None]:
        heard: asyncio.Queue[str | None] = asyncio.Queue()
        heard.put_nowait(None)
        self.data.call_listeners.append(heard.put_nowait)
        try:
            while True:
                yield await heard.get()
        finally:
            self.data.call_listeners.remove(heard.put_nowait)

    async def adopt(
        self, call_id: str, account_id: str | None, engine: str, epoch: int
    ) -> Snapshot | None:
        adopted = await self._order("adopt", lambda: self.data.adopt(call_id, engine, epoch))
        owned_by = account_id or (adopted and adopted.account_id)
        if adopted is not None and owned_by:
            await self._order("fence", lambda: self.data.fence(owned_by, call_id, adopted.epoch))
        return adopted

    # --- commands ------------------------------------------------------------------------

    async def send(self, engine: str, command: Command, within_ms: int) -> None:
        await self._order("send", lambda: self.data.send(engine, command, within_ms))

    async def received(self, engine: str) -> AsyncIterator[tuple[Command, int]]:
        while True:
            woken = self.data.woken
            taken = None if self.down else self.data.take(engine)
            if taken is not None:
                yield taken
            else:
                await woken.wait()

    async def answer(self, command_id: str, outcome: Outcome) -> None:
        await self._order("answer", lambda: self.data.answer(command_id, outcome))

    async def outcome(self, command_id: str, within_ms: int) -> Outcome | None:
        await self._order("outcome", lambda: None)
        return await self._outcome(command_id, within_ms)

    async def _outcome(self, command_id: str, within_ms: int) -> Outcome | None:
        with suppress(TimeoutError):
            async with asyncio.timeout(min(within_ms, BLOCK_MS) / 1000):
                while command_id not in self.data.outcomes:
                    await self.data.woken.wait()
        return self.data.outcomes.get(command_id)

    # --- engines -------------------------------------------------------------------------

    async def renew_lease(self, engine: str, ttl_ms: int) -> None:
        await self._order("renew_lease", lambda: self.data.renew_lease(engine, ttl_ms))

    async def living_engines(self) -> tuple[str, ...]:
        return await self._order("living_engines", self.data.living_engines)

    async def generation(self) -> str:
        return await self._order("generation", lambda: str(self.data.generations))

    # --- agents --------------------------------------------------------------------------

    async def claim_agents(
        self, call_id: str, ordered: tuple[str, ...], most: int
    ) -> tuple[str, ...]:
        return await self._order(
            "claim_agents", lambda: self.data.claim_agents(call_id, ordered, most)
        )

    async def free_agent(self, agent: str, call_id: str, wrap_up_ms: int) -> None:
        await self._order("free_agent", lambda: self.data.free_agent(agent, call_id, wrap_up_ms))

    async def agent_states(self, names: tuple[str, ...]) -> tuple[AgentState, ...]:
        return await self._order(
            "agent_states", lambda: tuple(self.data.agent(name) for name in names)
        )

    async def set_pause(self, agent: str, reason: PauseReason | None) -> None:
        await self._order("set_pause", lambda: self.data.set_pause(agent, reason))

    async def end_wrap_up(self, agent: str) -> None:
        await self._order("end_wrap_up", lambda: self.data.end_wrap_up(agent))

    async def next_turn(self, group: str) -> int:
        return await self._order("next_turn", lambda: self.data.next_turn(group))

    # --- limits --------------------------------------------------------------------------

    async def admit(
        self, call_id: str, limits: tuple[Limit, ...], breakers: tuple[Breaker, ...]
    ) -> str | None:
        return await self._order("admit", lambda: self.data.admit(call_id, limits, breakers))

    async def use(self, limits: tuple[Limit, ...], breakers: tuple[Breaker, ...]) -> Use:
        return await self._order("use", lambda: self.data.use(limits, breakers))

    async def note_outcome(
        self, subject_id: str, good: bool, breakers: tuple[Breaker, ...]
    ) -> None:
        await self._order(
            "note_outcome", lambda: self.data.note_outcome(subject_id, good, breakers)
        )

    # --- probes --------------------------------------------------------------------------

    async def expect_probe(self, e164: str, within_ms: int) -> None:
        await self._order("expect_probe", lambda: self.data.expect_probe(e164, within_ms))

    async def note_arrival(self, e164: str, at_ms: int) -> bool:
        return await self._order("note_arrival", lambda: self.data.note_arrival(e164, at_ms))

    async def arrival(self, e164: str) -> int | None:
        return await self._order("arrival", lambda: self.data.arrival(e164))

    # --- news ----------------------------------------------------------------------------

    async def watch(self, account_id: str) -> None:
        if self._watched.add(account_id):
            self._changed(account_id)

    async def unwatch(self, account_id: str) -> None:
        if account_id in self._watched:
            self._watched.drop(account_id)

    async def news(self) -> AsyncIterator[BalanceNews]:
        while True:
            await self._woken.wait()
            while self._dirty and not self.down:
                news = self._news_of(self._dirty.popleft())
                if news is not None:
                    yield news
            self._woken.clear()

    def reconnect(self) -> None:
        """Be up again, and tell how every watched account is now."""
        self.down = False
        self._watched.tell_all_again()
        for account_id in self._watched:
            self._changed(account_id)
        self.data.publish_call(None)

    async def close(self) -> None:
        """Listen no more, as an engine that is gone."""
        self.data.listeners.remove(self._changed)

    def _changed(self, account_id: str) -> None:
        if account_id in self._watched and account_id not in self._dirty:
            self._dirty.append(account_id)
            self._woken.set()

    def _news_of(self, account_id: str) -> BalanceNews | None:
        view = self.data.view(account_id)
        if view is None:
            return None
        return self._watched.news(view, self.data.accounts[account_id].credited_micros)

    async def _order(self, name: str, carry_out: Callable[[], Answer]) -> Answer:
        await self.delay(name)
        fault = self.faults(name)
        if self.down or fault is Fault.LOST_ORDER:
            raise RemoteError(f"the store did not answer {name}")
        answer = carry_out()
        await self.delay(name)
        if fault is Fault.LOST_ANSWER:
            raise RemoteError(f"the store did not answer {name}")
        return answer
