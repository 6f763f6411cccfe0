"""Tracking calls in the shell's hands; nobody who looks on is shown their callers. One whose call
is taken over is counted as neither new nor known."""

from typing import ClassVar

from engine.core.actions import Action
from engine.core.call import Now
from engine.core.events import CallArrived, Event
from engine.core.inventory import Inventory
from engine.core.numbers.number import Purpose
from engine.flows.machines.diverted import DivertedMachine, marked, trunk_for
from engine.tracking import machine
from engine.tracking.call import KIND, TrackingCall


class TrackingMachine(DivertedMachine[TrackingCall]):
    """`engine.tracking.machine`."""

    kind: ClassVar[str] = KIND
    record = TrackingCall

    def begin(self, event: CallArrived, call_id: str, inventory: Inventory) -> TrackingCall | None:
        trunk = trunk_for(event, inventory, Purpose.TRACKING)
        if trunk is None:
            return None
        return marked(machine.begin(event, trunk), inventory)

    def step(
        self, call: TrackingCall, event: Event, now: Now
    ) -> tuple[TrackingCall, tuple[Action, ...]]:
        return machine.step(call, event, now)

    def is_expected(self, call: TrackingCall, event: Event) -> bool:
        return machine.is_expected(call.state, event)
