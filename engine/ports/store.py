"""The fast copy: balances, holds, live calls, agents. One atomic step each.

The journal is the truth (`ports.ledger`); the store applies its postings in the order of each
account's gapless sequence number, so nothing is applied twice or out of order. Calls hold money
here before it is talked away. Every write for a call carries the owner's `epoch`; a lower one
than the store has seen is refused (`ConflictError`): that engine has lost the call.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from engine.core.account import AccountView
from engine.core.quota import Meter
from engine.ports.people.commands import Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePosting:
    """One posting to a customer's account as the journal numbered it.

    `hold_id` names a hold that applying this posting ends: a call's id for its charge, the entry's
    key for a debit that was held first.
    """

    account_id: str
    currency: str
    seq: int
    micros: int
    kind: str
    key: str
    hold_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A wish to raise a call's hold; see `core.actions.Reserve`.

    `meter.granted_n` is what the engine believes is granted, and where `levels` begin. If the store
    holds another number, it grants nothing and answers with its own, which is the truth. A repeat
    of a `step` already carried out gives the same answer and holds nothing more.
    """

    account_id: str
    call_id: str
    epoch: int
    step: int
    meter: Meter
    levels: tuple[int, ...]
    least: int = 1


@dataclass(frozen=True, slots=True)
class Granted:
    """Increments granted in all after a reservation, and the account as it then was."""

    granted_n: int
    view: AccountView


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A live call as written to the store: `body` is the machine's record (JSON)."""

    call_id: str
    account_id: str | None
    engine: str
    epoch: int
    body: bytes


@dataclass(frozen=True, slots=True)
class BalanceNews:
    """The account changed; `credited_micros` is positive if money came in with this change."""

    view: AccountView
    credited_micros: int


class PauseReason(StrEnum):
    """Why an agent takes no calls."""

    BREAK = "break"
    OTHER_WORK = "other_work"


@dataclass(frozen=True, slots=True)
class AgentState:
    """An agent in the store, times by its clock.

    Free since `idle_since_ms` (in the future during his wrap-up time); or paused, for a reason,
    since `paused_ms`; or claimed by a call since `claimed_ms`. A pause may begin during a call.
    """

    name: str
    free: bool
    pause: PauseReason | None
    idle_since_ms: int
    call_id: str | None
    paused_ms: int = 0
    claimed_ms: int = 0


class Store(Commands, Protocol):
    """Raises `RemoteError(retryable=True)` when the store does not answer within its time.

    Every method may then be called again as it was: it has been carried out once or not at all.
    Amounts and sequence numbers are below 2**53 (`CallerError` beyond). `CallerError` also for a
    hold on an account the store has never seen: seed it from the ledger first.
    """

    async def account(self, account_id: str) -> AccountView | None:
        """The account with all its holds, None if the store has never seen it."""
        ...

    async def seed_account(
        self, account_id: str, currency: str, balance_micros: int, seq: int, closed_ms: int = 0
    ) -> AccountView:
        """Put an account in at a sequence number, unless it is there at that or a later one.

        With `closed_ms` (after a store was emptied) an account not there before grants and holds
        nothing for so long (`RemoteError(retryable=True)`), so that the holds of its live calls can
        be put back first. An account that is merely behind is replayed with `apply`, not seeded:
        only that ends the holds of what was charged meanwhile.
        """
        ...

    async def apply(self, posting: StorePosting, *, quiet: bool = False) -> int:
        """Apply a posting if it is the account's next one.

        Returns the account's sequence number afterwards: `posting.seq` or higher if applied now or
        before, lower if an earlier one is missing (nothing was changed then). The first posting
        of all puts an unknown account in. `quiet` tells nobody yet: the account's next posting
        follows at once, and its news are of both.
        """
        ...

    async def reserve(self, wish: Reservation) -> Granted:
        """Raise (or just rewrite) the call's hold in one step.

        A call's first hold needs a balance of 0 or more. `ConflictError` if another engine owns the
        call by now, or if its charge has been applied: a late wish never holds money again.
        """
        ...

    async def restore_hold(
        self, account_id: str, call_id: str, epoch: int, meter: Meter, micros: int
    ) -> AccountView:
        """Put back a live call's hold of `micros` = R(`meter.granted_n`) that the store has lost.

        Unconditional, since that money may be talked away already; never lowers what is held.
        """
        ...

    async def hold_amount(self, account_id: str, hold_id: str, micros: int) -> bool:
        """Hold a fixed amount before a debit, if it is available; a repeat is the same hold.

        True and nothing held if the posting that ends this hold has been applied already.
        """
        ...

    async def drop_hold(self, account_id: str, hold_id: str) -> None:
        """End a hold without a charge."""
        ...

    async def save(self, snapshot: Snapshot) -> None:
        """Write a live call's snapshot; `ConflictError` if it is not ours or finished."""
        ...

    async def forget(self, call_id: str, epoch: int) -> None:
        """Remove a finished call's snapshot; `ConflictError` if another engine owns it by now."""
        ...

    async def live_calls(self) -> tuple[Snapshot, ...]:
        """All live calls of all engines."""
        ...

    async def live_call(self, call_id: str) -> Snapshot | None:
        """One live call, None if there is none of that id (any more)."""
        ...

    def changes(self) -> AsyncIterator[str | None]:
        """Ids of calls that any engine has written, taken over or forgotten, as it happens.

        None first, and whenever some may have been missed: then everything is to be read anew.
        Reconnects by itself for ever; any number may listen.
        """
        ...

    async def adopt(
        self, call_id: str, account_id: str | None, engine: str, epoch: int
    ) -> Snapshot | None:
        """Become the owner: epoch + 1 if it is still `epoch`; None if another was faster.

        From then on the store refuses whatever the engine of the old epoch still wants.
        """
        ...

    async def renew_lease(self, engine: str, ttl_ms: int) -> None:
        """Say that this engine lives, by the store's own clock."""
        ...

    async def living_engines(self) -> tuple[str, ...]:
        """Engines whose lease has not run out, by the store's own clock."""
        ...

    async def generation(self) -> str:
        """An id of the store's data, another one once it was emptied; made when first asked."""
        ...

    async def watch(self, account_id: str) -> None:
        """Let `news` tell of this account, first as it is now, until as many `unwatch`."""
        ...

    async def unwatch(self, account_id: str) -> None: ...

    def news(self) -> AsyncIterator[BalanceNews]:
        """Changes of the watched accounts as they happen; reconnects by itself for ever, and then
        tells the present view of every watched account, since some may have been missed."""
        ...

    async def claim_agents(
        self, call_id: str, ordered: tuple[str, ...], most: int
    ) -> tuple[str, ...]:
        """Claim for a call up to `most` free agents, in the order given.

        Those it has claimed before count as free to it.
        """
        ...

    async def free_agent(self, agent: str, call_id: str, wrap_up_ms: int) -> None:
        """Give an agent back after a claim; free again, and idle since, after `wrap_up_ms`."""
        ...

    async def agent_states(self, names: tuple[str, ...]) -> tuple[AgentState, ...]:
        """How these agents stand now (an unknown one is free since 0)."""
        ...

    async def set_pause(self, agent: str, reason: PauseReason | None) -> None:
        """Pause an agent, or (None) let him work again; his call, if he has one, goes on."""
        ...

    async def end_wrap_up(self, agent: str) -> None:
        """Let an agent's wrap-up time be over, if he is in it."""
        ...

    async def next_turn(self, group: str) -> int:
        """A counter per hunt group, for round robin."""
        ...
