"""From the first ring to the tariff announcement: who calls, may he, can he pay, what it costs.

Nothing is charged here and, where the trunk passes early media, nothing is answered. What covers
the first increment (and connect fee) is held before the announcement names a price, so that
nobody is told a price he cannot pay.
"""

from dataclasses import replace

from engine.core.actions import (
    Answer,
    CheckPin,
    ClaimFirstCall,
    FindAccount,
    Reserve,
    SetDeadline,
    SetTimer,
    WatchAccount,
)
from engine.core.cdr import Disposition, Refusal
from engine.core.events import (
    AccountFound,
    BalanceChanged,
    CallArrived,
    DigitPressed,
    FirstCallSettled,
    LegAnswered,
    MoneyUnreachable,
    PinChecked,
    PlaybackEnded,
    Reserved,
    TimerFired,
)
from engine.core.prompt import Prompt, time_left
from engine.core.quota import Meter
from engine.core.rating import Rate, StartsFrom, hold_levels, is_flat
from engine.core.tariff import rate_for
from engine.premium.call import Keypad, PremiumCall, State, Turn
from engine.premium.rules import closed_because, is_blocked
from engine.premium.spending import note_view, start_meter
from engine.premium.telling import play_to_caller, prospect_s, stop_playback

SET_UP_LIMIT_MS = 180_000
GRACE_MS = 5_000
PIN_TRIES = 3
KEYPAD_WAIT_MS = 20_000
KEYPAD_MOST = 24
UNHEARD_MS = 300
NEEDED = ("FindAccount", "CheckPin", "ClaimFirstCall", "Reserve")


def arrived(turn: Turn, event: CallArrived) -> None:
    """Judge the caller and the hour, then look for his account."""
    call = turn.call
    turn.order(SetDeadline(leg=call.caller.leg, at_ms=turn.now.wall_ms + SET_UP_LIMIT_MS))
    set_up_timer(turn)
    closed = closed_because(call.service.hours, event.at_ms)
    if is_blocked(call.caller.e164, call.service.blocked):
        refuse(turn, Refusal.CALLER_BLOCKED)
    elif closed is not None:
        refuse(turn, closed)
    elif call.caller.verified:
        turn.go(State.FINDING)
    elif call.service.pin_entry:
        turn.go(State.ENTERING)
    else:
        refuse(turn, Refusal.NOT_IDENTIFIED)


def set_up_timer(turn: Turn) -> None:
    """Wake should Asterisk have ended the caller's leg at its deadline and nobody have heard it."""
    limit_ms = turn.call.caller.arrived_ms + SET_UP_LIMIT_MS + GRACE_MS
    turn.order(SetTimer(name="set_up", at_ms=limit_ms))


def set_up_too_long(turn: Turn, event: TimerFired) -> None:
    """The caller is long gone, or hears nothing: end the call."""
    disposition = turn.call.disposition or Disposition.ABANDONED
    turn.go(State.LEAVING, disposition=disposition)


def refuse(turn: Turn, refusal: Refusal) -> None:
    """Tell the caller why, then let him go; he is not charged."""
    turn.go(State.REFUSING, refusal=refusal, disposition=Disposition.REFUSED)


def fail(turn: Turn, event: MoneyUnreachable) -> None:
    """Store or ledger is away: a fault announcement, nothing charged."""
    if event.order in NEEDED:
        turn.go(State.REFUSING, disposition=Disposition.FAULT)


# --- the account ---------------------------------------------------------------------------


def enter_finding(turn: Turn) -> None:
    call = turn.call
    turn.order(FindAccount(profile=call.service.profile, e164=call.caller.e164 or ""))


def account_found(turn: Turn, event: AccountFound) -> None:
    """The account is known: watch it, and see whether the first-call offer is to be had."""
    view = event.view
    turn.change(account_id=view.account_id, view=view, returning=event.returning)
    turn.order(WatchAccount(account_id=view.account_id))
    offer = turn.call.service.tariff.first_call
    if event.blocked:
        refuse(turn, Refusal.CALLER_BLOCKED)
    elif view.blocked:
        refuse(turn, Refusal.ACCOUNT_BLOCKED)
    elif offer is not None and turn.call.service.caller_list and turn.call.caller.verified:
        turn.go(State.CLAIMING)
    else:
        turn.go(State.RESERVING)


def enter_claiming(turn: Turn) -> None:
    service = turn.call.service
    turn.change(offer_asked=True)
    turn.order(
        ClaimFirstCall(
            caller_list=service.caller_list,
            e164=turn.call.caller.e164 or "",
            days=service.first_call_days,
        )
    )


