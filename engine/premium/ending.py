"""The end: why, to both sides; the free hold in which a top-up joins them again; the bill.

When the money ends the operator may keep the caller free of charge for a while. The hold on his
money stays as it is until the call is really over, so that a conversation taken up again adds up
with what was before, and the connect fee is paid once.
"""

from engine.core.actions import (
    CancelTimer,
    FreeAgent,
    HangUp,
    HangUpReason,
    Part,
    ReturnFirstCall,
    SetDeadline,
    SetTimer,
    Settle,
    StartMusic,
    StopMusic,
)
from engine.core.cdr import CallRecord, Disposition
from engine.core.events import (
    BalanceChanged,
    CallSettled,
    EndOrdered,
    LegEnded,
    MoneyUnreachable,
    OrderFailed,
    PlaybackEnded,
    Reserved,
    TimerFired,
)
from engine.core.prompt import Prompt
from engine.core.rating import StartsFrom, charge, elapsed_ms, increments_begun, seconds_of
from engine.premium import spending, telling
from engine.premium.call import AgentLeg, PremiumCall, State, Turn

LINGER_MS = 30_000
GRACE_MS = 5_000
TIMERS = (
    "accept", "brief", "cut", "hold", "hunt", "join", "keypad", "limit", "limit_warn", "linger",
    "nets", "renew", "ring", "set_up", "tell", "unheard", "wait",
)  # fmt: skip

LAST_WORDS = {
    Disposition.NO_AGENT: "all_agents_busy",
    Disposition.AGENT_HUNG_UP: "agent_lost_goodbye",
    Disposition.LIMIT_REACHED: "call_limit_reached",
    Disposition.MONEY_ENDED: "money_ended_caller",
    Disposition.FAULT: "fault",
    Disposition.ENDED_BY_OPERATOR: "ended_by_operator",
}
LAST_WORDS_TO_AGENT = {
    Disposition.MONEY_ENDED: "money_ended_agent",
    Disposition.ENDED_BY_OPERATOR: "ended_by_operator",
}


def enter_closing(turn: Turn) -> None:
    """Both hear why; the caller also how to go on, if he is kept."""
    call = turn.call
    caller_prompts = [Prompt.of(LAST_WORDS.get(_why(call), "goodbye"))]
    if _is_kept(call):
        hold_s = call.service.free_hold_s
        turn.change(hold_until_ms=call.hold_until_ms or turn.now.wall_ms + hold_s * 1000)
        spending.note_meter(turn)
        caller_prompts.append(Prompt.of("hold_top_up", seconds=hold_s))
    linger_ms = LINGER_MS + (call.service.free_hold_s * 1000 if _is_kept(call) else 0)
    for leg in _standing(call):
        turn.order(SetDeadline(leg=leg, at_ms=turn.now.wall_ms + linger_ms))
    turn.order(SetTimer(name="linger", at_ms=turn.now.wall_ms + linger_ms + GRACE_MS))
    if call.caller.answered_ms is None and not call.trunk.early_media:
        turn.go(State.LEAVING)
        return
    telling.play_to_caller(turn, *caller_prompts)
    if call.agent is not None and not call.agent.gone:
        name = LAST_WORDS_TO_AGENT.get(_why(call), "goodbye")
        turn.change(agent_whisper=telling.play_to_agent(turn, Prompt.of(name)))


def _why(call: PremiumCall) -> Disposition:
    return call.disposition or Disposition.FAULT


def _is_kept(call: PremiumCall) -> bool:
    return _why(call) is Disposition.MONEY_ENDED and call.service.free_hold_s > 0


def _standing(call: PremiumCall) -> tuple[str, ...]:
    agent = call.agent
    if agent is None or agent.gone:
        return (call.caller.leg,)
    return (call.caller.leg, agent.leg)


def closing_told(turn: Turn, event: PlaybackEnded) -> None:
    """The caller has heard it: hold him, or let him go. The agent has heard it: likewise."""
    call = turn.call
    if call.agent_whisper and event.playback == call.agent_whisper:
        turn.change(agent_whisper="")
        _agent_told(turn)
        _leave_if_told(turn)
    elif call.playback and event.playback == call.playback:
        turn.change(playback="")
        if _is_kept(call):
            turn.go(State.HOLDING)
        else:
            _leave_if_told(turn)


def _leave_if_told(turn: Turn) -> None:
    """The call is over once both have heard why, whoever's words are shorter."""
    call = turn.call
    if not (_is_kept(call) or call.playback or call.agent_whisper):
        turn.go(State.LEAVING)


