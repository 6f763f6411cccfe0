"""Finding an agent: ring the hunt group, brief who answers, join both sides.

The caller hears music meanwhile. Agents are claimed before they are rung, so that no two calls
ring the same phone; whoever answers first has the call, the others are let go. An outside number
must press a key, so that no voicemail takes a call (its answer is an answer to SIP).
"""

from engine.core.actions import (
    Answer,
    CancelTimer,
    ClaimAgents,
    CompareLegs,
    DialAgent,
    FreeAgent,
    HangUp,
    HangUpReason,
    IndicateRinging,
    Join,
    Part,
    SetDeadline,
    SetTimer,
    StartMusic,
    StopMusic,
    StopPlayback,
)
from engine.core.cdr import Disposition
from engine.core.events import (
    AgentsClaimed,
    BalanceChanged,
    DigitPressed,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegJoined,
    MoneyUnreachable,
    OrderFailed,
    PlaybackEnded,
    Reserved,
    TimerFired,
)
from engine.core.inventory import AgentKind
from engine.core.prompt import Prompt
from engine.core.rating import StartsFrom
from engine.premium import spending
from engine.premium.arrival import SET_UP_LIMIT_MS, note_balance
from engine.premium.call import AgentLeg, PremiumCall, State, Turn
from engine.premium.ending import caller_gone
from engine.premium.telling import (
    credit_prompt,
    play_to_agent,
    play_to_caller,
    prospect_s,
    stop_playback,
)

LOOK_AGAIN_MS = 1_000
RING_GRACE_MS = 2_000
ACCEPT_WAIT_MS = 10_000
BRIEFING_MOST_MS = 30_000
JOIN_WAIT_MS = 5_000
ACCEPT_KEY = "1"


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
    _drop_ringing(turn)
    stop_playback(turn)
    _part(turn)
    turn.order(StopMusic(leg=turn.call.caller.leg))
    turn.go(State.CLOSING, disposition=_unserved(turn, Disposition.NO_AGENT))


def _unserved(turn: Turn, reason: Disposition) -> Disposition:
    """Why the call ends, unless it had an agent who was lost."""
    return reason if turn.call.joined_ms is None else Disposition.AGENT_HUNG_UP


def _part(turn: Turn) -> None:
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
    """A leg could not even be dialled (unknown endpoint): as if it had not answered."""
    rung = turn.call.rung(event.target)
    if rung is not None and event.order == "DialAgent":
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


# --- the agent's briefing ------------------------------------------------------------------


def enter_briefing(turn: Turn) -> None:
    """The whisper before the bridge; an outside number is asked for a key. Meanwhile a first slice
    is held, so that a conversation does not begin on an increment of a second."""
    call = turn.call
    turn.change(accepted=False, looked=False)
    turn.order(
        CancelTimer(name="hunt"),
        SetTimer(name="brief", at_ms=turn.now.wall_ms + BRIEFING_MOST_MS),
    )
    spending.ask(turn)
    prompts = []
    if call.service.whisper:
        prompts.append(_whisper(turn))
    if _must_accept(turn):
        prompts.append(Prompt.of("press_to_accept"))
        turn.order(SetTimer(name="accept", at_ms=turn.now.wall_ms + ACCEPT_WAIT_MS))
    if prompts:
        turn.change(agent_whisper=play_to_agent(turn, *prompts))
    else:
        _accept(turn)


def _accept(turn: Turn) -> None:
    """The agent takes the call: both are joined as soon as money is held ahead of them."""
    turn.order(CancelTimer(name="accept"))
    turn.change(accepted=True)
    if spending.is_slice_held(turn):
        turn.go(State.JOINING)


def reserved_in_briefing(turn: Turn, event: Reserved) -> None:
    spending.reserved(turn, event)
    if turn.call.accepted and spending.is_slice_held(turn):
        turn.go(State.JOINING)


def briefed_too_long(turn: Turn, event: TimerFired) -> None:
    """The end of the whisper was never told, or no money could be held for want of a store."""
    call = turn.call
    if call.accepted:
        turn.order(StopMusic(leg=call.caller.leg))
        turn.go(State.CLOSING, disposition=_unserved(turn, Disposition.FAULT))
    elif _must_accept(turn):
        let_agent_go(turn)
    else:
        turn.order(SetTimer(name="brief", at_ms=turn.now.wall_ms + BRIEFING_MOST_MS))
        _accept(turn)


def _must_accept(turn: Turn) -> bool:
    call = turn.call
    agent = call.agent_named(call.agent.name) if call.agent else None
    return agent is not None and agent.kind is AgentKind.OUTSIDE


def _whisper(turn: Turn) -> Prompt:
    call = turn.call
    return Prompt.of(
        "whisper_agent",
        service=call.service.title or call.service.name,
        returning=int(call.returning),
        seconds=prospect_s(turn),
    )


