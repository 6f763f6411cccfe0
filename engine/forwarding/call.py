"""A forwarded call as it lives."""

from dataclasses import dataclass

from engine.core.diversion.caps import Cap, Cost
from engine.core.diversion.record import ForwardedCall
from engine.core.diversion.route import CallerClass, Forwarding
from engine.core.number import mask
from engine.diversion import call as diverted

State = diverted.State
KIND = "forwarding"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardingCall(diverted.DivertedCall):
    """One call to a US toll-free number; `terms` are those of the route in its `route_version`.

    `nearest` is the cap that leaves it no more than it holds, `cap` the one that was reached.
    """

    kind: str = KIND
    caller_class: CallerClass
    terms: Forwarding | None = None
    route_version: int = 0
    nearest: Cap | None = None
    cap: Cap | None = None

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
            cap=self.cap,
            currency=self._cost.currency if self._cost is not None else "",
            minute_micros=self._minute_micros,
        )

    @property
    def _cost(self) -> Cost | None:
        return self.terms.caps.cost if self.terms is not None else None

    @property
    def _minute_micros(self) -> int:
        """The price of the target that took the call; of the dearest until one did."""
        if self._cost is None:
            return 0
        prices = self._cost.minute_micros
        return max(prices) if self.joined_ms is None else prices[self.nth]


Turn = diverted.Turn[ForwardingCall]
