"""`ports.numbers` in the ledger's own database; each method is one transaction."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial

from engine.core.numbers.due import Notice
from engine.core.numbers.holder import Holder
from engine.core.numbers.number import Area, Number
from engine.core.numbers.rental import Tenure
from engine.core.numbers.source import Source
from engine.core.posting import Entry
from engine.ledger.numbers import papers, rentals, rows
from engine.ledger.sql import WHOLE_BOOK_TIMEOUT_S, SqlLedger
from engine.ports.numbers import Commit, Count, HolderEvent, NumberEvent, NumberFilter, Offer


class SqlNumbers:
    """The stock in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def stock(self, numbers: Sequence[Number], author: str, at_ms: int) -> int:
        """See `ports.numbers`."""
        return await self._database.write(
            partial(rows.stock, numbers=numbers, author=author, at_ms=at_ms), WHOLE_BOOK_TIMEOUT_S
        )

    async def number(self, e164: str) -> Number | None:
        """See `ports.numbers`."""
        return await self._database.read(partial(rows.number, e164=e164))

    async def numbers(self, wanted: NumberFilter) -> Sequence[Number]:
        """See `ports.numbers`."""
        return await self._database.read(partial(rows.numbers, wanted=wanted))

    async def unused(self, since: date, after: str, most: int) -> Sequence[Number]:
        """See `ports.numbers`."""
        return await self._database.read(partial(rows.unused, since=since, after=after, most=most))

    async def counts(self) -> Sequence[Count]:
        """See `ports.numbers`."""
        return await self._database.read(rows.counts)

    async def free(self, area: Area, most: int) -> Sequence[Number]:
        """See `ports.numbers`."""
        return await self._database.read(partial(rows.free, area=area, most=most))

    async def held(self, organisation: str) -> Mapping[str, int]:
        """See `ports.numbers`."""
        return await self._database.read(partial(rows.held, organisation=organisation))

    async def commit(self, commit: Commit) -> None:
        """See `ports.numbers`."""
        await self._database.write(partial(rows.commit, commit=commit))

    async def called(self, e164: str, day: date) -> None:
        """See `ports.numbers`."""
        await self._database.write(partial(rows.called, e164=e164, day=day))

    async def history(self, e164: str, before: int | None, most: int) -> Sequence[NumberEvent]:
        """See `ports.numbers`."""
        return await self._database.read(partial(rows.history, e164=e164, before=before, most=most))

    async def holder(self, organisation: str) -> Holder | None:
        """See `ports.numbers`."""
        return await self._database.read(partial(papers.holder, organisation=organisation))

    async def holders(self, after: str, most: int) -> Sequence[Holder]:
        """See `ports.numbers`."""
        return await self._database.read(partial(papers.holders, after=after, most=most))

    async def holder_history(self, organisation: str, most: int) -> Sequence[HolderEvent]:
        """See `ports.numbers`."""
        return await self._database.read(
            partial(papers.holder_history, organisation=organisation, most=most)
        )

    async def keep_file(self, organisation: str, document_id: str, content: bytes) -> None:
        """See `ports.numbers`."""
        await self._database.write(
            partial(
                papers.keep_file,
                organisation=organisation,
                document_id=document_id,
                content=content,
            )
        )

    async def file(self, organisation: str, document_id: str) -> bytes | None:
        """See `ports.numbers`."""
        return await self._database.read(
            partial(papers.file, organisation=organisation, document_id=document_id)
        )

    async def source(self, organisation: str | None, source_id: str) -> Source | None:
        """See `ports.numbers`."""
        return await self._database.read(
            partial(papers.source, organisation=organisation, source_id=source_id)
        )

    async def sources(
        self, organisation: str | None, e164: str | None, after: str, most: int
    ) -> Sequence[Source]:
        """See `ports.numbers`."""
        return await self._database.read(
            partial(papers.sources, organisation=organisation, e164=e164, after=after, most=most)
        )

    async def notices(
        self, organisation: str | None, after: int, most: int
    ) -> Sequence[tuple[int, Notice]]:
        """See `ports.numbers`."""
        return await self._database.read(
            partial(papers.notices, organisation=organisation, after=after, most=most)
        )

    async def latest(
        self, organisation: str | None, before: int | None, most: int
    ) -> Sequence[tuple[int, Notice]]:
        """See `ports.numbers`."""
        return await self._database.read(
            partial(papers.latest, organisation=organisation, before=before, most=most)
        )

    async def told(self, keys: Sequence[str]) -> frozenset[str]:
        """See `ports.numbers`."""
        return await self._database.read(partial(papers.told, keys=keys))

    async def offers(self) -> Sequence[Offer]:
        """See `ports.numbers`."""
        return await self._database.read(papers.offers)

    async def put_offer(self, offer: Offer, author: str, at_ms: int) -> None:
        """See `ports.numbers`."""
        await self._database.write(
            partial(papers.put_offer, offer=offer, author=author, at_ms=at_ms)
        )

    async def tenures(
        self, from_ms: int, to_ms: int, organisation: str | None, after: str, most: int
    ) -> Sequence[Tenure]:
        """See `ports.numbers`."""
        return await self._database.read(
            partial(
                rentals.tenures,
                from_ms=from_ms,
                to_ms=to_ms,
                organisation=organisation,
                after=after,
                most=most,
            )
        )

    async def booked(self, keys: Sequence[str]) -> frozenset[str]:
        """See `ports.numbers`."""
        return await self._database.read(partial(rentals.booked, keys=keys))

    async def book(self, due: Sequence[Entry]) -> None:
        """See `ports.numbers`."""
        await self._database.write(partial(rentals.book, due=due))

    async def owed(self, organisation: str, from_ms: int, to_ms: int) -> Mapping[str, int]:
        """See `ports.numbers`."""
        return await self._database.read(
            partial(rentals.owed, organisation=organisation, from_ms=from_ms, to_ms=to_ms)
        )
