"""`ports.versions` in the ledger's own database; each method is one transaction."""

from collections.abc import Sequence
from functools import partial

from engine.ledger.sql import SqlLedger
from engine.ledger.versions import rows
from engine.ports.versions import Activation, Draft, EngineView, Order, Version


class SqlVersions:
    """The versions in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def active(self) -> Activation | None:
        """See `ports.versions`."""
        return await self._database.read(rows.active)

    async def version(self, number: int) -> Version | None:
        """See `ports.versions`."""
        return await self._database.read(partial(rows.version, number=number))

    async def history(self, before: int | None, most: int) -> Sequence[Activation]:
        """See `ports.versions`."""
        return await self._database.read(partial(rows.history, before=before, most=most))

    async def apply(self, draft: Draft, order: Order) -> Activation:
        """See `ports.versions`."""
        return await self._database.write(partial(rows.apply, draft=draft, order=order))

    async def roll_back(self, number: int, order: Order) -> Activation:
        """See `ports.versions`."""
        return await self._database.write(partial(rows.roll_back, number=number, order=order))

    async def confirm(self, number: int, order: Order) -> Activation:
        """See `ports.versions`."""
        return await self._database.write(partial(rows.confirm, number=number, order=order))

    async def undo(self, now_ms: int) -> Activation | None:
        """See `ports.versions`."""
        return await self._database.write(partial(rows.undo, now_ms=now_ms))

    async def show(self, view: EngineView) -> None:
        """See `ports.versions`."""
        await self._database.write(partial(rows.show, view=view))

    async def hide(self, engine: str) -> None:
        """See `ports.versions`."""
        await self._database.write(partial(rows.hide, engine=engine))

    async def views(self) -> Sequence[EngineView]:
        """See `ports.versions`."""
        return await self._database.read(rows.views)
