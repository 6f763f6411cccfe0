"""What is told to whom, and when: announcements, whispers, warnings, changed times.

Outside the conversation prompts are played on a leg; inside it they are whispered, so that both
go on hearing each other. A new whisper to a leg takes the place of the one that runs, for the
newest time is the true one.
"""

from engine.core.actions import CancelTimer, Play, SetTimer, Whisper
from engine.core.events import BalanceChanged, PlaybackEnded, TimerFired, WarnOrdered
from engine.core.prompt import Prompt
from engine.core.quota import cut_off_ms
from engine.premium.call import PremiumCall, Turn
from engine.premium.rules import spoken_seconds

TELL_AGAIN_MS = 30_000
TELL_LATE_MS = 2_000
PRICE_NOTICE_MS = 15_000


def play_to_caller(turn: Turn, *prompts: Prompt) -> None:
    """Play prompts on the caller's leg and wait for their end (`call.playback`)."""
    stop_playback(turn)
    playback = turn.new_id("p")
    turn.change(playback=playback)
    leg, lang = turn.call.caller.leg, turn.call.service.lang
    turn.say("caller", Play(leg=leg, playback=playback, prompts=prompts, lang=lang, noted=True))


def play_to_agent(turn: Turn, *prompts: Prompt) -> str:
    """Play prompts on the agent's leg outside the conversation; gives the playback's id."""
    agent = turn.call.agent
    playback = turn.new_id("p")
    if agent is not None:
        leg, lang = agent.leg, agent_lang(turn.call)
        turn.say("agent", Play(leg=leg, playback=playback, prompts=prompts, lang=lang, noted=True))
    return playback


def stop_playback(turn: Turn) -> None:
    """Stop what the state waited for, if anything."""
    if turn.call.playback:
        turn.stop(turn.call.playback)
        turn.change(playback="")


def agent_lang(call: PremiumCall) -> str:
    """The language of the agent who is on the line."""
    agent = call.agent_named(call.agent.name) if call.agent else None
    return agent.lang if agent else call.service.lang


def whisper_to_caller(turn: Turn, *news: Prompt, must: tuple[Prompt, ...] = ()) -> None:
    """Tell the caller news, and what he `must` hear: that is said again if it was broken into."""
    playback = turn.new_id("p")
    _replace_whisper(turn, turn.call.caller_whisper)
    broken_into = tuple(prompt for prompt in turn.call.must_hear if prompt not in must)
    must = (*must, *broken_into)
    prompts = (*news, *must)
    turn.change(caller_whisper=playback, must_hear=must)
    leg, lang = turn.call.caller.leg, turn.call.service.lang
    turn.say("caller", Whisper(leg=leg, playback=playback, prompts=prompts, lang=lang, noted=True))


def whisper_to_agent(turn: Turn, prompt: Prompt) -> None:
    """Tell the agent something in the conversation."""
    if turn.call.agent is None:
        return
    playback = turn.new_id("p")
    _replace_whisper(turn, turn.call.agent_whisper)
    turn.change(agent_whisper=playback)
    leg, lang = turn.call.agent.leg, agent_lang(turn.call)
    turn.say("agent", Whisper(leg=leg, playback=playback, prompts=(prompt,), lang=lang, noted=True))


def _replace_whisper(turn: Turn, running: str) -> None:
    if running:
        turn.stop(running)


def whisper_ended(turn: Turn, event: PlaybackEnded) -> None:
    """Forget a whisper that is over."""
    if event.playback == turn.call.caller_whisper:
        turn.change(caller_whisper="", must_hear=())
    if event.playback == turn.call.agent_whisper:
        turn.change(agent_whisper="")


def stop_whispers(turn: Turn) -> None:
    """The conversation is over: nothing of it is said into what follows."""
    for running in (turn.call.caller_whisper, turn.call.agent_whisper):
        _replace_whisper(turn, running)
    turn.change(caller_whisper="", agent_whisper="")


def say_again(turn: Turn) -> None:
    """What a gap broke into counts as untold, so that it is told anew when its time has come."""
    broken_into = {prompt.name for prompt in turn.call.must_hear}
    turn.change(
        must_hear=(),
        price_told=turn.call.price_told and "price_change" not in broken_into,
        limit_told=turn.call.limit_told and "call_limit_soon" not in broken_into,
    )


# --- time left -----------------------------------------------------------------------------


def left_ms(turn: Turn) -> int:
    """Until the money ends, as far as is known; 0 if the meter stands."""
    cut_ms = turn.call.cut_ms
    return max(0, cut_ms - turn.now.wall_ms) if cut_ms is not None else 0


def prospect_s(turn: Turn) -> int:
    """The seconds that can be charged from here on if every call on the account goes on.

    What this call has used up before (an agent was lost), and what others use up meanwhile, is
    not promised again. 0 if nothing is known.
    """
    call, now_ms = turn.call, turn.now.wall_ms
    if call.meter is None or call.view is None:
        return 0
    meter = call.meter.started(now_ms)
    begins_ms = meter.at_elapsed_ms(max(0, meter.elapsed_ms(now_ms)))
    ends_ms = cut_off_ms(meter, call.view.others(call.call_id), call.view.balance_micros)
    return max(0, ends_ms - begins_ms) // 1000


