"""`ports.reading` in the ledger's own database; each method is one transaction."""

from collections.abc import Collection, Sequence
from functools import partial

from engine.core.cdr import CallRecord
from engine.core.retention import Kind
from engine.ledger.calls import by_id
from engine.ledger.reading import kin, marks, records, retention, sums, transactions
from engine.ledger.reading.withheld import was_withheld
from engine.ledger.sql import WHOLE_BOOK_TIMEOUT_S, SqlLedger
from engine.ports.reading.kin import Name, Named
from engine.ports.reading.marks import FirstCallMark, ListedMark, MarkFilter
from engine.ports.reading.records import BookedPage, CallFile, CallFilter, CallPage, Tally
from engine.ports.reading.sums import CallSums, SumFilter, TopUpSums
from engine.ports.reading.transactions import TransactionFilter, TransactionPage


class SqlRecords:
    """The call records in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def search(self, wanted: CallFilter) -> CallPage:
        """See `ports.reading.records`."""
        return await self._database.read(partial(records.search, wanted=wanted))

    async def booked_page(self, wanted: CallFilter) -> BookedPage:
        """See `ports.reading.records`."""
        return await self._database.read(partial(records.booked_page, wanted=wanted))

    async def booked(self, wanted: CallFilter) -> int:
        """See `ports.reading.records`; this one may read a whole month."""
        work = partial(records.booked, wanted=wanted)
        return await self._database.read(work, WHOLE_BOOK_TIMEOUT_S)

    async def tally(self, wanted: CallFilter) -> Tally:
        """See `ports.reading.records`."""
        return await self._database.read(partial(records.tally, wanted=wanted))

    async def record(self, organisation: str, call_id: str) -> CallRecord | None:
        """See `ports.reading.records`."""
        found = await self._database.read(partial(by_id, call_id=call_id))
        return found if found is not None and found.organisation == organisation else None

    async def file(self, call_id: str, organisation: str | None = None) -> CallFile | None:
        """See `ports.reading.records`."""
        work = partial(records.file, call_id=call_id, organisation=organisation)
        return await self._database.read(work)


class SqlTransactions:
    """The journal's lines in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def search(self, wanted: TransactionFilter) -> TransactionPage:
        """See `ports.reading.transactions`."""
        return await self._database.read(partial(transactions.search, wanted=wanted))


class SqlMarks:
    """The caller lists in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def marks(self, wanted: MarkFilter) -> Sequence[ListedMark]:
        """See `ports.reading.marks`."""
        return await self._database.read(partial(marks.listed, wanted=wanted))

    async def mark(self, mark: FirstCallMark) -> FirstCallMark:
        """See `ports.reading.marks`."""
        return await self._database.write(partial(marks.put, mark=mark))

    async def unmark(self, organisation: str, caller_list: str, e164: str) -> bool:
        """See `ports.reading.marks`."""
        work = partial(
            marks.take_off, organisation=organisation, caller_list=caller_list, e164=e164
        )
        return await self._database.write(work)

    async def move(self, organisation: str, caller_list: str, e164: str, to_e164: str) -> bool:
        """See `ports.reading.marks`."""
        work = partial(
            marks.move,
            organisation=organisation,
            caller_list=caller_list,
            e164=e164,
            to_e164=to_e164,
        )
        return await self._database.write(work)


class SqlSums:
    """The sums of a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def calls(self, wanted: SumFilter) -> Sequence[CallSums]:
        """See `ports.reading.sums`."""
        sums.check(wanted)
        return await self._database.read(partial(sums.calls, wanted=wanted))

    async def top_ups(self, wanted: SumFilter) -> Sequence[TopUpSums]:
        """See `ports.reading.sums`."""
        sums.check(wanted)
        return await self._database.read(partial(sums.top_ups, wanted=wanted))


class SqlKin:
    """What numbers name in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def named(self, organisation: str, numbers: Collection[str]) -> Sequence[Named]:
        """See `ports.reading.kin`."""
        work = partial(kin.named, organisation=organisation, numbers=numbers)
        return await self._database.read(work)

    async def last_calls(self, organisation: str, e164: str, most: int) -> Sequence[CallRecord]:
        """See `ports.reading.kin`."""
        work = partial(kin.last_calls, organisation=organisation, e164=e164, most=most)
        return await self._database.read(work)

    async def names(self, organisation: str, account_id: str) -> Sequence[Name]:
        """See `ports.reading.kin`."""
        work = partial(kin.names, organisation=organisation, account_id=account_id)
        return await self._database.read(work)

    async def was_withheld(self, organisation: str, e164: str) -> bool:
        """See `ports.reading.kin`."""
        work = partial(was_withheld, organisation=organisation, e164=e164)
        return await self._database.read(work)


class SqlKeeping:
    """What a ledger's books keep, and let go."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def count(self, kind: Kind, before_ms: int) -> int:
        """See `ports.reading.retention`."""
        work = partial(retention.count, kind=kind, before_ms=before_ms)
        return await self._database.read(work, WHOLE_BOOK_TIMEOUT_S)

    async def let_go(self, kind: Kind, before_ms: int, most: int) -> int:
        """See `ports.reading.retention`."""
        find = partial(retention.find, kind=kind, before_ms=before_ms, most=most)
        found = await self._database.read(find, WHOLE_BOOK_TIMEOUT_S)
        is_all = len(found) < most
        work = partial(retention.let_go, kind=kind, before_ms=before_ms, found=found, is_all=is_all)
        await self._database.write(work)
        return len(found)
