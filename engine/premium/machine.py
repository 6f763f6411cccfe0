"""The premium call as a state table: what may happen in each state, and who decides about it.

A call ARRIVES on a trunk. Its caller is judged; his account is FINDING, or he is ENTERING number
and PIN; the first-call offer is CLAIMING; the first increment is RESERVING. Then the price is
ANNOUNCING, agents are HUNTING, the one who answers is BRIEFING, both are JOINING, and they are
TALKING while money is held ahead of them slice by slice. CLOSING tells why it is over, HOLDING
keeps the caller free of charge for a top-up, LEAVING ends every leg and SETTLING books the call.
REFUSING tells a caller why he is not connected.

An event that is neither in the table nor in `IGNORED` is a fault of ours: it is counted, and the
call goes on. Charging follows RFC 8506's reserve and debit; early media and answer RFC 3261 and
3960. Not handled: transfers (refused by the trunk's settings), more than one agent in a
conversation.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from engine.core import events as e
from engine.core.actions import Action
from engine.core.call import Now
from engine.core.inventory import Agent, AgentKind, Inventory, Service, Trunk
from engine.core.turn import Handler, Table
from engine.premium import adoption, arrival, ending, spending, talking, telling
from engine.premium.call import SET_UP, WAITING, Owed, PremiumCall, State, Turn
from engine.premium.hunt import briefing, hunting, joining
from engine.premium.rules import judge

S = State
Key = tuple[State, type[e.Event] | str]

TRANSITIONS: Mapping[Key, Handler] = {
    (S.ARRIVED, e.CallArrived): arrival.arrived,
    (S.FINDING, e.AccountFound): arrival.account_found,
    (S.FINDING, e.MoneyUnreachable): arrival.fail,
    (S.CLAIMING, e.FirstCallSettled): arrival.first_call_settled,
    (S.CLAIMING, e.MoneyUnreachable): arrival.fail,
    (S.RESERVING, e.Reserved): arrival.first_reserved,
    (S.RESERVING, e.MoneyUnreachable): arrival.fail,
    (S.ENTERING, e.DigitPressed): arrival.digit_pressed,
    (S.ENTERING, e.PinChecked): arrival.pin_checked,
    (S.ENTERING, e.MoneyUnreachable): arrival.fail,
    (S.ENTERING, e.LegAnswered): arrival.note_answer,
    (S.ENTERING, "keypad"): arrival.keypad_silent,
    (S.REFUSING, e.LegAnswered): arrival.caller_answered,
    (S.REFUSING, e.PlaybackEnded): arrival.refusal_told,
    (S.ANNOUNCING, e.LegAnswered): arrival.caller_answered,
    (S.ANNOUNCING, e.PlaybackEnded): arrival.announced,
    (S.ANNOUNCING, "unheard"): arrival.unheard,
    (S.HUNTING, e.AgentsClaimed): hunting.agents_claimed,
    (S.HUNTING, e.LegAnswered): hunting.agent_answered,
    (S.HUNTING, e.LegFailed): hunting.agent_failed,
    (S.HUNTING, e.OrderFailed): hunting.dial_failed,
    (S.HUNTING, e.PlaybackEnded): hunting.waiting_told,
    (S.HUNTING, "hunt"): hunting.look_again,
    (S.HUNTING, "ring"): hunting.rung_too_long,
    (S.HUNTING, "wait"): hunting.waited_too_long,
    (S.BRIEFING, e.PlaybackEnded): briefing.briefed,
    (S.BRIEFING, e.DigitPressed): briefing.key_pressed,
    (S.BRIEFING, e.Reserved): briefing.reserved_in_briefing,
    (S.BRIEFING, "accept"): briefing.not_accepted,
    (S.BRIEFING, "brief"): briefing.briefed_too_long,
    (S.BRIEFING, "wait"): hunting.wait_a_little,
    (S.JOINING, e.LegJoined): joining.joined,
    (S.JOINING, e.LegAnswered): arrival.note_answer,
    (S.JOINING, e.LegEnded): joining.ended_in_joining,
    (S.JOINING, e.OrderFailed): joining.join_order_failed,
    (S.JOINING, "join"): joining.join_late,
    (S.JOINING, "cut"): joining.money_joined_away,
    (S.JOINING, "wait"): hunting.wait_a_little,
    (S.TALKING, e.LegAnswered): arrival.note_answer,
    (S.TALKING, e.LegLeft): talking.left,
    (S.TALKING, e.LegEnded): talking.ended,
    (S.TALKING, e.PlaybackEnded): telling.whisper_ended,
    (S.TALKING, e.Reserved): talking.reserved,
    (S.TALKING, e.MoneyUnreachable): spending.unreachable,
    (S.TALKING, e.BalanceChanged): talking.balance_changed,
    (S.TALKING, e.EndOrdered): talking.end_ordered,
    (S.TALKING, e.WarnOrdered): telling.warn_ordered,
    (S.TALKING, e.OrderFailed): spending.net_failed,
    (S.TALKING, "nets"): spending.set_nets_again,
    (S.TALKING, "renew"): spending.renew,
    (S.TALKING, "cut"): talking.cut,
    (S.TALKING, "warn"): telling.warn,
    (S.TALKING, "tell"): telling.tell_again,
    (S.TALKING, "price"): telling.tell_price,
    (S.TALKING, "limit_warn"): telling.warn_of_limit,
    (S.TALKING, "limit"): talking.limit_reached,
    (S.CLOSING, e.PlaybackEnded): ending.closing_told,
    (S.CLOSING, e.LegEnded): ending.ended_in_closing,
    (S.CLOSING, e.BalanceChanged): ending.credit_in_hold,
    (S.CLOSING, e.Reserved): ending.reserved_in_hold,
    (S.HOLDING, e.LegEnded): ending.ended_in_closing,
    (S.HOLDING, e.PlaybackEnded): ending.closing_told,
    (S.HOLDING, e.BalanceChanged): ending.credit_in_hold,
    (S.HOLDING, e.Reserved): ending.reserved_in_hold,
    (S.HOLDING, "hold"): ending.hold_over,
    (S.SETTLING, e.CallSettled): ending.settled,
}

BEFORE_TALK = (*SET_UP, *WAITING)

ENTRIES: Mapping[State, Callable[[Turn], None]] = {
    S.FINDING: arrival.enter_finding,
    S.CLAIMING: arrival.enter_claiming,
    S.RESERVING: arrival.enter_reserving,
    S.ENTERING: arrival.enter_entering,
    S.REFUSING: arrival.enter_refusing,
    S.ANNOUNCING: arrival.enter_announcing,
    S.HUNTING: hunting.enter_hunting,
    S.BRIEFING: briefing.enter_briefing,
    S.JOINING: joining.enter_joining,
    S.TALKING: talking.enter_talking,
    S.CLOSING: ending.enter_closing,
    S.HOLDING: ending.enter_holding,
    S.LEAVING: ending.enter_leaving,
    S.SETTLING: ending.enter_settling,
}
"""What is ordered on entering a state, and again when another engine takes the call over in it."""


def begin(
    event: e.CallArrived, call_id: str, service: Service, trunk: Trunk, inventory: Inventory
) -> PremiumCall:
    """The record of a call that has just arrived at a service; it keeps these terms for life."""
    group = inventory.group(service.group)
    profile = inventory.profile(service.profile)
    if group is None or profile is None:
        raise ValueError(f"service {service.name} names a group or profile that is not there")
    agents = tuple(agent for agent in inventory.agents if agent.name in group.agents)
    return PremiumCall(
        call_id=call_id,
        service=service,
        trunk=trunk,
        group=group,
        agents=agents,
        caller_ids=dict(_caller_ids(agents, inventory)),
        currency=profile.currency,
        config_version=inventory.version,
        caller=judge(event, trunk, service),
    )


def _caller_ids(agents: Iterable[Agent], inventory: Inventory) -> Iterator[tuple[str, str]]:
    """What agents in the outside network are shown of a caller who withholds his number: the own
    number of the trunk they are called through, if it has one."""
    for agent in agents:
        trunk = inventory.trunk(agent.trunk) if agent.kind is AgentKind.OUTSIDE else None
        if trunk is not None and trunk.caller_id:
            yield agent.name, trunk.caller_id


def step(call: PremiumCall, event: e.Event, now: Now) -> tuple[PremiumCall, tuple[Action, ...]]:
    """What the call becomes by one event, and the orders that follow. Pure."""
    turn = Turn(call, now)
    _note_hearing(turn, event)
    TABLE.decide(turn, event)
    if turn.call.meter is not None and turn.call.meter.running:
        turn.change(alive_ms=now.wall_ms)
    if turn.call.state is not call.state:
        turn.change(since_ms=now.wall_ms)
    if turn.call is not call:
        turn.change(owed=Owed.of(turn.actions))
    return turn.call, tuple(turn.actions)


def _note_hearing(turn: Turn, event: e.Event) -> None:
    """Keep for the record, in whatever state, what an event tells of prompts: when each began and
    ended, and that who left or hung up heard no more of them."""
    match event:
        case e.PromptStarted(playback=playback, nth=nth, at_ms=at_ms):
            turn.note_playing(
                lambda one: one.begun(nth, at_ms) if one.playback == playback else one
            )
        case e.PlaybackEnded(playback=playback, complete=complete, at_ms=at_ms):
            for one in turn.call.playing:
                if one.playback == playback:
                    turn.note_heard(one, one.ended(at_ms, complete=complete))
        case e.LegEnded(leg=leg, at_ms=at_ms):
            turn.note_playing(lambda one: one.stopped(at_ms) if one.leg == leg else one)
        case e.LegLeft(leg=leg, at_ms=at_ms) if turn.call.state is S.TALKING:
            turn.note_playing(lambda one: one.stopped(at_ms) if one.leg == leg else one)
        case e.CallAdopted():
            turn.note_playing(lambda one: replace(one, doubtful=True))


def _common() -> dict[Key, Handler]:
    """What is decided alike in many states."""
    common: dict[Key, Handler] = {}
    for state in BEFORE_TALK:
        common[state, e.LegEnded] = ending.caller_gone
        common[state, e.BalanceChanged] = arrival.note_balance
        common[state, e.EndOrdered] = ending.end_ordered_early
    for state in SET_UP:
        common[state, "set_up"] = arrival.set_up_too_long
    for state in WAITING:
        common[state, e.LegEnded] = hunting.leg_ended
        common[state, e.EndOrdered] = hunting.end_ordered
        common[state, "renew"] = spending.renew
        common[state, "cut"] = hunting.money_waited_away
        common[state, e.Reserved] = spending.reserved
        common[state, e.BalanceChanged] = hunting.balance_while_waiting
        common[state, e.MoneyUnreachable] = hunting.not_claimed
    for state in (S.CLOSING, S.HOLDING):
        common[state, e.MoneyUnreachable] = ending.unreachable_in_hold
        common[state, e.EndOrdered] = ending.end_ordered_early
        common[state, e.OrderFailed] = ending.not_parted
        common[state, "renew"] = ending.renew_in_hold
        common[state, "linger"] = ending.lingered
    for state in State:
        common[state, e.AgentsClaimed] = hunting.claimed_too_late
    return common


COMMON: Mapping[Key, Handler] = _common()

IGNORED: frozenset[type[e.Event]] = frozenset(
    {
        e.LegRinging,
        e.LegLeft,
        e.LegEnded,
        e.LegFailed,
        e.LegJoined,
        e.LegAnswered,
        e.PromptStarted,
        e.PlaybackEnded,
        e.DigitPressed,
        e.TimerFired,
        e.BalanceChanged,
        e.Reserved,
        e.OrderFailed,
        e.CallArrived,
        e.AccountFound,
        e.PinChecked,
        e.FirstCallSettled,
        e.CallSettled,
        e.MoneyUnreachable,
        e.EndOrdered,
        e.WarnOrdered,
    }
)
"""Events that may come late to any state and then mean nothing (a leg that was let go ends, …)."""

TABLE = Table(
    transitions=TRANSITIONS,
    common=COMMON,
    entries=ENTRIES,
    adopted=adoption.adopted,
    ignored=IGNORED,
)
is_expected = TABLE.is_expected
