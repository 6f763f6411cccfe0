"""Holding money before it is talked away: slices, their renewal, the end of the grants.

Each ask raises the hold to one and a half slices (`service.slice_s`) beyond now, in whole
increments; the next comes when half of that is used up, which leaves the greater part of a minute
for a store that is away.
When money is short the next ask comes at half of what is left, and once more at the very end.
Asterisk's own deadlines stand a little behind every grant, so that a call ends even if no engine
is left; they are moved only after the money is held.
"""

from engine.core.account import AccountView
from engine.core.actions import CancelTimer, Reserve, SetDeadline, SetTimer
from engine.core.events import MoneyUnreachable, OrderFailed, Reserved, TimerFired
from engine.core.rating import charge, hold_levels, increments_begun, max_increments
from engine.premium.call import State, Turn

CUT_LATE_MS = 45
LAST_ASK_MS = 150
SOON_MS = 4_000
LEAST_SLICE_S = 5
RETRY_MS = 1_000
NETS_AGAIN_MS = 200
AGENT_NET_MS = 300
CALLER_NET_MS = 5_000
CLOSING_PROMPT_MS = 20_000
JOIN_NET_MS = 1_000


def ask(turn: Turn) -> None:
    """Ask the store for the next slice, unless an answer is still awaited."""
    call = turn.call
    if call.meter is None or call.asked:
        return
    meter = call.meter
    wanted_n = _wanted_increments(turn)
    step = call.step + 1
    turn.change(step=step, asked=True, wanted_n=wanted_n)
    levels = hold_levels(meter.rate, meter.granted_n, wanted_n)
    turn.order(Reserve(step=step, meter=meter, levels=levels, least=_least_increments(turn)))


def note_meter(turn: Turn) -> None:
    """Write the meter to the store as it now stands, so that other calls reckon with it."""
    call = turn.call
    if call.meter is None or call.meter.granted_n == 0:
        return
    step = call.step + 1
    turn.change(step=step, asked=True, wanted_n=call.meter.granted_n)
    turn.order(Reserve(step=step, meter=call.meter, levels=()))


def note_view(turn: Turn, view: AccountView) -> None:
    """Keep the newest view of the account; a late one is older by its sequence number."""
    known = turn.call.view
    if known is None or view.seq >= known.seq:
        turn.change(view=view)


def may_buy(turn: Turn) -> bool:
    """Whether what is available would buy the next increment, as far as the last view tells."""
    call = turn.call
    if call.meter is None or call.view is None:
        return False
    rate, granted_n = call.meter.rate, call.meter.granted_n
    if granted_n >= max_increments(rate):
        return False
    price = charge(rate, granted_n + 1) - charge(rate, granted_n)
    return price <= max(0, call.view.available_micros)


def is_more_there(turn: Turn, event: Reserved) -> bool:
    """Whether the newest view holds money that this answer of the store knew nothing of."""
    meter = turn.call.meter
    if meter is None or turn.call.asked or event.granted_n != meter.granted_n:
        return False
    return may_buy(turn)


def _wanted_increments(turn: Turn) -> int:
    """Increments that reach one and a half slices beyond now, within the longest call."""
    call = turn.call
    assert call.meter is not None
    meter = call.meter
    target_ms = max(0, meter.elapsed_ms(turn.now.wall_ms)) + call.service.slice_s * 1500
    wanted_n = min(increments_begun(meter.rate, target_ms), max_increments(meter.rate))
    return max(meter.granted_n, wanted_n)