def reckon_cut_off(call: PremiumCall, but_micros: int = 0) -> int | None:
    """When the money ends if every call on the account goes on; None while the meter stands.

    `but_micros` is left out of the balance, to see what it has bought.
    """
    if call.meter is None or not call.meter.running or call.view is None:
        return None
    balance_micros = call.view.balance_micros - but_micros
    return cut_off_ms(call.meter, call.view.others(call.call_id), balance_micros)


def renew_cut_off(turn: Turn, *, quiet: bool = False) -> None:
    """Reckon the cut-off anew, and by it the warnings.

    A later one makes warnings due again. An earlier one lets those thresholds pass that time left
    falls below by it: then both hear the true time instead (unless `quiet`: it is told anyway).
    """
    before_ms = turn.call.cut_ms
    after_ms = reckon_cut_off(turn.call)
    turn.change(cut_ms=after_ms)
    if after_ms is None:
        return
    if before_ms is not None and after_ms < before_ms:
        _let_thresholds_pass(turn, quiet=quiet)
    else:
        ahead = (s for s in turn.call.service.thresholds_s if s * 1000 < left_ms(turn))
        turn.change(armed=tuple(sorted({*turn.call.armed, *ahead}, reverse=True)))
    set_warning_timer(turn)
    set_price_timer(turn)
    set_limit_notice(turn)


def _let_thresholds_pass(turn: Turn, *, quiet: bool) -> None:
    armed = turn.call.armed
    ahead = tuple(s for s in armed if s * 1000 < left_ms(turn))
    turn.change(armed=ahead)
    if ahead != armed and not quiet:
        _tell_true_time(turn)


def arm_at_start(turn: Turn) -> None:
    """When the meter starts, arm the thresholds that are still ahead: he who starts below one has
    heard his minutes and gets no late warning. One that was armed before a gap and has passed in
    it is made up for by the true time."""
    missed = turn.call.armed
    turn.change(armed=(), cut_ms=None)
    renew_cut_off(turn)
    if any(threshold_s * 1000 >= left_ms(turn) for threshold_s in missed):
        _tell_true_time(turn)


