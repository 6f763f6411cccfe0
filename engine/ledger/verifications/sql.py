"""`ports.verifications.Verifications` in the ledger's own database, a transaction a method."""

from collections.abc import Sequence
from functools import partial

from engine.core.verification import Verification
from engine.ledger.sql import SqlLedger
from engine.ledger.verifications import rows
from engine.ports.verifications import MerchantFigures, VerificationFilter


class SqlVerifications:
    """The verifications in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def add(self, verification: Verification) -> None:
        """See `ports.verifications`."""
        await self._database.write(partial(rows.add, verification=verification))

    async def save(self, verification: Verification) -> None:
        """See `ports.verifications`."""
        await self._database.write(partial(rows.save, verification=verification))

    async def verification(self, verification_id: str) -> Verification | None:
        """See `ports.verifications`."""
        return await self._database.read(partial(rows.by_id, verification_id=verification_id))

    async def verifications(self, wanted: VerificationFilter) -> Sequence[Verification]:
        """See `ports.verifications`."""
        return await self._database.read(partial(rows.listed, wanted=wanted))

    async def due(self, now_ms: int, most: int) -> Sequence[Verification]:
        """See `ports.verifications`."""
        return await self._database.read(partial(rows.due, now_ms=now_ms, most=most))

    async def consume(self, verification_id: str, by: str) -> bool:
        """See `ports.verifications`."""
        return await self._database.write(
            partial(rows.consume, verification_id=verification_id, by=by)
        )

    async def figures(
        self, organisation: str, merchant: str, from_ms: int, to_ms: int
    ) -> MerchantFigures:
        """See `ports.verifications`."""
        return await self._database.read(
            partial(
                rows.figures,
                organisation=organisation,
                merchant=merchant,
                from_ms=from_ms,
                to_ms=to_ms,
            )
        )
