"""What sample calls cost by a tariff, before and after a change. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from engine.core.inventory import Inventory, Service
from engine.core.rating import charge, elapsed_ms, increments_begun, max_increments
from engine.core.tariff import Line, Tariff, rate_for

TALK_S = (10, 60, 90, 300, 900, 3600)
"""How long the sample calls are talked, in seconds."""

WAIT_S = 20
"""How long their callers wait for an agent, in seconds."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One call that is not made. Charges in micro-units; None where there is no such tariff."""

    talk_s: int
    line: Line
    first_call: bool
    before_micros: int | None
    after_micros: int | None

    @property
    def differs(self) -> bool:
        """Whether the change is felt."""
        return self.before_micros != self.after_micros


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A service whose tariff differs, with its samples by talk time."""

    service: Service
    samples: Sequence[Sample]


def samples(before: Tariff | None, after: Tariff | None) -> tuple[Sample, ...]:
    """Calls of several lengths from each kind of line, and first calls where there is an offer."""
    offers = any(tariff is not None and tariff.first_call for tariff in (before, after))
    firsts = (False, True) if offers else (False,)
    return tuple(
        Sample(
            talk_s=talk_s,
            line=line,
            first_call=first,
            before_micros=_charge(before, line, first, talk_s),
            after_micros=_charge(after, line, first, talk_s),
        )
        for talk_s, first, line in product(TALK_S, firsts, Line)
    )


def price_changes(before: Inventory, after: Inventory) -> tuple[PriceChange, ...]:
    """Every service whose tariff a change of the configuration touches, also a new one."""
    old = {service.name: service.tariff for service in before.services}
    return tuple(
        PriceChange(service, samples(old.get(service.name), service.tariff))
        for service in after.services
        if old.get(service.name) != service.tariff
    )


def _charge(tariff: Tariff | None, line: Line, first: bool, talk_s: int) -> int | None:
    if tariff is None:
        return None
    rate = rate_for(tariff, line, first)
    elapsed = elapsed_ms(tariff.billing_start, WAIT_S * 1000, talk_s * 1000)
    return charge(rate, min(increments_begun(rate, elapsed), _most(tariff)))


def _most(tariff: Tariff) -> int:
    """The increments after which the longest call ends."""
    return max_increments(rate_for(tariff, Line.LANDLINE, first_call=False))
