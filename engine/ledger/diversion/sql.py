"""`ports.diversion` in the ledger's own database; each method is one transaction."""

from collections.abc import Collection, Sequence
from functools import partial

from engine.core.diversion.caps import Admission, Caps, Used
from engine.core.diversion.record import ForwardedCall
from engine.core.diversion.route import Route
from engine.core.numbers.number import Purpose
from engine.ledger.diversion import forwarded, routes
from engine.ledger.sql import SqlLedger
from engine.ports.diversion import ForwardedFilter, Usage


class SqlRoutes:
    """The routes in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def put(self, route: Route) -> None:
        """See `ports.diversion`."""
        await self._database.write(partial(routes.put, route=route))

    async def route(self, number: str) -> Route | None:
        """See `ports.diversion`."""
        return await self._database.read(partial(routes.by_number, number=number))

    async def routes(
        self, organisation: str, purpose: Purpose, after: str, most: int
    ) -> Sequence[Route]:
        """See `ports.diversion`."""
        work = partial(
            routes.listed, organisation=organisation, purpose=purpose, after=after, most=most
        )
        return await self._database.read(work)

    async def leading(self, numbers: Collection[str]) -> Sequence[Route]:
        """See `ports.diversion`."""
        return await self._database.read(partial(routes.leading, numbers=numbers))

    async def history(
        self, organisation: str, number: str, before: int | None, most: int
    ) -> Sequence[Route]:
        """See `ports.diversion`."""
        work = partial(
            routes.history, organisation=organisation, number=number, before=before, most=most
        )
        return await self._database.read(work)


class SqlForwarded:
    """The forwarded calls in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def admit(
        self, call: ForwardedCall, caps: Caps, usage: Usage, wanted_ms: int
    ) -> Admission:
        """See `ports.diversion`."""
        work = partial(forwarded.admit, call=call, caps=caps, usage=usage, wanted_ms=wanted_ms)
        return await self._database.write(work)

    async def used(self, organisation: str, number: str, usage: Usage) -> Used:
        """See `ports.diversion`."""
        work = partial(forwarded.used, organisation=organisation, number=number, usage=usage)
        return await self._database.read(work)

    async def keep(self, call: ForwardedCall) -> None:
        """See `ports.diversion`."""
        await self._database.write(partial(forwarded.keep, call=call))

    async def calls(self, wanted: ForwardedFilter) -> Sequence[ForwardedCall]:
        """See `ports.diversion`."""
        return await self._database.read(partial(forwarded.listed, wanted=wanted))
