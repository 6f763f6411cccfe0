"""The forwarded call as a state table: what may happen in each state, and who decides about it.

A call to a US toll-free number is never answered before its target is. Its route is FINDING; whom
the policy lets through is ADMITTING (a place under the route's caps), then its targets are CALLING.
Minutes are held a few at a time, the next while they are TALKING.
Everybody else is RINGING_ON until he hangs up: no target hears of him, and nothing is charged.
The rest is `engine.diversion.table`.

Alerting follows RFC 3261 (180); what the target is shown, `engine.diversion.arrival`. Not handled:
early media of the target, transfers (refused by the trunk's settings).
"""

from collections.abc import Callable, Mapping

from engine.core import events as e
from engine.core.actions import Action
from engine.core.call import Now
from engine.core.inventory import Trunk
from engine.core.turn import Handler, Table
from engine.diversion import adoption, calling, table
from engine.diversion.arrival import arrival_of
from engine.forwarding import deciding
from engine.forwarding.call import ForwardingCall, State, Turn
from engine.forwarding.rules import class_of

S = State

TRANSITIONS: Mapping[table.Key, Handler] = {
    **table.SHARED,
    (S.FINDING, e.RouteFound): deciding.route_found,
    (S.ADMITTING, e.CallAdmitted): deciding.admitted,
    (S.ADMITTING, e.MoneyUnreachable): deciding.not_admitted,
    (S.ADMITTING, "find"): deciding.ask_again,
    (S.CALLING, e.LegAnswered): calling.answered,
    (S.TALKING, "more"): deciding.more_due,
    (S.TALKING, "limit"): deciding.talked_long_enough,
    (S.TALKING, e.CallAdmitted): deciding.more_held,
    (S.TALKING, e.MoneyUnreachable): deciding.more_unknown,
}

ENTRIES: Mapping[State, Callable[[Turn], None]] = {
    **table.ENTRIES,
    S.ADMITTING: deciding.enter_admitting,
    S.TALKING: deciding.enter_talking,
    S.KEEPING: deciding.enter_keeping,
}
"""What is ordered on entering a state, and again when another engine takes the call over in it."""

COMMON: Mapping[table.Key, Handler] = table.common(S.ADMITTING, S.CALLING, S.RINGING_ON)

IGNORED = table.IGNORED


def _adopted(turn: Turn, event: e.CallAdopted) -> None:
    adoption.adopted(turn, event, calling.answered)


TABLE = Table(
    transitions=TRANSITIONS, common=COMMON, entries=ENTRIES, adopted=_adopted, ignored=IGNORED
)
is_expected = TABLE.is_expected


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
    return table.step(TABLE, Turn(call, now), event)