def welcome_back(turn: Turn) -> None:
    """After the free hold: the caller hears what his top-up bought and, if it is the same agent
    again, both hear that he is back."""
    call = turn.call
    if not call.rejoined:
        return
    is_same = call.agent is not None and call.agent.name in call.only
    turn.change(rejoined=False, only=())
    prompts = [Prompt.of("rejoined_caller")] if is_same else []
    seconds = spoken_seconds(left_ms(turn) // 1000)
    if seconds > 0:
        prompts.append(Prompt.of("topped_up_caller", seconds=seconds))
    if prompts:
        whisper_to_caller(turn, *prompts)
    if is_same:
        whisper_to_agent(turn, Prompt.of("rejoined_agent"))


def set_warning_timer(turn: Turn) -> None:
    """Wake when the next armed threshold is reached. If a forced end comes before the money's,
    that is announced instead."""
    call = turn.call
    if call.cut_ms is None or not call.armed or ends_by_limit(call):
        turn.order(CancelTimer(name="warn"))
        return
    turn.order(SetTimer(name="warn", at_ms=call.cut_ms - call.armed[0] * 1000))


def warn(turn: Turn, event: TimerFired) -> None:
    """A threshold is reached: caller and agent each hear their own warning."""
    call = turn.call
    if call.cut_ms is None or not call.armed or ends_by_limit(call):
        return
    threshold_s = call.armed[0]
    if turn.now.wall_ms < call.cut_ms - threshold_s * 1000:
        set_warning_timer(turn)
        return
    turn.change(armed=call.armed[1:])
    turn.order(CancelTimer(name="tell"))
    whisper_to_caller(turn, Prompt.of("warning_caller", seconds=threshold_s))
    whisper_to_agent(turn, Prompt.of("warning_agent", seconds=threshold_s))
    set_warning_timer(turn)


def tell_credit(turn: Turn, event: BalanceChanged) -> None:
    """The caller hears how long he can now talk or, if the credit completes no increment, his new
    balance; the agent hears a tone."""
    call = turn.call
    if call.cut_ms is None:
        return
    without_ms = reckon_cut_off(call, but_micros=event.credited_micros)
    gained = without_ms is not None and call.cut_ms > without_ms
    turn.order(CancelTimer(name="tell"))
    whisper_to_caller(turn, credit_prompt(event, left_ms(turn) // 1000, gained=gained))
    whisper_to_agent(turn, Prompt.of("agent_tone"))


def credit_prompt(event: BalanceChanged, seconds: int, *, gained: bool) -> Prompt:
    """What a caller is told of a credit: the time he has now or, if none was gained, the money."""
    spoken_s = spoken_seconds(seconds)
    if not gained or spoken_s == 0:
        return new_balance(event)
    return Prompt.of("topped_up_caller", seconds=spoken_s)


def new_balance(event: BalanceChanged) -> Prompt:
    """What a credit that buys no time is told as."""
    view = event.view
    return Prompt.of(
        "topped_up_balance",
        balance_micros=max(0, view.balance_micros),
        currency=view.currency,
    )


def tell_again(turn: Turn, event: TimerFired) -> None:
    """What was left untold because something had just been told."""
    _tell_true_time(turn)


def _tell_true_time(turn: Turn) -> None:
    """Both hear what is left; told too soon after the last time, it is told a little later."""
    seconds = spoken_seconds(left_ms(turn) // 1000)
    if seconds == 0:
        return
    if was_just_told(turn.call, turn.now.wall_ms):
        turn.order(SetTimer(name="tell", at_ms=turn.call.told_ms + TELL_AGAIN_MS))
        return
    _tell_time(turn, seconds)


def _tell_time(turn: Turn, seconds: int) -> None:
    turn.change(told_ms=turn.now.wall_ms)
    turn.order(CancelTimer(name="tell"))
    whisper_to_caller(turn, Prompt.of("time_changed_caller", seconds=seconds))
    whisper_to_agent(turn, Prompt.of("time_changed_agent", seconds=seconds))


def was_just_told(call: PremiumCall, now_ms: int) -> bool:
    """Whether the time left was told so lately that it is not told again yet."""
    return now_ms < call.told_ms + TELL_AGAIN_MS


def warn_ordered(turn: Turn, event: WarnOrdered) -> None:
    """A person lets both hear how long they may talk on; not so soon after the last time."""
    call = turn.call
    seconds = spoken_seconds(left_ms(turn) // 1000)
    if ends_by_limit(call) and call.limit_ms is not None:
        seconds = spoken_seconds((call.limit_ms - turn.now.wall_ms) // 1000)
    if seconds > 0 and not was_just_told(call, turn.now.wall_ms):
        turn.note_order(event.by, "warn")
        _tell_time(turn, seconds)


# --- the price that is to come, the forced end ---------------------------------------------


def set_price_timer(turn: Turn) -> None:
    """Wake before the first-call price ends, to announce the new one (§ 110(2) TKG)."""
    ends_ms = _first_price_ends_ms(turn)
    if ends_ms is not None:
        turn.order(SetTimer(name="price", at_ms=ends_ms - PRICE_NOTICE_MS))


def tell_price(turn: Turn, event: TimerFired) -> None:
    """The first-call price is about to end: the caller hears the price that follows."""
    call = turn.call
    if _first_price_ends_ms(turn) is None or call.rate is None:
        return
    turn.change(price_told=True)
    price = Prompt.of("price_change", price_micros=call.rate.price_micros, currency=call.currency)
    whisper_to_caller(turn, must=(price,))


def _first_price_ends_ms(turn: Turn) -> int | None:
    """When a first-call price ends of which the end is still to be told; None if his money does
    not reach beyond it."""
    call = turn.call
    if call.meter is None or call.price_told or call.cut_ms is None:
        return None
    minutes = call.meter.rate.first_minutes
    if call.meter.rate.first_price_micros is None or minutes is None:
        return None
    ends_ms = call.meter.at_elapsed_ms(minutes * 60_000)
    return ends_ms if call.cut_ms > ends_ms else None


def set_limit_timers(turn: Turn) -> None:
    """Wake for the forced end and for its announcement."""
    limit_ms = turn.call.limit_ms
    if limit_ms is not None:
        turn.order(SetTimer(name="limit", at_ms=limit_ms))
        set_limit_notice(turn)


def set_limit_notice(turn: Turn) -> None:
    """Wake to announce the forced end, if the money reaches it (or does so now)."""
    call = turn.call
    if ends_by_limit(call) and not call.limit_told:
        turn.order(SetTimer(name="limit_warn", at_ms=_limit_notice_ms(call)))


def ends_by_limit(call: PremiumCall) -> bool:
    """Whether the forced end comes before that of the money, as far as is known."""
    limit_ms = call.limit_ms
    return limit_ms is not None and (call.cut_ms is None or limit_ms < call.cut_ms)


def _limit_notice_ms(call: PremiumCall) -> int:
    assert call.limit_ms is not None
    return call.limit_ms - call.service.forced_end_warning_s * 1000


def warn_of_limit(turn: Turn, event: TimerFired) -> None:
    """The forced end is near: both hear it, unless the money ends before."""
    call = turn.call
    if call.limit_told or call.limit_ms is None or not ends_by_limit(call):
        return
    seconds: int | None = call.service.forced_end_warning_s
    if turn.now.wall_ms >= _limit_notice_ms(call) + TELL_LATE_MS:
        seconds = spoken_seconds((call.limit_ms - turn.now.wall_ms) // 1000) or None
    soon = Prompt.of("call_limit_soon", seconds=seconds)
    turn.change(limit_told=True)
    whisper_to_caller(turn, must=(soon,))
    whisper_to_agent(turn, soon)
