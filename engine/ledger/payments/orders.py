"""Payment orders and letters in SQL: each function is part of a transaction.

Facts are judged with their order's row locked, so that two that come at once are judged one after
the other; the entries that follow are booked in the same transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import exists, insert, or_, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.payment import (
    FactKind,
    OrderStatus,
    Payee,
    PaymentFact,
    PaymentOrder,
    judge,
    suspense_key,
)
from engine.core.posting import Entry, EntryKind
from engine.core.webhook import payment_told
from engine.errors import CallerError, ConflictError
from engine.ledger import journal
from engine.ledger.accounts import know_organisation
from engine.ledger.tables import entries, letters, orders
from engine.ledger.webhooks.events import enqueue
from engine.ports.orders import Letter, OrderFilter, Taken
from engine.ports.store import StorePosting

_FIELDS = tuple(PaymentOrder.__dataclass_fields__)


def to_order(row: RowMapping) -> PaymentOrder:
    """The order that a row describes."""
    values: dict[str, Any] = {name: row[name] for name in _FIELDS}
    disputes = tuple((name, micros) for name, micros in values["disputes"])
    return PaymentOrder(**{**values, "disputes": disputes, "status": OrderStatus(values["status"])})


def _row(order: PaymentOrder) -> dict[str, Any]:
    disputes = [list(dispute) for dispute in order.disputes]
    return {**asdict(order), "disputes": disputes, "status": order.status.value}


async def place(connection: AsyncConnection, order: PaymentOrder) -> None:
    """Write a new order down; the very same one again changes nothing."""
    present = await by_id(connection, order.order_id)
    if present is None:
        await connection.execute(insert(orders).values(**_row(order), ask_at_ms=None))
    elif present != order:
        raise ConflictError(f"the order {order.order_id} is there already, and is another")


async def started(
    connection: AsyncConnection, order_id: str, provider_ref: str, ask_at_ms: int | None
) -> PaymentOrder:
    """Note the provider's id of an order; raises `CallerError` for an unknown order."""
    order = await _locked(connection, orders.c.order_id == order_id)
    if order is None:
        raise CallerError(f"there is no order {order_id}", "order_id")
    if order.provider_ref not in ("", provider_ref):
        raise ConflictError(f"the order {order_id} has another id at its provider")
    values = {"provider_ref": provider_ref, "ask_at_ms": ask_at_ms}
    await connection.execute(update(orders).where(orders.c.order_id == order_id).values(values))
    return replace(order, provider_ref=provider_ref)


async def by_id(connection: AsyncConnection, order_id: str) -> PaymentOrder | None:
    """The order with this id."""
    query = select(orders).where(orders.c.order_id == order_id)
    found = (await connection.execute(query)).mappings().one_or_none()
    return None if found is None else to_order(found)


