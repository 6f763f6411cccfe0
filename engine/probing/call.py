"""A probe as it lives: its record and its states."""

from dataclasses import dataclass
from enum import StrEnum

from engine.core import turn
from engine.core.probe import Result

KIND = "probe"


class State(StrEnum):
    """Where a probe stands; `machine.TRANSITIONS` says what may happen in each."""

    BEGUN = "begun"
    DIALING = "dialing"
    REPORTING = "reporting"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeCall(turn.UnmeteredCall):
    """One call of ours to a number of ours. Times are milliseconds of Asterisk's wall clock.

    `organisation` has the number; `result` is what the leg has shown once it is over.
    """

    kind: str = KIND
    state: State = State.BEGUN
    e164: str
    organisation: str
    trunk: str
    show_number: str
    arrive_within_s: int
    begun_ms: int
    leg: str = ""
    placed_ms: int = 0
    result: Result | None = None


Turn = turn.Turn[ProbeCall, State]
