"""The conversation: the meter runs, the balance may change, somebody leaves.

It starts when both are in the bridge and ends when the first leaves, by Asterisk's own times.
Every change of the balance is told at once: more money extends the call, less brings the warning
forward; the cut-off itself only ever follows the grants (`spending`).
"""

from engine.core.actions import CancelTimer, FreeAgent, HangUp, Part
from engine.core.cdr import Disposition
from engine.core.events import (
    BalanceChanged,
    EndOrdered,
    LegEnded,
    LegLeft,
    Reserved,
    TimerFired,
)
from engine.core.inventory import OnAgentLost
from engine.premium import spending, telling
from engine.premium.call import State, Turn


def enter_talking(turn: Turn) -> None:
    """Both are joined (or the call was taken over in mid-talk): set all clocks, ask for a slice."""
    telling.say_again(turn)
    telling.arm_at_start(turn)
    telling.set_limit_timers(turn)
    telling.welcome_back(turn)
    spending.schedule(turn)
    spending.ask(turn)


def reserved(turn: Turn, event: Reserved) -> None:
    """More is held; with it comes the newest view of the account."""
    spending.reserved(turn, event)
    telling.renew_cut_off(turn)
    if turn.call.short and spending.is_more_there(turn, event):
        spending.ask(turn)


def balance_changed(turn: Turn, event: BalanceChanged) -> None:
    """Money came, went, or another call holds it: reckon anew, tell it, ask for more if short."""
    spending.note_view(turn, event.view)
    telling.renew_cut_off(turn, quiet=event.credited_micros > 0)
    # The money is asked for first: the time it buys does not wait for words.
    if turn.call.short and spending.may_buy(turn):
        spending.ask(turn)
    if event.credited_micros > 0:
        telling.tell_credit(turn, event)


def cut(turn: Turn, event: TimerFired) -> None:
    """The grants are used up: the conversation ends, never before they are."""
    if not spending.is_spent(turn):
        spending.schedule(turn)
        return
    end_of_money(turn, turn.now.wall_ms)


def end_of_money(turn: Turn, at_ms: int) -> None:
    """The grants are used up: for want of money, or because the longest call is reached."""
    end_conversation(turn, at_ms)
    turn.go(State.CLOSING, disposition=spent_as(turn))


def spent_as(turn: Turn) -> Disposition:
    """What the end of the grants is called."""
    longest = spending.is_longest(turn)
    return Disposition.LIMIT_REACHED if longest else Disposition.MONEY_ENDED


def limit_reached(turn: Turn, event: TimerFired) -> None:
    """The forced end (§ 113 TKG)."""
    end_conversation(turn, turn.now.wall_ms)
    turn.go(State.CLOSING, disposition=Disposition.LIMIT_REACHED)


def end_ordered(turn: Turn, event: EndOrdered) -> None:
    """A person ends the call, and both hear so; if it is the engine, nothing more is tried."""
    end_conversation(turn, turn.now.wall_ms)
    if event.by:
        turn.note_order(event.by, f"end: {event.reason}")
        turn.go(State.CLOSING, disposition=Disposition.ENDED_BY_OPERATOR)
    else:
        turn.go(State.LEAVING, disposition=Disposition.ENDED_BY_OPERATOR)


def end_conversation(turn: Turn, at_ms: int) -> None:
    """Stop the meter and take both out of the bridge."""
    spending.stop_meter(turn, at_ms)
    turn.note_left(at_ms)
    call = turn.call
    turn.order(CancelTimer(name="limit"), CancelTimer(name="limit_warn"))
    if call.bridge:
        legs = (call.caller.leg, call.agent.leg) if call.agent else (call.caller.leg,)
        turn.order(Part(bridge=call.bridge, legs=legs))
    telling.stop_whispers(turn)
    turn.change(bridge="", in_bridge=(), ended_ms=at_ms)


def left(turn: Turn, event: LegLeft) -> None:
    """One of the two left the bridge: that instant ends the conversation."""
    if event.bridge == turn.call.bridge:
        _somebody_left(turn, event.leg, event.at_ms)


def ended(turn: Turn, event: LegEnded) -> None:
    """One of the two is gone without the bridge having said so."""
    if event.leg == turn.call.caller.leg:
        turn.caller(gone=True)
    _somebody_left(turn, event.leg, event.at_ms)


def _somebody_left(turn: Turn, leg: str, at_ms: int) -> None:
    call = turn.call
    if leg == call.caller.leg:
        end_conversation(turn, at_ms)
        turn.go(State.LEAVING, disposition=Disposition.CALLER_HUNG_UP)
    elif call.agent is not None and leg == call.agent.leg:
        agent_left(turn, at_ms)


def agent_left(turn: Turn, at_ms: int) -> None:
    """The agent is gone: if it was Asterisk's own net that ended his leg, so is the money."""
    if spending.is_spent(turn, at_ms):
        end_of_money(turn, at_ms)
        return
    end_conversation(turn, at_ms)
    lose_agent(turn)


def lose_agent(turn: Turn) -> None:
    """The agent is gone in mid-call: the meter stands; the next one, or the end, as configured."""
    call = turn.call
    if call.agent is not None:
        turn.order(HangUp(leg=call.agent.leg), FreeAgent(agent=call.agent.name, talked=True))
    turn.change(agent=None)
    if call.service.on_agent_lost is OnAgentLost.NEXT:
        spending.note_meter(turn)
        turn.go(State.HUNTING)
    else:
        turn.go(State.CLOSING, disposition=Disposition.AGENT_HUNG_UP)
