"""Asking providers how orders stand: captures what is authorised, finds what was never told.

Each order is asked about soon after it was begun, then ever more seldom until it is decided, and
a paid one now and then for half a year, since refunds and disputes come late. A callback that
proves nothing, and a payer who is back, make an order due at once. Only an answer ends the asking:
after a fault of the provider's it is asked again.

Each asking is a task, a bounded number in all and of each provider, so that one that hangs holds
up no other.
"""

import asyncio
from collections import Counter

import structlog

from engine.core.payment import FactKind, OrderStatus, PaymentFact, PaymentOrder
from engine.errors import RemoteError
from engine.flows.payments.till import Till
from engine.ports.clock import Clock

LOOK_EVERY_MS = 1_000
LEASE_MS = 60_000
AT_ONCE = 20
AT_ONCE_EACH = 10
OPEN_FOR_MS = 3 * 24 * 3_600_000
PAUSE_LEAST_MS = 10_000
PAUSE_MOST_MS = 3_600_000
DAY_MS = 24 * 3_600_000
PAID_ASKED_AFTER_DAYS = (1, 7, 30, 60, 90, 120, 180)

_UNDECIDED = (OrderStatus.OPEN, OrderStatus.PENDING, OrderStatus.AUTHORISED)

log = structlog.get_logger(__name__)


class Asking:
    """The loop that asks; one in each engine, each order leased to one at a time."""

    def __init__(self, till: Till, clock: Clock, lease_ms: int = LEASE_MS) -> None:
        self._till = till
        self._clock = clock
        self._lease_ms = lease_ms
        self._under_way: set[asyncio.Task[None]] = set()
        self._busy = Counter[tuple[str, str]]()

    async def run(self) -> None:
        """Ask for ever; what goes wrong is logged and tried again."""
        try:
            while True:
                try:
                    await self.look()
                except Exception as error:
                    log.warning("asking.waits", error=str(error), exc_info=_unforeseen(error))
                await self._rest()
        finally:
            for task in tuple(self._under_way):
                task.cancel()

    async def look(self) -> int:
        """Begin to ask about orders that are due; how many there were."""
        now_ms = self._clock.now().wall_ms
        room = AT_ONCE - len(self._under_way)
        orders = await self._till.orders.due(now_ms, self._lease_ms, room) if room else ()
        for order in orders:
            account = (order.profile, order.provider)
            if self._busy[account] >= AT_ONCE_EACH:
                soon_ms = now_ms + LOOK_EVERY_MS
                await self._till.orders.ask_later(order.order_id, soon_ms, now_ms + self._lease_ms)
                continue
            self._busy[account] += 1
            task = asyncio.create_task(self._ask(order, now_ms + self._lease_ms))
            self._under_way.add(task)
            task.add_done_callback(self._over)
        return len(orders)

    def _over(self, task: "asyncio.Task[None]") -> None:
        """There is room for another: look for it at once."""
        self._under_way.discard(task)
        self._till.asked.set()

    async def idle(self) -> None:
        """Wait until everything that was begun has been asked."""
        while self._under_way:
            await asyncio.wait(tuple(self._under_way))

    async def _rest(self) -> None:
        alarm = self._clock.call_later(LOOK_EVERY_MS, self._till.asked.set)
        try:
            await self._till.asked.wait()
        finally:
            alarm.cancel()
            self._till.asked.clear()

    async def _ask(self, order: PaymentOrder, leased_ms: int) -> None:
        """Ask about one order; while nobody answers it stays due whenever its lease is over."""
        try:
            order, is_answered = await self._answered(order)
            if is_answered:
                again_ms = next_ask_ms(order, self._clock.now().wall_ms)
                await self._till.orders.ask_later(order.order_id, again_ms, leased_ms)
        except Exception as error:
            unforeseen = _unforeseen(error)
            self._till.metrics.asking_failed(order.provider)
            log.warning(
                "asking.failed", order=order.order_id, error=str(error), exc_info=unforeseen
            )
        finally:
            self._busy[order.profile, order.provider] -= 1

    async def _answered(self, order: PaymentOrder) -> tuple[PaymentOrder, bool]:
        """The order after asking, and whether that settled it for now."""
        try:
            return await self._asked(order), True
        except RemoteError as error:
            log.warning("asking.unanswered", order=order.order_id, error=str(error))
            self._till.metrics.asking_failed(order.provider)
            return order, not error.retryable

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


def _unforeseen(error: Exception) -> bool:
    """Whether a fault is none of those that are expected from outside."""
    return not isinstance(error, RemoteError)


def next_ask_ms(order: PaymentOrder, now_ms: int) -> int | None:
    """When to ask again about an order that was answered; None if there is nothing more to learn
    (pure)."""
    if order.paid_ms is not None:
        days = (order.paid_ms + days * DAY_MS for days in PAID_ASKED_AFTER_DAYS)
        return next((at_ms for at_ms in days if at_ms > now_ms), None)
    age_ms = now_ms - order.created_ms
    if order.status not in _UNDECIDED or age_ms > OPEN_FOR_MS:
        return None
    return now_ms + min(max(age_ms // 4, PAUSE_LEAST_MS), PAUSE_MOST_MS)
