"""A diverted call as it lives: what forwarding and tracking calls have in common.

Frozen and made of plain values, so that any engine can read it back from the store and go on. Each
service adds what it alone needs, in a record of its own.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from engine.core import turn
from engine.core.actions import CancelTimer
from engine.core.diversion.record import Outcome
from engine.core.events import LegFailure


class State(StrEnum):
    """Where a diverted call stands; each service's `TRANSITIONS` say what may happen in each."""

    ARRIVED = "arrived"
    FINDING = "finding"
    ADMITTING = "admitting"
    CALLING = "calling"
    BRIEFING = "briefing"
    JOINING = "joining"
    TALKING = "talking"
    RINGING_ON = "ringing_on"
    KEEPING = "keeping"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class DivertedCall(turn.UnmeteredCall):
    """One call to a number of ours that is sent on. Times are Asterisk's wall clock (ms).

    `call_id` is the caller's leg, too; `leg` is the target's. `caller` is the number that his
    network vouches for, None if it is `withheld`, `show_number` what targets are shown. `targets`
    are called one after the other: `nth` is whose turn it is, since `rung_ms`, perhaps for the
    second time (`again`); `failures` say why the ones before did not come. With `rings_on` a caller
    whom nobody takes hears ringing on. `alive_ms` is the last proof that the conversation went on;
    `looks` counts how often Asterisk was asked whether there is one. `from_house`: the caller's
    number is the house's own.
    """

    kind: str
    state: State = State.ARRIVED
    organisation: str = ""
    number: str
    trunk: str
    caller: str | None
    withheld: bool
    from_house: bool = False
    show_number: str
    arrived_ms: int
    since_ms: int = 0
    finds: int = 0
    targets: tuple[str, ...] = ()
    ring_timeout_s: int = 0
    rings_on: bool = True
    talk_most_ms: int = 0
    nth: int = 0
    rung_ms: int = 0
    again: bool = False
    failures: tuple[LegFailure, ...] = ()
    leg: str = ""
    bridge: str = ""
    in_bridge: tuple[str, ...] = ()
    entered_ms: int = 0
    looks: int = 0
    caller_gone: bool = False
    joined_ms: int | None = None
    alive_ms: int = 0
    ended_ms: int | None = None
    outcome: Outcome | None = None

    @property
    def target(self) -> str | None:
        """The number that is, or was last, called."""
        if not self.leg:
            return None
        return self.targets[min(self.nth, len(self.targets) - 1)]


Call = TypeVar("Call", bound=DivertedCall)


class Turn(turn.Turn[Call, State], Generic[Call]):
    """One step of a diverted call in the making."""

    def forget_timers(self, *names: str) -> None:
        """Timers that wait for what has come, or is wanted no more."""
        self.order(*(CancelTimer(name=name) for name in names))


AnyTurn = Turn[Any]
"""A step of whichever service's call."""
