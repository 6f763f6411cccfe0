"""Caller and target in one bridge; the conversation begins when both are in."""

from engine.core.actions import Answer, CompareLegs, Join, SetDeadline, SetTimer
from engine.core.diversion.record import Outcome
from engine.core.events import LegEnded, LegJoined, LegLeft, OrderFailed, TimerFired
from engine.diversion.call import AnyTurn, DivertedCall, State
from engine.diversion.calling import NET_EVERY_MS

JOIN_WAIT_MS = 5_000
LOOKS_MOST = 3
CUT_GRACE_MS = 2_000
NETS_AGAIN_MS = 1_000


def enter_joining(turn: AnyTurn) -> None:
    """Answer the caller and put both into one bridge; the switch itself ends a call whose engine
    dies when it has talked for as long as it may."""
    turn.forget_timers("net")
    turn.change(bridge=turn.call.bridge or turn.new_id("b"))
    call, now_ms = turn.call, turn.now.wall_ms
    legs = (call.call_id, call.leg)
    net_ms = now_ms + JOIN_WAIT_MS + call.talk_most_ms + CUT_GRACE_MS
    turn.order(
        Answer(leg=call.call_id),
        *(SetDeadline(leg=leg, at_ms=net_ms) for leg in legs),
        Join(bridge=call.bridge, legs=legs),
        SetTimer(name="join", at_ms=now_ms + JOIN_WAIT_MS),
    )


def joined(turn: AnyTurn, event: LegJoined) -> None:
    """Both are in: the conversation starts with the later of the two."""
    call = turn.call
    if event.bridge != call.bridge or event.leg in call.in_bridge:
        return
    entered_ms = max(event.at_ms, call.entered_ms)
    turn.change(in_bridge=(*call.in_bridge, event.leg), entered_ms=entered_ms)
    if len(turn.call.in_bridge) == 2:
        begin_talk(turn, entered_ms)


def begin_talk(turn: AnyTurn, at_ms: int) -> None:
    """They talk."""
    turn.forget_timers("join")
    turn.go(State.TALKING, joined_ms=at_ms, alive_ms=at_ms, outcome=Outcome.ANSWERED)


def not_joined(turn: AnyTurn, event: OrderFailed) -> None:
    """The caller could not be answered, or the bridge did not come about."""
    if event.order in ("Answer", "Join"):
        _give_up(turn)


def look(turn: AnyTurn, event: TimerFired | LegEnded) -> None:
    """Nothing was heard of the bridge, or one of them is gone: look whether they talk, or did."""
    call = turn.call
    if isinstance(event, LegEnded) and event.leg not in (call.call_id, call.leg):
        return
    if call.looks >= LOOKS_MOST:
        _give_up(turn)
        return
    turn.change(looks=call.looks + 1)
    turn.order(
        CompareLegs(legs=(call.call_id, call.leg)),
        SetTimer(name="join", at_ms=turn.now.wall_ms + JOIN_WAIT_MS),
    )


def _give_up(turn: AnyTurn) -> None:
    turn.go(State.KEEPING, outcome=Outcome.FAILED)


# --- the conversation ------------------------------------------------------------------------


def enter_talking(turn: AnyTurn) -> None:
    """They talk until one of them leaves, or for as long as they may. Whoever takes the call over
    tells the switch again, too: the engine before may have died with the order ungiven."""
    set_limits(turn)
    talk_on(turn)


def limit_ms(call: DivertedCall) -> int:
    """When a call that talks has talked for as long as it may."""
    assert call.joined_ms is not None
    return call.joined_ms + call.talk_most_ms


def set_limits(turn: AnyTurn) -> None:
    """Have engine and switch end a conversation at another time, as it may talk for longer."""
    call, at_ms = turn.call, limit_ms(turn.call)
    turn.order(
        SetTimer(name="limit", at_ms=at_ms),
        *(SetDeadline(leg=leg, at_ms=at_ms + CUT_GRACE_MS) for leg in (call.call_id, call.leg)),
    )


def net_failed(turn: AnyTurn, event: OrderFailed) -> None:
    """The switch's deadline was not moved and may cut the call too early: try again."""
    if event.order == "SetDeadline":
        turn.order(SetTimer(name="nets", at_ms=turn.now.wall_ms + NETS_AGAIN_MS))


def set_limits_again(turn: AnyTurn, event: TimerFired) -> None:
    set_limits(turn)


def talk_on(turn: AnyTurn) -> None:
    """Note that the conversation goes on, now and again later."""
    turn.change(alive_ms=turn.now.wall_ms)
    turn.order(SetTimer(name="net", at_ms=turn.now.wall_ms + NET_EVERY_MS))


def still_talking(turn: AnyTurn, event: TimerFired) -> None:
    talk_on(turn)


def talked_long_enough(turn: AnyTurn, event: TimerFired) -> None:
    turn.go(State.KEEPING, ended_ms=event.at_ms)


def left(turn: AnyTurn, event: LegLeft) -> None:
    """The first who leaves ends the conversation."""
    if event.bridge == turn.call.bridge:
        turn.go(State.KEEPING, ended_ms=event.at_ms)


def ended(turn: AnyTurn, event: LegEnded) -> None:
    """One of the two is gone without the bridge having said so."""
    if event.leg in (turn.call.call_id, turn.call.leg):
        turn.go(State.KEEPING, ended_ms=event.at_ms)
