"""The forwarded call as a state table: what may happen in each state, and who decides about it.

A call to a US toll-free number is never answered before its target is. Its route is FINDING; whom
the policy lets through is ADMITTING (a place under the route's caps), then its targets are CALLING.
Everybody else is RINGING_ON until he hangs up: no target hears of him, and nothing is charged.
The rest is `engine.diversion.table`.

Alerting follows RFC 3261 (180); what the target is shown, `engine.diversion.arrival`. Not handled:
early media of the target, transfers (refused by the trunk's settings).
"""

from collections.abc import Callable, Mapping
from typing import Any

from engine.core import events as e
from engine.core.actions import Action
from engine.core.call import Now
from engine.core.inventory import Trunk
from engine.core.turn import decided_by
from engine.diversion import adoption, calling, table
from engine.diversion.arrival import arrival_of
from engine.forwarding import deciding
from engine.forwarding.call import ForwardingCall, State, Turn
from engine.forwarding.rules import class_of

S = State
Handler = Callable[[Turn, Any], None]

TRANSITIONS: Mapping[table.Key, Handler] = {
    **table.SHARED,
    (S.FINDING, e.RouteFound): deciding.route_found,
    (S.ADMITTING, e.CallAdmitted): deciding.admitted,
    (S.ADMITTING, e.MoneyUnreachable): deciding.not_admitted,
    (S.ADMITTING, "find"): deciding.ask_again,
    (S.CALLING, e.LegAnswered): calling.answered,
}

ENTRIES: Mapping[State, Callable[[Turn], None]] = {
    **table.ENTRIES,
    S.ADMITTING: deciding.enter_admitting,
    S.KEEPING: deciding.enter_keeping,
}
"""What is ordered on entering a state, and again when another engine takes the call over in it."""

COMMON: Mapping[table.Key, Handler] = table.common(S.ADMITTING, S.CALLING, S.RINGING_ON)


IGNORED = table.IGNORED


def begin(event: e.CallArrived, trunk: Trunk) -> ForwardingCall:
    """The record of a call that has just arrived at a toll-free number."""
    arrived = arrival_of(event, trunk)
    return ForwardingCall(
        call_id=event.leg,
        number=arrived.number,
        trunk=trunk.name,
        caller=arrived.caller,
        withheld=arrived.withheld,
        show_number=arrived.show_number,
        arrived_ms=event.at_ms,
        caller_class=class_of(arrived.info, withheld=arrived.withheld),
    )


def step(
    call: ForwardingCall, event: e.Event, now: Now
) -> tuple[ForwardingCall, tuple[Action, ...]]:
    """What the call becomes by one event, and the orders that follow. Pure."""
    turn = Turn(call, now)
    handler = _handler(call.state, event)
    if handler is not None:
        turn.take(handler, event, ENTRIES)
    if turn.call.state is not call.state:
        turn.change(since_ms=now.wall_ms)
    return turn.call, tuple(turn.actions)


def _handler(state: State, event: e.Event) -> Handler | None:
    return (
        _adopted
        if isinstance(event, e.CallAdopted)
        else decided_by(state, event, TRANSITIONS, COMMON)
    )


def _adopted(turn: Turn, event: e.CallAdopted) -> None:
    adoption.adopted(turn, event, calling.answered)


def is_expected(state: State, event: e.Event) -> bool:
    """Whether this event is decided about or deliberately ignored in this state."""
    return _handler(state, event) is not None or type(event) in IGNORED
