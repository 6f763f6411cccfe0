"""Finding an agent: ring the hunt group until one answers.

The caller hears music meanwhile. Agents are claimed before they are rung, so that no two calls
ring the same phone; whoever answers first has the call, the others are let go.
"""

from engine.core.actions import (
    CancelTimer,
    ClaimAgents,
    DialAgent,
    FreeAgent,
    HangUp,
    HangUpReason,
    IndicateRinging,
    Part,
    SetDeadline,
    SetTimer,
    StartMusic,
    StopMusic,
)
from engine.core.cdr import Disposition
from engine.core.events import (
    AgentsClaimed,
    BalanceChanged,
    EndOrdered,
    LegAnswered,
    LegEnded,
    LegFailed,
    MoneyUnreachable,
    OrderFailed,
    PlaybackEnded,
    TimerFired,
)
from engine.core.prompt import Prompt
from engine.core.rating import StartsFrom
from engine.premium import spending
from engine.premium.arrival import SET_UP_LIMIT_MS, note_balance
from engine.premium.call import AgentLeg, PremiumCall, State, Turn
from engine.premium.ending import caller_gone, end_ordered_early
from engine.premium.telling import (
    credit_prompt,
    play_to_caller,
    prospect_s,
    stop_playback,
    stop_whispers,
)

LOOK_AGAIN_MS = 1_000
RING_GRACE_MS = 2_000


def enter_hunting(turn: Turn) -> None:
    """Entertain the caller and claim agents."""
    call = turn.call
    limit_ms = turn.now.wall_ms + call.service.max_wait_s * 1000
    turn.change(ringing=(), agent=None, bridge="", in_bridge=(), tried=(), round=1)
    turn.order(
        CancelTimer(name="set_up"),
        SetTimer(name="wait", at_ms=limit_ms),
        SetDeadline(leg=call.caller.leg, at_ms=limit_ms + SET_UP_LIMIT_MS),
    )
    _entertain(turn)
    claim(turn)
    spending.schedule(turn)


def _entertain(turn: Turn) -> None:
    """An answered or early-media caller hears what waiting means, then music; else ringing."""
    call = turn.call
    if not _can_hear(call):
        turn.order(IndicateRinging(leg=call.caller.leg))
        return
    if call.joined_ms is not None and not call.only:
        play_to_caller(turn, Prompt.of("agent_lost_trying_next"))
    elif call.joined_ms is not None or _is_free_to_wait(call):
        play_to_caller(turn, Prompt.of("please_wait", minutes=call.service.expected_wait_min))
    else:
        turn.order(StartMusic(leg=call.caller.leg))


def _can_hear(call: PremiumCall) -> bool:
    return call.trunk.early_media or call.caller.answered_ms is not None


def _is_free_to_wait(call: PremiumCall) -> bool:
    return call.service.tariff.billing_start.origin is StartsFrom.CONVERSATION


def waiting_told(turn: Turn, event: PlaybackEnded) -> None:
    """What waiting means has been said: music."""
    if turn.call.playback and event.playback == turn.call.playback:
        turn.change(playback="")
        turn.order(StartMusic(leg=turn.call.caller.leg))


def claim(turn: Turn) -> None:
    """Ask for free agents to ring."""
    call = turn.call
    turn.order(
        ClaimAgents(group=call.service.group, round=call.round, exclude=call.tried, only=call.only)
    )


def agents_claimed(turn: Turn, event: AgentsClaimed) -> None:
    """Ring them; if none is free now, look again soon, or go round again."""
    call = turn.call
    if event.round != call.round or call.ringing:
        claimed_too_late(turn, event)
    elif event.agents:
        _ring(turn, event.agents)
    elif call.only:
        turn.change(only=())
        claim(turn)
    elif call.tried:
        _next_round(turn)
    else:
        turn.order(SetTimer(name="hunt", at_ms=turn.now.wall_ms + LOOK_AGAIN_MS))


def claimed_too_late(turn: Turn, event: AgentsClaimed) -> None:
    """Agents who are not needed any more are given back; those who serve this call are kept."""
    call = turn.call
    mine = {leg.name for leg in (*call.ringing, *([call.agent] if call.agent else ()))}
    spare = (name for name in event.agents if name not in mine)
    turn.order(*(FreeAgent(agent=name, talked=False) for name in spare))


