"""Caller and agent are put into one bridge; the conversation begins when both are in."""

from engine.core.actions import (
    Answer,
    CancelTimer,
    CompareLegs,
    Join,
    SetTimer,
    StopMusic,
)
from engine.core.events import LegEnded, LegJoined, OrderFailed, TimerFired
from engine.premium import spending
from engine.premium.call import State, Turn
from engine.premium.ending import caller_gone
from engine.premium.hunt import hunting
from engine.premium.telling import stop_playback

JOIN_WAIT_MS = 5_000
LOOKS_MOST = 3


def enter_joining(turn: Turn) -> None:
    """Answer the caller and put both into one bridge."""
    call = turn.call
    assert call.agent is not None
    stop_playback(turn)
    turn.order(CancelTimer(name="accept"), CancelTimer(name="brief"))
    if call.agent_whisper:
        turn.stop(call.agent_whisper)
    turn.order(StopMusic(leg=call.caller.leg))
    if call.caller.answered_ms is None:
        turn.order(Answer(leg=call.caller.leg))
    spending.net_at_joining(turn)
    bridge = call.bridge or turn.new_id("b")
    turn.change(bridge=bridge)
    legs = (call.caller.leg, call.agent.leg)
    turn.order(
        Join(bridge=bridge, legs=legs),
        SetTimer(name="join", at_ms=turn.now.wall_ms + JOIN_WAIT_MS),
    )


def joined(turn: Turn, event: LegJoined) -> None:
    """Both are in: the conversation starts with the later of the two."""
    call = turn.call
    if event.bridge != call.bridge or event.leg in call.in_bridge:
        return
    entered_ms = max(event.at_ms, call.entered_ms if call.in_bridge else 0)
    turn.change(in_bridge=(*call.in_bridge, event.leg), entered_ms=entered_ms)
    if len(turn.call.in_bridge) == 2:
        begin_talk(turn, entered_ms)


def begin_talk(turn: Turn, at_ms: int) -> None:
    """The conversation has begun; whoever is in one has been answered, even if nobody said so."""
    call = turn.call
    assert call.agent is not None
    spending.start_meter(turn, at_ms)
    turn.note_joined(call.agent.name, at_ms)
    if call.caller.answered_ms is None:
        turn.caller(answered_ms=at_ms)
    turn.order(CancelTimer(name="join"), CancelTimer(name="wait"))
    name = call.agent.name
    turn.go(
        State.TALKING,
        joined_ms=call.joined_ms or at_ms,
        served_by=call.served_by if name in call.served_by else (*call.served_by, name),
        agent_whisper="",
    )


def join_order_failed(turn: Turn, event: OrderFailed) -> None:
    """The caller could not be answered, or the bridge did not come about."""
    if event.order in ("Answer", "Join"):
        hunting.let_agent_go(turn)


def join_late(turn: Turn, event: TimerFired) -> None:
    """Nothing was heard of the bridge in time: look; if they do not talk, try the next."""
    if _may_look(turn):
        _look(turn)
    elif turn.call.caller.gone:
        caller_gone(turn, LegEnded(at_ms=event.at_ms, leg=turn.call.caller.leg))
    else:
        hunting.let_agent_go(turn)


def ended_in_joining(turn: Turn, event: LegEnded) -> None:
    """One of the two is gone and nobody said that both were in: look, for they may have talked."""
    call = turn.call
    legs = (call.caller.leg, call.agent.leg if call.agent else None)
    if event.leg not in legs or call.looks >= LOOKS_MOST:
        hunting.leg_ended(turn, event)
        return
    if event.leg == call.caller.leg:
        turn.caller(gone=True)
    _look(turn)


def money_joined_away(turn: Turn, event: TimerFired) -> None:
    """Where waiting is charged the money is used up: look whether they talk, before nobody does."""
    if _may_look(turn):
        _look(turn)
    else:
        hunting.money_waited_away(turn, event)


def _may_look(turn: Turn) -> bool:
    """Whether it is not known yet how they stand; a look that fails is repeated."""
    call = turn.call
    return call.agent is not None and not call.looked and call.looks < LOOKS_MOST


def _look(turn: Turn) -> None:
    """Perhaps they talk already, and only that was not heard."""
    call = turn.call
    assert call.agent is not None
    turn.change(looks=call.looks + 1)
    turn.order(
        CompareLegs(legs=(call.caller.leg, call.agent.leg)),
        SetTimer(name="join", at_ms=turn.now.wall_ms + JOIN_WAIT_MS),
    )
