"""Orders against the journal: what is booked for each is what its facts say, and nothing else.

So the journal's total on a provider's account is the total of what the provider told.
"""

from collections.abc import AsyncIterator

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.payment import KEY_FAMILY, PaymentOrder
from engine.ledger.payments.orders import to_order
from engine.ledger.tables import entries, orders, postings

PAGE_ORDERS = 500

_STRAYS = """
    SELECT entries.key, postings.account FROM postings
    JOIN entries ON entries.entry_id = postings.entry_id
    WHERE postings.account LIKE 'provider:%' AND entries.key LIKE :family
    AND NOT EXISTS (
        SELECT 1 FROM payment_orders WHERE payment_orders.order_id = entries.reason
        AND postings.account =
            'provider:' || payment_orders.profile || '.' || payment_orders.provider
    )
"""


async def faults(connection: AsyncConnection) -> list[str]:
    """Every order whose bookings are not what is known of it, as one sentence each."""
    found = [fault async for fault in _orders_misbooked(connection)]
    strays = await connection.execute(text(_STRAYS), {"family": f"{KEY_FAMILY}%"})
    return found + [
        f"entry {key} moves {account}, but no order of that provider calls for it"
        for key, account in strays
    ]


async def _orders_misbooked(connection: AsyncConnection) -> AsyncIterator[str]:
    after = ""
    while True:
        query = select(orders).where(orders.c.order_id > after).order_by(orders.c.order_id)
        rows = (await connection.execute(query.limit(PAGE_ORDERS))).mappings().all()
        page = [to_order(row) for row in rows]
        if not page:
            return
        booked = await _booked(connection, page)
        for order in page:
            micros = booked.get(order.order_id, 0)
            if micros != order.due_micros:
                yield (
                    f"order {order.order_id} calls for {order.due_micros} micro-units,"
                    f" but {micros} are booked"
                )
        after = page[-1].order_id


async def _booked(connection: AsyncConnection, page: list[PaymentOrder]) -> dict[str, int]:
    """What customers have of each order of a page, by its id."""
    query = (
        select(entries.c.reason, func.sum(postings.c.micros))
        .join(postings, postings.c.entry_id == entries.c.entry_id)
        .where(
            entries.c.key.like(f"{KEY_FAMILY}%"),
            postings.c.account_id.is_not(None),
            entries.c.reason.between(page[0].order_id, page[-1].order_id),
        )
        .group_by(entries.c.reason)
    )
    return {order_id: int(micros) for order_id, micros in await connection.execute(query)}
