"""The store's scripts in Python: each method is one script's twin and one atomic step.

`tests/ports/test_store_twins.py` holds the two against each other. The numbers of all scripts are
whole and below 2**53, as Lua can keep them; the clock is the store's own and handed in.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from engine.core.account import AccountView, Hold
from engine.core.quota import Meter
from engine.errors import CallerError, ConflictError, RemoteError
from engine.ports.limits import Breaker, BreakerUse, Limit, LimitUse, Use
from engine.ports.people.commands import Command, Outcome
from engine.ports.store import AgentState, Granted, PauseReason, Reservation, Snapshot, StorePosting
from engine.store.limits import COMMANDS_MOST, ENDED_KEPT_MS, WHOLE_END

NO_STEP = -1


@dataclass
class HeldSum:
    """One hold as the store keeps it; a fixed amount has no meter."""

    micros: int = 0
    granted_n: int = 0
    epoch: int = 0
    step: int = NO_STEP
    meter: Meter | None = None


@dataclass
class KeptAccount:
    """One account as the store keeps it; `credited_micros` only ever grows."""

    currency: str
    balance_micros: int
    seq: int
    credited_micros: int = 0
    closed_until_ms: int = 0
    holds: dict[str, HeldSum] = field(default_factory=dict)
    ended_ms: dict[str, int] = field(default_factory=dict)

    @property
    def available_micros(self) -> int:
        return self.balance_micros - sum(hold.micros for hold in self.holds.values())

    @property
    def live_calls(self) -> int:
        return sum(hold.meter is not None for hold in self.holds.values())


class StoreData:
    """All that a store keeps, shared by the engines that use it."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self.now_ms = now_ms
        self.listeners: list[Callable[[str], None]] = []
        self.call_listeners: list[Callable[[str | None], None]] = []
        self.woken = asyncio.Event()
        self.generations = 0
        self.ever_saved: set[str] = set()
        self.empty()

    def empty(self) -> None:
        """Lose everything, as a store whose disk was lost."""
        self.accounts: dict[str, KeptAccount] = {}
        self.calls: dict[str, Snapshot] = {}
        self.finished_ms: dict[str, int] = {}
        self.agents: dict[str, AgentState] = {}
        self.leases_ms: dict[str, int] = {}
        self.turns: Counter[str] = Counter()
        self.lines: dict[str, list[tuple[int, Command]]] = {}
        self.taken: set[tuple[str, str]] = set()
        self.outcomes: dict[str, Outcome] = {}
        self.counted: dict[str, dict[str, int]] = {}
        self.probes: dict[str, tuple[int, int | None]] = {}
        self.generations += 1

    # --- accounts and holds --------------------------------------------------------------

    def view(self, account_id: str) -> AccountView | None:
        account = self.accounts.get(account_id)
        if account is None:
            return None
        holds = (
            Hold(hold_id, held.micros, held.meter and held.meter.granted(held.granted_n))
            for hold_id, held in sorted(account.holds.items())
        )
        return AccountView(
            account_id, account.currency, account.balance_micros, account.seq, tuple(holds)
        )

    def seed(
        self, account_id: str, currency: str, balance_micros: int, seq: int, closed_ms: int
    ) -> AccountView:
        account = self.accounts.get(account_id)
        if account is None:
            closed_until_ms = self.now_ms() + closed_ms if closed_ms else 0
            self.accounts[account_id] = KeptAccount(
                currency, balance_micros, seq, closed_until_ms=closed_until_ms
            )
            self._publish(account_id)
        elif account.seq < seq:
            _same_currency(account, currency)
            account.balance_micros, account.seq = balance_micros, seq
            self._publish(account_id)
        return self._seen(account_id)

    def apply(self, posting: StorePosting, quiet: bool = False) -> int:
        account = self.accounts.get(posting.account_id)
        if account is None:
            if posting.seq != 1:
                return 0
            account = self.accounts[posting.account_id] = KeptAccount(posting.currency, 0, 0)
        _same_currency(account, posting.currency)
        if posting.seq != account.seq + 1:
            return account.seq
        credited_micros = account.credited_micros + max(0, posting.micros)
        account.balance_micros = _in_range(account.balance_micros + posting.micros)
        account.credited_micros = _in_range(credited_micros)
        account.seq = posting.seq
        if posting.hold_id is not None:
            account.holds.pop(posting.hold_id, None)
            self._remember(account.ended_ms, posting.hold_id)
        if not quiet:
            self._publish(posting.account_id)
        return account.seq

    def reserve(self, wish: Reservation) -> Granted:
        account = self._known(wish.account_id)
        held = self._owned(account, wish.call_id, wish.epoch)
        if held is not None and held.epoch == wish.epoch and wish.step <= held.step:
            return Granted(held.granted_n, self._seen(wish.account_id))
        if wish.levels and self.now_ms() < account.closed_until_ms:
            raise RemoteError("the account is being put back")
        if held is None:
            if account.balance_micros < 0:
                return Granted(0, self._seen(wish.account_id))
            held = account.holds[wish.call_id] = HeldSum()
        held.epoch, held.step, held.meter = wish.epoch, wish.step, wish.meter
        if wish.meter.granted_n == held.granted_n:
            increments = _share(account, held.micros, wish.levels, wish.least)
            if increments:
                held.micros = max(held.micros, wish.levels[increments - 1])
                held.granted_n += increments
        self._publish(wish.account_id)
        return Granted(held.granted_n, self._seen(wish.account_id))

    def restore_hold(
        self, account_id: str, call_id: str, epoch: int, meter: Meter, micros: int
    ) -> AccountView:
        account = self._known(account_id)
        held = self._owned(account, call_id, epoch)
        if held is None:
            held = account.holds[call_id] = HeldSum(epoch=epoch)
        if held.epoch != epoch:
            held.epoch, held.step = epoch, NO_STEP
        held.micros = max(held.micros, micros)
        held.granted_n = max(held.granted_n, meter.granted_n)
        held.meter = meter
        self._publish(account_id)
        return self._seen(account_id)

    def fence(self, account_id: str, call_id: str, epoch: int) -> None:
        account = self.accounts.get(account_id)
        held = account.holds.get(call_id) if account is not None else None
        if held is not None and held.epoch < epoch:
            held.epoch, held.step = epoch, NO_STEP

    def hold_amount(self, account_id: str, hold_id: str, micros: int) -> bool:
        account = self._known(account_id)
        if hold_id in account.ended_ms:
            return True
        held = account.holds.get(hold_id)
        if held is not None:
            if held.meter is not None or held.micros != micros:
                raise ConflictError(f"{hold_id} holds something else")
            return True
        if self.now_ms() < account.closed_until_ms:
            raise RemoteError("the account is being put back")
        if micros > account.available_micros:
            return False
        account.holds[hold_id] = HeldSum(micros)
        self._publish(account_id)
        return True

    def drop_hold(self, account_id: str, hold_id: str) -> None:
        account = self.accounts.get(account_id)
        if account is not None and account.holds.pop(hold_id, None) is not None:
            self._publish(account_id)

    # --- live calls ----------------------------------------------------------------------

    def save(self, snapshot: Snapshot) -> None:
        if snapshot.call_id in self.finished_ms:
            raise ConflictError(f"{snapshot.call_id} is finished")
        kept = self.calls.get(snapshot.call_id)
        if kept is not None and (
            snapshot.epoch < kept.epoch
            or (snapshot.epoch == kept.epoch and snapshot.engine != kept.engine)
        ):
            raise ConflictError(f"{snapshot.call_id} belongs to {kept.engine}")
        self.calls[snapshot.call_id] = snapshot
        self.ever_saved.add(snapshot.call_id)
        self.publish_call(snapshot.call_id)

    def forget(self, call_id: str, epoch: int) -> None:
        kept = self.calls.get(call_id)
        if kept is not None and epoch < kept.epoch:
            raise ConflictError(f"{call_id} belongs to {kept.engine}")
        self.calls.pop(call_id, None)
        self._remember(self.finished_ms, call_id)
        self.publish_call(call_id)

    def adopt(self, call_id: str, engine: str, epoch: int) -> Snapshot | None:
        kept = self.calls.get(call_id)
        if kept is None:
            return None
        if kept.epoch == epoch:
            kept = self.calls[call_id] = replace(kept, engine=engine, epoch=epoch + 1)
            self.publish_call(call_id)
        return kept if kept.epoch == epoch + 1 and kept.engine == engine else None

    def publish_call(self, call_id: str | None) -> None:
        """Tell whoever listens of a call, or (None) that something may have been missed."""
        for listener in tuple(self.call_listeners):
            listener(call_id)

    # --- commands ------------------------------------------------------------------------

    def send(self, engine: str, command: Command, within_ms: int) -> None:
        line = self.lines.setdefault(engine, [])
        line[:] = [(until_ms, one) for until_ms, one in line if until_ms > self.now_ms()]
        if len(line) >= COMMANDS_MOST:
            raise ConflictError("too many commands wait for this engine")
        line.append((self.now_ms() + within_ms, command))
        self._wake()

    def take(self, engine: str) -> tuple[Command, int] | None:
        """The next command that is to be carried out, with the milliseconds left for it."""
        for until_ms, command in self.lines.get(engine, ()):
            name, left_ms = (command.command_id, engine), until_ms - self.now_ms()
            if name not in self.taken and left_ms > 0:
                self.taken.add(name)
                return command, left_ms
        return None

    def answer(self, command_id: str, outcome: Outcome) -> None:
        self.outcomes.setdefault(command_id, outcome)
        self._wake()

    def _wake(self) -> None:
        """Let everybody look who waits for a command or an answer."""
        self.woken.set()
        self.woken = asyncio.Event()

    # --- engines, agents, turns ----------------------------------------------------------

    def renew_lease(self, engine: str, ttl_ms: int) -> None:
        self.leases_ms[engine] = self.now_ms() + ttl_ms

    def living_engines(self) -> tuple[str, ...]:
        now_ms = self.now_ms()
        return tuple(sorted(name for name, until in self.leases_ms.items() if until > now_ms))

    def claim_agents(self, call_id: str, ordered: tuple[str, ...], most: int) -> tuple[str, ...]:
        claimed: list[str] = []
        for name in dict.fromkeys(ordered):
            state = self.agent(name)
            if len(claimed) < most and (state.free or state.call_id == call_id):
                if state.call_id != call_id:
                    state = replace(state, call_id=call_id, claimed_ms=self.now_ms())
                self.agents[name] = replace(state, free=False)
                claimed.append(name)
        return tuple(claimed)

    def free_agent(self, agent: str, call_id: str, wrap_up_ms: int) -> None:
        state = self.agent(agent)
        if state.call_id == call_id:
            idle_since_ms = self.now_ms() + wrap_up_ms
            self.agents[agent] = replace(
                state, call_id=None, claimed_ms=0, idle_since_ms=idle_since_ms
            )

    def set_pause(self, agent: str, reason: PauseReason | None) -> None:
        state = self.agent(agent)
        if state.pause is not reason:
            paused_ms = self.now_ms() if reason is not None else 0
            self.agents[agent] = replace(state, pause=reason, paused_ms=paused_ms)

    def end_wrap_up(self, agent: str) -> None:
        state = self.agent(agent)
        idle_since_ms = min(state.idle_since_ms, self.now_ms())
        self.agents[agent] = replace(state, idle_since_ms=idle_since_ms)

    def agent(self, name: str) -> AgentState:
        state = self.agents.get(name, AgentState(name, True, None, 0, None))
        idle = state.call_id is None and state.idle_since_ms <= self.now_ms()
        free = idle and state.pause is None
        return state if state.free == free else replace(state, free=free)

    def admit(
        self, call_id: str, limits: tuple[Limit, ...], breakers: tuple[Breaker, ...]
    ) -> str | None:
        for limit in limits:
            counted = self._recent(limit.key, limit.window_ms)
            if call_id not in counted and len(counted) >= limit.most:
                return limit.name
        for breaker in breakers:
            if self._looked_at(breaker).forbids:
                return breaker.name
        for limit in limits:
            self.counted[limit.key].setdefault(call_id, self.now_ms())
        return None

    def use(self, limits: tuple[Limit, ...], breakers: tuple[Breaker, ...]) -> Use:
        return Use(
            tuple(LimitUse(one, len(self._recent(one.key, one.window_ms))) for one in limits),
            tuple(map(self._looked_at, breakers)),
        )

    def _looked_at(self, breaker: Breaker) -> BreakerUse:
        outcomes = self._recent(breaker.key, breaker.window_ms)
        last = sorted(outcomes, key=lambda name: (outcomes[name], name))[-breaker.window :]
        return BreakerUse(breaker, len(last), sum(name.endswith(":1") for name in last))

    def note_outcome(self, subject_id: str, good: bool, breakers: tuple[Breaker, ...]) -> None:
        for breaker in breakers:
            outcomes = self.counted.setdefault(breaker.key, {})
            outcomes.setdefault(f"{subject_id}:{int(good)}", self.now_ms())
            order = sorted(outcomes, key=lambda name: (outcomes[name], name))
            for name in order[: -breaker.window]:
                del outcomes[name]

    def _recent(self, key: str, window_ms: int) -> dict[str, int]:
        """What was counted under a key, without what is too old."""
        since_ms = self.now_ms() - window_ms
        counted = self.counted.get(key, {})
        self.counted[key] = {name: at for name, at in counted.items() if at > since_ms}
        return self.counted[key]

    def expect_probe(self, e164: str, within_ms: int) -> None:
        self.probes[e164] = (self.now_ms() + within_ms, None)

    def note_arrival(self, e164: str, at_ms: int) -> bool:
        until_ms, noted_ms = self.probes.get(e164, (0, None))
        if until_ms <= self.now_ms():
            return False
        self.probes[e164] = (until_ms, at_ms if noted_ms is None else noted_ms)
        return True

    def arrival(self, e164: str) -> int | None:
        until_ms, noted_ms = self.probes.get(e164, (0, None))
        return noted_ms if until_ms > self.now_ms() else None

    def next_turn(self, group: str) -> int:
        self.turns[group] += 1
        return self.turns[group]

    # --- what the scripts share ----------------------------------------------------------

    def _known(self, account_id: str) -> KeptAccount:
        account = self.accounts.get(account_id)
        if account is None:
            raise CallerError(f"account {account_id} is not in the store", "account_id")
        return account

    def _owned(self, account: KeptAccount, call_id: str, epoch: int) -> HeldSum | None:
        if call_id in account.ended_ms:
            raise ConflictError(f"{call_id} has been charged")
        held = account.holds.get(call_id)
        if held is None:
            return None
        if held.meter is None:
            raise ConflictError(f"{call_id} holds something else")
        if epoch < held.epoch:
            raise ConflictError(f"{call_id} belongs to another engine")
        return held

    def _seen(self, account_id: str) -> AccountView:
        view = self.view(account_id)
        assert view is not None
        return view

    def _remember(self, ended_ms: dict[str, int], name: str) -> None:
        now_ms = self.now_ms()
        ended_ms[name] = now_ms
        for old in [name for name, at_ms in ended_ms.items() if at_ms <= now_ms - ENDED_KEPT_MS]:
            del ended_ms[old]

    def _publish(self, account_id: str) -> None:
        for listener in tuple(self.listeners):
            listener(account_id)


def _share(account: KeptAccount, held_micros: int, levels: tuple[int, ...], least: int) -> int:
    """How many of the levels a call may have: a fair share, but `least` or the rest at least."""
    if not levels:
        return 0
    available = max(0, account.available_micros)
    least_micros = levels[min(least, len(levels)) - 1] - held_micros
    most_micros = max(available // account.live_calls, min(least_micros, available))
    return sum(level - held_micros <= most_micros for level in levels)


def _same_currency(account: KeptAccount, currency: str) -> None:
    if account.currency != currency:
        raise ConflictError(f"the account is kept in {account.currency}, not {currency}")


def _in_range(micros: int) -> int:
    if not -WHOLE_END < micros < WHOLE_END:
        raise RemoteError("the sum is beyond 2**53", retryable=False)
    return micros
