"""Probes of our numbers: what is awaited, in the store, and what is known, in the books.

Errors as in `ports.store` and `ports.ledger`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from engine.core.probe import Health, Others, Outage, Probe


class Awaited(Protocol):
    """Probes that are on their way, known to all engines, each for a time."""

    async def expect_probe(self, e164: str, within_ms: int) -> None:
        """Await a probe of a number from now on; what arrived before is forgotten."""
        ...

    async def note_arrival(self, e164: str, at_ms: int) -> bool:
        """A call that may be a probe has arrived: whether one is awaited. The first counts."""
        ...

    async def arrival(self, e164: str) -> int | None:
        """When the probe that is awaited arrived (ms), None if it has not."""
        ...


class Probes(Protocol):
    """How numbers stand, each change by its version: `ConflictError` if somebody was faster.

    Meant are numbers that take calls, are tracked, and whose holder has a route for them; one that
    was probed for a holder of before counts as never probed.
    """

    async def strangers(self, most: int, e164: str | None = None) -> Sequence[tuple[str, str]]:
        """Numbers (or this one) that were never probed, with their organisations."""
        ...

    async def enrol(self, fresh: Sequence[Health]) -> None:
        """Note numbers that are to be probed, in place of what was known of them."""
        ...

    async def due(self, at_ms: int, most: int) -> Sequence[Health]:
        """Numbers that are due at an instant, those that were asked for first."""
        ...

    async def health(self, e164: str) -> Health | None:
        """How a number stands, also one that is not probed any more."""
        ...

    async def healths(self, numbers: Collection[str]) -> Mapping[str, Health]:
        """As `health`, of several."""
        ...

    async def others(self, e164: str) -> Others:
        """How all numbers but one stand."""
        ...

    async def wake_witness(self, e164: str, at_ms: int) -> None:
        """Let a number other than this be due at once, the one that waits longest; none if one is
        on its way already."""
        ...

    async def put(self, health: Health, probe: Probe | None = None) -> None:
        """Write down how a number stands, one version above what was read, and the probe that has
        shown it; its older ones are let go."""
        ...

    async def history(self, e164: str, organisation: str, most: int) -> Sequence[Probe]:
        """A number's probes for an organisation, newest first."""
        ...

    async def dead(self, organisation: str | None, after: str, most: int) -> Sequence[str]:
        """Numbers (of an organisation) that are dead, in order, those that follow `after`."""
        ...

    async def outage(self, trunk: str) -> Outage | None:
        """The trunk's outage, if it is out."""
        ...

    async def begin_outage(self, outage: Outage) -> bool:
        """Note that a trunk is out, or is so for longer; whether that is new."""
        ...

    async def end_outage(self, trunk: str) -> bool:
        """The trunk works again: whether it was out. What failed meanwhile counts for nothing."""
        ...
