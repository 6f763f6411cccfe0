"""What is told to whom, and when: announcements, whispers, warnings, changed times.

Outside the conversation prompts are played on a leg; inside it they are whispered, so that both
go on hearing each other. A new whisper to a leg takes the place of the one that runs, for the
newest time is the true one.
"""

from engine.core.actions import CancelTimer, Play, SetTimer, StopPlayback, Whisper
from engine.core.events import BalanceChanged, PlaybackEnded, TimerFired
from engine.core.prompt import Prompt
from engine.core.quota import cut_off_ms
from engine.premium.call import PremiumCall, Turn
from engine.premium.rules import spoken_seconds

TELL_AGAIN_MS = 30_000
PRICE_NOTICE_MS = 15_000


def play_to_caller(turn: Turn, *prompts: Prompt) -> None:
    """Play prompts on the caller's leg and wait for their end (`call.playback`)."""
    stop_playback(turn)
    playback = turn.new_id("p")
    turn.change(playback=playback)
    turn.note_heard("caller", (prompt.key() for prompt in prompts))
    turn.order(
        Play(
            leg=turn.call.caller.leg,
            playback=playback,
            prompts=prompts,
            lang=turn.call.service.lang,
        )
    )


def play_to_agent(turn: Turn, *prompts: Prompt) -> str:
    """Play prompts on the agent's leg outside the conversation; gives the playback's id."""
    agent = turn.call.agent
    playback = turn.new_id("p")
    if agent is not None:
        turn.note_heard("agent", (prompt.key() for prompt in prompts))
        turn.order(
            Play(leg=agent.leg, playback=playback, prompts=prompts, lang=agent_lang(turn.call))
        )
    return playback


def stop_playback(turn: Turn) -> None:
    """Stop what the state waited for, if anything."""
    if turn.call.playback:
        turn.order(StopPlayback(playback=turn.call.playback))
        turn.change(playback="")


def agent_lang(call: PremiumCall) -> str:
    """The language of the agent who is on the line."""
    agent = call.agent_named(call.agent.name) if call.agent else None
    return agent.lang if agent else call.service.lang


def whisper_to_caller(turn: Turn, prompt: Prompt) -> None:
    """Tell the caller something in the conversation."""
    playback = turn.new_id("p")
    _replace_whisper(turn, turn.call.caller_whisper)
    turn.change(caller_whisper=playback)
    turn.note_heard("caller", (prompt.key(),))
    turn.order(
        Whisper(
            leg=turn.call.caller.leg,
            playback=playback,
            prompts=(prompt,),
            lang=turn.call.service.lang,
        )
    )


def whisper_to_agent(turn: Turn, prompt: Prompt) -> None:
    """Tell the agent something in the conversation."""
    if turn.call.agent is None:
        return
    playback = turn.new_id("p")
    _replace_whisper(turn, turn.call.agent_whisper)
    turn.change(agent_whisper=playback)
    turn.note_heard("agent", (prompt.key(),))
    turn.order(
        Whisper(
            leg=turn.call.agent.leg,
            playback=playback,
            prompts=(prompt,),
            lang=agent_lang(turn.call),
        )
    )


def _replace_whisper(turn: Turn, running: str) -> None:
    if running:
        turn.order(StopPlayback(playback=running))


def whisper_ended(turn: Turn, event: PlaybackEnded) -> None:
    """Forget a whisper that is over."""
    if event.playback == turn.call.caller_whisper:
        turn.change(caller_whisper="")
    if event.playback == turn.call.agent_whisper:
        turn.change(agent_whisper="")


# --- time left -----------------------------------------------------------------------------


def left_ms(turn: Turn) -> int:
    """Until the money ends, as far as is known; 0 if the meter stands."""
    cut_ms = turn.call.cut_ms
    return max(0, cut_ms - turn.now.wall_ms) if cut_ms is not None else 0


def reckon_cut_off(call: PremiumCall) -> int | None:
    """When the money ends if every call on the account goes on; None while the meter stands."""
    if call.meter is None or not call.meter.running or call.view is None:
        return None
    return cut_off_ms(call.meter, call.view.others(call.call_id), call.view.balance_micros)


def renew_cut_off(turn: Turn) -> None:
    """Reckon the cut-off anew and set the next warning by it."""
    turn.change(cut_ms=reckon_cut_off(turn.call))
    seconds = left_ms(turn) // 1000
    rearmed = tuple(s for s in turn.call.service.thresholds_s if s < seconds)
    armed = tuple(sorted({*turn.call.armed, *rearmed}, reverse=True))
    turn.change(armed=armed)
    set_warning_timer(turn)


def arm_at_start(turn: Turn) -> None:
    """When the meter starts, arm the thresholds that are still ahead: he who starts below one has
    heard his minutes and gets no late warning. One that was armed before a gap and has passed in
    it is made up for by the true time."""
    missed = turn.call.armed
    turn.change(armed=())
    renew_cut_off(turn)
    left_s = left_ms(turn) // 1000
    if any(threshold_s >= left_s for threshold_s in missed):
        _tell_true_time(turn, left_s)