def _agent_told(turn: Turn) -> None:
    """The agent is kept with music as long as the caller may come back, else let go."""
    agent = turn.call.agent
    if agent is None or agent.gone:
        return
    if _is_kept(turn.call):
        turn.order(StartMusic(leg=agent.leg))
    else:
        release_agent(turn)


def lingered(turn: Turn, event: TimerFired) -> None:
    """Asterisk has ended what stood, and nobody has heard it: the call is over."""
    turn.go(State.LEAVING)


def enter_holding(turn: Turn) -> None:
    """Music, free of charge, until a top-up comes or the time is over."""
    call = turn.call
    turn.order(
        StartMusic(leg=call.caller.leg),
        SetTimer(name="hold", at_ms=call.hold_until_ms or turn.now.wall_ms),
    )
    if spending.may_buy(turn):
        spending.ask(turn)


def credit_in_hold(turn: Turn, event: BalanceChanged) -> None:
    """Money came in after the end of the money: see whether it buys an increment. If it does not,
    say the balance."""
    spending.note_view(turn, event.view)
    if not _is_kept(turn.call):
        return
    if spending.may_buy(turn):
        spending.ask(turn)
    elif event.credited_micros > 0:
        telling.play_to_caller(turn, telling.new_balance(event))


def reserved_in_hold(turn: Turn, event: Reserved) -> None:
    """It does: join the caller with the same agent again. It does not: another call was quicker,
    or the store had not heard of the money yet."""
    call = turn.call
    if event.step != call.step or call.meter is None:
        return
    before_n = call.meter.granted_n
    spending.reserved(turn, event)
    if not _is_kept(call):
        return
    if event.granted_n > before_n:
        rejoin(turn)
    elif spending.is_more_there(turn, event):
        spending.ask(turn)


def renew_in_hold(turn: Turn, event: TimerFired) -> None:
    """The store was away: ask again for what the credit seems to buy."""
    if _is_kept(turn.call) and spending.may_buy(turn):
        spending.ask(turn)


def is_paid_ahead(turn: Turn) -> bool:
    """Whether a caller who is kept has been granted more than he has talked away."""
    meter = turn.call.meter
    if meter is None or not _is_kept(turn.call):
        return False
    return meter.elapsed_ms(turn.now.wall_ms) < seconds_of(meter.rate, meter.granted_n) * 1000


def rejoin(turn: Turn) -> None:
    """Money came in while the caller was kept: join him with the same agent again."""
    telling.stop_playback(turn)
    call = turn.call
    turn.order(StopMusic(leg=call.caller.leg), CancelTimer(name="hold"), CancelTimer(name="linger"))
    turn.change(disposition=None, hold_until_ms=None)
    turn.change(rejoined=True, looks=0, looked=False, only=call.served_by[-1:])
    agent = call.agent
    if agent is None or agent.gone:
        turn.go(State.HUNTING, agent=None)
        return
    turn.order(StopMusic(leg=agent.leg))
    turn.go(State.JOINING)


def hold_over(turn: Turn, event: TimerFired) -> None:
    turn.go(State.LEAVING)


def ended_in_closing(turn: Turn, event: LegEnded) -> None:
    """The caller hung up, or the agent did: only the caller's leaving ends the call."""
    call = turn.call
    if event.leg == call.caller.leg:
        turn.caller(gone=True)
        turn.go(State.LEAVING)
    elif call.agent is not None and event.leg == call.agent.leg:
        release_agent(turn)
        _leave_if_told(turn)


def release_agent(turn: Turn) -> None:
    """End the agent's leg and give him back; once only."""
    agent = turn.call.agent
    if agent is None or agent.gone:
        return
    talked = agent.name in turn.call.served_by
    turn.order(HangUp(leg=agent.leg), FreeAgent(agent=agent.name, talked=talked))
    gone = AgentLeg(name=agent.name, leg=agent.leg, answered=agent.answered, gone=True)
    turn.change(agent=gone, agent_whisper="")


def not_parted(turn: Turn, event: OrderFailed) -> None:
    """They could not be taken out of their bridge and would talk on unpaid: let the agent go."""
    if event.order == "Part":
        release_agent(turn)


def caller_gone(turn: Turn, event: LegEnded) -> None:
    """The caller hung up while he was not in conversation."""
    if event.leg != turn.call.caller.leg:
        return
    turn.caller(gone=True)
    turn.go(State.LEAVING, disposition=turn.call.disposition or left_as(turn.call))


def left_as(call: PremiumCall) -> Disposition:
    """How a call counts whose caller is gone, by whether there was a conversation."""
    return Disposition.ABANDONED if call.joined_ms is None else Disposition.CALLER_HUNG_UP


