"""Forwarded calls in the shell's hands."""

from typing import ClassVar

from engine.core.actions import Action
from engine.core.call import Now
from engine.core.events import CallArrived, Event
from engine.core.inventory import Inventory
from engine.core.numbers.number import Purpose
from engine.flows.machines.diverted import DivertedMachine, marked, trunk_for
from engine.forwarding import machine
from engine.forwarding.call import KIND, ForwardingCall


class ForwardingMachine(DivertedMachine[ForwardingCall]):
    """`engine.forwarding.machine`."""

    kind: ClassVar[str] = KIND
    record = ForwardingCall

    def begin(
        self, event: CallArrived, call_id: str, inventory: Inventory
    ) -> ForwardingCall | None:
        trunk = trunk_for(event, inventory, Purpose.FORWARDING)
        return marked(machine.begin(event, trunk), inventory) if trunk is not None else None

    def step(
        self, call: ForwardingCall, event: Event, now: Now
    ) -> tuple[ForwardingCall, tuple[Action, ...]]:
        return machine.step(call, event, now)

    def is_expected(self, call: ForwardingCall, event: Event) -> bool:
        return machine.is_expected(call.state, event)

    def caller(self, call: ForwardingCall) -> str | None:
        return call.record.caller
