"""`ports.probes.Probes` in the ledger's own database; each method is one transaction."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from engine.core.probe import Health, Others, Outage, Probe
from engine.ledger.probing import rows
from engine.ledger.sql import SqlLedger


class SqlProbes:
    """The probes in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def strangers(self, most: int, e164: str | None = None) -> Sequence[tuple[str, str]]:
        """See `ports.probes`."""
        return await self._database.read(partial(rows.strangers, most=most, e164=e164))

    async def enrol(self, fresh: Sequence[Health]) -> None:
        """See `ports.probes`."""
        await self._database.write(partial(rows.enrol, fresh=fresh))

    async def due(self, at_ms: int, most: int) -> Sequence[Health]:
        """See `ports.probes`."""
        return await self._database.read(partial(rows.due, at_ms=at_ms, most=most))

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

    async def put(self, health: Health, probe: Probe | None = None) -> None:
        """See `ports.probes`."""
        await self._database.write(partial(rows.put, health=health, probe=probe))

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

    async def begin_outage(self, outage: Outage) -> bool:
        """See `ports.probes`."""
        return await self._database.write(partial(rows.begin_outage, new=outage))

    async def end_outage(self, trunk: str) -> bool:
        """See `ports.probes`."""
        return await self._database.write(partial(rows.end_outage, trunk=trunk))
