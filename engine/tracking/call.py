"""A tracking call as it lives; of its caller nothing is kept but what names nobody."""

from dataclasses import dataclass

from engine.core.diversion.record import Outcome
from engine.core.diversion.route import Tracking
from engine.core.tracked import Outcome as TrackedOutcome
from engine.core.tracked import TrackedCall
from engine.diversion import call as diverted

State = diverted.State
KIND = "tracking"
TIMEZONE = "Europe/Berlin"

_OUTCOMES = {
    Outcome.ANSWERED: TrackedOutcome.ANSWERED,
    Outcome.ABANDONED: TrackedOutcome.ABANDONED,
    Outcome.BUSY: TrackedOutcome.BUSY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingCall(diverted.DivertedCall):
    """One call to a number of a sales channel, the `source`.

    `places` are those of `targets` among the targets of `terms`; `playback` is the whisper.
    """

    kind: str = KIND
    source: str = ""
    terms: Tracking | None = None
    places: tuple[int, ...] = ()
    playback: str = ""

    @property
    def place(self) -> int | None:
        """The place of the target that was called last, None if none was."""
        return self.places[min(self.nth, len(self.places) - 1)] if self.leg else None

    @property
    def record(self) -> TrackedCall:
        """What is told of it once it is over."""
        ended_ms = max(self.arrived_ms, self.ended_ms or self.arrived_ms)
        answered_ms = self.joined_ms
        if answered_ms is not None:
            answered_ms = min(max(answered_ms, self.arrived_ms), ended_ms)
        return TrackedCall(
            call_id=self.call_id,
            organisation=self.organisation,
            number=self.number,
            source=self.source,
            arrived_ms=self.arrived_ms,
            answered_ms=answered_ms,
            ended_ms=ended_ms,
            outcome=_OUTCOMES.get(self.outcome or Outcome.FAILED, TrackedOutcome.FAILED),
            target=self.place,
            timezone=self.terms.timezone if self.terms else TIMEZONE,
        )


Turn = diverted.Turn[TrackingCall]
