"""A till on real books, with a provider that says what a test tells it to."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from engine.core.call import Now
from engine.core.inventory import BillingProfile, Inventory, Organisation, TopUpAmount
from engine.core.payment import FactKind, PaymentFact, PaymentOrder
from engine.errors import RemoteError
from engine.flows.clock import SystemClock
from engine.flows.money.relay import Relay
from engine.flows.payments.asking import Asking
from engine.flows.payments.seals import Seal
from engine.flows.payments.till import Begun, Till, Wish
from engine.ledger.payments.sql import SqlOrders
from engine.ledger.sql import SqlLedger
from engine.ports.metrics import UNMEASURED, Metrics
from engine.ports.payments import Forged, Headers, Notice, Places, Redirect
from tests.fakes.store import MemoryStore, StoreData

EURO = 1_000_000
NUMBER = "+493023125010"
NOW_MS = 1_795_000_000_000
ORIGIN = "https://pay.example.org"


def _at_once() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class ScriptedProvider:
    """Signed by a header; an unsigned callback only names an order to ask about."""

    name: str = "paypal"
    payee: str = "M1"
    is_signed: bool = True
    down: bool = False
    knows: dict[str, tuple[PaymentFact, ...]] = field(default_factory=dict)
    hangs: asyncio.Event = field(default_factory=_at_once)
    asked: list[str] = field(default_factory=list)
    captured: list[str] = field(default_factory=list)
    places: dict[str, Places] = field(default_factory=dict)

    async def create(self, order: PaymentOrder, places: Places) -> Redirect:
        self._answer()
        self.places[order.order_id] = places
        return Redirect(f"P-{order.order_id}", f"https://provider.example/{order.order_id}")

    async def learn(self, headers: Headers) -> None:
        self._answer()

    def verify(self, raw: bytes, headers: Headers, now_ms: int) -> Notice | Forged:
        if headers.get("signature") == "none":
            return Notice(raw.decode(), ask=(raw.decode(),))
        if headers.get("signature") == "empty":
            return Notice("empty")
        if headers.get("signature") != "good":
            return Forged("the signature does not fit")
        told = json.loads(raw)
        return Notice(told["id"], (fact(told["order"], FactKind(told["kind"]), told["micros"]),))

    async def fetch(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        self._answer()
        self.asked.append(order.order_id)
        await self.hangs.wait()
        return self.knows.get(order.order_id, ())

    async def capture(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        self._answer()
        self.captured.append(order.order_id)
        return (fact(order.order_id, FactKind.PAID, order.amount_micros),)

    async def close(self) -> None:
        pass

    def _answer(self) -> None:
        if self.down:
            raise RemoteError("the provider is down")


def fact(order_id: str, kind: FactKind, micros: int) -> PaymentFact:
    return PaymentFact(
        kind=kind,
        order_id=order_id,
        payment_ref=f"C-{order_id}",
        amount_micros=micros,
        currency="EUR",
        payee="M1",
    )


class HandClock(SystemClock):
    """A wall clock that stands until it is moved."""

    def __init__(self) -> None:
        self.wall_ms = NOW_MS

    def now(self) -> Now:
        return Now(wall_ms=self.wall_ms, mono_ms=self.wall_ms)


@dataclass
class Desk:
    """Everything at hand, and the clock stands until it is moved."""

    ledger: SqlLedger
    store: MemoryStore
    clock: HandClock
    provider: ScriptedProvider
    till: Till
    asking: Asking

    async def begun(self, pay: int = 20, provider: str = "paypal", number: str = NUMBER) -> Begun:
        wish = Wish(
            profile="acme-eur", provider=provider, e164=number, pay_micros=pay * EURO, lang="de"
        )
        return await self.till.begin(wish)

    async def tell(
        self,
        order: PaymentOrder,
        kind: FactKind = FactKind.PAID,
        micros: int = 20 * EURO,
        *,
        event_id: str = "e1",
        signature: str = "good",
        token: str | None = None,
    ) -> str:
        """A callback about an order; what became of it."""
        told = {"id": event_id, "order": order.order_id, "kind": kind, "micros": micros}
        raw = order.provider_ref if signature == "none" else json.dumps(told)
        payee = self.till.payee_of(order)
        assert payee is not None
        headers = {"signature": signature}
        outcome = await self.till.receive(payee, raw.encode(), headers, token)
        await self.till.close()
        return outcome

    async def balance(self, number: str = NUMBER) -> int:
        """The balance of a number's account, the same in store and journal."""
        account = await self.ledger.find_account("acme-eur", number)
        assert account is not None
        view = await self.store.account(account.account_id)
        in_store = view.balance_micros if view is not None else 0
        assert in_store == account.balance_micros
        assert await self.ledger.verify() == []
        return in_store


INVENTORY = Inventory(
    version=1,
    organisations=(Organisation(name="acme", title="Acme"),),
    profiles=(
        BillingProfile(
            name="acme-eur",
            organisation="acme",
            currency="EUR",
            amounts=(TopUpAmount(pay_micros=20 * EURO, bonus_micros=2 * EURO),),
        ),
    ),
)


@asynccontextmanager
async def desk(folder: Path, metrics: Metrics = UNMEASURED) -> AsyncIterator[Desk]:
    clock = HandClock()
    ledger = SqlLedger(f"sqlite:///{folder / 'ledger.db'}", lambda: clock.now().wall_ms)
    await ledger.migrate()
    store = MemoryStore(StoreData(lambda: clock.now().wall_ms))
    provider = ScriptedProvider()
    till = Till(
        orders=SqlOrders(ledger),
        ledger=ledger,
        relay=Relay(ledger, store, clock),
        providers=lambda: {("acme-eur", "paypal"): provider, ("acme-eur", "manual"): provider},
        inventory=lambda: INVENTORY,
        clock=clock,
        seal=Seal(b"s" * 32),
        origin=ORIGIN,
        metrics=metrics,
    )
    yield Desk(ledger, store, clock, provider, till, Asking(till, clock))
    await till.close()
    await ledger.close()
