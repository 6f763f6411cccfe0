"""`ports.orders`, and payments in suspense, in the ledger's own database; each method is one
transaction."""

from collections.abc import Sequence
from functools import partial

from engine.core.payment import Payee, PaymentFact, PaymentOrder
from engine.ledger.payments import orders, suspense
from engine.ledger.sql import SqlLedger
from engine.ports.orders import Letter, OrderFilter, Taken
from engine.ports.reading.suspense import Waiting


class SqlOrders:
    """The orders in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def place(self, order: PaymentOrder) -> None:
        """See `ports.orders`."""
        await self._database.write(partial(orders.place, order=order))

    async def started(
        self, order_id: str, provider_ref: str, ask_at_ms: int | None
    ) -> PaymentOrder:
        """See `ports.orders`."""
        work = partial(
            orders.started, order_id=order_id, provider_ref=provider_ref, ask_at_ms=ask_at_ms
        )
        return await self._database.write(work)

    async def order(self, order_id: str) -> PaymentOrder | None:
        """See `ports.orders`."""
        return await self._database.read(partial(orders.by_id, order_id=order_id))

    async def orders(self, wanted: OrderFilter) -> Sequence[PaymentOrder]:
        """See `ports.orders`."""
        return await self._database.read(partial(orders.listed, wanted=wanted))

    async def take_in(self, letter: Letter) -> Taken:
        """See `ports.orders`."""
        return await self._database.write(partial(orders.take_in, letter=letter))

    async def note(self, facts: Sequence[PaymentFact], payee: Payee, now_ms: int) -> Taken:
        """See `ports.orders`."""
        work = partial(orders.note, facts=facts, payee=payee, now_ms=now_ms)
        return await self._database.write(work)

    async def ask_later(
        self, order_id: str, at_ms: int | None, leased_ms: int | None = None
    ) -> None:
        """See `ports.orders`."""
        work = partial(orders.ask_later, order_id=order_id, at_ms=at_ms, leased_ms=leased_ms)
        await self._database.write(work)

    async def due(self, now_ms: int, lease_ms: int, most: int) -> Sequence[PaymentOrder]:
        """See `ports.orders`."""
        work = partial(orders.due, now_ms=now_ms, lease_ms=lease_ms, most=most)
        return await self._database.write(work)


class SqlSuspense:
    """The payments in suspense in a ledger's books."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._database = ledger.database

    async def waiting(self, organisation: str, most: int) -> Sequence[Waiting]:
        """See `ports.reading.suspense`."""
        work = partial(suspense.waiting, organisation=organisation, most=most)
        return await self._database.read(work)

    async def one(self, key: str) -> Waiting | None:
        """See `ports.reading.suspense`."""
        return await self._database.read(partial(suspense.by_key, key=key))
