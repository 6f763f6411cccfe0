"""Verification calls in the shell's hands; they are begun by `engine.flows.verification`."""

from dataclasses import replace
from typing import ClassVar

from engine.core.account import AccountView
from engine.core.actions import Action
from engine.core.call import Now
from engine.core.events import Event
from engine.core.number import mask
from engine.flows.errands import CallTerms
from engine.flows.machines.machine import Machine
from engine.flows.machines.seen import LiveCall
from engine.flows.measures.verified import VerificationMeasures
from engine.ports.metrics import Metrics
from engine.verification import machine
from engine.verification.call import KIND, VerificationCall


class VerificationMachine(Machine[VerificationCall]):
    """`engine.verification.machine`."""

    kind: ClassVar[str] = KIND
    record = VerificationCall

    def step(
        self, call: VerificationCall, event: Event, now: Now
    ) -> tuple[VerificationCall, tuple[Action, ...]]:
        return machine.step(call, event, now)

    def is_expected(self, call: VerificationCall, event: Event) -> bool:
        return machine.is_expected(call.state, event)

    def terms(self, call: VerificationCall) -> CallTerms:
        return CallTerms(
            call_id=call.call_id,
            organisation=call.organisation,
            profile="",
            currency="",
            region="",
            did=call.show_number,
            agents=(),
        )

    def service(self, call: VerificationCall) -> str:
        return KIND

    def measures(self, metrics: Metrics, call: VerificationCall) -> VerificationMeasures:
        return VerificationMeasures(metrics)

    def legs(self, call: VerificationCall) -> tuple[str, ...]:
        return (call.leg,) if call.leg else ()

    def role(self, call: VerificationCall, leg: str) -> str:
        return "called"

    def encode(self, call: VerificationCall) -> bytes:
        """See `Machine`. Whoever adopts the call asks anew: no code is ever written to a disk."""
        return super().encode(replace(call, code="", digits=""))

    def seen(
        self, call: VerificationCall, engine: str, view: AccountView | None, at_ms: int
    ) -> LiveCall:
        return LiveCall(
            at_ms=at_ms,
            call_id=call.call_id,
            organisation=call.organisation,
            engine=engine,
            service=call.title,
            kind=self.kind,
            caller=mask(call.e164),
            withheld=False,
            state=call.state,
            since_ms=call.answered_ms or call.begun_ms,
            arrived_ms=call.begun_ms,
        )
