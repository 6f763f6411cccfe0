"""Looking up where a number's calls go. While the books do not answer the caller hears ringing."""

from engine.core.actions import FindRoute, HangUp, HangUpReason, SetTimer
from engine.core.events import CallArrived, EndOrdered, LegEnded, MoneyUnreachable, TimerFired
from engine.diversion.call import AnyTurn, State
from engine.diversion.calling import let_ring

FIND_AGAIN_MS = 1_000
FINDS_MOST = 30


def arrived(turn: AnyTurn, event: CallArrived) -> None:
    turn.go(State.FINDING)


def enter_finding(turn: AnyTurn) -> None:
    turn.order(FindRoute(number=turn.call.number, from_house=turn.call.from_house))


def not_found_yet(turn: AnyTurn, event: MoneyUnreachable) -> None:
    """The books did not answer: ask again a little later, but not for ever."""
    if turn.call.finds == 0 and not turn.call.caller_gone:
        let_ring(turn)
    if not try_again(turn):
        turn_away(turn, HangUpReason.FAULT)


def try_again(turn: AnyTurn) -> bool:
    """Whether the books are to be asked once more; then the timer `find` is set."""
    if turn.call.finds >= FINDS_MOST:
        return False
    turn.change(finds=turn.call.finds + 1)
    turn.order(SetTimer(name="find", at_ms=turn.now.wall_ms + FIND_AGAIN_MS))
    return True


def find_again(turn: AnyTurn, event: TimerFired) -> None:
    enter_finding(turn)


def gone_while_finding(turn: AnyTurn, event: LegEnded) -> None:
    """The caller has hung up; whose call it was is still to be found out."""
    turn.change(caller_gone=True, ended_ms=event.at_ms)


def end_ordered(turn: AnyTurn, event: EndOrdered) -> None:
    turn_away(turn, HangUpReason.FAULT)


def turn_away(turn: AnyTurn, reason: HangUpReason) -> None:
    """The call is no organisation's: nothing is kept of it."""
    turn.forget_timers("find", "net")
    if not turn.call.caller_gone:
        turn.order(HangUp(leg=turn.call.call_id, reason=reason))
    turn.change(state=State.FINISHED)
