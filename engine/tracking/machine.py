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

from engine.core import events as e
from engine.core.actions import Action
from engine.core.call import Now
from engine.core.inventory import Trunk
from engine.core.turn import Handler, Table
from engine.diversion import adoption, table
from engine.diversion.arrival import arrival_of
from engine.tracking import deciding
from engine.tracking.call import State, TrackingCall, Turn

S = State

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


def _adopted(turn: Turn, event: e.CallAdopted) -> None:
    adoption.adopted(turn, event, deciding.answered)


TABLE = Table(
    transitions=TRANSITIONS, common=COMMON, entries=ENTRIES, adopted=_adopted, ignored=IGNORED
)
is_expected = TABLE.is_expected


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
    return table.step(TABLE, Turn(call, now), event)
