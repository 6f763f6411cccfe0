"""The code: spoken twice in groups, or keyed in and compared."""

from collections.abc import Iterator

from engine.core.actions import CancelTimer, CheckCode, DrawCode, SetTimer
from engine.core.events import CodeChecked, CodeDrawn, DigitPressed, PlaybackEnded, TimerFired
from engine.core.prompt import Prompt
from engine.core.verification import CallStep, Failure, Mode
from engine.verification.asking import ended_unheard
from engine.verification.call import State, Turn

GROUP_DIGITS = 3
GROUP_PAUSES = 3
PAUSE = Prompt.of("code_pause")
KEYPAD_WAIT_MS = 10_000
CLEARS = "*#"


def enter_drawing(turn: Turn) -> None:
    turn.order(DrawCode(verification_id=turn.call.verification_id))


def code_drawn(turn: Turn, event: CodeDrawn) -> None:
    turn.go(State.SPEAKING, code=event.code)


def enter_speaking(turn: Turn) -> None:
    """Speak the code; who took the call over gets it anew first, for it is never written down."""
    code = turn.call.code
    if not code:
        turn.go(State.DRAWING)
        return
    turn.change(code="")
    again = Prompt.of("code_again")
    turn.say(Prompt.of("code_is"), *spoken(code), again, *spoken(code), Prompt.of("verify_goodbye"))


def spoken(code: str) -> Iterator[Prompt]:
    """The digits one by one with a pause after each, and a longer one after each group."""
    for place, digit in enumerate(code, 1):
        yield Prompt.of("code_digit", digit=int(digit))
        ends_group = place % GROUP_DIGITS == 0 or place == len(code)
        yield from (PAUSE,) * (GROUP_PAUSES if ends_group else 1)


def code_spoken(turn: Turn, event: PlaybackEnded) -> None:
    if not ended_unheard(turn, event):
        turn.tell(CallStep.CODE_SPOKEN)
        turn.go(State.LEAVING)


# --- by keypad -----------------------------------------------------------------------------


def enter_entering(turn: Turn) -> None:
    wrong = (Prompt.of("code_wrong"),) if turn.call.wrong else ()
    turn.change(digits="")
    turn.say(*wrong, Prompt.of("enter_code"))


def code_asked_for(turn: Turn, event: PlaybackEnded) -> None:
    if not ended_unheard(turn, event):
        _wait_for_digits(turn)


def _wait_for_digits(turn: Turn) -> None:
    turn.order(SetTimer(name="keypad", at_ms=turn.now.wall_ms + KEYPAD_WAIT_MS))


def digit_pressed(turn: Turn, event: DigitPressed) -> None:
    """Collect the code; `*` and `#` begin anew, its last digit has it checked."""
    call = turn.call
    if event.leg != call.leg:
        return
    turn.hush()
    _wait_for_digits(turn)
    digits = "" if event.digit in CLEARS else call.digits + event.digit
    turn.change(digits=digits)
    if len(digits) == call.code_digits:
        turn.order(CancelTimer(name="keypad"))
        turn.go(State.CHECKING)


def enter_checking(turn: Turn) -> None:
    """Have the code compared; without one (one key was all, or the call was taken over) the
    verification is told again, or the person asked again."""
    call = turn.call
    if call.digits:
        turn.order(CheckCode(verification_id=call.verification_id, code=call.digits))
    elif call.mode is Mode.KEYPAD:
        turn.go(State.ENTERING)
    elif call.mode is Mode.PRESS:
        turn.tell(CallStep.KEY_PRESSED)


def code_checked(turn: Turn, event: CodeChecked) -> None:
    """Fits: say so. Else let him try again, as often as he may."""
    if event.fits:
        turn.go(State.CLOSING, closing="number_verified", digits="")
    elif event.tries_left > 0:
        turn.go(State.ENTERING, wrong=True)
    else:
        turn.go(State.CLOSING, closing="code_wrong", digits="", failure=Failure.REJECTED)


def keypad_silent(turn: Turn, event: TimerFired) -> None:
    turn.go(State.LEAVING, failure=Failure.REJECTED)
