"""Probes of our numbers: what is awaited, in the store, and what is known, in the books.

Errors as in `ports.store` and `ports.ledger`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.core.numbers.number import Purpose
from engine.core.probe import Coverage, Health, Others, Outage, Probe
from engine.ports.numbers import Commit


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a probe has shown: how its number stands now, one version above what was read; that the
    trunk is out, or is so for longer; that the trunk with this name works. `telling` lets the
    number's holder know."""

    health: Health
    probe: Probe
    outage: Outage | None = None
    works: str | None = None
    telling: Commit | None = None


class Probes(Protocol):
    """How numbers stand, each change by its version: `ConflictError` if somebody was faster.

    Meant are numbers that take calls, wherever they lead; one that was probed for a holder of
    before counts as never probed.
    """

    async def strangers(
        self, purposes: Collection[Purpose], most: int, e164: str | None = None
    ) -> Sequence[tuple[str, str]]:
        """Numbers (or this one) given for one of these purposes that were never probed, with their
        organisations."""
        ...

    async def enrol(self, fresh: Sequence[Health]) -> None:
        """Note numbers that are to be probed, in place of what was known of them under a holder
        before; who is noted for this holder already stays as he is."""
        ...

    async def dismiss(self, purpose: Purpose) -> None:
        """Probe the numbers that were given for this no more; nothing is known of them then."""
        ...

    async def due(self, at_ms: int, most: int, *, retries_first: bool = True) -> Sequence[Health]:
        """Numbers that are due at an instant: those that were asked for, those that are tried again
        (with `retries_first`), then those whose last try is the oldest."""
        ...

    async def put_off(self, at_ms: int, until_ms: int, spread_ms: int, tries: int) -> int:
        """Let who is due at an instant be due later, spread over a time from another instant on;
        not who was asked for, or is failing with fewer than so many tries. How many these are: each
        is told to one engine alone."""
        ...

    async def coverage(self, since_ms: int, organisation: str | None = None) -> Coverage:
        """How many numbers (of an organisation) are probed, and were called since an instant."""
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

    async def put(self, health: Health) -> None:
        """Write down how a number stands, one version above what was read."""
        ...

    async def note(self, finding: Finding) -> bool:
        """Write down all that a probe has shown, or nothing of it; the number's older probes are
        let go. Whether it is new that the trunk is out, or that it works again: then what failed
        meanwhile counts for nothing."""
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
