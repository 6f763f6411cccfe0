"""A verification call as it lives: its record, its states, and a step in the making.

`VerificationCall` is frozen and made of plain values, so that any engine can read it back from the
store and go on. `Turn` collects what one step changes and orders.
"""

from dataclasses import dataclass
from enum import StrEnum

from engine.core import turn
from engine.core.actions import Play, StopPlayback, TellVerification
from engine.core.prompt import Prompt
from engine.core.verification import CallNews, CallStep, Failure, Mode

KIND = "verification"


class State(StrEnum):
    """Where a call stands; `machine.TRANSITIONS` says what may happen in each."""

    BEGUN = "begun"
    DIALING = "dialing"
    RINGING = "ringing"
    ASKING = "asking"
    DRAWING = "drawing"
    SPEAKING = "speaking"
    ENTERING = "entering"
    CHECKING = "checking"
    CLOSING = "closing"
    LEAVING = "leaving"
    REPORTING = "reporting"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationCall(turn.UnmeteredCall):
    """One call of a verification. Times are milliseconds of Asterisk's wall clock.

    `call_n` is its number within the verification. `show_number` is the trunk's own. `code` and
    `digits` are never written down. `playback` is the one the state waits for, `closing` what is
    said last. `asked` counts how often a key was asked for; `wrong` says that a wrong code was
    keyed in, `gone` that the leg is no more.
    """

    kind: str = KIND
    state: State = State.BEGUN
    verification_id: str
    call_n: int
    organisation: str
    merchant: str
    title: str
    e164: str
    mode: Mode
    lang: str
    trunk: str
    show_number: str
    ring_timeout_s: int
    code_digits: int
    begun_ms: int
    leg: str = ""
    playback: str = ""
    closing: str = ""
    asked: int = 0
    code: str = ""
    digits: str = ""
    wrong: bool = False
    answered_ms: int | None = None
    failure: Failure | None = None
    gone: bool = False


class Turn(turn.Turn[VerificationCall, State]):
    """One step of a verification call in the making."""

    def tell(self, step: CallStep, failure: Failure | None = None) -> None:
        """Let the verification know."""
        news = CallNews(
            verification_id=self.call.verification_id,
            call_n=self.call.call_n,
            step=step,
            at_ms=self.now.wall_ms,
            failure=failure,
        )
        self.order(TellVerification(news=news))

    def say(self, *prompts: Prompt) -> None:
        """Play to the person called; a playback that still runs is stopped."""
        self.hush()
        self.change(playback=self.new_id("p"))
        call = self.call
        play = Play(leg=call.leg, playback=call.playback, prompts=prompts, lang=call.lang)
        self.order(play)

    def hush(self) -> None:
        """Stop what is playing."""
        if self.call.playback:
            self.order(StopPlayback(playback=self.call.playback))
            self.change(playback="")
