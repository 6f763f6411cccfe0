"""The part of the state table that all diverted calls share; each service adds its own rows.

A call ARRIVES, its number's route is FINDING. Targets are CALLING, one after the other; who takes
the call and the caller are JOINING and then TALKING. A caller who is put through to nobody is
RINGING_ON until he hangs up. KEEPING ends every leg and writes down what was, until it is durable.

The rows that lead from FINDING on, and what is kept, are the services': so is how a call goes on
once a target has answered.
"""

from collections.abc import Callable, Mapping

from engine.core import events as e
from engine.core.actions import Action
from engine.core.turn import Handler, Table
from engine.diversion import call as diverted
from engine.diversion import calling, ending, finding, joining
from engine.diversion.call import AnyTurn, Call, State

S = State
Key = tuple[State, type[e.Event] | str]

SHARED: Mapping[Key, Handler] = {
    (S.ARRIVED, e.CallArrived): finding.arrived,
    (S.FINDING, e.MoneyUnreachable): finding.not_found_yet,
    (S.FINDING, e.LegEnded): finding.gone_while_finding,
    (S.FINDING, e.EndOrdered): finding.end_ordered,
    (S.FINDING, "find"): finding.find_again,
    (S.FINDING, "net"): calling.net_due,
    (S.CALLING, e.LegFailed): calling.failed,
    (S.CALLING, e.OrderFailed): calling.not_dialled,
    (S.CALLING, "ring"): calling.rung_too_long,
    (S.CALLING, "again"): calling.again_due,
    (S.JOINING, e.LegJoined): joining.joined,
    (S.JOINING, e.LegEnded): joining.look,
    (S.JOINING, e.OrderFailed): joining.not_joined,
    (S.JOINING, "join"): joining.look,
    (S.TALKING, e.LegLeft): joining.left,
    (S.TALKING, e.LegEnded): joining.ended,
    (S.TALKING, e.OrderFailed): joining.net_failed,
    (S.TALKING, "net"): joining.still_talking,
    (S.TALKING, "nets"): joining.set_limits_again,
    (S.TALKING, "limit"): joining.talked_long_enough,
    (S.KEEPING, e.CallSettled): ending.kept,
}

ENTRIES: Mapping[State, Callable[[AnyTurn], None]] = {
    S.FINDING: finding.enter_finding,
    S.CALLING: calling.enter_calling,
    S.JOINING: joining.enter_joining,
    S.TALKING: joining.enter_talking,
    S.RINGING_ON: calling.enter_ringing_on,
}
"""What is ordered on entering a state, and again when another engine takes the call over in it."""


def step(
    table: Table, turn: diverted.Turn[Call], event: e.Event
) -> tuple[Call, tuple[Action, ...]]:
    """What a call becomes by one event, and the orders that follow. Pure."""
    before = turn.call.state
    table.decide(turn, event)
    if turn.call.state is not before:
        turn.change(since_ms=turn.now.wall_ms)
    return turn.call, tuple(turn.actions)


def common(*unanswered: State) -> Mapping[Key, Handler]:
    """What is decided alike in those of the states a service has that wait for somebody."""
    rows: dict[Key, Handler] = {}
    for state in unanswered:
        rows[state, e.LegEnded] = calling.caller_gone
        rows[state, "net"] = calling.net_due
    for state in (*unanswered, S.JOINING, S.TALKING):
        rows[state, e.EndOrdered] = ending.end_ordered
    return rows


IGNORED: frozenset[type[e.Event]] = frozenset(
    {
        e.CallArrived,
        e.LegRinging,
        e.LegAnswered,
        e.LegFailed,
        e.LegEnded,
        e.LegJoined,
        e.LegLeft,
        e.PlaybackEnded,
        e.DigitPressed,
        e.OrderFailed,
        e.TimerFired,
        e.EndOrdered,
        e.WarnOrdered,
        e.RouteFound,
        e.CallAdmitted,
        e.MoneyUnreachable,
        e.CallSettled,
    }
)
"""Events that may come late to any state and then mean nothing."""
