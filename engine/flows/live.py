"""The live calls of all engines, as an operator sees them: who, where, what it costs, how long."""

from dataclasses import dataclass

from engine.core.account import AccountView
from engine.core.number import mask
from engine.core.quota import cut_off_ms
from engine.core.rating import charge
from engine.flows.calls import call_of
from engine.ports.store import Snapshot, Store
from engine.premium.call import PremiumCall


@dataclass(frozen=True, slots=True)
class LiveCall:
    """One call at an instant. `caller` is cut by three digits, None if withheld or unknown.

    `cost_micros` is what it costs if it ends now, `left_s` when its money ends if everyone on the
    account talks on; None while its meter stands.
    """

    call_id: str
    engine: str
    service: str
    caller: str | None
    withheld: bool
    agent: str | None
    state: str
    arrived_ms: int
    currency: str
    cost_micros: int
    left_s: int | None


async def live_calls(store: Store, now_ms: int) -> tuple[LiveCall, ...]:
    """Every live call, oldest first, at the instant `now_ms` of Asterisk's clock."""
    snapshots = await store.live_calls()
    accounts = {snapshot.account_id for snapshot in snapshots} - {None}
    views = {name: await store.account(name) for name in accounts if name is not None}
    calls = [seen(snapshot, views.get(snapshot.account_id or ""), now_ms) for snapshot in snapshots]
    return tuple(sorted(calls, key=lambda call: (call.arrived_ms, call.call_id)))


def seen(snapshot: Snapshot, view: AccountView | None, now_ms: int) -> LiveCall:
    """One call by its snapshot and the account it talks on."""
    call = call_of(snapshot)
    caller = call.caller
    return LiveCall(
        call_id=call.call_id,
        engine=snapshot.engine,
        service=call.service.title or call.service.name,
        caller=mask(caller.e164) if caller.e164 and not caller.withheld else None,
        withheld=caller.withheld,
        agent=call.agent.name if call.agent else None,
        state=call.state,
        arrived_ms=caller.arrived_ms,
        currency=call.currency,
        cost_micros=_cost_micros(call, now_ms),
        left_s=_left_s(call, view, now_ms),
    )


def _cost_micros(call: PremiumCall, now_ms: int) -> int:
    """R of the increments begun; a call that was never joined costs nothing."""
    if call.meter is None or call.joined_ms is None:
        return 0
    return charge(call.meter.rate, call.meter.begun_n(now_ms))


def _left_s(call: PremiumCall, view: AccountView | None, now_ms: int) -> int | None:
    if call.meter is None or not call.meter.running or view is None:
        return None
    end_ms = cut_off_ms(call.meter, view.others(call.call_id), view.balance_micros)
    return max(0, end_ms - now_ms) // 1000
