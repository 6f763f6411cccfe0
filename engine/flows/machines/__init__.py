"""The services' machines as the shell knows them: one of each, chosen by a call's kind.

A call's record says its kind (`kind`, premium where it says none). Arriving calls are offered to
the machines in the order of `MACHINES`; a new service is one more of them.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from engine.core.call import LiveCall
from engine.core.events import CallArrived
from engine.core.inventory import Inventory
from engine.flows.machines.forwarding import ForwardingMachine
from engine.flows.machines.machine import Machine
from engine.flows.machines.premium import PremiumMachine
from engine.flows.machines.probing import ProbingMachine
from engine.flows.machines.tracking import TrackingMachine
from engine.flows.machines.verification import VerificationMachine
from engine.ports.store import Snapshot

__all__ = ["MACHINES", "Machine", "begun", "call_of", "is_known", "read"]

MACHINES: tuple[Machine[Any], ...] = (
    PremiumMachine(),
    VerificationMachine(),
    ForwardingMachine(),
    TrackingMachine(),
    ProbingMachine(),
)
_BY_KIND = {machine.kind: machine for machine in MACHINES}


class _Kind(msgspec.Struct):
    """What of a record says which machine's it is."""

    kind: str = PremiumMachine.kind


def is_known(snapshot: Snapshot) -> bool:
    """Whether this engine knows the call's kind; one of a later version may have begun it."""
    return _kind(snapshot) in _BY_KIND


def read(snapshot: Snapshot) -> tuple[Machine[Any], LiveCall]:
    """The machine of a call of a known kind, and the call as it was written down."""
    machine = _BY_KIND[_kind(snapshot)]
    return machine, machine.decode(snapshot.body)


def _kind(snapshot: Snapshot) -> str:
    return msgspec.json.decode(snapshot.body, type=_Kind).kind


def call_of(snapshot: Snapshot) -> Any:
    """The call as it was written down, of whichever service."""
    return read(snapshot)[1]


def begun(
    event: CallArrived, call_id: str, inventory: Inventory
) -> tuple[Machine[Any], LiveCall] | None:
    """The call that begins with this arrival, None if no service has its number.

    Raises `ValueError` if the service that has it lacks what it needs.
    """
    return next(_beginnings(event, call_id, inventory), None)


def _beginnings(
    event: CallArrived, call_id: str, inventory: Inventory
) -> Iterator[tuple[Machine[Any], LiveCall]]:
    for machine in MACHINES:
        call = machine.begin(event, call_id, inventory)
        if call is not None:
            yield machine, call
