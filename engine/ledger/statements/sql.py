"""`ports.statements.Statements` in the ledger's own database."""

from functools import partial

from engine.ledger.sql import WHOLE_BOOK_TIMEOUT_S, SqlLedger
from engine.ledger.statements import figures
from engine.ports.statements import Figures


class SqlStatements:
    """The sums of a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def figures(self, organisation: str, profile: str, from_ms: int, to_ms: int) -> Figures:
        """See `ports.statements`; the opening alone reads all that was ever booked before."""
        work = partial(
            figures.figures,
            organisation=organisation,
            profile=profile,
            from_ms=from_ms,
            to_ms=to_ms,
        )
        return await self._database.read(work, WHOLE_BOOK_TIMEOUT_S)
