"""`ports.replays.Replays` in the ledger's own database, a transaction a method."""

from collections.abc import Sequence
from functools import partial

from engine.ledger.replays import rows
from engine.ledger.sql import SqlLedger
from engine.ports.replays import Run, RunState


class SqlReplays:
    """The replays in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def begin(self, run: Run, lost_before_ms: int) -> None:
        """See `ports.replays`."""
        await self._database.write(partial(rows.begin, run=run, lost_before_ms=lost_before_ms))

    async def note(self, run_id: str, calls: int, reached_ms: int, seen_ms: int) -> bool:
        """See `ports.replays`."""
        work = partial(
            rows.note, run_id=run_id, calls=calls, reached_ms=reached_ms, seen_ms=seen_ms
        )
        return await self._database.write(work)

    async def end(self, run_id: str, state: RunState, result: str = "") -> bool:
        """See `ports.replays`."""
        work = partial(rows.end, run_id=run_id, state=state, result=result)
        return await self._database.write(work)

    async def run(self, run_id: str) -> Run | None:
        """See `ports.replays`."""
        return await self._database.read(partial(rows.by_id, run_id=run_id))

    async def runs(self, organisation: str | None) -> Sequence[Run]:
        """See `ports.replays`."""
        return await self._database.read(partial(rows.listed, organisation=organisation))
