"""Are the store and the journal one? `verify` says where they differ, `rebuild` mends it.

Both run while calls do. A store is always a little behind its journal, and a hold may be read a
moment before the call that it belongs to ends; so what looks like a difference is only one if it
still does after `UNAPPLIED_MS`. Live calls put their holds back by themselves (`flows.refill`).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.core.account import AccountView, Hold
from engine.core.money import format_shortest
from engine.core.rating import charge
from engine.flows.machines import is_known, read
from engine.flows.money.accounts import put_back
from engine.ports.clock import Clock
from engine.ports.ledger import Account, Ledger
from engine.ports.store import Snapshot, Store, StorePosting

UNAPPLIED_MS = 5_000
LOOK_AGAIN_MS = 500
ABANDONED_MS = 30_000
"""A debit that holds money is booked long before this, or never will be."""


@dataclass(frozen=True, slots=True)
class _Doubt:
    """What may be a difference: the same `mark` after a while makes it one."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did: accounts put in, accounts brought up, holds of nobody ended."""

    put_in: int
    brought_up: int
    holds_ended: int


async def verify(ledger: Ledger, store: Store, clock: Clock) -> tuple[str, ...]:
    """Every difference between store and journal, and every fault of the journal, as sentences.

    Empty when all is well. Takes `UNAPPLIED_MS` longer if something is in doubt.
    """
    faults = tuple(await ledger.verify())
    calls = _by_account(await store.live_calls())
    doubtful: dict[str, tuple[int, tuple[_Doubt, ...]]] = {}
    async for account in ledger.accounts():
        doubts = await _doubts(ledger, store, account.account_id, account.seq, calls)
        if doubts:
            doubtful[account.account_id] = account.seq, doubts
    waited_ms = 0
    while doubtful and waited_ms < UNAPPLIED_MS:
        await clock.sleep(LOOK_AGAIN_MS)
        waited_ms += LOOK_AGAIN_MS
        doubtful = await _still_doubtful(ledger, store, doubtful)
    found = [doubt.text for _seq, doubts in doubtful.values() for doubt in doubts]
    return (*faults, *found)


async def _still_doubtful(
    ledger: Ledger, store: Store, doubtful: Mapping[str, tuple[int, tuple[_Doubt, ...]]]
) -> dict[str, tuple[int, tuple[_Doubt, ...]]]:
    """Of the doubts those that a second look does not dispel."""
    calls = _by_account(await store.live_calls())
    left = {}
    for account_id, (seq, before) in doubtful.items():
        marks = {doubt.mark for doubt in before}
        now = await _doubts(ledger, store, account_id, seq, calls)
        same = tuple(doubt for doubt in now if doubt.mark in marks)
        if same:
            left[account_id] = seq, same
    return left


def _by_account(snapshots: Sequence[Snapshot]) -> dict[str, list[Snapshot]]:
    calls: dict[str, list[Snapshot]] = defaultdict(list)
    for snapshot in snapshots:
        if snapshot.account_id is not None:
            calls[snapshot.account_id].append(snapshot)
    return calls


async def _doubts(
    ledger: Ledger,
    store: Store,
    account_id: str,
    due_seq: int,
    calls: Mapping[str, Sequence[Snapshot]],
) -> tuple[_Doubt, ...]:
    """What looks wrong with one account, whose postings up to `due_seq` are due in the store."""
    view = await store.account(account_id)
    account = await ledger.account(account_id)
    if account is None:
        return ()
    live = calls.get(account_id, ())
    if view is None:
        if not due_seq:
            return ()
        return (_Doubt("missing", f"account {account_id} is not in the store"),)
    coming = await ledger.postings_after(account_id, view.seq)
    balance = _balance_doubts(account, view, coming, due_seq)
    return (*balance, *_hold_doubts(view, coming, live), *_call_doubts(view, live))


