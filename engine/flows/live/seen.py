"""One live call at an instant, as supervisors and agents see it. Pure."""

from dataclasses import dataclass

from engine.core.account import AccountView
from engine.core.number import mask
from engine.core.quota import cut_off_ms
from engine.core.rating import charge
from engine.premium.call import PremiumCall

WARNINGS = ("warning_", "time_changed_", "call_limit_soon")
"""How the prompts begin that tell somebody how long the call may go on."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Somebody (`caller` or `agent`) was told of the time left: when, and by which prompt."""

    at_ms: int
    who: str
    prompt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCall:
    """One call at the instant `at_ms`; times are of Asterisk's clock, in milliseconds since 1970.

    `caller` is cut by three digits, None if withheld or unknown. `since_ms` is when it came into
    its `state`. `cost_micros` is what it costs if it ends now, `left_ms` how long it may go on if
    everyone on the account talks on; None while its meter stands. Whoever shows it counts
    `left_ms` down by himself while `meter_runs`. `balance_micros`, `held_micros`: the account's,
    by all its calls, None before one is known. `ordered` is what people ordered: when, who, what.
    """

    at_ms: int
    call_id: str
    organisation: str
    engine: str
    service: str
    account_id: str | None
    caller: str | None
    withheld: bool
    agent: str | None
    state: str
    since_ms: int
    arrived_ms: int
    currency: str
    cost_micros: int
    meter_runs: bool
    left_ms: int | None
    balance_micros: int | None
    held_micros: int | None
    warned: tuple[Warned, ...]
    ordered: tuple[tuple[int, str, str], ...]
    first_call: bool
    config_version: int


def seen(engine: str, call: PremiumCall, view: AccountView | None, at_ms: int) -> LiveCall:
    """A call that `engine` has, and the account it talks on."""
    caller = call.caller
    return LiveCall(
        at_ms=at_ms,
        call_id=call.call_id,
        organisation=call.service.organisation,
        engine=engine,
        service=call.service.title or call.service.name,
        account_id=call.account_id,
        caller=mask(caller.e164) if caller.e164 and not caller.withheld else None,
        withheld=caller.withheld,
        agent=call.agent.name if call.agent else None,
        state=call.state,
        since_ms=call.since_ms or caller.arrived_ms,
        arrived_ms=caller.arrived_ms,
        currency=call.currency,
        cost_micros=_cost_micros(call, at_ms),
        meter_runs=call.meter is not None and call.meter.running,
        left_ms=_left_ms(call, view, at_ms),
        balance_micros=view.balance_micros if view is not None else None,
        held_micros=view.held_micros if view is not None else None,
        warned=tuple(Warned(*told) for told in call.heard if told[2].startswith(WARNINGS)),
        ordered=call.ordered,
        first_call=call.first_call,
        config_version=call.config_version,
    )


def _cost_micros(call: PremiumCall, at_ms: int) -> int:
    """R of the increments begun; a call that was never joined costs nothing."""
    if call.meter is None or call.joined_ms is None:
        return 0
    return charge(call.meter.rate, call.meter.begun_n(at_ms))


def _left_ms(call: PremiumCall, view: AccountView | None, at_ms: int) -> int | None:
    """Until the money ends, or the call is ended by force, whichever comes first."""
    if call.meter is None or not call.meter.running or view is None:
        return None
    end_ms = cut_off_ms(call.meter, view.others(call.call_id), view.balance_micros)
    if call.limit_ms is not None:
        end_ms = min(end_ms, call.limit_ms)
    return max(0, end_ms - at_ms)