def end_ordered_early(turn: Turn, event: EndOrdered) -> None:
    """A person ends a call that is not in conversation."""
    if event.by:
        turn.note_order(event.by, f"end: {event.reason}")
    turn.go(State.LEAVING, disposition=turn.call.disposition or Disposition.ENDED_BY_OPERATOR)


def unreachable_in_hold(turn: Turn, event: MoneyUnreachable) -> None:
    """The store is away while the caller is kept: ask again a little later."""
    spending.unreachable(turn, event)


# --- the bill ------------------------------------------------------------------------------


def enter_leaving(turn: Turn) -> None:
    """Nobody is left to speak to: end every leg, then settle."""
    call = turn.call
    spending.stop_meter(turn, turn.now.wall_ms)
    telling.stop_playback(turn)
    turn.order(*(CancelTimer(name=name) for name in TIMERS))
    if call.bridge:
        turn.order(Part(bridge=call.bridge, legs=(call.caller.leg,)))
    for rung in call.ringing:
        turn.order(HangUp(leg=rung.leg), FreeAgent(agent=rung.name, talked=False))
    release_agent(turn)
    if not call.caller.gone:
        turn.order(HangUp(leg=call.caller.leg, reason=_hang_up_reason(call)))
    turn.change(ringing=(), bridge="", ended_ms=call.ended_ms or turn.now.wall_ms)
    turn.go(State.SETTLING)


def _hang_up_reason(call: PremiumCall) -> HangUpReason:
    if call.caller.answered_ms is not None:
        return HangUpReason.NORMAL
    return {
        Disposition.FAULT: HangUpReason.FAULT,
        Disposition.NO_AGENT: HangUpReason.BUSY,
    }.get(_why(call), HangUpReason.REJECTED)


def enter_settling(turn: Turn) -> None:
    """Write the record and book the charge; return the first-call offer if all was free."""
    for playing in turn.call.playing:
        turn.note_heard(playing, playing.given_up(turn.now.wall_ms))
    call = turn.call
    record = record_of(call)
    turn.order(Settle(record=record))
    if call.offer_asked and record.charged_s == 0 and call.caller.e164:
        turn.order(ReturnFirstCall(caller_list=call.service.caller_list, e164=call.caller.e164))


def settled(turn: Turn, event: CallSettled) -> None:
    turn.change(state=State.FINISHED)


def record_of(call: PremiumCall) -> CallRecord:
    """The call's record; its charge is R of the increments its wait and talk times begin."""
    start = call.service.tariff.billing_start
    wait_ms, talk_ms = wait_and_talk_ms(call)
    charged_n = increments_begun(call.rate, elapsed_ms(start, wait_ms, talk_ms)) if call.rate else 0
    return CallRecord(
        call_id=call.call_id,
        organisation=call.service.organisation,
        service=call.service.name,
        config_version=call.config_version,
        profile=call.service.profile,
        did=call.caller.did,
        trunk=call.trunk.name,
        received_identity=call.caller.received,
        e164=call.caller.e164,
        verified=call.caller.verified,
        withheld=call.caller.withheld,
        line=call.caller.line,
        account_id=call.account_id,
        currency=call.currency,
        rate=call.rate,
        billing_start=start,
        first_call=call.first_call,
        arrived_ms=call.caller.arrived_ms,
        answered_ms=call.caller.answered_ms,
        joined_ms=call.joined_ms,
        ended_ms=call.ended_ms or call.caller.arrived_ms,
        wait_ms=wait_ms,
        talk_ms=talk_ms,
        charged_s=seconds_of(call.rate, charged_n) if call.rate else 0,
        charge_micros=charge(call.rate, charged_n) if call.rate else 0,
        disposition=_why(call),
        refusal=call.refusal,
        agents=call.served_by,
        prompts=call.heard,
        slices=call.slices,
        stays=call.stays,
        clock_alarm=call.clock_alarm,
        ordered=call.ordered,
    )


def wait_and_talk_ms(call: PremiumCall) -> tuple[int, int]:
    """Announcement's end to first joining, and the conversation's stretches added up."""
    if call.joined_ms is None or call.announced_ms is None or call.meter is None:
        return 0, 0
    wait_ms = max(0, call.joined_ms - call.announced_ms)
    counted_ms = call.meter.counted_ms
    if call.service.tariff.billing_start.origin is StartsFrom.ANNOUNCEMENT:
        return min(wait_ms, counted_ms), max(0, counted_ms - wait_ms)
    return wait_ms, counted_ms
