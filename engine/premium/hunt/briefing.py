"""The agent who answered hears whose call it is, and takes it.

An outside number must press a key, so that no voicemail takes a call (its answer is an answer to
SIP). Meanwhile money is held ahead of the conversation.
"""

from engine.core.actions import CancelTimer, SetTimer, StopMusic
from engine.core.cdr import Disposition
from engine.core.events import DigitPressed, PlaybackEnded, Reserved, TimerFired
from engine.core.inventory import AgentKind
from engine.core.prompt import Prompt
from engine.premium import spending
from engine.premium.call import State, Turn
from engine.premium.hunt import hunting
from engine.premium.telling import play_to_agent, prospect_s

ACCEPT_WAIT_MS = 10_000
BRIEFING_MOST_MS = 30_000
ACCEPT_KEY = "1"


def enter_briefing(turn: Turn) -> None:
    """The whisper before the bridge; an outside number is asked for a key. Meanwhile a first slice
    is held, so that a conversation does not begin on an increment of a second."""
    call = turn.call
    turn.change(accepted=False, looks=0, looked=False)
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
        turn.go(State.CLOSING, disposition=hunting.unserved(turn, Disposition.FAULT))
    elif _must_accept(turn):
        hunting.let_agent_go(turn)
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
    hunting.waiting_told(turn, event)
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
    hunting.let_agent_go(turn)