def not_claimed(turn: Turn, event: MoneyUnreachable) -> None:
    """The store is away: claim again a little later; of money, ask again likewise."""
    spending.unreachable(turn, event)
    if event.order == "ClaimAgents":
        turn.order(SetTimer(name="hunt", at_ms=turn.now.wall_ms + LOOK_AGAIN_MS))


def balance_while_waiting(turn: Turn, event: BalanceChanged) -> None:
    """A top-up before the conversation is told, and held ahead of it where money was short."""
    before_s = prospect_s(turn)
    note_balance(turn, event)
    seconds = prospect_s(turn)
    is_waiting = turn.call.state is not State.JOINING and _can_hear(turn.call)
    if event.credited_micros > 0 and is_waiting:
        play_to_caller(turn, credit_prompt(event, seconds, gained=seconds > before_s))
    if turn.call.short and spending.may_buy(turn):
        spending.ask(turn)


def _next_round(turn: Turn) -> None:
    if turn.call.round >= turn.call.group.rounds:
        nobody(turn)
        return
    turn.change(round=turn.call.round + 1, tried=())
    turn.order(SetTimer(name="hunt", at_ms=turn.now.wall_ms + LOOK_AGAIN_MS))


def look_again(turn: Turn, event: TimerFired) -> None:
    if not turn.call.ringing:
        claim(turn)


def nobody(turn: Turn) -> None:
    """Nobody answered: say so. The call costs nothing, or no more than what was talked before."""
    _wait_no_longer(turn, unserved(turn, Disposition.NO_AGENT))


def end_ordered(turn: Turn, event: EndOrdered) -> None:
    """A person ends the wait, and the caller hears so; if it is the engine, nothing is tried."""
    if not event.by:
        end_ordered_early(turn, event)
        return
    turn.note_order(event.by, f"end: {event.reason}")
    stop_whispers(turn)
    _wait_no_longer(turn, Disposition.ENDED_BY_OPERATOR)


def _wait_no_longer(turn: Turn, why: Disposition) -> None:
    _drop_ringing(turn)
    stop_playback(turn)
    part(turn)
    turn.order(StopMusic(leg=turn.call.caller.leg))
    turn.go(State.CLOSING, disposition=why)


def unserved(turn: Turn, reason: Disposition) -> Disposition:
    """Why the call ends, unless it had an agent who was lost."""
    return reason if turn.call.joined_ms is None else Disposition.AGENT_HUNG_UP


def part(turn: Turn) -> None:
    """Undo a joining that did not become a conversation."""
    call = turn.call
    if call.bridge:
        turn.order(Part(bridge=call.bridge, legs=(call.caller.leg,)))
        turn.change(bridge="", in_bridge=())


def waited_too_long(turn: Turn, event: TimerFired) -> None:
    nobody(turn)


def wait_a_little(turn: Turn, event: TimerFired) -> None:
    """The longest wait is over while somebody is being won for the call: see what comes of it."""
    turn.order(SetTimer(name="wait", at_ms=turn.now.wall_ms + LOOK_AGAIN_MS))


def _ring(turn: Turn, names: tuple[str, ...]) -> None:
    call = turn.call
    shown = call.caller.e164 if call.caller.verified and not call.caller.withheld else None
    ringing: list[AgentLeg] = []
    for name in names:
        leg = turn.new_id("a")
        ringing.append(AgentLeg(name=name, leg=leg))
        turn.order(
            DialAgent(
                leg=leg,
                agent=name,
                ring_timeout_s=call.group.ring_timeout_s,
                show_number=shown or call.caller_ids.get(name),
                show_name=call.service.title or call.service.name,
                deadline_ms=call.group.ring_timeout_s * 1000 + SET_UP_LIMIT_MS,
            )
        )
    turn.change(ringing=tuple(ringing), tried=(*call.tried, *names))
    set_ring_timer(turn)


