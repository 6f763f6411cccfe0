"""The probe as a state table: what may happen in each state, and who decides about it.

The number is dialled, and the leg waited for. A probe that comes back is refused by whoever it
arrives at, which ends the leg like any failure; that it arrived is in the store, and REPORTING
finds it there. Nobody should ever answer: a leg that is answered is ended at once. One whose engine
died proves nothing and is told to nobody; the number is due again soon.

An event that is neither in the table nor in `IGNORED` is a fault of ours: it is counted, and the
call goes on.
"""

from collections.abc import Callable, Mapping

from engine.core import events as e
from engine.core.actions import Action, DialOut, HangUp, SetTimer, TellProbe
from engine.core.call import Now
from engine.core.events import LegFailure
from engine.core.probe import Health, Probe, ProbePlan, Result
from engine.core.turn import Handler, Table
from engine.probing.call import ProbeCall, State, Turn

S = State
Key = tuple[State, type[e.Event] | str]

DIALLING = "DialOut"

RESULTS: Mapping[LegFailure, Result] = {
    LegFailure.BUSY: Result.BUSY,
    LegFailure.NO_ANSWER: Result.NOT_ARRIVED,
    LegFailure.REJECTED: Result.REFUSED,
    LegFailure.UNREACHABLE: Result.NETWORK,
    LegFailure.WRONG_NUMBER: Result.REFUSED,
    LegFailure.NETWORK: Result.NETWORK,
}


def _wanted(turn: Turn, event: e.CallWanted) -> None:
    turn.go(State.DIALING)


def _enter_dialing(turn: Turn) -> None:
    """Dial it; the switch itself ends the leg soon after the time to arrive is over."""
    turn.change(leg=turn.new_id("a"), placed_ms=turn.now.wall_ms)
    call = turn.call
    turn.order(
        DialOut(
            leg=call.leg,
            trunk=call.trunk,
            e164=call.e164,
            show_number=call.show_number,
            show_name="",
            ring_timeout_s=call.arrive_within_s + 1,
            deadline_ms=(call.arrive_within_s + 1) * 1000,
        ),
        SetTimer(name="arrive", at_ms=call.placed_ms + call.arrive_within_s * 1000),
    )


def _failed(turn: Turn, event: e.LegFailed) -> None:
    """The leg is gone: the probe has come back and was refused, or it turns out why not."""
    if event.leg == turn.call.leg:
        turn.go(State.REPORTING, result=RESULTS[event.reason])


def _not_dialled(turn: Turn, event: e.OrderFailed) -> None:
    """The switch would not dial; should it have done so all the same, the leg is ended."""
    if event.order == DIALLING:
        _give_up(turn, Result.NETWORK)


def _answered(turn: Turn, event: e.LegAnswered) -> None:
    """Somebody took the call: it is not ours that has come back."""
    if event.leg == turn.call.leg:
        _give_up(turn, Result.ANSWERED)


def _too_late(turn: Turn, event: e.TimerFired) -> None:
    _give_up(turn, Result.NOT_ARRIVED)


def _give_up(turn: Turn, result: Result) -> None:
    turn.order(HangUp(leg=turn.call.leg))
    turn.go(State.REPORTING, result=result)


def _enter_reporting(turn: Turn) -> None:
    call = turn.call
    assert call.result is not None
    probe = Probe(
        call_id=call.call_id,
        e164=call.e164,
        organisation=call.organisation,
        placed_ms=call.placed_ms,
        result=call.result,
    )
    turn.order(TellProbe(probe=probe))


def _reported(turn: Turn, event: e.Event) -> None:
    """It is known, or cannot be told: the number is due again soon."""
    turn.go(State.FINISHED)


def _dropped(turn: Turn, event: e.EndOrdered) -> None:
    """A person, or a fault of ours, ends it: it proves nothing."""
    turn.order(HangUp(leg=turn.call.leg))
    turn.go(State.FINISHED)


def _adopted(turn: Turn, event: e.CallAdopted) -> None:
    """What is known is told; a leg that was not seen to its end proves nothing."""
    if turn.call.state is State.FINISHED:
        return
    if turn.call.state is State.REPORTING:
        turn.entered = True
        return
    if turn.call.leg:
        turn.order(HangUp(leg=turn.call.leg))
    turn.go(State.FINISHED)


TRANSITIONS: Mapping[Key, Handler] = {
    (S.BEGUN, e.CallWanted): _wanted,
    (S.DIALING, e.LegAnswered): _answered,
    (S.DIALING, e.LegFailed): _failed,
    (S.DIALING, e.OrderFailed): _not_dialled,
    (S.DIALING, e.EndOrdered): _dropped,
    (S.DIALING, "arrive"): _too_late,
    (S.REPORTING, e.CallSettled): _reported,
    (S.REPORTING, e.MoneyUnreachable): _reported,
    (S.REPORTING, e.EndOrdered): _reported,
}

COMMON: Mapping[Key, Handler] = {}

ENTRIES: Mapping[State, Callable[[Turn], None]] = {
    S.DIALING: _enter_dialing,
    S.REPORTING: _enter_reporting,
}
"""What is ordered on entering a state, and again when another engine takes the call over in it."""

IGNORED: frozenset[type[e.Event]] = frozenset(
    {
        e.LegRinging,
        e.LegAnswered,
        e.LegEnded,
        e.LegFailed,
        e.DigitPressed,
        e.TimerFired,
        e.OrderFailed,
        e.EndOrdered,
        e.WarnOrdered,
    }
)
"""Events that may come late to any state and then mean nothing."""

TABLE = Table(
    transitions=TRANSITIONS,
    common=COMMON,
    entries=ENTRIES,
    adopted=_adopted,
    ignored=IGNORED,
)
is_expected = TABLE.is_expected


def begin(health: Health, call_id: str, plan: ProbePlan, now_ms: int) -> ProbeCall:
    """The record of a probe that is about to be placed."""
    return ProbeCall(
        call_id=call_id,
        e164=health.e164,
        organisation=health.organisation,
        trunk=plan.trunk,
        show_number=plan.show_number,
        arrive_within_s=plan.arrive_within_s,
        begun_ms=now_ms,
    )


def step(call: ProbeCall, event: e.Event, now: Now) -> tuple[ProbeCall, tuple[Action, ...]]:
    """What the probe becomes by one event, and the orders that follow. Pure."""
    return TABLE.step(Turn(call, now), event)