def first_call_settled(turn: Turn, event: FirstCallSettled) -> None:
    turn.go(State.RESERVING, first_call=event.granted)


def enter_reserving(turn: Turn) -> None:
    """Hold what covers the first increment and connect fee."""
    call = turn.call
    tariff = call.service.tariff
    rate = rate_for(tariff, call.caller.line, call.first_call)
    meter = Meter(rate=rate, free_ms=tariff.billing_start.after_s * 1000)
    step = call.step + 1
    turn.change(rate=rate, meter=meter, step=step, asked=True, wanted_n=1)
    turn.order(Reserve(step=step, meter=meter, levels=hold_levels(rate, 0, 1)))


def first_reserved(turn: Turn, event: Reserved) -> None:
    """Held: announce. Not held: the balance is too low, and he is never connected."""
    call = turn.call
    if event.step != call.step or call.meter is None:
        return
    turn.change(asked=False, meter=call.meter.granted(event.granted_n))
    turn.note_slice(event.at_ms)
    note_view(turn, event.view)
    if event.granted_n >= 1:
        turn.go(State.ANNOUNCING)
    else:
        refuse(turn, Refusal.BALANCE_TOO_LOW)


def note_balance(turn: Turn, event: BalanceChanged) -> None:
    """Before the conversation a change of the balance is only taken note of."""
    note_view(turn, event.view)


# --- announcements -------------------------------------------------------------------------


def enter_announcing(turn: Turn) -> None:
    """The minutes left, then the price, as early media where the trunk passes it."""
    if needs_answer(turn):
        turn.order(Answer(leg=turn.call.caller.leg))
    else:
        play_to_caller(turn, *announcement(turn))


def needs_answer(turn: Turn) -> bool:
    """Whether the caller can hear nothing yet: no early media, and not answered."""
    call = turn.call
    return not call.trunk.early_media and call.caller.answered_ms is None


def caller_answered(turn: Turn, event: LegAnswered) -> None:
    """The caller's leg is answered: say what was to be said."""
    note_answer(turn, event)
    if turn.call.state is State.ANNOUNCING and not turn.call.playback:
        play_to_caller(turn, *announcement(turn))
    elif turn.call.state is State.REFUSING and not turn.call.playback:
        play_to_caller(turn, *refusal_prompts(turn))


def note_answer(turn: Turn, event: LegAnswered) -> None:
    if event.leg == turn.call.caller.leg and turn.call.caller.answered_ms is None:
        turn.caller(answered_ms=event.at_ms)


def announcement(turn: Turn) -> tuple[Prompt, ...]:
    """Welcome, minutes left, connect fee, price; the price last, for its audio ends with the three
    seconds of silence that § 110 TKG wants before charging begins."""
    call = turn.call
    start = call.service.tariff.billing_start
    prompts = [Prompt.of("welcome"), time_left(prospect_s(turn))]
    if start.origin is StartsFrom.ANNOUNCEMENT:
        prompts.append(Prompt.of("waiting_is_charged"))
    return (*prompts, *_price(turn))


def _price(turn: Turn) -> tuple[Prompt, ...]:
    """All that the call can cost (§ 110 TKG, art. 11a PBV): by the minute, once, or both."""
    call = turn.call
    rate = call.rate
    assert rate is not None
    fee: dict[str, int | str] = {"price_micros": rate.connect_fee_micros, "currency": call.currency}
    if rate.connect_fee_micros == 0:
        return (_minute_price(call, rate),)
    if is_flat(rate):
        start = call.service.tariff.billing_start
        return (Prompt.of("flat_price", **fee, starts=start.origin.value, after_s=start.after_s),)
    return Prompt.of("connect_fee", **fee), _minute_price(call, rate)


def _minute_price(call: PremiumCall, rate: Rate) -> Prompt:
    start = call.service.tariff.billing_start
    common: dict[str, int | str] = {
        "currency": call.currency,
        "starts": start.origin.value,
        "after_s": start.after_s,
    }
    if rate.first_price_micros is None:
        return Prompt.of("tariff", price_micros=rate.price_micros, **common)
    if rate.first_minutes is not None:
        common["minutes"] = rate.first_minutes
    elif call.service.first_call_days is not None:
        common["days"] = call.service.first_call_days
    return Prompt.of(
        "tariff_first_call",
        price_micros=rate.first_price_micros,
        then_micros=rate.price_micros,
        **common,
    )