def set_ring_timer(turn: Turn) -> None:
    """Wake should nothing be heard of those who ring."""
    longest_ms = turn.call.group.ring_timeout_s * 1000 + RING_GRACE_MS
    turn.order(SetTimer(name="ring", at_ms=turn.now.wall_ms + longest_ms))


def agent_failed(turn: Turn, event: LegFailed) -> None:
    """Busy, no answer, refused: give him back and try the next."""
    rung = turn.call.rung(event.leg)
    if rung is not None:
        not_won(turn, rung)
        if not turn.call.ringing:
            claim(turn)


def dial_failed(turn: Turn, event: OrderFailed) -> None:
    """A leg could not even be dialled (unknown endpoint): as if it had not answered.

    If only the answer to the order was lost, it rings: it is hung up.
    """
    rung = turn.call.rung(event.target)
    if rung is not None and event.order == "DialAgent":
        turn.order(HangUp(leg=rung.leg))
        not_won(turn, rung)
        if not turn.call.ringing:
            turn.order(SetTimer(name="hunt", at_ms=turn.now.wall_ms + LOOK_AGAIN_MS))


def not_won(turn: Turn, rung: AgentLeg) -> None:
    """An agent who was rung does not come."""
    turn.order(FreeAgent(agent=rung.name, talked=False))
    turn.change(ringing=tuple(leg for leg in turn.call.ringing if leg.leg != rung.leg))


def rung_too_long(turn: Turn, event: TimerFired) -> None:
    """Nothing was heard of those who ring, not even that they do not answer: try the next."""
    if turn.call.ringing:
        _drop_ringing(turn)
        claim(turn)


def agent_answered(turn: Turn, event: LegAnswered) -> None:
    """The first to answer has the call."""
    rung = turn.call.rung(event.leg)
    if rung is not None:
        won(turn, rung)


def won(turn: Turn, rung: AgentLeg) -> None:
    """This agent has answered and has the call; whoever else rings is let go."""
    _drop_ringing(turn, keep=rung.leg)
    turn.order(CancelTimer(name="ring"))
    turn.go(State.BRIEFING, agent=AgentLeg(name=rung.name, leg=rung.leg, answered=True))


def _drop_ringing(turn: Turn, keep: str = "") -> None:
    for leg in turn.call.ringing:
        if leg.leg != keep:
            turn.order(
                HangUp(leg=leg.leg, reason=HangUpReason.NORMAL),
                FreeAgent(agent=leg.name, talked=False),
            )
    turn.change(ringing=())


def let_agent_go(turn: Turn) -> None:
    """Not this agent: the caller waits on, the next one is rung."""
    call = turn.call
    turn.order(*(CancelTimer(name=name) for name in ("accept", "brief", "join")))
    if call.bridge:
        part(turn)
        limit_ms = turn.now.wall_ms + call.service.max_wait_s * 1000
        turn.order(
            SetDeadline(leg=call.caller.leg, at_ms=limit_ms + SET_UP_LIMIT_MS),
            StartMusic(leg=call.caller.leg),
        )
    if call.agent is not None:
        turn.order(HangUp(leg=call.agent.leg), FreeAgent(agent=call.agent.name, talked=False))
    turn.change(agent=None, agent_whisper="", state=State.HUNTING)
    claim(turn)


def leg_ended(turn: Turn, event: LegEnded) -> None:
    """The caller gave up, or an agent hung up before he was joined: then the next one."""
    call = turn.call
    rung = call.rung(event.leg)
    if event.leg == call.caller.leg:
        caller_gone(turn, event)
    elif call.agent is not None and event.leg == call.agent.leg:
        let_agent_go(turn)
    elif rung is not None:
        not_won(turn, rung)
        if not turn.call.ringing:
            claim(turn)


def money_waited_away(turn: Turn, event: TimerFired) -> None:
    """Where waiting is charged: the money is used up before anybody answered; it costs nothing.

    While the store is away nobody knows, and the caller may go on waiting.
    """
    if not spending.is_spent(turn):
        spending.schedule(turn)
    elif not turn.call.short:
        turn.order(SetTimer(name="cut", at_ms=turn.now.wall_ms + LOOK_AGAIN_MS))
    else:
        nobody(turn)
