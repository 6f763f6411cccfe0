"""Whatever is done with money, in whatever order: after each step journal and store are one.

Top-ups with a bonus, refunds, disputes and misfits, calls that hold and are charged, credits,
debits, moves, new numbers with and without a merge. What customers have in all is also reckoned
here, beside the books.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from engine.core.payment import FactKind, Payee, PaymentFact, PaymentOrder
from engine.core.rating import charge
from engine.flows.money.books import verify
from engine.flows.money.movements import Booked, Money, Why
from engine.flows.money.relay import Relay
from engine.ledger.payments.sql import SqlOrders
from engine.ledger.sql import SqlLedger
from engine.ports.orders import Taken
from engine.ports.store import StorePosting
from tests.fakes.store import MemoryStore
from tests.fakes.valkey import StoreData
from tests.flows.payments.desk import HandClock
from tests.ports.ledger.books import NOW_MS, answered_call
from tests.ports.stores import BY_SECOND, wish

EURO = 1_000_000
NUMBERS = tuple(f"+4930231250{number}" for number in range(10, 14))
PAYEE = Payee(organisation="acme", profile="web", provider="paypal", payee="M1")
FUNDED = 3
SECONDS_MOST = 600


class QuickClock(HandClock):
    """One that does not wait: time has gone by at once."""

    async def sleep(self, ms: int) -> None:
        self.wall_ms += ms


@dataclass
class Office:
    """Books, a store and an operator; `reckoned` is what all customers must have together, orders
    left aside; `calls` are those that talk, with the increments they hold."""

    ledger: SqlLedger
    store: MemoryStore
    clock: QuickClock
    steps: int = 0
    reckoned_micros: int = 0
    orders: dict[str, PaymentOrder] = field(default_factory=dict)
    calls: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def money(self) -> Money:
        return Money(self.ledger, self.store, self.clock)

    async def open(self) -> None:
        """Some customers have money to begin with."""
        for number in range(FUNDED):
            why = Why(key=f"opening{number}", reason="by hand", author="ada")
            await self.money.credit(await self.account(number), 20 * EURO, why)
            self.reckoned_micros += 20 * EURO

    async def account(self, number: int) -> str:
        """The account that has a number now."""
        opened = await self.ledger.open_account("acme", "web", NUMBERS[number], "EUR")
        return opened.account_id

    def why(self) -> Why:
        return Why(key=f"k{self.steps}", reason="by hand", author="ada")

    def order(self, pick: int) -> PaymentOrder | None:
        """Any of the orders there are."""
        return list(self.orders.values())[pick % len(self.orders)] if self.orders else None

    async def note(self, fact: PaymentFact, *, by_outbox: bool) -> None:
        """A provider says something; the store hears of it at once or by the outbox."""
        taken: Taken = await SqlOrders(self.ledger).note((fact,), PAYEE, self.clock.wall_ms)
        self.orders |= {order.order_id: order for order in taken.orders}
        await self.tell(await self.ledger.outbox(200) if by_outbox else taken.postings)

    async def tell(self, postings: Sequence[StorePosting]) -> None:
        await Relay(self.ledger, self.store, self.clock).apply(postings)

    async def check(self) -> None:
        """Store and journal are one, and customers have what was reckoned."""
        held = {
            f"account {account_id}: the hold of {call_id}"
            " belongs to no live call and no coming posting"
            for call_id, (account_id, _) in self.calls.items()
        }
        assert set(await verify(self.ledger, self.store, self.clock)) == held
        assert await self.ledger.outbox(1) == []
        balances = [account.balance_micros async for account in self.ledger.accounts()]
        due = sum(order.due_micros for order in self.orders.values())
        assert sum(balances) == self.reckoned_micros + due


Step = Callable[[Office], Awaitable[None]]
PICK = st.integers(0, 9)
NUMBER = st.integers(0, len(NUMBERS) - 1)
AMOUNT = st.integers(1, 30 * EURO)


@st.composite
def top_ups(draw: st.DrawFn) -> Step:
    number, pay, by_outbox = draw(NUMBER), draw(AMOUNT), draw(st.booleans())
    bonus = draw(st.integers(0, pay))
    excess = draw(st.sampled_from((0, 0, 0, 1)))

    async def step(at: Office) -> None:
        order = PaymentOrder(
            order_id=f"o{at.steps}",
            organisation="acme",
            profile="web",
            provider="paypal",
            account_id=await at.account(number),
            currency="EUR",
            amount_micros=pay,
            bonus_micros=bonus,
            lang="de",
            created_ms=at.clock.wall_ms,
        )
        await SqlOrders(at.ledger).place(order)
        at.orders[order.order_id] = order
        paid = fact_of(order, FactKind.PAID, pay + excess)
        await at.note(paid, by_outbox=by_outbox)
        event("misfit" if excess else "paid")

    return step


@st.composite
def afterthoughts(draw: st.DrawFn) -> Step:
    """A refund's total, a dispute's beginning or end; or the payment told again."""
    pick, by_outbox = draw(PICK), draw(st.booleans())
    kind = draw(
        st.sampled_from((FactKind.REFUNDED, FactKind.WITHDRAWN, FactKind.REINSTATED, FactKind.PAID))
    )
    share = draw(st.integers(1, 100))

    async def step(at: Office) -> None:
        order = at.order(pick)
        if order is None:
            return
        all_of_it = kind is FactKind.PAID
        micros = order.amount_micros * (100 if all_of_it else share) // 100
        await at.note(fact_of(order, kind, micros), by_outbox=by_outbox)
        event(kind)

    return step


def fact_of(order: PaymentOrder, kind: FactKind, micros: int) -> PaymentFact:
    return PaymentFact(
        kind=kind,
        order_id=order.order_id,
        payment_ref=f"C-{order.order_id}",
        amount_micros=micros,
        currency="EUR",
        payee="M1",
    )


@st.composite
def calls_begun(draw: st.DrawFn) -> Step:
    number, upto_n = draw(NUMBER), draw(st.integers(1, SECONDS_MOST))

    async def step(at: Office) -> None:
        account_id, call_id = await at.account(number), f"c{at.steps}"
        if await at.store.account(account_id) is None:
            return
        wanted = wish(call_id, 1, upto_n, account_id=account_id)
        granted = await at.store.reserve(wanted)
        if granted.granted_n:
            at.calls[call_id] = account_id, granted.granted_n
            event("call")
        else:
            await at.store.drop_hold(account_id, call_id)

    return step


@st.composite
def calls_ended(draw: st.DrawFn) -> Step:
    pick, share = draw(PICK), draw(st.integers(0, 100))

    async def step(at: Office) -> None:
        if not at.calls:
            return
        call_id = list(at.calls)[pick % len(at.calls)]
        account_id, granted_n = at.calls.pop(call_id)
        micros = charge(BY_SECOND, granted_n * share // 100)
        record = replace(answered_call(call_id, account_id, micros), rate=BY_SECOND)
        await at.tell(await at.ledger.settle(record))
        at.reckoned_micros -= micros

    return step


@st.composite
def movements(draw: st.DrawFn) -> Step:
    kind = draw(st.sampled_from(("credit", "debit", "move", "move all")))
    number, other, micros = draw(NUMBER), draw(NUMBER), draw(AMOUNT)

    async def step(at: Office) -> None:
        account_id, other_id = await at.account(number), await at.account(other)
        match kind:
            case "credit":
                await at.money.credit(account_id, micros, at.why())
                at.reckoned_micros += micros
            case "debit":
                done = await at.money.debit(account_id, micros, at.why())
                at.reckoned_micros -= done.micros if isinstance(done, Booked) else 0
            case _ if account_id != other_id:
                wanted = micros if kind == "move" else None
                done = await at.money.move(account_id, other_id, wanted, at.why())
                event(f"{kind}: {type(done).__name__}")

    return step


@st.composite
def new_numbers(draw: st.DrawFn) -> Step:
    number, other, merge = draw(NUMBER), draw(NUMBER), draw(st.booleans())

    async def step(at: Office) -> None:
        account = await at.ledger.find_account("web", NUMBERS[number])
        if account is not None:
            done = await at.money.change_number(
                account.account_id, NUMBERS[other], at.why(), merge=merge
            )
            event(f"new number: {type(done).__name__}")

    return step


STEPS = st.lists(
    st.one_of(top_ups(), afterthoughts(), calls_begun(), calls_ended(), movements(), new_numbers()),
    min_size=10,
    max_size=20,
)


@pytest.fixture(scope="module")
def empty_books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables."""
    file = tmp_path_factory.mktemp("books") / "empty.db"

    async def make() -> None:
        ledger = SqlLedger(f"sqlite:///{file}", lambda: NOW_MS)
        await ledger.migrate()
        await ledger.close()

    asyncio.run(make())
    return file


@given(STEPS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_journal_and_store_are_one_after_every_step(empty_books: Path, steps: list[Step]) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.db"
        shutil.copy(empty_books, file)
        asyncio.run(_live_through(f"sqlite:///{file}", steps))


async def _live_through(url: str, steps: list[Step]) -> None:
    clock = QuickClock()
    ledger = SqlLedger(url, lambda: clock.wall_ms)
    store = MemoryStore(StoreData(lambda: clock.wall_ms))
    office = Office(ledger, store, clock)
    try:
        await office.open()
        for step in steps:
            office.steps += 1
            await step(office)
            await office.check()
    finally:
        await ledger.close()
