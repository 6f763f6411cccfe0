"""Asking for a key, which only a person presses."""

from engine.core.actions import CancelTimer, SetTimer
from engine.core.events import DigitPressed, PlaybackEnded, TimerFired
from engine.core.prompt import Prompt
from engine.core.verification import CallStep, Failure, Mode
from engine.verification.call import State, Turn

KEY = "1"
KEY_WAIT_MS = 4_000
ASKED_MOST = 2
UNHEARD_MS = 500


def enter_asking(turn: Turn) -> None:
    """Say who calls and what for, and ask for the key; the second time for the key alone."""
    call = turn.call
    name = "verify_confirm" if call.mode is Mode.PRESS else "verify_press"
    greeting = (Prompt.of("verify_greeting", service=call.title),) if not call.asked else ()
    turn.change(asked=call.asked + 1)
    turn.say(*greeting, Prompt.of(name))


def asked(turn: Turn, event: PlaybackEnded) -> None:
    """Heard to its end: wait for the key."""
    if ended_unheard(turn, event):
        return
    turn.order(SetTimer(name="key", at_ms=turn.now.wall_ms + KEY_WAIT_MS))


def ended_unheard(turn: Turn, event: PlaybackEnded) -> bool:
    """Whether a playback is not the one that is waited for, or was not heard to its end.

    Not heard is what the leg's end cuts short, which is told in a moment; else audio is missing.
    """
    if event.playback != turn.call.playback:
        return True
    turn.change(playback="")
    if not event.complete:
        turn.order(SetTimer(name="unheard", at_ms=turn.now.wall_ms + UNHEARD_MS))
    return not event.complete


def key_pressed(turn: Turn, event: DigitPressed) -> None:
    """A person is there: go on as the mode wants it."""
    call = turn.call
    if event.leg != call.leg or event.digit != KEY:
        return
    turn.hush()
    turn.order(CancelTimer(name="key"))
    turn.tell(CallStep.KEY_PRESSED)
    if call.mode is Mode.SPEAK:
        turn.go(State.DRAWING)
    elif call.mode is Mode.KEYPAD:
        turn.go(State.ENTERING)
    else:
        turn.go(State.CHECKING)


def no_key(turn: Turn, event: TimerFired) -> None:
    """Nobody presses a key: ask once more, then take it for a mailbox."""
    if turn.call.asked < ASKED_MOST:
        turn.go(State.ASKING)
    else:
        turn.go(State.LEAVING, failure=Failure.MACHINE)
