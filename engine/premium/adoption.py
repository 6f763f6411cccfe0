"""Going on after a gap: another engine takes the call over, or the event stream was broken.

What was missed is made up for by comparing the snapshot with what Asterisk and the store know,
and feeding in the difference: first who left and when, then the state is entered again, whose
orders all carry the ids they had, so that what was done already is not done twice. An end that
cannot be proved is billed to the last proof of life.
"""

from engine.core.actions import FreeAgent, HangUp
from engine.core.cdr import Disposition
from engine.core.events import CallAdopted, LegFacts
from engine.premium import ending, spending, talking
from engine.premium.call import State, Turn


def adopted(turn: Turn, event: CallAdopted) -> None:
    """Take the call over as it really is."""
    _take_money(turn, event)
    facts = {leg.leg: leg for leg in event.legs}
    caller = facts.get(turn.call.caller.leg)
    turn.change(asked=False, mono_since_ms=None)
    if caller is not None and caller.answered and turn.call.caller.answered_ms is None:
        turn.caller(answered_ms=turn.call.joined_ms or turn.now.wall_ms)
    if turn.call.state in (State.SETTLING, State.FINISHED):
        turn.entered = turn.call.state is State.SETTLING
    elif caller is None or not caller.alive:
        _caller_was_lost(turn, facts)
    elif turn.call.state is State.TALKING:
        _talk_on(turn, facts)
    elif turn.call.state is State.JOINING:
        _join_on(turn, facts)
    else:
        agent = turn.call.agent
        if agent is not None and not _is_alive(facts.get(agent.leg)):
            ending.release_agent(turn)
        _start_again(turn)


def _is_alive(leg: LegFacts | None) -> bool:
    return leg is not None and leg.alive


def _take_money(turn: Turn, event: CallAdopted) -> None:
    call = turn.call
    if event.view is not None:
        turn.change(view=event.view)
    if call.meter is not None and event.granted_n > call.meter.granted_n:
        turn.change(meter=call.meter.granted(event.granted_n))


def _end_of_talk_ms(turn: Turn, facts: dict[str, LegFacts]) -> int:
    """When the first of the two left, as far as anybody knows."""
    agent = turn.call.agent
    legs = [facts.get(turn.call.caller.leg), facts.get(agent.leg) if agent else None]
    known = [
        instant
        for leg in legs
        if leg is not None and not (leg.alive and leg.left_ms is None)
        for instant in (leg.left_ms, leg.ended_ms)
        if instant is not None
    ]
    return min(known) if known else turn.call.alive_ms


def _caller_was_lost(turn: Turn, facts: dict[str, LegFacts]) -> None:
    turn.caller(gone=True)
    if turn.call.state is State.JOINING:
        _start_meter_if_joined(turn, facts)
    if turn.call.state is State.TALKING:
        talking.end_conversation(turn, _end_of_talk_ms(turn, facts))
    disposition = turn.call.disposition or (
        Disposition.CALLER_HUNG_UP if turn.call.joined_ms else Disposition.ABANDONED
    )
    turn.go(State.LEAVING, disposition=disposition)


def _talk_on(turn: Turn, facts: dict[str, LegFacts]) -> None:
    call = turn.call
    agent = facts.get(call.agent.leg) if call.agent else None
    if agent is None or not agent.alive or agent.left_ms is not None:
        talking.end_conversation(turn, _end_of_talk_ms(turn, facts))
        talking.lose_agent(turn)
    elif spending.is_spent(turn):
        talking.end_conversation(turn, turn.now.wall_ms)
        turn.go(State.CLOSING, disposition=Disposition.MONEY_ENDED)
    else:
        turn.entered = True


def _join_on(turn: Turn, facts: dict[str, LegFacts]) -> None:
    _start_meter_if_joined(turn, facts)
    if turn.call.state is State.TALKING:
        _talk_on(turn, facts)
    else:
        turn.change(in_bridge=())
        _start_again(turn)


def _start_meter_if_joined(turn: Turn, facts: dict[str, LegFacts]) -> None:
    """Both had been joined, which nobody lived to hear: the conversation began with the later."""
    call = turn.call
    agent = facts.get(call.agent.leg) if call.agent else None
    caller = facts.get(call.caller.leg)
    if agent is None or caller is None or call.meter is None:
        return
    if agent.joined_ms is None or caller.joined_ms is None:
        return
    joined_ms = max(agent.joined_ms, caller.joined_ms)
    if joined_ms <= (call.ended_ms or 0):
        return
    turn.change(
        state=State.TALKING,
        meter=call.meter.started(joined_ms),
        joined_ms=call.joined_ms or joined_ms,
        served_by=(*call.served_by, call.agent.name if call.agent else ""),
        in_bridge=(call.caller.leg, call.agent.leg if call.agent else ""),
    )


def _start_again(turn: Turn) -> None:
    """Enter the present state once more; whoever was ringing or being briefed is rung anew."""
    call = turn.call
    if call.state in (State.HUNTING, State.BRIEFING, State.JOINING):
        _drop_agents(turn)
        turn.go(State.HUNTING)
    else:
        turn.go(call.state)
    spending.schedule(turn)


def _drop_agents(turn: Turn) -> None:

    legs = [*turn.call.ringing, *([turn.call.agent] if turn.call.agent else [])]
    for leg in legs:
        turn.order(HangUp(leg=leg.leg), FreeAgent(agent=leg.name, talked=False))
    turn.change(ringing=(), agent=None, agent_whisper="")