def announced(turn: Turn, event: PlaybackEnded) -> None:
    """The price was heard to its end: now an agent may ring. Unheard, nothing may be charged."""
    call = turn.call
    if event.playback != call.playback:
        return
    turn.change(playback="")
    if not event.complete:
        turn.order(SetTimer(name="unheard", at_ms=turn.now.wall_ms + UNHEARD_MS))
        return
    turn.change(announced_ms=event.at_ms)
    if call.service.tariff.billing_start.origin is StartsFrom.ANNOUNCEMENT:
        start_meter(turn, event.at_ms)
    turn.go(State.HUNTING)


def unheard(turn: Turn, event: TimerFired) -> None:
    """The announcement stopped, and not because the caller is gone: its audio is missing."""
    if not turn.call.playback:
        turn.go(State.REFUSING, disposition=Disposition.FAULT)


# --- refusal -------------------------------------------------------------------------------

REFUSAL_PROMPTS = {
    Refusal.NOT_IDENTIFIED: "not_identified",
    Refusal.CALLER_BLOCKED: "blocked_caller",
    Refusal.ACCOUNT_BLOCKED: "account_blocked",
    Refusal.CLOSED: "closed",
    Refusal.HOLIDAY: "holiday",
    Refusal.PIN_WRONG: "pin_wrong",
}


def refusal_prompts(turn: Turn) -> tuple[Prompt, ...]:
    """What a refused caller hears."""
    call = turn.call
    if call.refusal is Refusal.BALANCE_TOO_LOW and call.view is not None:
        balance = max(0, call.view.balance_micros)
        return (Prompt.of("balance_too_low", balance_micros=balance, currency=call.currency),)
    name = REFUSAL_PROMPTS.get(call.refusal) if call.refusal else None
    return (Prompt.of(name or "fault"),)


def enter_refusing(turn: Turn) -> None:
    if needs_answer(turn):
        turn.order(Answer(leg=turn.call.caller.leg))
    else:
        play_to_caller(turn, *refusal_prompts(turn))


def refusal_told(turn: Turn, event: PlaybackEnded) -> None:
    if event.playback == turn.call.playback:
        turn.go(State.LEAVING, playback="")


# --- number and PIN by keypad --------------------------------------------------------------


def enter_entering(turn: Turn) -> None:
    """Ask for the number, then for the PIN; each ends with `#`."""
    turn.change(keypad=Keypad(tries=turn.call.keypad.tries))
    turn.order(Answer(leg=turn.call.caller.leg))
    _ask(turn, "enter_number")


def _ask(turn: Turn, *names: str) -> None:
    play_to_caller(turn, *(Prompt.of(name) for name in names))
    turn.order(SetTimer(name="keypad", at_ms=turn.now.wall_ms + KEYPAD_WAIT_MS))


def digit_pressed(turn: Turn, event: DigitPressed) -> None:
    """Collect digits; `#` ends the number, then the PIN; the first key stops the prompt."""
    call = turn.call
    if event.leg != call.caller.leg:
        return
    stop_playback(turn)
    keypad = call.keypad
    turn.order(SetTimer(name="keypad", at_ms=turn.now.wall_ms + KEYPAD_WAIT_MS))
    if event.digit != "#":
        digits = (keypad.digits + event.digit)[:KEYPAD_MOST]
        turn.change(keypad=replace(keypad, digits=digits))
    elif not keypad.number:
        turn.change(keypad=replace(keypad, number=keypad.digits, digits=""))
        _ask(turn, "enter_pin" if keypad.digits else "enter_number")
    else:
        turn.change(keypad=replace(keypad, digits="", tries=keypad.tries + 1))
        profile = call.service.profile
        turn.order(CheckPin(profile=profile, number=keypad.number, pin=keypad.digits))


def pin_checked(turn: Turn, event: PinChecked) -> None:
    """Fits: go on with that account. Else ask again, three times in all."""
    if event.view is not None:
        turn.change(keypad=Keypad(tries=turn.call.keypad.tries))
        found = AccountFound(
            at_ms=event.at_ms, view=event.view, returning=True, blocked=event.blocked
        )
        account_found(turn, found)
    elif turn.call.keypad.tries >= PIN_TRIES:
        refuse(turn, Refusal.PIN_WRONG)
    else:
        turn.change(keypad=Keypad(tries=turn.call.keypad.tries))
        _ask(turn, "pin_wrong", "enter_number")


def keypad_silent(turn: Turn, event: TimerFired) -> None:
    """Nobody keys anything in: say what to do and end."""
    refuse(turn, Refusal.NOT_IDENTIFIED)