def set_warning_timer(turn: Turn) -> None:
    """Wake when the next armed threshold is reached, if a forced end does not come before."""
    call = turn.call
    if call.cut_ms is None or not call.armed:
        turn.order(CancelTimer(name="warn"))
        return
    turn.order(SetTimer(name="warn", at_ms=call.cut_ms - call.armed[0] * 1000))


def warn(turn: Turn, event: TimerFired) -> None:
    """A threshold is reached: caller and agent each hear their own warning."""
    call = turn.call
    if call.cut_ms is None or not call.armed:
        return
    threshold_s = call.armed[0]
    if turn.now.wall_ms < call.cut_ms - threshold_s * 1000:
        set_warning_timer(turn)
        return
    turn.change(armed=call.armed[1:])
    whisper_to_caller(turn, Prompt.of("warning_caller", seconds=threshold_s))
    whisper_to_agent(turn, Prompt.of("warning_agent", seconds=threshold_s))
    set_warning_timer(turn)


def tell_balance_change(turn: Turn, event: BalanceChanged, before_ms: int) -> None:
    """After a change of the balance: what a credit bought, or the true time if it fell below a
    threshold. `before_ms` is the cut-off as it was known before."""
    after_ms = turn.call.cut_ms
    if after_ms is None:
        return
    if event.credited_micros > 0:
        _tell_credit(turn, event, gained=after_ms > before_ms)
    elif after_ms < before_ms:
        _tell_loss(turn)


def _tell_credit(turn: Turn, event: BalanceChanged, *, gained: bool) -> None:
    seconds = spoken_seconds(left_ms(turn) // 1000)
    if gained and seconds > 0:
        whisper_to_caller(turn, Prompt.of("topped_up_caller", seconds=seconds))
    else:
        whisper_to_caller(
            turn,
            Prompt.of(
                "topped_up_balance",
                balance_micros=max(0, event.view.balance_micros),
                currency=event.view.currency,
            ),
        )
    whisper_to_agent(turn, Prompt.of("agent_tone"))


def _tell_loss(turn: Turn) -> None:
    """Time left fell below a threshold by something else than passing: both hear the true time."""
    call = turn.call
    left_s = left_ms(turn) // 1000
    passed = tuple(s for s in call.armed if s >= left_s)
    if not passed:
        return
    turn.change(armed=tuple(s for s in call.armed if s < left_s))
    set_warning_timer(turn)
    _tell_true_time(turn, left_s)


def _tell_true_time(turn: Turn, left_s: int) -> None:
    seconds = spoken_seconds(left_s)
    if seconds == 0 or turn.now.wall_ms - turn.call.told_ms < TELL_AGAIN_MS:
        return
    turn.change(told_ms=turn.now.wall_ms)
    whisper_to_caller(turn, Prompt.of("time_changed_caller", seconds=seconds))
    whisper_to_agent(turn, Prompt.of("time_changed_agent", seconds=seconds))


# --- the price that is to come, the forced end ---------------------------------------------


def set_price_timer(turn: Turn) -> None:
    """Wake before the first-call price ends, to announce the new one (§ 110(2) TKG)."""
    call = turn.call
    if call.meter is None or call.price_told or not call.meter.running:
        return
    minutes = call.meter.rate.first_minutes
    if call.meter.rate.first_price_micros is None or minutes is None:
        return
    ends_ms = call.meter.at_elapsed_ms(minutes * 60_000)
    turn.order(SetTimer(name="price", at_ms=ends_ms - PRICE_NOTICE_MS))


def tell_price(turn: Turn, event: TimerFired) -> None:
    """The first-call price is about to end: the caller hears the price that follows, if he can
    still pay a second at it."""
    call = turn.call
    if call.meter is None or call.price_told:
        return
    turn.change(price_told=True)
    rate = call.meter.rate
    ends_ms = call.meter.at_elapsed_ms((rate.first_minutes or 0) * 60_000)
    if call.cut_ms is None or call.cut_ms <= ends_ms:
        return
    whisper_to_caller(
        turn,
        Prompt.of("price_change", price_micros=rate.price_micros, currency=call.currency),
    )


def set_limit_timers(turn: Turn) -> None:
    """Wake for the forced end and for its announcement."""
    call = turn.call
    limit_ms = call.limit_ms
    if limit_ms is None:
        return
    turn.order(SetTimer(name="limit", at_ms=limit_ms))
    if not call.limit_told:
        notice_ms = limit_ms - call.service.forced_end_warning_s * 1000
        turn.order(SetTimer(name="limit_warn", at_ms=notice_ms))


def warn_of_limit(turn: Turn, event: TimerFired) -> None:
    """The forced end is near: both hear it, unless the money ends before."""
    call = turn.call
    if call.limit_told or call.limit_ms is None:
        return
    turn.change(limit_told=True)
    if call.cut_ms is not None and call.cut_ms <= call.limit_ms:
        return
    seconds = call.service.forced_end_warning_s
    whisper_to_caller(turn, Prompt.of("call_limit_soon", seconds=seconds))
    whisper_to_agent(turn, Prompt.of("call_limit_soon", seconds=seconds))


def minutes_prompt(seconds: int) -> Prompt:
    """The minutes a caller has; below one minute the seconds."""
    if seconds >= 60:
        return Prompt.of("minutes_left", minutes=seconds // 60)
    return Prompt.of("seconds_left", seconds=seconds)
