"""Who is put through: the route, the policy, the caps, in this order; and how long he may talk.

A conversation holds the next minutes before the last ones are talked away. Is nothing left that no
other call holds, it asks again until it is cut off: another one may end before.
"""

from engine.core.actions import AdmitForwarded, HangUpReason, KeepForwarded, SetTimer
from engine.core.diversion.record import Outcome
from engine.core.diversion.route import Forwarding, Verdict
from engine.core.events import CallAdmitted, MoneyUnreachable, RouteFound, TimerFired
from engine.diversion import calling, ending, finding, joining
from engine.forwarding.call import State, Turn
from engine.forwarding.rules import TALK_MOST_MS

SHARE_MS = 120_000
"""What a call holds at a time."""

ASK_AHEAD_MS = 30_000
ASK_EVERY_MS = 10_000


def route_found(turn: Turn, event: RouteFound) -> None:
    """The number is ours and somebody's; where its calls go, and whether this one does."""
    turn.forget_timers("find")
    found, call = event.found, turn.call
    if found.is_probe:
        finding.turn_away(turn, HangUpReason.REJECTED)
        return
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
    wanted_ms = call.talk_most_ms + SHARE_MS
    turn.order(AdmitForwarded(call=call.record, terms=call.terms, wanted_ms=wanted_ms))


def ask_again(turn: Turn, event: TimerFired) -> None:
    _ask(turn)


def admitted(turn: Turn, event: CallAdmitted) -> None:
    if event.left_ms is None:
        turn.go(State.RINGING_ON, outcome=Outcome.CAPPED, cap=event.cap)
    else:
        turn.go(State.CALLING, talk_most_ms=event.left_ms, nearest=event.cap)


def not_admitted(turn: Turn, event: MoneyUnreachable) -> None:
    """The books do not answer: while nobody knows what it would cost, nobody is called."""
    if not finding.try_again(turn):
        turn.go(State.RINGING_ON, outcome=Outcome.FAILED)


# --- the conversation ------------------------------------------------------------------------


def enter_talking(turn: Turn) -> None:
    """They talk for as long as the call holds minutes, and ask for more in time."""
    joining.enter_talking(turn)
    _ask_in_time(turn)


def _ask_in_time(turn: Turn) -> None:
    """Ask so long before the end, or soon if that has passed; not if nothing more can come."""
    call, now_ms = turn.call, turn.now.wall_ms
    limit_ms = joining.limit_ms(call)
    at_ms = max(limit_ms - ASK_AHEAD_MS, now_ms + ASK_EVERY_MS)
    if at_ms < limit_ms and call.talk_most_ms < TALK_MOST_MS:
        turn.order(SetTimer(name="more", at_ms=at_ms))


def more_due(turn: Turn, event: TimerFired) -> None:
    """Most of what the call holds is talked away."""
    _ask(turn)


def more_held(turn: Turn, event: CallAdmitted) -> None:
    """It may talk on for longer, or for what it had: engine and switch end it no sooner."""
    turn.change(nearest=event.cap)
    if event.left_ms is not None and event.left_ms > turn.call.talk_most_ms:
        turn.change(talk_most_ms=event.left_ms)
        joining.set_limits(turn)
    _ask_in_time(turn)


def more_unknown(turn: Turn, event: MoneyUnreachable) -> None:
    """The books do not answer: it talks on for what it has."""
    _ask_in_time(turn)


def talked_long_enough(turn: Turn, event: TimerFired) -> None:
    """All that it held is talked away: it ends by the cap that left no more."""
    turn.change(cap=turn.call.nearest)
    joining.talked_long_enough(turn, event)


def enter_keeping(turn: Turn) -> None:
    """End every leg, and keep what was."""
    turn.forget_timers("more")
    ending.leave(turn)
    turn.order(KeepForwarded(call=turn.call.record))
