"""Asking providers how orders stand: captures what is authorised, finds what was never told.

Each order is asked about soon after it was begun, then ever more seldom until it is decided, and
a paid one now and then for half a year, since refunds and disputes come late. A callback that
proves nothing, and a payer who is back, make an order due at once.
"""

import asyncio

import structlog

from engine.core.payment import FactKind, OrderStatus, PaymentFact, PaymentOrder
from engine.errors import EngineError
from engine.flows.payments.till import Till
from engine.ports.clock import Clock

LOOK_EVERY_MS = 1_000
LEASE_MS = 60_000
AT_ONCE = 10
OPEN_FOR_MS = 3 * 24 * 3_600_000
PAUSE_LEAST_MS = 10_000
PAUSE_MOST_MS = 3_600_000
DAY_MS = 24 * 3_600_000
PAID_ASKED_AFTER_DAYS = (1, 7, 30, 60, 90, 120, 180)

_UNDECIDED = (OrderStatus.OPEN, OrderStatus.PENDING, OrderStatus.AUTHORISED)

log = structlog.get_logger(__name__)


class Asking:
    """The loop that asks; one in each engine, each order asked about by one at a time."""

    def __init__(self, till: Till, clock: Clock) -> None:
        self._till = till
        self._clock = clock

    async def run(self) -> None:
        """Ask for ever."""
        while True:
            try:
                found = await self.look()
            except EngineError as error:
                log.warning("asking.waits", error=str(error))
                found = 0
            if found < AT_ONCE:
                await self._rest()

    async def look(self) -> int:
        """Ask about all orders that are due, at most `AT_ONCE`; how many there were."""
        now_ms = self._clock.now().wall_ms
        orders = await self._till.orders.due(now_ms, LEASE_MS, AT_ONCE)
        await asyncio.gather(*(self._ask(order) for order in orders))
        return len(orders)

    async def _rest(self) -> None:
        alarm = self._clock.call_later(LOOK_EVERY_MS, self._till.asked.set)
        try:
            await self._till.asked.wait()
        finally:
            alarm.cancel()
            self._till.asked.clear()

    async def _ask(self, order: PaymentOrder) -> None:
        """Ask about one order; if even the books do not answer it is due when its lease is over."""
        try:
            order = await self._asked(order)
        except EngineError as error:
            log.warning("asking.failed", order=order.order_id, error=str(error))
        next_ms = next_ask_ms(order, self._clock.now().wall_ms)
        try:
            await self._till.orders.ask_later(order.order_id, next_ms)
        except EngineError as error:
            log.warning("asking.not_put_off", order=order.order_id, error=str(error))

    async def _asked(self, order: PaymentOrder) -> PaymentOrder:
        """The order after its provider was asked, and what is authorised was captured."""
        provider = self._till.provider(order.profile, order.provider)
        if provider is None:
            return order
        facts = await provider.fetch(order)
        order = await self._noted(order, facts)
        if any(fact.kind is FactKind.AUTHORISED for fact in facts) and not order.is_paid:
            order = await self._noted(order, await provider.capture(order))
        return order

    async def _noted(self, order: PaymentOrder, facts: tuple[PaymentFact, ...]) -> PaymentOrder:
        payee = self._till.payee_of(order)
        if not facts or payee is None:
            return order
        taken = await self._till.note(facts, payee)
        return next((o for o in taken.orders if o.order_id == order.order_id), order)


def next_ask_ms(order: PaymentOrder, now_ms: int) -> int | None:
    """When to ask about an order again; None if there is nothing more to learn (pure)."""
    if order.paid_ms is not None:
        days = (order.paid_ms + days * DAY_MS for days in PAID_ASKED_AFTER_DAYS)
        return next((at_ms for at_ms in days if at_ms > now_ms), None)
    age_ms = now_ms - order.created_ms
    if order.status not in _UNDECIDED or age_ms > OPEN_FOR_MS:
        return None
    return now_ms + min(max(age_ms // 4, PAUSE_LEAST_MS), PAUSE_MOST_MS)
