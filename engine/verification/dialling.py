"""From the wish to the answer: the number is dialled, it rings, or it turns out why not."""

from engine.core.actions import DialOut, SetTimer
from engine.core.events import (
    CallWanted,
    LegAnswered,
    LegFailed,
    LegFailure,
    LegRinging,
    OrderFailed,
    TimerFired,
)
from engine.core.verification import CallStep, Failure
from engine.verification.call import State, Turn

TALK_LIMIT_MS = 120_000
GRACE_MS = 5_000
DIALLING = "DialOut"


def wanted(turn: Turn, event: CallWanted) -> None:
    """Place the call; however it goes, it is over within its limit."""
    ring_ms = turn.call.ring_timeout_s * 1000
    turn.order(SetTimer(name="limit", at_ms=turn.now.wall_ms + ring_ms + TALK_LIMIT_MS + GRACE_MS))
    turn.go(State.DIALING)


def enter_dialing(turn: Turn) -> None:
    turn.change(leg=turn.new_id("a"))
    call = turn.call
    ring_ms = call.ring_timeout_s * 1000
    turn.order(
        DialOut(
            leg=call.leg,
            trunk=call.trunk,
            e164=call.e164,
            show_number=call.show_number,
            show_name=call.title,
            ring_timeout_s=call.ring_timeout_s,
            deadline_ms=ring_ms + TALK_LIMIT_MS,
        ),
        SetTimer(name="ring", at_ms=turn.now.wall_ms + ring_ms + GRACE_MS),
    )
    turn.tell(CallStep.DIALING)


def rings(turn: Turn, event: LegRinging) -> None:
    turn.go(State.RINGING)


def enter_ringing(turn: Turn) -> None:
    turn.tell(CallStep.RINGING)


def answered(turn: Turn, event: LegAnswered) -> None:
    """Somebody, or something, has answered: ask for a key."""
    if event.leg == turn.call.leg:
        turn.tell(CallStep.ANSWERED)
        turn.go(State.ASKING, answered_ms=event.at_ms)


def failed(turn: Turn, event: LegFailed) -> None:
    """The number is busy, dead, away: the leg is gone, and the reason is told."""
    if event.leg == turn.call.leg:
        turn.go(State.REPORTING, gone=True, failure=failure_of(event.reason))


def failure_of(reason: LegFailure) -> Failure:
    """Why the call proved nothing, from why its leg failed; they are named alike."""
    return Failure(reason.value)


def not_dialled(turn: Turn, event: OrderFailed) -> None:
    """The switch would not dial; should it have done so all the same, the leg is ended."""
    if event.order == DIALLING:
        turn.go(State.LEAVING, failure=Failure.NETWORK)


def rung_too_long(turn: Turn, event: TimerFired) -> None:
    turn.go(State.LEAVING, failure=Failure.NO_ANSWER)
