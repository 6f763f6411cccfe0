"""How an engine stands, read when somebody asks."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from engine.core.rating import charge
from engine.flows.calls import CallTask
from engine.flows.engine import Engine
from engine.flows.errands import House
from engine.flows.versions.view import View
from engine.ports.metrics import Held, Readings


def readings(engine: Engine, house: House, view: View) -> Readings:
    """The engine as it stands at this moment; asks nobody."""
    counts = engine.calls.counts
    tasks = engine.calls.live
    waiting = house.relay.waiting
    return Readings(
        calls=Counter((task.machine.service(task.call), str(task.call.state)) for task in tasks),
        held=_held(tasks),
        outbox_depth=waiting.depth,
        outbox_age_ms=waiting.age_ms,
        lease_left_ms=engine.lease_left_ms,
        switch_up=engine.switch_up,
        config_version=view.inventory().version,
        config_in_force=view.in_force,
        config_refused=view.refused,
        adopted=counts.adopted,
        lost=counts.lost,
        unexpected=counts.unexpected,
        faults=counts.faults,
        overfull=counts.overfull,
    )


def _held(tasks: Iterable[CallTask]) -> Mapping[str, Held]:
    """The calls' holds by currency: a call of n granted increments holds R(n)."""
    holds: dict[str, list[int]] = defaultdict(list)
    for task in tasks:
        meter = task.machine.meter(task.call)
        if task.call.account_id is not None and meter is not None and meter.granted_n:
            currency = task.machine.terms(task.call).currency
            holds[currency].append(charge(meter.rate, meter.granted_n))
    return {
        currency: Held(holds=len(micros), micros=sum(micros)) for currency, micros in holds.items()
    }
