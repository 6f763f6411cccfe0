"""`ports.probes.Probes` in the ledger's own database; each method is one transaction."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from engine.core.numbers.number import Purpose
from engine.core.probe import Coverage, Health, Others, Outage, Probe
from engine.ledger.probing import rows
from engine.ledger.sql import SqlLedger
from engine.ports.probes import Finding


class SqlProbes:
    """The probes in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def strangers(
        self, purposes: Collection[Purpose], most: int, e164: str | None = None
    ) -> Sequence[tuple[str, str]]:
        """See `ports.probes`."""
        work = partial(rows.strangers, purposes=purposes, most=most, e164=e164)
        return await self._database.read(work)

    async def enrol(self, fresh: Sequence[Health]) -> None:
        """See `ports.probes`."""
        await self._database.write(partial(rows.enrol, fresh=fresh))

    async def dismiss(self, purpose: Purpose) -> None:
        """See `ports.probes`."""
        await self._database.write(partial(rows.dismiss, purpose=purpose))

    async def due(self, at_ms: int, most: int, *, retries_first: bool = True) -> Sequence[Health]:
        """See `ports.probes`."""
        work = partial(rows.due, at_ms=at_ms, most=most, retries_first=retries_first)
        return await self._database.read(work)

    async def put_off(self, at_ms: int, until_ms: int, spread_ms: int, tries: int) -> int:
        """See `ports.probes`."""
        work = partial(
            rows.put_off, at_ms=at_ms, until_ms=until_ms, spread_ms=spread_ms, tries=tries
        )
        return await self._database.write(work)

    async def coverage(self, since_ms: int, organisation: str | None = None) -> Coverage:
        """See `ports.probes`."""
        work = partial(rows.coverage, since_ms=since_ms, organisation=organisation)
        return await self._database.read(work)

    async def health(self, e164: str) -> Health | None:
        """See `ports.probes`."""
        return (await self.healths([e164])).get(e164)

    async def healths(self, numbers: Collection[str]) -> Mapping[str, Health]:
        """See `ports.probes`."""
        return await self._database.read(partial(rows.healths, numbers=numbers))

    async def others(self, e164: str) -> Others:
        """See `ports.probes`."""
        return await self._database.read(partial(rows.others, e164=e164))

    async def wake_witness(self, e164: str, at_ms: int) -> None:
        """See `ports.probes`."""
        await self._database.write(partial(rows.wake_witness, e164=e164, at_ms=at_ms))

    async def put(self, health: Health) -> None:
        """See `ports.probes`."""
        await self._database.write(partial(rows.put, health=health))

    async def note(self, finding: Finding) -> bool:
        """See `ports.probes`."""
        return await self._database.write(partial(rows.note, finding=finding))

    async def history(self, e164: str, organisation: str, most: int) -> Sequence[Probe]:
        """See `ports.probes`."""
        work = partial(rows.history, e164=e164, organisation=organisation, most=most)
        return await self._database.read(work)

    async def dead(self, organisation: str | None, after: str, most: int) -> Sequence[str]:
        """See `ports.probes`."""
        work = partial(rows.dead, organisation=organisation, after=after, most=most)
        return await self._database.read(work)

    async def outage(self, trunk: str) -> Outage | None:
        """See `ports.probes`."""
        return await self._database.read(partial(rows.outage, trunk=trunk))