def briefed(turn: Turn, event: PlaybackEnded) -> None:
    """The whisper is over: a phone is joined at once, an outside number still has to accept."""
    waiting_told(turn, event)
    if not turn.call.agent_whisper or event.playback != turn.call.agent_whisper:
        return
    turn.change(agent_whisper="")
    if _must_accept(turn):
        turn.order(SetTimer(name="accept", at_ms=turn.now.wall_ms + ACCEPT_WAIT_MS))
    else:
        _accept(turn)


def key_pressed(turn: Turn, event: DigitPressed) -> None:
    """The key that accepts the call, on the agent's leg."""
    call = turn.call
    if call.agent is None or event.leg != call.agent.leg or call.accepted:
        return
    if _must_accept(turn) and event.digit == ACCEPT_KEY:
        _accept(turn)


def not_accepted(turn: Turn, event: TimerFired) -> None:
    """No key came: a voicemail, or nobody. Let him go and try the next."""
    if turn.call.accepted:
        return
    if turn.call.agent_whisper:
        turn.order(SetTimer(name="accept", at_ms=turn.now.wall_ms + ACCEPT_WAIT_MS))
        return
    let_agent_go(turn)


def let_agent_go(turn: Turn) -> None:
    """Not this agent: the caller waits on, the next one is rung."""
    call = turn.call
    turn.order(*(CancelTimer(name=name) for name in ("accept", "brief", "join")))
    if call.bridge:
        _part(turn)
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


# --- joining -------------------------------------------------------------------------------


def enter_joining(turn: Turn) -> None:
    """Answer the caller and put both into one bridge."""
    call = turn.call
    assert call.agent is not None
    stop_playback(turn)
    turn.order(CancelTimer(name="accept"), CancelTimer(name="brief"))
    if call.agent_whisper:
        turn.order(StopPlayback(playback=call.agent_whisper))
    turn.order(StopMusic(leg=call.caller.leg))
    if call.caller.answered_ms is None:
        turn.order(Answer(leg=call.caller.leg))
    spending.net_at_joining(turn)
    bridge = call.bridge or turn.new_id("b")
    turn.change(bridge=bridge)
    legs = (call.caller.leg, call.agent.leg)
    turn.order(
        Join(bridge=bridge, legs=legs),
        SetTimer(name="join", at_ms=turn.now.wall_ms + JOIN_WAIT_MS),
    )


def joined(turn: Turn, event: LegJoined) -> None:
    """Both are in: the conversation starts with the later of the two."""
    call = turn.call
    if event.bridge != call.bridge or event.leg in call.in_bridge:
        return
    entered_ms = max(event.at_ms, call.entered_ms if call.in_bridge else 0)
    turn.change(in_bridge=(*call.in_bridge, event.leg), entered_ms=entered_ms)
    if len(turn.call.in_bridge) == 2:
        begin_talk(turn, entered_ms)


def begin_talk(turn: Turn, at_ms: int) -> None:
    """The conversation has begun; whoever is in one has been answered, even if nobody said so."""
    call = turn.call
    assert call.agent is not None
    spending.start_meter(turn, at_ms)
    if call.caller.answered_ms is None:
        turn.caller(answered_ms=at_ms)
    turn.order(CancelTimer(name="join"), CancelTimer(name="wait"))
    name = call.agent.name
    turn.go(
        State.TALKING,
        joined_ms=call.joined_ms or at_ms,
        served_by=call.served_by if name in call.served_by else (*call.served_by, name),
        agent_whisper="",
    )


def join_order_failed(turn: Turn, event: OrderFailed) -> None:
    """The caller could not be answered, or the bridge did not come about."""
    if event.order in ("Answer", "Join"):
        let_agent_go(turn)


def join_late(turn: Turn, event: TimerFired) -> None:
    """Nothing was heard of the bridge in time: look once; if they do not talk, try the next."""
    if turn.call.caller.gone:
        caller_gone(turn, LegEnded(at_ms=event.at_ms, leg=turn.call.caller.leg))
    elif turn.call.looked or turn.call.agent is None:
        let_agent_go(turn)
    else:
        _look(turn)


def ended_in_joining(turn: Turn, event: LegEnded) -> None:
    """One of the two is gone and nobody said that both were in: look once, for they may have
    talked."""
    call = turn.call
    legs = (call.caller.leg, call.agent.leg if call.agent else None)
    if call.looked or event.leg not in legs:
        leg_ended(turn, event)
        return
    if event.leg == call.caller.leg:
        turn.caller(gone=True)
    _look(turn)


def _look(turn: Turn) -> None:
    """Perhaps they talk already, and only that was not heard."""
    call = turn.call
    assert call.agent is not None
    turn.change(looked=True)
    turn.order(
        CompareLegs(legs=(call.caller.leg, call.agent.leg)),
        SetTimer(name="join", at_ms=turn.now.wall_ms + JOIN_WAIT_MS),
    )
