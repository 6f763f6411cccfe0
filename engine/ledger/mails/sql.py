"""`ports.mails.Mails` in the ledger's own database; each method is one transaction."""

from collections.abc import Sequence
from functools import partial

from engine.ledger.mails import rows
from engine.ledger.sql import SqlLedger
from engine.ports.mails import ClaimedMail, TriedMail


class SqlMails:
    """The mails in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def claim(self, now_ms: int, lease_ms: int, most: int) -> Sequence[ClaimedMail]:
        """See `ports.mails`."""
        work = partial(rows.claim, now_ms=now_ms, lease_ms=lease_ms, most=most)
        return await self._database.write(work)

    async def finish(self, tried: TriedMail) -> bool:
        """See `ports.mails`."""
        return await self._database.write(partial(rows.finish, tried=tried))
