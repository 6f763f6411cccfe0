"""`ports.versions` in the ledger's own database; each method is one transaction."""

from collections.abc import Mapping, Sequence
from functools import partial

from engine.ledger.sql import SqlLedger
from engine.ledger.versions import proposals, rows
from engine.ports.versions import Activation, Answer, Draft, EngineView, Order, Version


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

    async def own_history(self, before: int | None, most: int) -> Sequence[Activation]:
        """See `ports.versions`."""
        return await self._database.read(partial(rows.own_history, before=before, most=most))

    async def own_before(self, number: int) -> int:
        """See `ports.versions`."""
        return await self._database.read(partial(rows.own_before, number=number))

    async def adopt_own(self, own: Mapping[str, str], own_hash: str) -> None:
        """See `ports.versions`."""
        await self._database.write(partial(rows.adopt_own, own=own, own_hash=own_hash))

    async def apply(self, draft: Draft, order: Order) -> Activation:
        """See `ports.versions`."""
        return await self._database.write(partial(rows.apply, draft=draft, order=order))

    async def roll_back(self, number: int, replaces: int, order: Order) -> Activation:
        """See `ports.versions`."""
        work = partial(rows.roll_back, number=number, replaces=replaces, order=order)
        return await self._database.write(work)

    async def confirm(self, number: int, order: Order) -> Activation:
        """See `ports.versions`."""
        return await self._database.write(partial(rows.confirm, number=number, order=order))

    async def undo(self, now_ms: int) -> Activation | None:
        """See `ports.versions`."""
        return await self._database.write(partial(rows.undo, now_ms=now_ms))

    async def propose(self, files: Mapping[str, str], at_ms: int) -> int:
        """See `ports.versions`."""
        return await self._database.write(partial(proposals.propose, files=files, at_ms=at_ms))

    async def proposals(self) -> Sequence[int]:
        """See `ports.versions`."""
        return await self._database.read(proposals.proposals)

    async def proposed(self, proposal: int) -> Mapping[str, str] | None:
        """See `ports.versions`."""
        return await self._database.read(partial(proposals.proposed, proposal=proposal))

    async def answer(self, answer: Answer) -> None:
        """See `ports.versions`."""
        await self._database.write(partial(proposals.answer, said=answer))

    async def answers(self, proposal: int) -> Sequence[Answer]:
        """See `ports.versions`."""
        return await self._database.read(partial(proposals.answers, proposal=proposal))

    async def withdraw(self, proposal: int) -> None:
        """See `ports.versions`."""
        await self._database.write(partial(proposals.withdraw, proposal=proposal))

    async def show(self, view: EngineView) -> None:
        """See `ports.versions`."""
        await self._database.write(partial(rows.show, view=view))

    async def hide(self, engine: str) -> None:
        """See `ports.versions`."""
        await self._database.write(partial(rows.hide, engine=engine))

    async def views(self) -> Sequence[EngineView]:
        """See `ports.versions`."""
        return await self._database.read(rows.views)
