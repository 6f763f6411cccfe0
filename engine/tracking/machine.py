"""The tracking call as a state table: what may happen in each state, and who decides about it.

A call to a number of a sales channel goes to the dealer: its route is FINDING, the targets on duty
are CALLING one after the other. Whoever answers may be told the channel, BRIEFING, before he is
joined. Is every target busy, or does none answer, the caller's network is told so. Without a route,
or a target on duty, the caller hears ringing until he hangs up. The rest is
`engine.diversion.table`.

At its end the call is told for statistics, once, without its caller. Not handled: voicemail (its
answer is an answer), transfers (refused by the trunk's settings).
"""

from collections.abc import Callable, Mapping
from typing import Any

from engine.core import events as e
from engine.core.actions import Action
from engine.core.call import Now
from engine.core.inventory import Trunk
from engine.core.turn import decided_by
from engine.diversion import adoption, table
from engine.diversion.arrival import arrival_of
from engine.tracking import deciding
from engine.tracking.call import State, TrackingCall, Turn

S = State
Handler = Callable[[Turn, Any], None]

TRANSITIONS: Mapping[table.Key, Handler] = {
    **table.SHARED,
    (S.FINDING, e.RouteFound): deciding.route_found,
    (S.CALLING, e.LegAnswered): deciding.answered,
    (S.BRIEFING, e.PlaybackEnded): deciding.whispered,
    (S.BRIEFING, e.LegEnded): deciding.gone_in_briefing,
    (S.BRIEFING, "brief"): deciding.whispered_too_long,
}

ENTRIES: Mapping[State, Callable[[Turn], None]] = {
    **table.ENTRIES,
    S.BRIEFING: deciding.enter_briefing,
    S.KEEPING: deciding.enter_keeping,
}
"""What is ordered on entering a state, and again when another engine takes the call over in it."""

COMMON: Mapping[table.Key, Handler] = table.common(S.CALLING, S.BRIEFING, S.RINGING_ON)


IGNORED = table.IGNORED


def begin(event: e.CallArrived, trunk: Trunk) -> TrackingCall:
    """The record of a call that has just arrived at a number that can be tracked."""
    arrived = arrival_of(event, trunk)
    return TrackingCall(
        call_id=event.leg,
        number=arrived.number,
        trunk=trunk.name,
        caller=arrived.caller,
        withheld=arrived.withheld,
        show_number=arrived.show_number,
        arrived_ms=event.at_ms,
    )


def step(call: TrackingCall, event: e.Event, now: Now) -> tuple[TrackingCall, tuple[Action, ...]]:
    """What the call becomes by one event, and the orders that follow. Pure."""
    turn = Turn(call, now)
    handler = _handler(call.state, event)
    if handler is not None:
        turn.take(handler, event, ENTRIES)
    if turn.call.state is not call.state:
        turn.change(since_ms=now.wall_ms)
    return turn.call, tuple(turn.actions)


def _handler(state: State, event: e.Event) -> Handler | None:
    if isinstance(event, e.CallAdopted):
        return _adopted
    return decided_by(state, event, TRANSITIONS, COMMON)


def _adopted(turn: Turn, event: e.CallAdopted) -> None:
    adoption.adopted(turn, event, deciding.answered)


def is_expected(state: State, event: e.Event) -> bool:
    """Whether this event is decided about or deliberately ignored in this state."""
    return _handler(state, event) is not None or type(event) in IGNORED
