"""How an engine stands, read when somebody asks."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from engine.core.rating import charge
from engine.flows.engine import Engine
from engine.flows.errands import House
from engine.ports.metrics import Held, Readings
from engine.premium.call import PremiumCall


def readings(engine: Engine, house: House) -> Readings:
    """The engine as it stands at this moment; asks nobody."""
    counts = engine.calls.counts
    calls = [task.call for task in engine.calls.live]
    waiting = house.relay.waiting
    return Readings(
        calls=Counter((call.service.name, call.state.value) for call in calls),
        held=_held(calls),
        outbox_depth=waiting.depth,
        outbox_age_ms=waiting.age_ms,
        lease_left_ms=engine.lease_left_ms,
        switch_up=engine.switch_up,
        config_version=house.inventory().version,
        adopted=counts.adopted,
        lost=counts.lost,
        unexpected=counts.unexpected,
        faults=counts.faults,
        overfull=counts.overfull,
    )


def _held(calls: Iterable[PremiumCall]) -> Mapping[str, Held]:
    """The calls' holds by currency: a call of n granted increments holds R(n)."""
    holds: dict[str, list[int]] = defaultdict(list)
    for call in calls:
        if call.account_id is not None and call.meter is not None and call.meter.granted_n:
            holds[call.currency].append(charge(call.meter.rate, call.meter.granted_n))
    return {
        currency: Held(holds=len(micros), micros=sum(micros)) for currency, micros in holds.items()
    }
