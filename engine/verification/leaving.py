"""The end of a verification call, whoever brings it about, and going on after a gap.

A call taken over goes on where somebody is on the line: the question is asked again, the code,
which is the same while it lives, spoken again to the same leg. One that was not answered yet
cannot be moved between engines; it ends as a fault of the network.
"""

from engine.core.actions import HangUp, SetTimer
from engine.core.events import (
    CallAdopted,
    EndOrdered,
    LegEnded,
    LegFailed,
    MoneyUnreachable,
    PlaybackEnded,
    TimerFired,
    VerificationTold,
)
from engine.core.prompt import Prompt
from engine.core.verification import CallStep, Failure
from engine.verification.call import State, Turn
from engine.verification.dialling import TALK_LIMIT_MS

LINGER_MS = 5_000
NEEDED = ("DrawCode", "CheckCode")


def enter_closing(turn: Turn) -> None:
    turn.say(Prompt.of(turn.call.closing), Prompt.of("verify_goodbye"))


def closed(turn: Turn, event: PlaybackEnded) -> None:
    if event.playback == turn.call.playback:
        turn.go(State.LEAVING, playback="")


def enter_leaving(turn: Turn) -> None:
    """End the leg and wait until it is gone, but not for ever."""
    turn.hush()
    linger = SetTimer(name="linger", at_ms=turn.now.wall_ms + LINGER_MS)
    turn.order(HangUp(leg=turn.call.leg), linger)


def gone(turn: Turn, event: LegEnded | LegFailed) -> None:
    if event.leg == turn.call.leg:
        turn.go(State.REPORTING, gone=True)


def lingered(turn: Turn, event: TimerFired) -> None:
    turn.go(State.REPORTING)


def hung_up(turn: Turn, event: LegEnded) -> None:
    """The person called has hung up; before it was proved that is a refusal."""
    if event.leg == turn.call.leg:
        proved = turn.call.state is State.CLOSING
        failure = turn.call.failure if proved else Failure.REJECTED
        turn.go(State.REPORTING, gone=True, failure=failure)


def enter_reporting(turn: Turn) -> None:
    turn.tell(CallStep.ENDED, turn.call.failure)


def reported(turn: Turn, event: VerificationTold) -> None:
    if event.step is CallStep.ENDED:
        turn.go(State.FINISHED)


def verification_told(turn: Turn, event: VerificationTold) -> None:
    """It is over (cancelled, …): nothing more is asked."""
    if event.over:
        turn.go(State.LEAVING)


def key_told(turn: Turn, event: VerificationTold) -> None:
    """Proved by one key: say so."""
    if event.verified:
        turn.go(State.CLOSING, closing="number_verified")
    else:
        verification_told(turn, event)


def end_ordered(turn: Turn, event: EndOrdered) -> None:
    turn.go(State.LEAVING, failure=turn.call.failure or Failure.NETWORK)


def took_too_long(turn: Turn, event: TimerFired) -> None:
    turn.go(State.LEAVING, failure=turn.call.failure or Failure.NETWORK)


def fault(turn: Turn, event: MoneyUnreachable) -> None:
    """The books did not answer in time: nothing can be proved now."""
    if event.order in NEEDED:
        turn.go(State.CLOSING, closing="fault", failure=Failure.NETWORK)


def unheard(turn: Turn, event: TimerFired) -> None:
    """A prompt stopped, and not because the person is gone: its audio is missing."""
    if not turn.call.playback:
        turn.go(State.LEAVING, failure=Failure.NETWORK)


# --- after a gap -----------------------------------------------------------------------------


def adopted(turn: Turn, event: CallAdopted) -> None:
    """Take the call over as it really is."""
    call = turn.call
    if call.state is State.FINISHED:
        return
    if call.state is State.REPORTING:
        turn.entered = True
        return
    leg = next((leg for leg in event.legs if leg.leg == call.leg), None)
    if leg is None or not leg.alive:
        turn.go(State.REPORTING, gone=True, failure=call.failure or Failure.NETWORK)
    elif not leg.answered or call.answered_ms is None:
        turn.go(State.LEAVING, failure=call.failure or Failure.NETWORK)
    else:
        limit_ms = turn.now.wall_ms + LINGER_MS
        turn.order(SetTimer(name="limit", at_ms=max(limit_ms, call.answered_ms + TALK_LIMIT_MS)))
        turn.change(asked=0 if call.state is State.ASKING else call.asked)
        turn.entered = True
