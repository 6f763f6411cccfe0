"""Carrying out what a call orders: each action becomes calls on the ports.

Telephony orders are carried out one after the other, for their order matters and each takes a
millisecond or two. What asks store, ledger or agents runs beside, so that a slow database never
keeps a call from being cut off in time; its answer comes back as an event.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from engine.core import actions as a
from engine.core import events as e
from engine.core.hunt import ringing_order, rung_at_once
from engine.core.inventory import Agent, Inventory
from engine.core.rating import charge
from engine.errors import CallerError, ConflictError, RemoteError
from engine.flows.accounts import Accounts, put_back
from engine.flows.relay import Relay
from engine.flows.timers import Timers
from engine.ports.clock import Clock
from engine.ports.ledger import Ledger
from engine.ports.speech import Missing, Sounds
from engine.ports.store import Granted, Reservation, Store
from engine.ports.telephony import Dial, Telephony

AGAIN_MS = (100, 300, 1_000, 2_000, 5_000)
FINISH_WITHIN_S = 10.0

T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """All that flows need of the outside, handed in by `app`."""

    telephony: Telephony
    store: Store
    ledger: Ledger
    sounds: Sounds
    clock: Clock
    relay: Relay
    inventory: Callable[[], Inventory]
    endpoint_of: Callable[[Agent], str]
    engine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTerms:
    """What orders of one call need to know of it."""

    call_id: str
    organisation: str
    profile: str
    currency: str
    region: str
    did: str
    lang: str


class Orders:
    """The orders of one call, carried out."""

    def __init__(
        self,
        house: House,
        terms: CallTerms,
        epoch: int,
        timers: Timers,
        tell: Callable[[e.Event], None],
    ) -> None:
        self._house = house
        self._terms = terms
        self._epoch = epoch
        self._timers = timers
        self._tell = tell
        self._accounts = Accounts(house.ledger, house.store)
        self._watched: str | None = None
        self._beside: set[asyncio.Task[None]] = set()
        self._log = log.bind(call=terms.call_id)

    async def carry_out(self, action: a.Action) -> None:
        """Carry out one action, or start it where it runs beside."""
        match action:
            case a.SetTimer():
                self._timers.set(action.name, action.at_ms)
            case a.CancelTimer():
                self._timers.cancel(action.name)
            case a.WatchAccount():
                self._watched = action.account_id
                self._start_beside(action)
            case _ if type(action) in BESIDE:
                self._start_beside(action)
            case _:
                await self._telephony(action)

    async def finish(self) -> None:
        """Wait for what still runs beside (an agent to be given back), within bounds."""
        if self._beside:
            await asyncio.wait(tuple(self._beside), timeout=FINISH_WITHIN_S)

    async def close(self) -> None:
        """End what runs beside; nothing of the call is changed."""
        for task in tuple(self._beside):
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)
        if self._watched is not None:
            with contextlib.suppress(RemoteError):
                await self._house.store.unwatch(self._watched)

    @property
    def watched(self) -> str | None:
        """The account whose news this call gets."""
        return self._watched

    # --- telephony ---------------------------------------------------------------------

    async def _telephony(self, action: a.Action) -> None:
        try:
            await self._switch(action)
        except RemoteError as error:
            target = str(getattr(action, "leg", "") or getattr(action, "bridge", ""))
            name = type(action).__name__
            self._log.warning("order.failed", order=name, target=target, error=str(error))
            self._tell(
                e.OrderFailed(at_ms=self._now_ms(), order=name, target=target, reason=str(error))
            )

    async def _switch(self, action: a.Action) -> None:
        switch = self._house.telephony
        call_id = self._terms.call_id
        match action:
            case a.Answer():
                await switch.answer(action.leg)
            case a.HangUp():
                await switch.hang_up(action.leg, action.reason)
            case a.IndicateRinging():
                await switch.indicate_ringing(action.leg)
            case a.Play() | a.Whisper():
                await self._let_hear(action)
            case a.StopPlayback():
                await switch.stop_playback(action.playback)
            case a.StartMusic():
                await switch.start_music(action.leg)
            case a.StopMusic():
                await switch.stop_music(action.leg)
            case a.DialAgent():
                await self._dial(action)
            case a.Join():
                await switch.join(call_id, action.bridge, action.legs)
            case a.Part():
                await switch.part(action.bridge, action.legs)
            case a.SetDeadline():
                await switch.set_deadline(action.leg, max(1, action.at_ms - self._now_ms()))
            case _:
                raise AssertionError(f"no way to carry out {type(action).__name__}")

    async def _let_hear(self, action: a.Play | a.Whisper) -> None:
        """Play the audio of all prompts; if one has none, nothing is played."""
        audio: list[str] = []
        for prompt in action.prompts:
            found = self._house.sounds.playlist(prompt, action.lang)
            if isinstance(found, Missing):
                self._log.error("prompt.missing", prompt=prompt.key(), reason=found.reason)
                self._ended_unheard(action.playback)
                return
            audio.extend(found)
        switch = self._house.telephony
        send = switch.play if isinstance(action, a.Play) else switch.whisper
        try:
            await send(self._terms.call_id, action.leg, action.playback, audio)
        except RemoteError as error:
            self._log.warning("playback.failed", leg=action.leg, error=str(error))
            self._ended_unheard(action.playback)

    def _ended_unheard(self, playback: str) -> None:
        self._tell(e.PlaybackEnded(at_ms=self._now_ms(), playback=playback, complete=False))

    async def _dial(self, action: a.DialAgent) -> None:
        agent = self._house.inventory().agent(action.agent)
        if agent is None:
            raise RemoteError(f"there is no agent {action.agent}", retryable=False)
        await self._house.telephony.dial(
            Dial(
                call_id=self._terms.call_id,
                leg=action.leg,
                endpoint=self._house.endpoint_of(agent),
                caller_number=action.show_number or self._terms.did,
                caller_name=action.show_name,
                ring_timeout_s=action.ring_timeout_s,
                deadline_ms=action.deadline_ms,
            )
        )

    # --- beside ------------------------------------------------------------------------

    def _start_beside(self, action: a.Action) -> None:
        task = asyncio.create_task(self._run_beside(action))
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _run_beside(self, action: a.Action) -> None:
        try:
            await BESIDE[type(action)](self, action)
        except ConflictError as error:
            self._log.warning("call.lost_to_another_engine", error=str(error))
        except RemoteError as error:
            name = type(action).__name__
            self._log.warning("money.unreachable", order=name, error=str(error))
            step = getattr(action, "step", 0)
            self._tell(e.MoneyUnreachable(at_ms=self._now_ms(), order=name, step=step))

    async def _find_account(self, action: a.FindAccount) -> None:
        terms = self._terms
        view, returning = await self._accounts.of_number(
            terms.organisation, action.profile, action.e164, terms.currency
        )
        self._tell(e.AccountFound(at_ms=self._now_ms(), view=view, returning=returning))

    async def _check_pin(self, action: a.CheckPin) -> None:
        view = await self._accounts.of_pin(
            action.profile, action.number, action.pin, self._terms.region
        )
        self._tell(e.PinChecked(at_ms=self._now_ms(), view=view))

    async def _claim_first_call(self, action: a.ClaimFirstCall) -> None:
        granted = await self._house.ledger.claim_first_call(
            self._terms.organisation,
            action.caller_list,
            action.e164,
            self._terms.call_id,
            self._now_ms(),
            action.days,
        )
        self._tell(e.FirstCallSettled(at_ms=self._now_ms(), granted=granted))

    async def _return_first_call(self, action: a.ReturnFirstCall) -> None:
        await self._until_done(
            "return_first_call",
            lambda: self._house.ledger.return_first_call(
                self._terms.organisation, action.caller_list, action.e164, self._terms.call_id
            ),
        )

    async def _reserve(self, action: a.Reserve) -> None:
        if self._watched is None:
            return
        granted = await self._hold(
            Reservation(
                account_id=self._watched,
                call_id=self._terms.call_id,
                epoch=self._epoch,
                step=action.step,
                meter=action.meter,
                levels=action.levels,
                least=action.least,
            )
        )
        self._tell(
            e.Reserved(
                at_ms=self._now_ms(),
                step=action.step,
                granted_n=granted.granted_n,
                view=granted.view,
            )
        )

    async def _hold(self, wish: Reservation) -> Granted:
        """Reserve; a store that has lost the account, or part of the hold, gets it back first.

        An account put back is closed for a while: `RemoteError`, ask again.
        """
        store, ledger = self._house.store, self._house.ledger
        try:
            granted = await store.reserve(wish)
        except CallerError as error:
            account = await ledger.account(wish.account_id)
            if account is None:
                raise
            self._log.error("account.lost_by_store", account=wish.account_id)
            await put_back(ledger, store, account)
            raise RemoteError(str(error)) from error
        if granted.granted_n >= wish.meter.granted_n:
            return granted
        self._log.error("hold.lost_by_store", account=wish.account_id)
        held_micros = charge(wish.meter.rate, wish.meter.granted_n)
        await store.restore_hold(wish.account_id, wish.call_id, wish.epoch, wish.meter, held_micros)
        return await store.reserve(wish)

    async def _watch(self, action: a.WatchAccount) -> None:
        await self._house.store.watch(action.account_id)

    async def _settle(self, action: a.Settle) -> None:
        """Book until it is booked; then the store, which may also follow later."""
        postings = await self._until_done(
            "settle", lambda: self._house.ledger.settle(action.record)
        )
        await self._house.relay.apply(postings)
        self._tell(e.CallSettled(at_ms=self._now_ms()))

    async def _until_done(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """Repeat what must not be lost until it succeeds, ever more slowly."""
        tries = 0
        while True:
            try:
                return await work()
            except RemoteError as error:
                wait_ms = AGAIN_MS[min(tries, len(AGAIN_MS) - 1)]
                tries += 1
                self._log.warning("again", order=name, error=str(error), after_ms=wait_ms)
                await self._house.clock.sleep(wait_ms)

    # --- agents ------------------------------------------------------------------------

    async def _claim_agents(self, action: a.ClaimAgents) -> None:
        store = self._house.store
        group = self._house.inventory().group(action.group)
        agents = group.agents if group is not None else ()
        wanted = tuple(
            name
            for name in agents
            if name not in action.exclude and (not action.only or name in action.only)
        )
        claimed: tuple[str, ...] = ()
        if group is not None and wanted:
            states = await store.agent_states(wanted)
            turn = await store.next_turn(group.name)
            idle_since = {state.name: state.idle_since_ms for state in states}
            ordered = ringing_order(group.strategy, wanted, idle_since, turn)
            most = rung_at_once(group.strategy, len(ordered))
            claimed = await store.claim_agents(self._terms.call_id, ordered, most)
        self._tell(e.AgentsClaimed(at_ms=self._now_ms(), round=action.round, agents=claimed))

    async def _free_agent(self, action: a.FreeAgent) -> None:
        agent = self._house.inventory().agent(action.agent)
        wrap_up_ms = agent.wrap_up_s * 1000 if agent is not None and action.talked else 0
        await self._until_done(
            "free_agent",
            lambda: self._house.store.free_agent(action.agent, self._terms.call_id, wrap_up_ms),
        )

    def _now_ms(self) -> int:
        return self._house.clock.now().wall_ms


Beside = Callable[[Orders, Any], Coroutine[Any, Any, None]]

BESIDE: dict[type[a.Action], Beside] = {
    a.FindAccount: Orders._find_account,
    a.CheckPin: Orders._check_pin,
    a.ClaimFirstCall: Orders._claim_first_call,
    a.ReturnFirstCall: Orders._return_first_call,
    a.Reserve: Orders._reserve,
    a.WatchAccount: Orders._watch,
    a.Settle: Orders._settle,
    a.ClaimAgents: Orders._claim_agents,
    a.FreeAgent: Orders._free_agent,
}
