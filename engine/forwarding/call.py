"""A forwarded call as it lives."""

from dataclasses import dataclass

from engine.core.diversion.record import ForwardedCall
from engine.core.diversion.route import CallerClass, Forwarding
from engine.core.number import mask
from engine.diversion import call as diverted

State = diverted.State
KIND = "forwarding"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingCall(diverted.DivertedCall):
    """One call to a US toll-free number; `terms` are those of the route in its `route_version`."""

    kind: str = KIND
    caller_class: CallerClass
    terms: Forwarding | None = None
    route_version: int = 0

    @property
    def record(self) -> ForwardedCall:
        """What is kept of it; the caller's number cut by three digits, or not at all."""
        return ForwardedCall(
            call_id=self.call_id,
            organisation=self.organisation,
            number=self.number,
            route_version=self.route_version,
            caller=mask(self.caller) if self.caller else None,
            caller_class=self.caller_class,
            target=self.target,
            outcome=self.outcome,
            arrived_ms=self.arrived_ms,
            joined_ms=self.joined_ms,
            ended_ms=self.ended_ms,
        )


Turn = diverted.Turn[ForwardingCall]
