"""The end of a diverted call: every leg is ended, and what was is kept."""

from engine.core.actions import HangUp, HangUpReason, Part, StopPlayback
from engine.core.diversion.record import Outcome
from engine.core.events import CallSettled, EndOrdered
from engine.diversion.call import AnyTurn, DivertedCall, State

TIMERS = ("find", "ring", "again", "net", "join", "limit", "nets")


def leave(turn: AnyTurn, playback: str = "") -> None:
    """End all that stands; repeated by whoever takes the call over, which does nothing twice."""
    turn.forget_timers(*TIMERS)
    call = turn.call
    if playback:
        turn.order(StopPlayback(playback=playback))
    if call.bridge:
        turn.order(Part(bridge=call.bridge, legs=(call.call_id, call.leg)))
    if call.leg:
        turn.order(HangUp(leg=call.leg))
    if not call.caller_gone:
        turn.order(HangUp(leg=call.call_id, reason=_reason(call)))
    turn.change(ended_ms=call.ended_ms or turn.now.wall_ms, outcome=call.outcome or Outcome.FAILED)


def _reason(call: DivertedCall) -> HangUpReason:
    """What the network of a caller who was never answered is told."""
    if call.bridge:
        return HangUpReason.NORMAL
    if call.outcome is Outcome.BUSY:
        return HangUpReason.BUSY
    return HangUpReason.NO_ANSWER


def kept(turn: AnyTurn, event: CallSettled) -> None:
    turn.change(state=State.FINISHED)


def end_ordered(turn: AnyTurn, event: EndOrdered) -> None:
    """A person ends the call, or the engine after a fault of its own."""
    turn.go(State.KEEPING, outcome=turn.call.outcome or Outcome.FAILED)
