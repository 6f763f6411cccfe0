"""Going on after a gap: another engine takes the call over, or the event stream was broken.

What was missed is made up for by comparing the snapshot with what Asterisk and the store know,
and feeding in the difference: first the orders that the last step left (they may never have been
carried out), then who left and when, then the state is entered again, whose orders all carry the
ids they had, so that what was done already is not done twice. An end that cannot be proved is
billed to the last proof of life.
"""

from engine.core.actions import SetTimer
from engine.core.events import CallAdopted, LegFacts
from engine.premium import arrival, ending, spending, talking
from engine.premium.call import SET_UP, WAITING, State, Turn
from engine.premium.hunt import hunting, joining

Facts = dict[str, LegFacts]


def adopted(turn: Turn, event: CallAdopted) -> None:
    """Take the call over as it really is."""
    turn.order(*turn.call.owed.orders)
    _take_money(turn, event)
    turn.change(asked=False)
    spending.compare_clocks_from_now(turn)
    facts = {leg.leg: leg for leg in event.legs}
    state = turn.call.state
    if state in (State.SETTLING, State.FINISHED):
        turn.entered = state is State.SETTLING
    elif not _is_alive(facts.get(turn.call.caller.leg)):
        _caller_was_lost(turn, facts)
    else:
        _note_answer(turn, facts)
        _set_clocks(turn)
        _GO_ON.get(state, _start_again)(turn, facts)


def _set_clocks(turn: Turn) -> None:
    """The longest set-up, the longest wait and, where that is charged, its money are watched
    again."""
    if turn.call.state in SET_UP:
        arrival.set_up_timer(turn)
    if turn.call.state in WAITING:
        limit_ms = turn.now.wall_ms + turn.call.service.max_wait_s * 1000
        turn.order(SetTimer(name="wait", at_ms=limit_ms))
        spending.schedule(turn)


def _is_alive(leg: LegFacts | None) -> bool:
    return leg is not None and leg.alive


def _take_money(turn: Turn, event: CallAdopted) -> None:
    if event.view is not None:
        spending.note_view(turn, event.view)
    meter = turn.call.meter
    if meter is not None and event.granted_n > meter.granted_n:
        turn.change(meter=meter.granted(event.granted_n))
        turn.note_slice(event.at_ms)


def _note_answer(turn: Turn, facts: Facts) -> None:
    caller = facts[turn.call.caller.leg]
    if caller.answered and turn.call.caller.answered_ms is None:
        turn.caller(answered_ms=turn.call.joined_ms or turn.now.wall_ms)


# --- in conversation -----------------------------------------------------------------------


def _end_of_talk_ms(turn: Turn, facts: Facts) -> int:
    """When the first of the two left, as far as anybody knows."""
    agent, meter = turn.call.agent, turn.call.meter
    since_ms = (meter.running_since_ms if meter else None) or 0
    legs = [facts.get(turn.call.caller.leg), facts.get(agent.leg) if agent else None]
    known = [
        instant
        for leg in legs
        if leg is not None
        for instant in (leg.left_ms, leg.ended_ms)
        if instant is not None and instant >= since_ms
    ]
    return min(known) if known else turn.call.alive_ms


def _caller_was_lost(turn: Turn, facts: Facts) -> None:
    if turn.call.state is State.JOINING:
        _begin_talk_if_joined(turn, facts)
    if turn.call.state is State.TALKING:
        end_ms = _end_of_talk_ms(turn, facts)
        if spending.is_spent(turn, end_ms):
            turn.change(disposition=talking.spent_as(turn))
        talking.end_conversation(turn, end_ms)
    turn.caller(gone=True)
    turn.go(State.LEAVING, disposition=turn.call.disposition or ending.left_as(turn.call))


def _talk_on(turn: Turn, facts: Facts) -> None:
    """Go on talking if they do; if the agent is gone or the money was used up, so it is."""
    agent = facts.get(turn.call.agent.leg) if turn.call.agent else None
    if agent is None or not agent.alive or agent.left_ms is not None:
        talking.agent_left(turn, _end_of_talk_ms(turn, facts))
        if not _is_alive(agent):
            ending.release_agent(turn)
    elif spending.is_spent(turn):
        talking.end_of_money(turn, turn.now.wall_ms)
    else:
        turn.entered = True


# --- before the conversation ---------------------------------------------------------------


def _join_on(turn: Turn, facts: Facts) -> None:
    _begin_talk_if_joined(turn, facts)
    agent = turn.call.agent
    if turn.call.state is State.TALKING:
        _talk_on(turn, facts)
    elif agent is None or not _is_alive(facts.get(agent.leg)):
        hunting.let_agent_go(turn)
    else:
        legs = (turn.call.caller.leg, agent.leg)
        inside = tuple(leg for leg in legs if _is_in(turn, facts.get(leg)))
        turn.change(in_bridge=inside, looked=True)
        turn.entered = True


def _is_in(turn: Turn, leg: LegFacts | None) -> bool:
    """Whether a leg is in the bridge of the present joining (not of a former conversation)."""
    if leg is None or leg.joined_ms is None or leg.joined_ms <= (turn.call.ended_ms or 0):
        return False
    return leg.alive and leg.left_ms is None


def _begin_talk_if_joined(turn: Turn, facts: Facts) -> None:
    """Both had been joined, which nobody lived to hear: the conversation began with the later."""
    call = turn.call
    agent = facts.get(call.agent.leg) if call.agent else None
    caller = facts.get(call.caller.leg)
    if agent is None or caller is None or agent.joined_ms is None or caller.joined_ms is None:
        return
    joined_ms = max(agent.joined_ms, caller.joined_ms)
    if joined_ms > (call.ended_ms or 0):
        joining.begin_talk(turn, joined_ms)


def _brief_on(turn: Turn, facts: Facts) -> None:
    """The agent hears his whisper again from its beginning."""
    agent = turn.call.agent
    if agent is None or not _is_alive(facts.get(agent.leg)):
        hunting.let_agent_go(turn)
        return
    if turn.call.agent_whisper:
        turn.stop(turn.call.agent_whisper)
    turn.change(agent_whisper="")
    turn.entered = True


def _hunt_on(turn: Turn, facts: Facts) -> None:
    """Who rings goes on ringing, who answered meanwhile has the call, who is gone is given back;
    if nobody is left the hunt begins anew."""
    for rung in turn.call.ringing:
        known = facts.get(rung.leg)
        if known is None or not known.alive:
            hunting.not_won(turn, rung)
        elif known.answered:
            hunting.won(turn, rung)
            return
    if turn.call.ringing:
        hunting.set_ring_timer(turn)
    else:
        turn.entered = True


def _hold_on(turn: Turn, facts: Facts) -> None:
    """The end is told again, or the hold goes on; what was granted in it while nobody lived to
    hear so is talked away."""
    _start_again(turn, facts)
    if ending.is_paid_ahead(turn):
        ending.rejoin(turn)


def _start_again(turn: Turn, facts: Facts) -> None:
    """Enter the present state once more."""
    agent = turn.call.agent
    if agent is not None and not _is_alive(facts.get(agent.leg)):
        ending.release_agent(turn)
    turn.entered = True


_GO_ON = {
    State.HUNTING: _hunt_on,
    State.BRIEFING: _brief_on,
    State.JOINING: _join_on,
    State.TALKING: _talk_on,
    State.CLOSING: _hold_on,
    State.HOLDING: _hold_on,
}
