"""Calling the targets, one after the other, while the caller hears ringing and is not answered.

Nobody pays for ringing: until a target takes the call, the caller's leg is alerted (SIP 180) and
no more. Who is put through to nobody rings on until he hangs up; the switch's own limit for a leg
that nobody sees to is moved on meanwhile.
"""

from engine.core.actions import DialOut, HangUp, IndicateRinging, SetDeadline, SetTimer
from engine.core.diversion.record import Outcome
from engine.core.events import (
    LegAnswered,
    LegEnded,
    LegFailed,
    LegFailure,
    OrderFailed,
    TimerFired,
)
from engine.diversion.call import AnyTurn, State

DIALLING = "DialOut"
RING_GRACE_MS = 3_000
SET_UP_MS = 30_000
CALL_AGAIN_MS = 1_000
EARLY_MS = 1_000
NET_MS = 180_000
NET_EVERY_MS = 60_000


def enter_calling(turn: AnyTurn) -> None:
    """Call the target whose turn it is; after the last one the caller is left to ring, or to go."""
    call = turn.call
    if call.nth >= len(call.targets):
        turn.change(outcome=outcome_of(call.failures))
        turn.go(State.RINGING_ON) if call.rings_on else turn.go(State.KEEPING)
        return
    turn.change(leg=turn.new_id("a"), rung_ms=turn.now.wall_ms)
    ring_ms = call.ring_timeout_s * 1000
    turn.order(
        DialOut(
            leg=turn.call.leg,
            trunk=call.trunk,
            e164=call.targets[call.nth],
            show_number=call.show_number,
            show_name="",
            ring_timeout_s=call.ring_timeout_s,
            deadline_ms=ring_ms + SET_UP_MS,
        ),
        SetTimer(name="ring", at_ms=turn.now.wall_ms + ring_ms + RING_GRACE_MS),
    )
    let_ring(turn)


def let_ring(turn: AnyTurn) -> None:
    """The caller hears ringing, for as long as somebody sees to it."""
    turn.order(IndicateRinging(leg=turn.call.call_id))
    watch(turn)


def watch(turn: AnyTurn) -> None:
    """The switch ends the caller's leg soon after nobody sees to it any more."""
    now_ms = turn.now.wall_ms
    turn.order(
        SetDeadline(leg=turn.call.call_id, at_ms=now_ms + NET_MS),
        SetTimer(name="net", at_ms=now_ms + NET_EVERY_MS),
    )


def net_due(turn: AnyTurn, event: TimerFired) -> None:
    """The caller still hears ringing."""
    watch(turn)


def call_again_soon(turn: AnyTurn) -> None:
    """Call the same target anew, once its phone has noticed that it does not ring any more."""
    turn.forget_timers("ring")
    if turn.call.leg:
        turn.order(HangUp(leg=turn.call.leg))
    turn.order(SetTimer(name="again", at_ms=turn.now.wall_ms + CALL_AGAIN_MS))
    watch(turn)
    turn.change(leg="", again=True)


def again_due(turn: AnyTurn, event: TimerFired) -> None:
    turn.go(State.CALLING)


def outcome_of(failures: tuple[LegFailure, ...]) -> Outcome:
    """What it is called that no target took the call: busy only if every one was."""
    if failures and all(reason is LegFailure.BUSY for reason in failures):
        return Outcome.BUSY
    is_unanswered = LegFailure.NO_ANSWER in failures
    return Outcome.NO_ANSWER if is_unanswered else Outcome.FAILED


def answered(turn: AnyTurn, event: LegAnswered) -> None:
    """The target has taken the call."""
    if event.leg == turn.call.leg:
        turn.forget_timers("ring")
        turn.go(State.JOINING)


def failed(turn: AnyTurn, event: LegFailed) -> None:
    """Busy, no answer, refused, dead: the next target.

    A leg that ends before its time, for the network's reason and without any answer, may have rung
    for an engine that died, and cannot be moved. Such a target is called once more.
    """
    call = turn.call
    if event.leg != call.leg:
        return
    is_early = event.at_ms < call.rung_ms + call.ring_timeout_s * 1000 - EARLY_MS
    is_silent = event.sip_code is None and event.reason is LegFailure.NETWORK
    if is_silent and is_early and not call.again:
        call_again_soon(turn)
    else:
        next_target(turn, event.reason)


def not_dialled(turn: AnyTurn, event: OrderFailed) -> None:
    """The switch would not dial; should it have done so all the same, the leg is ended."""
    if event.order == DIALLING and event.target == turn.call.leg:
        turn.order(HangUp(leg=turn.call.leg))
        next_target(turn, LegFailure.NETWORK)


def rung_too_long(turn: AnyTurn, event: TimerFired) -> None:
    """Nothing was heard of the target, not even that it does not answer."""
    turn.order(HangUp(leg=turn.call.leg))
    next_target(turn, LegFailure.NO_ANSWER)


def caller_gone(turn: AnyTurn, event: LegEnded) -> None:
    """The caller has hung up before he was put through to anybody."""
    if event.leg == turn.call.call_id:
        outcome = turn.call.outcome or Outcome.ABANDONED
        turn.go(State.KEEPING, caller_gone=True, ended_ms=event.at_ms, outcome=outcome)


def next_target(turn: AnyTurn, reason: LegFailure) -> None:
    """This target does not come."""
    turn.forget_timers("ring")
    call = turn.call
    failures = (*call.failures, reason)
    turn.go(State.CALLING, nth=call.nth + 1, failures=failures, again=False)


def enter_ringing_on(turn: AnyTurn) -> None:
    """Nobody is called: the caller hears ringing until he hangs up."""
    let_ring(turn)
