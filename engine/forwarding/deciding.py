"""Who is put through: the route, the policy, the caps, in this order."""

from engine.core.actions import AdmitForwarded, HangUpReason, KeepForwarded
from engine.core.diversion.record import Outcome
from engine.core.diversion.route import Forwarding, Verdict
from engine.core.events import CallAdmitted, MoneyUnreachable, RouteFound, TimerFired
from engine.diversion import calling, ending, finding
from engine.forwarding.call import State, Turn


def route_found(turn: Turn, event: RouteFound) -> None:
    """The number is ours and somebody's; where its calls go, and whether this one does."""
    turn.forget_timers("find")
    found, call = event.found, turn.call
    if found.organisation is None:
        finding.turn_away(turn, HangUpReason.UNALLOCATED)
        return
    turn.change(organisation=found.organisation)
    route = found.route
    terms = route.terms if route is not None else None
    if route is None or not isinstance(terms, Forwarding) or found.loops:
        _ring_on(turn, Outcome.NO_ROUTE)
        return
    turn.change(
        terms=terms,
        route_version=route.version,
        targets=terms.targets,
        ring_timeout_s=terms.ring_timeout_s,
    )
    if terms.policy.verdict(call.caller_class) is Verdict.RING_ON:
        _ring_on(turn, Outcome.NOT_LET_THROUGH)
    elif call.caller_gone:
        turn.go(State.KEEPING, outcome=Outcome.ABANDONED)
    else:
        turn.go(State.ADMITTING)


def _ring_on(turn: Turn, why: Outcome) -> None:
    """Nobody is called, and the caller never answered."""
    if turn.call.caller_gone:
        turn.go(State.KEEPING, outcome=why)
    else:
        turn.go(State.RINGING_ON, outcome=why)


def enter_admitting(turn: Turn) -> None:
    """Ask for a place under the caps; the caller hears ringing meanwhile."""
    _ask(turn)
    calling.let_ring(turn)


def _ask(turn: Turn) -> None:
    call = turn.call
    assert call.terms is not None
    turn.order(AdmitForwarded(call=call.record, terms=call.terms))


def ask_again(turn: Turn, event: TimerFired) -> None:
    _ask(turn)


def admitted(turn: Turn, event: CallAdmitted) -> None:
    if event.left_ms is None:
        turn.go(State.RINGING_ON, outcome=Outcome.CAPPED)
    else:
        turn.go(State.CALLING, talk_most_ms=event.left_ms)


def not_admitted(turn: Turn, event: MoneyUnreachable) -> None:
    """The books do not answer: while nobody knows what it would cost, nobody is called."""
    if not finding.try_again(turn):
        turn.go(State.RINGING_ON, outcome=Outcome.FAILED)


def enter_keeping(turn: Turn) -> None:
    """End every leg, and keep what was."""
    ending.leave(turn)
    turn.order(KeepForwarded(call=turn.call.record))
