"""`ports.tracked.Tracked` in the ledger's own database; each method is one transaction."""

from collections.abc import Sequence
from datetime import date
from functools import partial

from engine.core.tracked import Terms, TrackedCall
from engine.ledger.sql import SqlLedger
from engine.ledger.tracked import keys, medians, reports, rows
from engine.ledger.tracked.keys import KeySeal
from engine.ports.tracked import (
    ROWS_MOST,
    CallPlace,
    ListedCall,
    MedianLine,
    OriginLine,
    ReportFilter,
    ReportLine,
)


class SqlTracked:
    """The tracking calls in a ledger's books.

    `secret` is the house's, under which keys are sealed; without `mailing` nobody is told of
    missed calls.
    """

    def __init__(self, ledger: SqlLedger, secret: bytes, *, mailing: bool) -> None:
        self._database = ledger.database
        self._seal = KeySeal(secret)
        self._mailing = mailing

    async def keep(self, call: TrackedCall, caller: str | None) -> None:
        """See `ports.tracked`."""
        work = partial(rows.keep, call=call, caller=caller, seal=self._seal, mailing=self._mailing)
        await self._database.write(work)

    async def report(self, wanted: ReportFilter) -> Sequence[ReportLine]:
        """See `ports.tracked`."""
        reports.check(wanted)
        return await self._database.read(partial(reports.report, wanted=wanted))

    async def medians(self, wanted: ReportFilter) -> Sequence[MedianLine]:
        """See `ports.tracked`."""
        reports.check(wanted)
        return await self._database.read(partial(medians.medians, wanted=wanted))

    async def origins(self, wanted: ReportFilter) -> Sequence[OriginLine]:
        """See `ports.tracked`."""
        reports.check_months(wanted)
        return await self._database.read(partial(reports.origins, wanted=wanted))

    async def rows(
        self, wanted: ReportFilter, before: CallPlace | None = None, most: int = ROWS_MOST
    ) -> Sequence[ListedCall]:
        """See `ports.tracked`."""
        reports.check(wanted)
        work = partial(reports.rows, wanted=wanted, before=before, most=most)
        return await self._database.read(work)

    async def destroy_keys(self, until: date) -> int:
        """See `ports.tracked`."""
        return await self._database.write(partial(keys.destroy, until=until))

    async def terms(self, organisation: str) -> Terms:
        """See `ports.tracked`."""
        return await self._database.read(partial(rows.terms, organisation=organisation))

    async def set_terms(self, terms: Terms) -> None:
        """See `ports.tracked`."""
        await self._database.write(partial(rows.set_terms, own=terms))