async def listed(connection: AsyncConnection, wanted: OrderFilter) -> list[PaymentOrder]:
    """The orders that are wanted, newest first."""
    query = select(orders).where(orders.c.organisation == wanted.organisation)
    for name in ("profile", "account_id", "status"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(orders.c[name] == value)
    if wanted.before is not None:
        last = await by_id(connection, wanted.before)
        if last is None:
            return []
        earlier = orders.c.created_ms < last.created_ms
        same = (orders.c.created_ms == last.created_ms) & (orders.c.order_id < last.order_id)
        query = query.where(or_(earlier, same))
    query = query.order_by(orders.c.created_ms.desc(), orders.c.order_id.desc())
    rows = (await connection.execute(query.limit(wanted.most))).mappings()
    return [to_order(row) for row in rows]


async def _locked(connection: AsyncConnection, which: Any) -> PaymentOrder | None:
    query = select(orders).where(which).with_for_update()
    found = (await connection.execute(query)).mappings().one_or_none()
    return None if found is None else to_order(found)


async def take_in(connection: AsyncConnection, letter: Letter) -> Taken:
    """Keep a letter, book its facts, and make the orders it asks about due; once."""
    payee = letter.payee
    known = exists().where(
        letters.c.profile == payee.profile,
        letters.c.provider == payee.provider,
        letters.c.event_id == letter.event_id,
    )
    if await connection.scalar(select(known)):
        await _make_due(connection, letter)
        return Taken(is_new=False)
    await know_organisation(connection, payee.organisation)
    await connection.execute(
        insert(letters).values(
            organisation=payee.organisation,
            profile=payee.profile,
            provider=payee.provider,
            event_id=letter.event_id,
            raw=letter.raw,
            received_ms=letter.received_ms,
        )
    )
    await _make_due(connection, letter)
    return await note(connection, letter.facts, payee, letter.received_ms)


async def _make_due(connection: AsyncConnection, letter: Letter) -> None:
    if not letter.ask:
        return
    asked_about = update(orders).where(
        orders.c.profile == letter.payee.profile,
        orders.c.provider == letter.payee.provider,
        or_(
            orders.c.provider_ref.in_(letter.ask),
            orders.c.payment_ref.in_(letter.ask),
            orders.c.order_id.in_(letter.ask),
        ),
    )
    await connection.execute(asked_about.values(ask_at_ms=letter.received_ms))


async def note(
    connection: AsyncConnection, facts: Iterable[PaymentFact], payee: Payee, now_ms: int
) -> Taken:
    """Judge facts one after the other and book what they mean."""
    postings: list[StorePosting] = []
    alarms: list[str] = []
    changed: dict[str, PaymentOrder] = {}
    for fact in facts:
        if await _is_of_money_set_aside(connection, fact, payee):
            alarms.append(f"{fact.kind} is told of money that is set aside")
            continue
        before = await _order_of(connection, fact, payee)
        judged = judge(before, fact, payee, now_ms)
        for entry in judged.entries:
            postings += await _book(connection, entry)
            told = payment_told(judged.order, entry) if judged.order is not None else None
            if told is not None:
                await enqueue(connection, told)
        if judged.alarm:
            alarms.append(judged.alarm)
        if judged.order is not None:
            changed[judged.order.order_id] = judged.order
            if judged.order != before:
                await _write(connection, judged.order)
    return Taken(tuple(postings), tuple(alarms), tuple(changed.values()))


_GOING_BACK = (FactKind.REFUNDED, FactKind.WITHDRAWN, FactKind.REINSTATED)


async def _is_of_money_set_aside(
    connection: AsyncConnection, fact: PaymentFact, payee: Payee
) -> bool:
    """Whether what goes back is a payment's that never reached a customer."""
    if fact.kind not in _GOING_BACK:
        return False
    key = suspense_key(payee, fact)
    return bool(await connection.scalar(select(exists().where(entries.c.key == key))))


async def _order_of(
    connection: AsyncConnection, fact: PaymentFact, payee: Payee
) -> PaymentOrder | None:
    if fact.order_id:
        return await _locked(connection, orders.c.order_id == fact.order_id)
    if not fact.provider_ref:
        return None
    this = (orders.c.profile == payee.profile) & (orders.c.provider == payee.provider)
    return await _locked(connection, this & (orders.c.provider_ref == fact.provider_ref))


async def _book(connection: AsyncConnection, entry: Entry) -> Sequence[StorePosting]:
    """Book an entry; what was set aside once stays so, whatever else does not fit later on."""
    if entry.kind is EntryKind.SUSPENSE:
        if await connection.scalar(select(exists().where(entries.c.key == entry.key))):
            return ()
        await know_organisation(connection, entry.organisation)
    return await journal.book(connection, entry)


async def _write(connection: AsyncConnection, order: PaymentOrder) -> None:
    which = orders.c.order_id == order.order_id
    await connection.execute(update(orders).where(which).values(**_row(order)))


async def ask_later(
    connection: AsyncConnection, order_id: str, at_ms: int | None, leased_ms: int | None
) -> None:
    """Set when the provider is asked about the order again, unless a lease was overtaken."""
    which = orders.c.order_id == order_id
    if leased_ms is not None:
        which &= orders.c.ask_at_ms == leased_ms
    await connection.execute(update(orders).where(which).values(ask_at_ms=at_ms))


async def due(
    connection: AsyncConnection, now_ms: int, lease_ms: int, most: int
) -> list[PaymentOrder]:
    """Orders to ask about now, oldest wish first; they are put off by `lease_ms`."""
    query = (
        select(orders)
        .where(orders.c.ask_at_ms <= now_ms)
        .order_by(orders.c.ask_at_ms)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    found = [to_order(row) for row in (await connection.execute(query)).mappings()]
    if not found:
        return []
    taken = orders.c.order_id.in_([order.order_id for order in found])
    await connection.execute(update(orders).where(taken).values(ask_at_ms=now_ms + lease_ms))
    return found
