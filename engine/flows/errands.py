"""What a call has done for it beside: questions to store and ledger, agents, the bill.

An errand never holds the call up, so that a slow database keeps nobody from being cut off in time;
its answer comes back as an event. Errands of one lane follow each other, so that an agent is not
given back after he has been claimed again, nor an offer before it has been claimed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from typing import Any, TypeVar

import structlog

from engine.core import actions as a
from engine.core import events as e
from engine.core.diversion.route import Found
from engine.core.hunt import ringing_order, rung_at_once
from engine.core.inventory import Agent, HuntGroup, Inventory, Strategy
from engine.core.rating import charge
from engine.core.verification import Mode, Status
from engine.errors import CallerError, ConflictError, EngineError, RemoteError
from engine.flows.diversion.directory import Directory
from engine.flows.money.accounts import Accounts, put_back
from engine.flows.money.relay import Relay
from engine.flows.probing.judging import Judging
from engine.flows.verification.sessions import Sessions
from engine.ports.clock import Clock
from engine.ports.ledger import Ledger
from engine.ports.metrics import UNMEASURED, Disagreement, Metrics
from engine.ports.speech import Sounds
from engine.ports.store import Granted, Reservation, Store, StorePosting
from engine.ports.telephony import Telephony
from engine.tracking.rules import whispers

AGAIN_MS = (100, 300, 1_000, 2_000, 5_000)
FINISH_WITHIN_S = 10.0

T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """All that flows need of the outside, handed in by `app`; without `sessions` no number can be
    verified, without a `directory` none is sent on, without `judging` none is probed."""

    telephony: Telephony
    store: Store
    ledger: Ledger
    sounds: Sounds
    clock: Clock
    relay: Relay
    inventory: Callable[[], Inventory]
    endpoint_of: Callable[[Agent], str]
    endpoint_of_number: Callable[[str, str], str]
    engine: str
    metrics: Metrics = UNMEASURED
    sessions: Sessions | None = None
    directory: Directory | None = None
    judging: Judging | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTerms:
    """What orders of one call need to know of it."""

    call_id: str
    organisation: str
    profile: str
    currency: str
    region: str
    did: str
    agents: tuple[str, ...]


class Errands:
    """The errands of one call. `lost` is called when another engine turns out to have the call."""

    def __init__(
        self,
        house: House,
        terms: CallTerms,
        epoch: int,
        tell: Callable[[e.Event], None],
        lost: Callable[[], None],
    ) -> None:
        self._house = house
        self._terms = terms
        self._epoch = epoch
        self._tell = tell
        self._lost = lost
        self._accounts = Accounts(house.ledger, house.store)
        self._watched: str | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._log = log.bind(call=terms.call_id)

    @property
    def watched(self) -> str | None:
        """The account whose news this call gets."""
        return self._watched

    def is_one(self, action: a.Action) -> bool:
        return type(action) in ERRANDS

    def start(self, action: a.Action) -> None:
        """Begin an errand."""
        if isinstance(action, a.WatchAccount):
            self._watched = action.account_id
        lane = LANES.get(type(action), "")
        task = self._keep(self._run(action, self._lanes.get(lane)))
        if lane:
            self._lanes[lane] = task

    def say(self, words: Coroutine[Any, Any, None]) -> None:
        """Let words be heard beside, after those that were to be heard before them."""
        self._lanes[WORDS] = self._keep(_after(self._lanes.get(WORDS), words))

    @property
    def is_saying(self) -> bool:
        """Whether words are still on their way."""
        last = self._lanes.get(WORDS)
        return last is not None and not last.done()

    def repeat(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do again, until it succeeds, what leaves nothing behind: a leg, a bridge."""
        self._keep(self._until_done(name, work))

    def _keep(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def finish(self) -> bool:
        """Wait, within bounds, for what is under way, and see that no agent stays claimed.

        False if that could not be done: then the call must not be forgotten yet.
        """
        if self._under_way:
            await asyncio.wait(tuple(self._under_way), timeout=FINISH_WITHIN_S)
        if self._under_way:
            return False
        try:
            await self._give_back_agents()
        except RemoteError as error:
            self._log.warning("agents.not_given_back", error=str(error))
            return False
        return True

    async def close(self) -> None:
        """End what is under way; nothing of the call is changed."""
        for task in tuple(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._watched is not None:
            with contextlib.suppress(RemoteError):
                await self._house.store.unwatch(self._watched)

    async def _run(self, action: a.Action, before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            await asyncio.wait({before})
        name = type(action).__name__
        try:
            await ERRANDS[type(action)](self, action)
        except EngineError as error:
            self._log.warning("errand.failed", order=name, code=error.code, error=str(error))
            if isinstance(error, ConflictError) and isinstance(action, a.Reserve):
                self._lost()
                return
            step = action.step if isinstance(action, a.Reserve) else 0
            self._tell(e.MoneyUnreachable(at_ms=self._now_ms(), order=name, step=step))

    # --- the account -------------------------------------------------------------------

    async def _find_account(self, action: a.FindAccount) -> None:
        terms = self._terms
        found = await self._accounts.of_number(
            terms.organisation, action.profile, action.e164, terms.currency
        )
        self._tell(
            e.AccountFound(
                at_ms=self._now_ms(),
                view=found.view,
                returning=found.returning,
                blocked=found.blocked,
            )
        )

    async def _check_pin(self, action: a.CheckPin) -> None:
        found = await self._accounts.of_pin(
            action.profile, action.number, action.pin, self._terms.region
        )
        view, blocked = (found.view, found.blocked) if found is not None else (None, False)
        self._tell(e.PinChecked(at_ms=self._now_ms(), view=view, blocked=blocked))

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

    async def _watch(self, action: a.WatchAccount) -> None:
        await self._house.store.watch(action.account_id)

    # --- money -------------------------------------------------------------------------

    async def _reserve(self, action: a.Reserve) -> None:
        if self._watched is None:
            raise RemoteError("the call has no account")
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
            self._house.metrics.store_disagreed(Disagreement.ACCOUNT_LOST)
            await put_back(ledger, store, account)
            raise RemoteError(str(error)) from error
        if granted.granted_n >= wish.meter.granted_n:
            return granted
        self._log.error("hold.lost_by_store", account=wish.account_id)
        self._house.metrics.store_disagreed(Disagreement.HOLD_LOST)
        held_micros = charge(wish.meter.rate, wish.meter.granted_n)
        await store.restore_hold(wish.account_id, wish.call_id, wish.epoch, wish.meter, held_micros)
        return await store.reserve(wish)

    async def _settle(self, action: a.Settle) -> None:
        """Book until it is booked; then the store, which may also follow later."""
        postings = await self._until_done("settle", lambda: self._booked(action))
        await self._house.relay.apply(postings)
        self._tell(e.CallSettled(at_ms=self._now_ms()))

    async def _booked(self, action: a.Settle) -> tuple[StorePosting, ...]:
        try:
            return await self._house.ledger.settle(action.record)
        except ConflictError as error:
            # Another engine, or this one before it lost sight of the call, has booked its end.
            self._log.error("call.settled_before", error=str(error))
            return ()
        except CallerError as error:
            # Nothing the call can mend; its hold stays, and an operator may.
            self._log.critical("call.not_bookable", error=str(error))
            raise RemoteError(str(error)) from error

    async def _until_done(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """Repeat what must not be lost until it succeeds, ever more slowly."""
        for wait_ms in chain(AGAIN_MS, repeat(AGAIN_MS[-1])):
            try:
                return await work()
            except RemoteError as error:
                self._log.warning("again", order=name, error=str(error), after_ms=wait_ms)
                await self._house.clock.sleep(wait_ms)
        raise AssertionError("it is repeated for ever")

    async def _compare_legs(self, action: a.CompareLegs) -> None:
        legs = await self._house.telephony.facts(self._terms.call_id, action.legs)
        self._tell(e.CallAdopted(at_ms=self._now_ms(), legs=legs, view=None))

    # --- verification ------------------------------------------------------------------

    async def _tell_verification(self, action: a.TellVerification) -> None:
        known = await self._until_done(
            "tell_verification", lambda: self._sessions.told(action.news)
        )
        self._tell(
            e.VerificationTold(
                at_ms=self._now_ms(),
                step=action.news.step,
                over=known.finished,
                verified=known.status is Status.VERIFIED,
            )
        )

    async def _draw_code(self, action: a.DrawCode) -> None:
        code = await self._sessions.code(action.verification_id)
        self._tell(e.CodeDrawn(at_ms=self._now_ms(), code=code))

    async def _check_code(self, action: a.CheckCode) -> None:
        checked = await self._sessions.check(action.verification_id, action.code, Mode.KEYPAD)
        self._tell(
            e.CodeChecked(at_ms=self._now_ms(), fits=checked.fits, tries_left=checked.tries_left)
        )

    @property
    def _sessions(self) -> Sessions:
        assert self._house.sessions is not None, "a verification call where none are kept"
        return self._house.sessions

    # --- diversion ---------------------------------------------------------------------

    async def _find_route(self, action: a.FindRoute) -> None:
        directory, judging = self._house.directory, self._house.judging
        if action.from_house and judging is not None and await judging.is_probe(action.number):
            self._tell(e.RouteFound(at_ms=self._now_ms(), found=Found(is_probe=True)))
            return
        found = await directory.found(action.number) if directory is not None else Found()
        if found.organisation is None:
            self._log.warning("call.to_nobody", did=action.number)
        self._tell(e.RouteFound(at_ms=self._now_ms(), found=found))
        if directory is None or found.organisation is None:
            return
        with contextlib.suppress(RemoteError):
            await directory.note_call(action.number)
        # The next call can be told of what has no words yet.
        for prompt, lang in whispers(found):
            await self._house.sounds.ensure((prompt,), lang)

    async def _admit_forwarded(self, action: a.AdmitForwarded) -> None:
        told = await self._directory.admit(action.call, action.terms, action.wanted_ms)
        self._tell(e.CallAdmitted(at_ms=self._now_ms(), left_ms=told.left_ms, cap=told.cap))

    async def _keep_forwarded(self, action: a.KeepForwarded) -> None:
        await self._until_done("keep_forwarded", lambda: self._directory.keep(action.call))
        self._tell(e.CallSettled(at_ms=self._now_ms()))

    async def _keep_tracked(self, action: a.KeepTracked) -> None:
        work = partial(self._directory.keep_tracked, action.call, action.caller)
        await self._until_done("keep_tracked", work)
        self._tell(e.CallSettled(at_ms=self._now_ms()))

    async def _tell_probe(self, action: a.TellProbe) -> None:
        judging = self._house.judging
        assert judging is not None, "a probe where none are judged"
        await self._until_done("tell_probe", lambda: judging.told(action.probe))
        self._tell(e.CallSettled(at_ms=self._now_ms()))

    @property
    def _directory(self) -> Directory:
        assert self._house.directory is not None, "a diverted call where nothing is sent on"
        return self._house.directory

    # --- agents ------------------------------------------------------------------------

    async def _claim_agents(self, action: a.ClaimAgents) -> None:
        store = self._house.store
        group = self._house.inventory().group(action.group)
        agents = group.agents if group is not None else ()
        wanted = tuple(
            name
            for name in agents
            if name in self._terms.agents
            and name not in action.exclude
            and (not action.only or name in action.only)
        )
        claimed: tuple[str, ...] = ()
        if group is not None and wanted:
            ordered = await self._ringing_order(group, wanted)
            most = rung_at_once(group.strategy, len(ordered))
            claimed = await store.claim_agents(self._terms.call_id, ordered, most)
        self._tell(e.AgentsClaimed(at_ms=self._now_ms(), round=action.round, agents=claimed))

    async def _ringing_order(self, group: HuntGroup, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """The order the group's strategy wants; the store is asked for no more than that needs."""
        store = self._house.store
        idle_since_ms: dict[str, int] = {}
        turn = 0
        if group.strategy is Strategy.LONGEST_IDLE:
            states = await store.agent_states(wanted)
            idle_since_ms = {state.name: state.idle_since_ms for state in states}
        elif group.strategy is Strategy.ROUND_ROBIN:
            turn = await store.next_turn(group.name)
        return ringing_order(group.strategy, wanted, idle_since_ms, turn)

    async def _free_agent(self, action: a.FreeAgent) -> None:
        agent = self._house.inventory().agent(action.agent)
        wrap_up_ms = agent.wrap_up_s * 1000 if agent is not None and action.talked else 0
        await self._until_done(
            "free_agent",
            lambda: self._house.store.free_agent(action.agent, self._terms.call_id, wrap_up_ms),
        )

    async def _give_back_agents(self) -> None:
        """Free whoever was claimed and never got to know (an answer lost, an engine dead)."""
        if not self._terms.agents:
            return
        for state in await self._house.store.agent_states(self._terms.agents):
            if state.call_id == self._terms.call_id:
                await self._house.store.free_agent(state.name, self._terms.call_id, 0)

    def _now_ms(self) -> int:
        return self._house.clock.now().wall_ms


async def _after(before: "asyncio.Task[None] | None", work: Coroutine[Any, Any, None]) -> None:
    try:
        if before is not None:
            await asyncio.wait({before})
    except asyncio.CancelledError:
        work.close()
        raise
    await work


Errand = Callable[[Errands, Any], Coroutine[Any, Any, None]]

ERRANDS: dict[type[a.Action], Errand] = {
    a.FindAccount: Errands._find_account,
    a.CheckPin: Errands._check_pin,
    a.ClaimFirstCall: Errands._claim_first_call,
    a.ReturnFirstCall: Errands._return_first_call,
    a.Reserve: Errands._reserve,
    a.WatchAccount: Errands._watch,
    a.CompareLegs: Errands._compare_legs,
    a.Settle: Errands._settle,
    a.ClaimAgents: Errands._claim_agents,
    a.FreeAgent: Errands._free_agent,
    a.TellVerification: Errands._tell_verification,
    a.DrawCode: Errands._draw_code,
    a.CheckCode: Errands._check_code,
    a.FindRoute: Errands._find_route,
    a.AdmitForwarded: Errands._admit_forwarded,
    a.KeepForwarded: Errands._keep_forwarded,
    a.KeepTracked: Errands._keep_tracked,
    a.TellProbe: Errands._tell_probe,
}

WORDS = "words"
LANES: dict[type[a.Action], str] = {
    a.ClaimFirstCall: "offer",
    a.ReturnFirstCall: "offer",
    a.ClaimAgents: "agents",
    a.FreeAgent: "agents",
    a.TellVerification: "verification",
    a.DrawCode: "verification",
    a.CheckCode: "verification",
    a.AdmitForwarded: "diversion",
    a.KeepForwarded: "diversion",
}
