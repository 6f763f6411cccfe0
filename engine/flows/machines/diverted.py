"""What forwarded and tracked calls have in common in the shell's hands."""

from dataclasses import replace
from typing import ClassVar, TypeVar

from engine.core.account import AccountView
from engine.core.calling import called
from engine.core.events import CallArrived
from engine.core.inventory import Inventory, Trunk
from engine.core.number import classify
from engine.core.numbers.number import Purpose, purpose_of
from engine.diversion.call import DivertedCall, State
from engine.flows.errands import CallTerms
from engine.flows.machines.machine import Machine
from engine.flows.machines.seen import LiveCall
from engine.flows.measures.diverted import DivertedMeasures
from engine.ports.metrics import Metrics

Call = TypeVar("Call", bound=DivertedCall)


class DivertedMachine(Machine[Call]):
    """A service that sends calls on; they cost their callers nothing here."""

    asks_first: ClassVar[bool] = True

    def terms(self, call: Call) -> CallTerms:
        return CallTerms(
            call_id=call.call_id,
            organisation=call.organisation,
            profile="",
            currency="",
            region="",
            did=call.number,
            agents=(),
        )

    def service(self, call: Call) -> str:
        return self.kind

    def measures(self, metrics: Metrics, call: Call) -> DivertedMeasures:
        return DivertedMeasures(metrics, self.service(call))

    def legs(self, call: Call) -> tuple[str, ...]:
        return (call.call_id, call.leg) if call.leg else (call.call_id,)

    def role(self, call: Call, leg: str) -> str:
        return "caller" if leg == call.call_id else "target"

    def is_settling(self, call: Call) -> bool:
        return call.state in (State.KEEPING, State.FINISHED)

    def caller(self, call: Call) -> str | None:
        """What is shown, and written down, of the caller while the call lives."""
        return None

    def encode(self, call: Call) -> bytes:
        """See `Machine`. No caller's whole number is ever written to the store, whose files keep
        what its keys have long forgotten: once a call is taken over, a target that is called then
        is shown the number called, as of whoever withholds his own."""
        shown = replace(call, caller=self.caller(call), show_number=call.number)
        return super().encode(shown)

    def seen(self, call: Call, engine: str, view: AccountView | None, at_ms: int) -> LiveCall:
        return LiveCall(
            at_ms=at_ms,
            call_id=call.call_id,
            organisation=call.organisation,
            engine=engine,
            kind=self.kind,
            caller=self.caller(call),
            withheld=call.withheld,
            state=call.state,
            since_ms=call.since_ms or call.arrived_ms,
            arrived_ms=call.arrived_ms,
        )


def trunk_for(event: CallArrived, inventory: Inventory, purpose: Purpose) -> Trunk | None:
    """The trunk of a call to a number that can be given for this purpose, else None; whether the
    number is anybody's the books say."""
    trunk = inventory.trunk(event.trunk)
    if trunk is None:
        return None
    return trunk if purpose_of(classify(called(event, trunk), None)) is purpose else None


def marked(call: Call, inventory: Inventory) -> Call:
    """The call, which may be a probe if it shows the house's own number."""
    plan = inventory.probe_plan
    return replace(call, from_house=plan is not None and call.caller == plan.show_number)
