"""Where a tracking call goes: to the targets on duty; and the whisper to whoever answers."""

from engine.core.actions import HangUpReason, KeepTracked, Play, SetTimer, StopPlayback
from engine.core.diversion.record import Outcome
from engine.core.diversion.route import Tracking
from engine.core.events import (
    LegAnswered,
    LegEnded,
    LegFailure,
    PlaybackEnded,
    RouteFound,
    TimerFired,
)
from engine.diversion import calling, ending, finding
from engine.tracking.call import State, Turn
from engine.tracking.rules import TALK_MOST_MS, on_duty, whisper

WHISPER_MOST_MS = 15_000


def route_found(turn: Turn, event: RouteFound) -> None:
    """The number is ours and somebody's; who is to be called now."""
    turn.forget_timers("find")
    found, call = event.found, turn.call
    if found.is_probe:
        finding.turn_away(turn, HangUpReason.REJECTED)
        return
    if found.organisation is None:
        finding.turn_away(turn, HangUpReason.UNALLOCATED)
        return
    turn.change(organisation=found.organisation, source=found.source)
    terms = found.route.terms if found.route is not None and not found.loops else None
    if isinstance(terms, Tracking):
        places = on_duty(terms, call.arrived_ms)
        turn.change(
            terms=terms,
            places=places,
            targets=tuple(terms.targets[place].e164 for place in places),
            ring_timeout_s=terms.ring_timeout_s,
            rings_on=False,
            talk_most_ms=TALK_MOST_MS,
        )
    if call.caller_gone:
        turn.go(State.KEEPING, outcome=Outcome.ABANDONED)
    elif turn.call.targets:
        turn.go(State.CALLING)
    else:
        turn.go(State.RINGING_ON, outcome=Outcome.NO_ROUTE)


# --- the whisper -----------------------------------------------------------------------------


def answered(turn: Turn, event: LegAnswered) -> None:
    """The target has taken the call, and may be told first which one it is."""
    call = turn.call
    if event.leg != call.leg:
        return
    if call.terms is not None and call.terms.whisper:
        turn.forget_timers("ring")
        turn.go(State.BRIEFING)
    else:
        calling.answered(turn, event)


def enter_briefing(turn: Turn) -> None:
    """Say the source to the target alone; the caller still hears ringing."""
    call = turn.call
    assert call.terms is not None
    if call.playback:
        turn.order(StopPlayback(playback=call.playback))
    turn.change(playback=turn.new_id("p"))
    prompts = (whisper(call.source),)
    turn.order(
        Play(leg=call.leg, playback=turn.call.playback, prompts=prompts, lang=call.terms.lang),
        SetTimer(name="brief", at_ms=turn.now.wall_ms + WHISPER_MOST_MS),
    )


def whispered(turn: Turn, event: PlaybackEnded) -> None:
    """Said, or not to be heard: both are joined."""
    if event.playback == turn.call.playback:
        _join(turn)


def whispered_too_long(turn: Turn, event: TimerFired) -> None:
    """The whisper's end was never told."""
    turn.order(StopPlayback(playback=turn.call.playback))
    _join(turn)


def _join(turn: Turn) -> None:
    turn.forget_timers("brief")
    turn.go(State.JOINING, playback="")


def gone_in_briefing(turn: Turn, event: LegEnded) -> None:
    """The caller gave up while the target was told of him; or the target did: then the next."""
    if event.leg == turn.call.call_id:
        calling.caller_gone(turn, event)
    elif event.leg == turn.call.leg:
        turn.forget_timers("brief")
        turn.change(playback="")
        calling.next_target(turn, LegFailure.REJECTED)


def enter_keeping(turn: Turn) -> None:
    """End every leg, and tell what was."""
    turn.forget_timers("brief")
    ending.leave(turn, turn.call.playback)
    turn.order(KeepTracked(call=turn.call.record, caller=turn.call.caller))
