"""Probes in the shell's hands; they are begun by `engine.flows.probing`."""

from typing import ClassVar

from engine.core.account import AccountView
from engine.core.actions import Action
from engine.core.call import Now
from engine.core.events import Event
from engine.flows.errands import CallTerms
from engine.flows.machines.machine import Machine
from engine.flows.machines.seen import LiveCall
from engine.probing import machine
from engine.probing.call import KIND, ProbeCall, State


class ProbingMachine(Machine[ProbeCall]):
    """`engine.probing.machine`. Its calls are the house's, and so no organisation sees them."""

    kind: ClassVar[str] = KIND
    record = ProbeCall

    def step(self, call: ProbeCall, event: Event, now: Now) -> tuple[ProbeCall, tuple[Action, ...]]:
        return machine.step(call, event, now)

    def is_expected(self, call: ProbeCall, event: Event) -> bool:
        return machine.is_expected(call.state, event)

    def terms(self, call: ProbeCall) -> CallTerms:
        return CallTerms(
            call_id=call.call_id,
            organisation="",
            profile="",
            currency="",
            region="",
            did=call.show_number,
            agents=(),
        )

    def service(self, call: ProbeCall) -> str:
        return KIND

    def legs(self, call: ProbeCall) -> tuple[str, ...]:
        return (call.leg,) if call.leg else ()

    def role(self, call: ProbeCall, leg: str) -> str:
        return "called"

    def is_settling(self, call: ProbeCall) -> bool:
        return call.state in (State.REPORTING, State.FINISHED)

    def seen(self, call: ProbeCall, engine: str, view: AccountView | None, at_ms: int) -> LiveCall:
        return LiveCall(
            at_ms=at_ms,
            call_id=call.call_id,
            organisation="",
            engine=engine,
            kind=KIND,
            caller=None,
            withheld=False,
            state=call.state,
            since_ms=call.placed_ms or call.begun_ms,
            arrived_ms=call.begun_ms,
        )
