"""Going on after a gap: the call was another engine's, or the event stream was broken.

What was missed is made up for by what Asterisk knows of the legs; then the state is entered again,
whose orders carry the ids they had. A target that was ringing for an engine that died cannot be
moved: it is called again, a little later. A conversation whose end nobody saw ended when it was
last known of.
"""

from collections.abc import Callable

from engine.core.diversion.record import Outcome
from engine.core.events import CallAdopted, LegAnswered, LegFacts
from engine.diversion import calling
from engine.diversion.call import AnyTurn, State
from engine.diversion.joining import begin_talk

Answered = Callable[[AnyTurn, LegAnswered], None]

AGAIN = (State.FINDING, State.ADMITTING, State.RINGING_ON, State.KEEPING)
"""States that are just entered again: they wait for the books, or for the caller alone."""


def adopted(turn: AnyTurn, event: CallAdopted, answered: Answered) -> None:
    """Take the call over as it really is; `answered` decides about a target that took it."""
    call = turn.call
    facts = {leg.leg: leg for leg in event.legs}
    caller, target = facts.get(call.call_id), facts.get(call.leg)
    if call.state in (State.FINISHED, State.KEEPING):
        turn.entered = call.state is State.KEEPING
        return
    if call.state is State.JOINING:
        _note_talk(turn, caller, target)
    if turn.call.state is State.TALKING:
        _talk_on(turn, caller, target)
    elif not _is_alive(caller):
        _caller_was_lost(turn, caller)
    elif call.state in AGAIN:
        turn.entered = True
    elif call.state is State.CALLING:
        _call_on(turn, target, answered)
    elif _is_alive(target):
        turn.entered = True
    else:
        turn.go(State.KEEPING if call.state is State.JOINING else State.CALLING)


def _is_alive(leg: LegFacts | None) -> bool:
    return leg is not None and leg.alive


def _note_talk(turn: AnyTurn, caller: LegFacts | None, target: LegFacts | None) -> None:
    """Both had been joined, which nobody lived to hear."""
    joined = [leg.joined_ms for leg in (caller, target) if leg is not None and leg.joined_ms]
    if len(joined) == 2:
        begin_talk(turn, max(joined))


def _talk_on(turn: AnyTurn, caller: LegFacts | None, target: LegFacts | None) -> None:
    """Go on talking if they do; else it ended when the first of them left."""
    legs = (caller, target)
    if all(leg is not None and leg.alive and leg.left_ms is None for leg in legs):
        turn.entered = True
        return
    began_ms = turn.call.joined_ms or 0
    known = [
        instant
        for leg in legs
        if leg is not None
        for instant in (leg.left_ms, leg.ended_ms)
        if instant is not None and instant >= began_ms
    ]
    turn.go(State.KEEPING, ended_ms=min(known) if known else turn.call.alive_ms)


def _caller_was_lost(turn: AnyTurn, caller: LegFacts | None) -> None:
    call = turn.call
    ended_ms = caller.ended_ms if caller is not None else None
    turn.change(caller_gone=True, ended_ms=ended_ms or turn.now.wall_ms)
    if call.organisation:
        turn.go(State.KEEPING, outcome=call.outcome or Outcome.ABANDONED)
    else:
        turn.entered = True


def _call_on(turn: AnyTurn, target: LegFacts | None, answered: Answered) -> None:
    """A target that answered has the call; else it is called again."""
    if target is not None and target.alive and target.answered:
        calling.watch(turn)
        answered(turn, LegAnswered(at_ms=turn.now.wall_ms, leg=target.leg))
    else:
        calling.call_again_soon(turn)
