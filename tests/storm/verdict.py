"""What must be true after a storm; each thing that is not is one sentence."""

import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.posting import EntryKind
from engine.flows.money.books import verify
from engine.ledger.sql import SqlLedger
from engine.ledger.tables import entries, letters, orders, postings
from engine.ports.clock import Clock
from engine.ports.store import Store
from tests.storm.deaths import DeathPlan, left
from tests.storm.payers import Fate, Purchase
from tests.storm.post import NO_ANSWER, Post
from tests.storm.servers import MortalEngine

EXPECTED_ANSWERS = {200, 503, NO_ANSWER}
EXPECTED_ERRORS = {"payment.does_not_fit"}
SOON_MS = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """All that a storm leaves behind."""

    ledger: SqlLedger
    store: Store
    clock: Clock
    purchases: list[Purchase]
    post: Post
    engines: tuple[MortalEngine, ...]

    @property
    def plans(self) -> list[DeathPlan]:
        """The engines' deaths."""
        return [engine.plan.deaths for engine in self.engines]


async def judge(after: Aftermath) -> tuple[str, ...]:
    """Every fault there is, none if each payment counted once."""
    return (
        *await verify(after.ledger, after.store, after.clock),
        *[fault async for fault in _miscredited(after)],
        *[fault async for fault in _misbooked(after)],
        *[fault async for fault in _left_over(after)],
        *_undelivered(after.post),
        *(fault for engine in after.engines for fault in _unplanned(engine)),
        *undied(after.plans),
    )


async def _miscredited(after: Aftermath) -> AsyncIterator[str]:
    """Each account has what its payers' orders must have come to, in journal and store."""
    due: dict[str, int] = defaultdict(int)
    for purchase in after.purchases:
        due[purchase.begun.account_id] += purchase.due_micros
    for account_id, micros in due.items():
        account = await after.ledger.account(account_id)
        view = await after.store.account(account_id)
        booked = account.balance_micros if account is not None else None
        kept = view.balance_micros if view is not None else 0
        if not booked == kept == micros:
            yield f"account {account_id}: {micros} due, {booked} booked, {kept} in the store"


async def _misbooked(after: Aftermath) -> AsyncIterator[str]:
    """Each order was credited once, and what fits none lies in suspense, once each."""
    credited = await after.ledger.database.read(_credited)
    for purchase in after.purchases:
        order_id = purchase.begun.order_id
        times = credited.pop(order_id, 0)
        if times != (purchase.fate is not Fate.MISFIT):
            yield f"order {order_id} ({purchase.fate}) was credited {times} times"
    for order_id in credited:
        yield f"order {order_id} was credited, and nobody paid it"
    aside = await after.ledger.database.read(_set_aside)
    expected = Counter(p.set_aside_micros for p in after.purchases if p.set_aside_micros)
    if aside != expected:
        yield f"in suspense are {sorted(aside.items())}, not {sorted(expected.items())}"


async def _credited(connection: AsyncConnection) -> dict[str, int]:
    query = (
        select(entries.c.reason, func.count())
        .where(entries.c.kind == EntryKind.TOP_UP)
        .group_by(entries.c.reason)
    )
    rows = (await connection.execute(query)).all()
    return {row[0]: row[1] for row in rows}


async def _set_aside(connection: AsyncConnection) -> Counter[int]:
    query = select(postings.c.micros).where(postings.c.account == "suspense")
    return Counter((await connection.scalars(query)).all())


async def _left_over(after: Aftermath) -> AsyncIterator[str]:
    """Nothing waits for the store, and the inbox has each callback once."""
    waiting = await after.ledger.outbox(10)
    if waiting:
        yield f"the outbox still holds {waiting}"
    kept = await after.ledger.database.read(_letters)
    if kept != after.post.distinct:
        yield f"the inbox has {kept} letters of {after.post.distinct}"


async def _letters(connection: AsyncConnection) -> int:
    return int(await connection.scalar(select(func.count()).select_from(letters)) or 0)


def _undelivered(post: Post) -> Iterator[str]:
    if post.given_up:
        yield f"{post.given_up} callbacks were never taken in"
    if post.delivered < post.callbacks:
        yield f"{post.delivered} callbacks were brought of {post.callbacks}"
    for status in post.answers.keys() - EXPECTED_ANSWERS:
        yield f"{post.answers[status]} callbacks were answered {status}"


def _unplanned(engine: MortalEngine) -> Iterator[str]:
    """What the engine said that it should not have to say."""
    for line in engine.log.read_text().splitlines():
        try:
            is_expected = json.loads(line).get("event") in EXPECTED_ERRORS
        except json.JSONDecodeError:
            is_expected = False
        if not is_expected:
            yield f"{engine.plan.engine} said: {line}"


def undied(plans: Sequence[DeathPlan]) -> Iterator[str]:
    """Deaths of the plans that have not been."""
    for (step, victim), times in sorted(left(plans).items()):
        yield f"at {step} the {victim} is {times} deaths short"


async def is_at_rest(after: Aftermath) -> bool:
    """Whether nothing waits: no posting for the store, no paid order to be asked about soon, and no
    order to be paid that is not."""
    if await after.ledger.outbox(1):
        return False
    soon_ms = after.clock.now().wall_ms + SOON_MS
    due, paid = await after.ledger.database.read(lambda connection: _counted(connection, soon_ms))
    return due == 0 and paid == sum(p.fate is not Fate.MISFIT for p in after.purchases)


async def _counted(connection: AsyncConnection, soon_ms: int) -> tuple[int, int]:
    """How many paid orders are asked about soon, and how many are paid."""
    paid = select(func.count()).select_from(orders).where(orders.c.paid_ms.is_not(None))
    due = await connection.scalar(paid.where(orders.c.ask_at_ms < soon_ms))
    return int(due or 0), int(await connection.scalar(paid) or 0)
