"""`ports.analytics.Collectors` in the ledger's own database; each method is one transaction."""

from collections.abc import Callable, Sequence
from functools import partial

from engine.core.analytics.collector import Collector
from engine.ledger.analytics import rows
from engine.ledger.sql import SqlLedger
from engine.ports.analytics import Claim, Done, Standing


class SqlCollectors:
    """The collectors in a ledger's books; `now_ms` is the wall clock."""

    def __init__(self, ledger: SqlLedger, now_ms: Callable[[], int]) -> None:
        self._database = ledger.database
        self._now_ms = now_ms

    async def add(self, collector: Collector) -> None:
        """See `ports.analytics`."""
        work = partial(rows.add, collector=collector, at_ms=self._now_ms())
        await self._database.write(work)

    async def collectors(self, organisation: str) -> Sequence[Standing]:
        """See `ports.analytics`."""
        return await self._database.read(partial(rows.listed, organisation=organisation))

    async def collector(self, collector_id: str) -> Collector | None:
        """See `ports.analytics`."""
        return await self._database.read(partial(rows.by_id, collector_id=collector_id))

    async def delete(self, organisation: str, collector_id: str) -> bool:
        """See `ports.analytics`."""
        work = partial(rows.remove, organisation=organisation, collector_id=collector_id)
        return await self._database.write(work)

    async def claim(self, now_ms: int, lease_ms: int, most: int) -> Claim | None:
        """See `ports.analytics`."""
        work = partial(rows.claim, now_ms=now_ms, lease_ms=lease_ms, most=most)
        return await self._database.write(work)

    async def finish(self, done: Done) -> bool:
        """See `ports.analytics`."""
        return await self._database.write(partial(rows.finish, done=done))