def _least_increments(turn: Turn) -> int:
    """A slice is at least five seconds or one increment."""
    call = turn.call
    assert call.meter is not None
    increment = call.meter.rate.increment
    first = call.meter.granted_n == 0
    length_s = increment.first_s if first else increment.next_s
    return max(1, -(-LEAST_SLICE_S // length_s))


def reserved(turn: Turn, event: Reserved) -> None:
    """The store has answered: take the grant, see whether it was less than wanted."""
    call = turn.call
    if event.step != call.step or call.meter is None:
        return
    meter = call.meter.granted(max(call.meter.granted_n, event.granted_n))
    short = meter.granted_n < call.wanted_n
    is_more = meter.granted_n > call.meter.granted_n
    turn.change(asked=False, meter=meter, short=short)
    if is_more:
        turn.note_slice(event.at_ms)
    note_view(turn, event.view)
    schedule(turn)


def unreachable(turn: Turn, event: MoneyUnreachable) -> None:
    """The store is away: what is held goes on being talked away; ask again in a second."""
    if event.order != "Reserve":
        return
    turn.change(asked=False)
    turn.order(SetTimer(name="renew", at_ms=turn.now.wall_ms + RETRY_MS))


def schedule(turn: Turn) -> None:
    """Set cut-off, next ask and Asterisk's nets by the grants as they now are."""
    call = turn.call
    if call.meter is None or not call.meter.running:
        return
    paid_ms = call.meter.paid_until_ms()
    turn.order(*nets(turn, paid_ms))
    turn.order(SetTimer(name="cut", at_ms=paid_ms + CUT_LATE_MS))
    ask_ms = _next_ask_ms(turn, paid_ms)
    if ask_ms is None:
        turn.order(CancelTimer(name="renew"))
    else:
        turn.order(SetTimer(name="renew", at_ms=ask_ms))


def _next_ask_ms(turn: Turn, paid_ms: int) -> int | None:
    call = turn.call
    assert call.meter is not None
    now_ms = turn.now.wall_ms
    if call.meter.granted_n >= max_increments(call.meter.rate):
        return None
    if not call.short:
        return max(now_ms, paid_ms - call.service.slice_s * 750)
    left_ms = paid_ms - now_ms
    if left_ms > SOON_MS:
        return now_ms + left_ms // 2
    last_ms = paid_ms - LAST_ASK_MS
    return last_ms if last_ms > now_ms else None


def nets(turn: Turn, paid_ms: int) -> tuple[SetDeadline, ...]:
    """Asterisk's deadlines in the conversation: the agent's just behind the paid time, the
    caller's behind that and the closing prompt. A forced end comes before either."""
    call = turn.call
    if call.state is not State.TALKING or call.agent is None:
        return ()
    limit_ms = call.limit_ms
    end_ms = min(paid_ms, limit_ms) if limit_ms is not None else paid_ms
    return (
        SetDeadline(leg=call.agent.leg, at_ms=end_ms + AGENT_NET_MS),
        SetDeadline(
            leg=call.caller.leg, at_ms=end_ms + AGENT_NET_MS + CLOSING_PROMPT_MS + CALLER_NET_MS
        ),
    )


def net_failed(turn: Turn, event: OrderFailed) -> None:
    """Asterisk's deadline could not be moved and would cut the call too early: try again."""
    if event.order == "SetDeadline":
        turn.order(SetTimer(name="nets", at_ms=turn.now.wall_ms + NETS_AGAIN_MS))


def set_nets_again(turn: Turn, event: TimerFired) -> None:
    meter = turn.call.meter
    if meter is not None and meter.running:
        turn.order(*nets(turn, meter.paid_until_ms()))


def net_at_joining(turn: Turn) -> None:
    """Both legs' deadlines for a conversation that begins now, should nobody live to move them."""
    call = turn.call
    if call.meter is None or call.agent is None:
        return
    paid_ms = call.meter.started(turn.now.wall_ms).paid_until_ms()
    at_ms = max(paid_ms, turn.now.wall_ms) + JOIN_NET_MS
    turn.order(
        SetDeadline(leg=call.agent.leg, at_ms=at_ms),
        SetDeadline(leg=call.caller.leg, at_ms=at_ms + CLOSING_PROMPT_MS + CALLER_NET_MS),
    )


def is_longest(turn: Turn) -> bool:
    """Whether the grants have reached the longest call that the tariff allows."""
    meter = turn.call.meter
    return meter is not None and meter.granted_n >= max_increments(meter.rate)


def is_slice_held(turn: Turn) -> bool:
    """Whether a conversation may begin: a slice is held ahead of it, or all that can be had."""
    meter = turn.call.meter
    if meter is None or is_spent(turn):
        return False
    left_ms = meter.started(turn.now.wall_ms).paid_until_ms() - turn.now.wall_ms
    is_all = turn.call.short or is_longest(turn)
    return left_ms >= LEAST_SLICE_S * 1000 or (is_all and not turn.call.asked)


def renew(turn: Turn, event: TimerFired) -> None:
    ask(turn)


def is_spent(turn: Turn, at_ms: int | None = None) -> bool:
    """Whether the grants of the running meter are used up by an instant, or by now."""
    meter = turn.call.meter
    if meter is None or not meter.running:
        return False
    return (turn.now.wall_ms if at_ms is None else at_ms) >= meter.paid_until_ms()


def start_meter(turn: Turn, at_ms: int) -> None:
    """Let the meter run from an instant of Asterisk's clock, however late we heard of it."""
    meter = turn.call.meter
    if meter is None or meter.running:
        return
    late_ms = max(0, turn.now.wall_ms - at_ms)
    turn.change(meter=meter.started(at_ms), mono_since_ms=turn.now.mono_ms - late_ms)
    turn.note_slice(at_ms)


def compare_clocks_from_now(turn: Turn) -> None:
    """Another engine's monotonic clock says nothing of what was before: trust Asterisk's so far."""
    meter = turn.call.meter
    if meter is None or meter.running_since_ms is None:
        turn.change(mono_since_ms=None)
        return
    talked_ms = turn.now.wall_ms - meter.running_since_ms
    turn.change(mono_since_ms=turn.now.mono_ms - talked_ms)


def stop_meter(turn: Turn, at_ms: int) -> None:
    """Stop the meter at an instant of Asterisk's clock.

    If that clock and our monotonic one differ by more than a second over the running stretch,
    the smaller is charged, and the record carries an alarm.
    """
    call = turn.call
    meter = call.meter
    if meter is None or meter.running_since_ms is None:
        return
    wall_ms = at_ms - meter.running_since_ms
    if call.mono_since_ms is not None:
        mono_ms = turn.now.mono_ms - call.mono_since_ms - max(0, turn.now.wall_ms - at_ms)
        if abs(wall_ms - mono_ms) > 1000:
            at_ms = meter.running_since_ms + max(0, min(wall_ms, mono_ms))
            turn.change(clock_alarm=True)
    turn.change(meter=meter.stopped(at_ms), mono_since_ms=None, cut_ms=None, armed=())
    for name in ("cut", "renew", "warn", "price", "tell", "nets"):
        turn.order(CancelTimer(name=name))