def _balance_doubts(
    account: Account, view: AccountView, coming: Sequence[StorePosting], due_seq: int
) -> tuple[_Doubt, ...]:
    name = f"account {account.account_id}"
    if view.seq > account.seq:
        return (_Doubt("ahead", f"{name}: the store has {view.seq}, the journal {account.seq}"),)
    if view.currency != account.currency:
        return (_Doubt("currency", f"{name} is kept in {view.currency} in the store"),)
    then_micros = account.balance_micros - sum(
        posting.micros for posting in coming if posting.seq <= account.seq
    )
    doubts = []
    if view.balance_micros != then_micros:
        kept, booked = format_shortest(view.balance_micros), format_shortest(then_micros)
        text = f"{name}: {kept} in the store at {view.seq}, {booked} in the journal"
        doubts.append(_Doubt("balance", text))
    if view.seq < due_seq:
        text = f"{name}: {due_seq - view.seq} postings after {view.seq} are not in the store"
        doubts.append(_Doubt("behind", text))
    return tuple(doubts)


def _hold_doubts(
    view: AccountView, coming: Sequence[StorePosting], live: Sequence[Snapshot]
) -> tuple[_Doubt, ...]:
    """Holds of nobody, and holds that are not R(n)."""
    owners = {snapshot.call_id for snapshot in live} | {posting.hold_id for posting in coming}
    doubts = []
    for hold in view.holds:
        name = f"account {view.account_id}: the hold of {hold.hold_id}"
        if hold.hold_id not in owners:
            text = f"{name} belongs to no live call and no coming posting"
            doubts.append(_Doubt(f"nobody {hold.hold_id}", text))
        if hold.meter is not None and hold.micros != charge(hold.meter.rate, hold.meter.granted_n):
            text = f"{name} is not what its {hold.meter.granted_n} increments cost"
            doubts.append(_Doubt(f"amount {hold.hold_id}", text))
    return tuple(doubts)


def _call_doubts(view: AccountView, live: Sequence[Snapshot]) -> tuple[_Doubt, ...]:
    """Live calls that talk on more than is held for them."""
    holds = {hold.hold_id: hold for hold in view.holds}
    doubts = []
    for machine, call in map(read, filter(is_known, live)):
        meter = machine.meter(call)
        if meter is None or machine.is_settling(call):
            continue
        if _granted_n(holds.get(call.call_id)) < meter.granted_n:
            text = (
                f"account {view.account_id}: not all is held that call {call.call_id} was granted"
            )
            doubts.append(_Doubt(f"unheld {call.call_id}", text))
    return tuple(doubts)


def _granted_n(hold: Hold | None) -> int:
    return hold.meter.granted_n if hold is not None and hold.meter is not None else 0


async def rebuild(ledger: Ledger, store: Store, clock: Clock) -> Rebuilt:
    """Bring every account of the store to where the journal is, while calls run.

    An account put in grants nothing until every live call has had time to restore its hold. Holds
    whose charge or debit is booked are ended, and amounts held for a debit that never came.
    """
    put_in = brought_up = ended = 0
    abandoned: list[tuple[str, str]] = []
    async for account in ledger.accounts():
        before = await store.account(account.account_id)
        view = before or AccountView(account.account_id, account.currency, 0, 0)
        if view.seq < account.seq:
            view = await put_back(ledger, store, account)
            put_in += before is None
            brought_up += before is not None
        booked = await end_booked_holds(ledger, store, view)
        ended += len(booked)
        abandoned += [
            (view.account_id, hold.hold_id)
            for hold in view.holds
            if hold.meter is None and hold.hold_id not in booked
        ]
    return Rebuilt(put_in, brought_up, ended + await _end_abandoned(store, clock, abandoned))


async def end_booked_holds(ledger: Ledger, store: Store, view: AccountView) -> tuple[str, ...]:
    """End the holds whose postings the store has applied, and name them."""
    if not view.holds:
        return ()
    postings = await ledger.postings_after(view.account_id, 0)
    applied = {posting.hold_id for posting in postings if posting.seq <= view.seq}
    booked = tuple(hold.hold_id for hold in view.holds if hold.hold_id in applied)
    for hold_id in booked:
        await store.drop_hold(view.account_id, hold_id)
    return booked


async def _end_abandoned(store: Store, clock: Clock, held: Sequence[tuple[str, str]]) -> int:
    """End those of the amounts held that are held still when no debit can be under way any more."""
    if not held:
        return 0
    await clock.sleep(ABANDONED_MS)
    ended = 0
    for account_id, hold_id in held:
        view = await store.account(account_id)
        if view is not None and any(hold.hold_id == hold_id for hold in view.holds):
            await store.drop_hold(account_id, hold_id)
            ended += 1
    return ended
