"""A whole site for tests: books in SQLite, the store's twin, a provider that says what it is told.

`open_site` puts it together, `Site` and all; `client` of `conftest.py` speaks to it over HTTP.
"""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient
from argon2 import PasswordHasher

from engine.app.site import collecting_of, directory_of, reading_of, routing_of
from engine.core.inventory import (
    BillingProfile,
    Inventory,
    Merchant,
    Organisation,
    ProviderTerms,
    Service,
    TopUpAmount,
)
from engine.core.money import MICROS, Rounding
from engine.core.numbers.holder import Policy
from engine.core.payment import FactKind, PaymentFact, PaymentOrder
from engine.core.probe import ProbePlan
from engine.core.tariff import BillingStart, Increment, StartsFrom, Tariff
from engine.errors import RemoteError
from engine.flows.access import People, SigningIn
from engine.flows.access.passwords import Passwords
from engine.flows.agents import Staff
from engine.flows.clock import SystemClock
from engine.flows.dialplan.own import OwnDialplan
from engine.flows.keys import KeyRing
from engine.flows.live import Control, Live
from engine.flows.money.movements import Money
from engine.flows.money.relay import Relay
from engine.flows.numbers.numbering import Numbering, read_areas
from engine.flows.payments.seals import Purpose, Seal
from engine.flows.payments.till import Begun, Till, Wish
from engine.flows.proof.proof import Signer as ProofSigner
from engine.flows.replay.runs import Runs
from engine.flows.verification.tokens import Tokens
from engine.flows.versions.configuration import Configuration
from engine.flows.webhooks import Signer, Webhooks
from engine.ledger.api.sql import SqlAnswers, SqlCustomers, SqlKeys
from engine.ledger.callers import SqlCallers
from engine.ledger.numbers.cases import SqlCases
from engine.ledger.numbers.sql import SqlNumbers
from engine.ledger.payments.sql import SqlOrders
from engine.ledger.probing.sql import SqlProbes
from engine.ledger.replays.sql import SqlReplays
from engine.ledger.sql import TIMEOUT_S, SqlLedger
from engine.ledger.tracked.sql import SqlTracked
from engine.ledger.users.sql import SqlAudit, SqlSessions, SqlUsers
from engine.ledger.versions.sql import SqlVersions
from engine.ledger.webhooks.sql import SqlDeliveries, SqlEndpoints
from engine.payments.registry import option_forms
from engine.ports.clock import Clock
from engine.ports.payments import Forged, Headers, Notice, Places, Redirect
from engine.speech.catalogue import read_catalogues
from engine.speech.library import Library
from engine.speech.studio import LibraryStudio
from engine.web.guard import Guard
from engine.web.site import Site
from tests.fakes.sounds import NamedSounds
from tests.fakes.store import MemoryStore
from tests.fakes.valkey import StoreData
from tests.verification.cases import MERCHANT, TRUNK
from tests.web.calling import Telephones, telephones

ORIGIN = "https://pay.example"
EMBEDDER = "https://www.sternlicht.example"
ORGANISATION = "acme"
PROFILE = "acme-eur"
PROVIDER = "scripted"
LANDLINE = "+493023125100"
MOBILE = "+4915228817386"
Client = TestClient[web.Request, web.Application]
CHECKOUT = Path(__file__).resolve().parents[2]
SOUNDS = CHECKOUT / "sounds"
SECRET = b"0123456789abcdef0123456789abcdef"


def tariff(landline_micros: int, mobile_micros: int, connect_fee_micros: int = 0) -> Tariff:
    """Every minute begun is charged whole; who calls from elsewhere pays 2.99 a minute."""
    return Tariff(
        currency="EUR",
        landline_micros=landline_micros,
        mobile_micros=mobile_micros,
        other_micros=2_990_000,
        increment=Increment(60, 60),
        billing_start=BillingStart(StartsFrom.CONVERSATION, 0),
        connect_fee_micros=connect_fee_micros,
        first_call=None,
        max_call_minutes=60,
        rounding=Rounding(),
    )


def service(name: str, did: str, price: Tariff) -> Service:
    """A line of the profile."""
    return Service(
        name=name,
        organisation=ORGANISATION,
        dids=(did,),
        profile=PROFILE,
        tariff=price,
        group="advisers",
        caller_list="stars",
        title=name.capitalize(),
    )


def site_inventory(
    *more: BillingProfile,
    sites: tuple[str, ...] = (EMBEDDER,),
    merchants: tuple[Merchant, ...] | None = None,
) -> Inventory:
    """One organisation, its profile with three amounts and two providers, two lines, a merchant."""
    profile = BillingProfile(
        name=PROFILE,
        organisation=ORGANISATION,
        currency="EUR",
        title="Sternlicht",
        amounts=(
            TopUpAmount(pay_micros=10 * MICROS),
            TopUpAmount(pay_micros=20 * MICROS, bonus_micros=2 * MICROS),
            TopUpAmount(pay_micros=50 * MICROS, bonus_micros=7_500_000),
        ),
        sites=sites,
        providers=(
            ProviderTerms(provider=PROVIDER),
            ProviderTerms(
                provider="manual",
                options=(("holder", "Sternlicht GmbH"), ("iban", "DE02120300000000202051")),
            ),
        ),
    )
    return Inventory(
        version=1,
        organisations=(Organisation(name=ORGANISATION, title="Sternlicht Beratung GmbH"),),
        profiles=(profile, *more),
        services=(
            service("sternlicht", "+493023125000", tariff(1_990_000, 2_990_000)),
            service("starlight", "+493023125001", tariff(1_990_000, 1_990_000, 100_000)),
        ),
        trunks=(TRUNK,),
        probing=(ProbePlan(trunk=TRUNK.name, show_number="+493023125999"),),
        merchants=merchants or (replace(MERCHANT, sites=sites),),
    )


@dataclass
class ScriptedProvider:
    """A provider whose page is nowhere, whose callbacks are facts in JSON, and which knows what
    the test puts into `known`; `down` lets it answer nothing."""

    name: str = PROVIDER
    payee: str = ""
    is_signed: bool = True
    page: str = "https://provider.example/pay"
    down: bool = False
    known: dict[str, tuple[PaymentFact, ...]] = field(default_factory=dict)
    created: list[PaymentOrder] = field(default_factory=list)
    places: list[Places] = field(default_factory=list)

    async def create(self, order: PaymentOrder, places: Places) -> Redirect:
        if self.down:
            raise RemoteError("the provider does not answer")
        self.created.append(order)
        self.places.append(places)
        return Redirect(f"ref-{order.order_id[:12]}", f"{self.page}?order={order.order_id}")

    async def learn(self, headers: Headers) -> None:
        """There is nothing to learn."""

    def verify(self, raw: bytes, headers: Headers, now_ms: int) -> Notice | Forged:
        if headers.get("x-signature") != "right":
            return Forged("the signature is wrong")
        told = json.loads(raw)
        return Notice(told["event_id"], ask=tuple(told.get("ask", ())))

    async def fetch(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        return self.known.get(order.order_id, ())

    async def capture(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        return self.known.get(order.order_id, ())

    async def close(self) -> None:
        """There are no connections."""


def fact(order: PaymentOrder, kind: FactKind, micros: int | None = None) -> PaymentFact:
    """What the provider says of an order; of its whole amount unless told otherwise."""
    return PaymentFact(
        kind=kind,
        order_id=order.order_id,
        payment_ref=f"pay-{order.order_id[:12]}",
        amount_micros=order.amount_micros if micros is None else micros,
        currency=order.currency,
    )


class FakePhones:
    """Every phone but `a2` can be reached."""

    async def registered(self) -> frozenset[str]:
        return frozenset({"a1", "b1"})


@dataclass
class Bench:
    """The site, and what the test holds of the world behind it."""

    site: Site
    ledger: SqlLedger
    store: MemoryStore
    provider: ScriptedProvider
    calling: Telephones
    sounds: Path

    async def begin(
        self, e164: str = LANDLINE, units: int = 20, lang: str = "de", provider: str = PROVIDER
    ) -> Begun:
        """An order as the page begins one."""
        wish = Wish(
            profile=PROFILE, provider=provider, e164=e164, pay_micros=units * MICROS, lang=lang
        )
        return await self.site.till.begin(wish)

    async def due(self) -> Sequence[PaymentOrder]:
        """The orders that are to be asked about now."""
        return await self.site.till.orders.due(self.site.clock.now().wall_ms, 60_000, 10)

    def watched(self, order: PaymentOrder) -> str:
        """The path under which the payer watches an order."""
        return f"/pay/{order.order_id}/{self.site.seal.make(Purpose.WATCH, order.order_id)}"

    async def tell(self, order: PaymentOrder, kind: FactKind, micros: int | None = None) -> None:
        """Let the provider say something of an order; the store knows of it afterwards."""
        payee = self.site.till.payee_of(order)
        assert payee is not None
        await self.site.till.note((fact(order, kind, micros),), payee)
        await self.site.till.close()


async def make_books(file: Path) -> None:
    """An SQLite file with all tables."""
    ledger = SqlLedger(f"sqlite:///{file}", lambda: 0)
    await ledger.migrate()
    await ledger.close()


def _till(
    ledger: SqlLedger,
    relay: Relay,
    provider: ScriptedProvider,
    inventory: Inventory,
    clock: Clock,
    origin: str,
) -> Till:
    manual = ScriptedProvider(name="manual")
    return Till(
        orders=SqlOrders(ledger),
        ledger=ledger,
        relay=relay,
        providers=lambda: {(PROFILE, PROVIDER): provider, (PROFILE, "manual"): manual},
        inventory=lambda: inventory,
        clock=clock,
        seal=Seal(SECRET),
        origin=origin,
    )


def _own_sounds(folder: Path) -> Path:
    """What is heard in this checkout, in a place where recordings may be put beside it."""
    own = folder / "own_sounds"
    for there in SOUNDS.glob("*/*"):
        here = own / there.relative_to(SOUNDS)
        here.parent.mkdir(parents=True, exist_ok=True)
        if there.name != "custom" and not here.exists():
            here.symlink_to(there)
    return own


def _books(url: str, clock: Clock, timeout_s: float) -> tuple[SqlLedger, MemoryStore]:
    """The journal at an address, and an empty store."""
    ledger = SqlLedger(url, lambda: clock.now().wall_ms, timeout_s=timeout_s)
    return ledger, MemoryStore(StoreData(lambda: clock.now().wall_ms))


def _configuration(ledger: SqlLedger, clock: Clock) -> Configuration:
    forms = {PROVIDER: {}, **option_forms()}
    versions, numbers = SqlVersions(ledger), SqlNumbers(ledger)
    return Configuration(versions, clock, forms, numbers, texts=lambda: read_catalogues(SOUNDS))


PASSWORDS = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@asynccontextmanager
async def open_site(
    file: Path,
    inventory: Inventory,
    *,
    origin: str = ORIGIN,
    guard: Guard | None = None,
    dialplan: OwnDialplan | None = None,
    database: str = "",
    clock: Clock | None = None,
    timeout_s: float = TIMEOUT_S,
) -> AsyncIterator[Bench]:
    """A site on the books in `file` (`make_books`), or in the `database` with this address."""
    clock = clock or SystemClock()
    ledger, store = _books(database or f"sqlite:///{file}", clock, timeout_s)
    provider, stack = ScriptedProvider(), AsyncExitStack()
    till = _till(ledger, Relay(ledger, store, clock), provider, inventory, clock, origin)
    calling = await stack.enter_async_context(telephones(ledger, store, clock, inventory, SECRET))
    live, tracked = Live(store, clock), SqlTracked(ledger, SECRET, mailing=True)
    replays, callers = Runs(SqlReplays(ledger), ledger, clock), SqlCallers(ledger)
    people = People(SqlUsers(ledger), SqlSessions(ledger), clock, PASSWORDS)
    sounds = _own_sounds(file.parent)
    site = Site(
        till=till,
        ledger=ledger,
        store=store,
        money=Money(ledger, store, clock),
        inventory=lambda: inventory,
        clock=clock,
        seal=Seal(SECRET),
        guard=guard or Guard(),
        origin=origin,
        keys=KeyRing(SqlKeys(ledger), clock),
        answers=SqlAnswers(ledger),
        customers=SqlCustomers(ledger),
        live=live,
        control=Control(store, clock),
        staff=Staff(store, live, callers, lambda: inventory, clock),
        callers=callers,
        people=people,
        signing_in=SigningIn(people, Seal(SECRET)),
        audit=SqlAudit(ledger),
        verifier=calling.verifier,
        tokens=Tokens(SECRET, origin),
        replays=replays,
        webhooks=Webhooks(SqlEndpoints(ledger), SqlDeliveries(ledger), Signer(SECRET), clock),
        configuration=_configuration(ledger, clock),
        sounds=NamedSounds(),
        catalogues=read_catalogues(SOUNDS),
        dialplan=dialplan,
        phones=FakePhones(),
        studio=LibraryStudio(Library(sounds, file.parent / "sounds")),
        cases=SqlCases(ledger),
        numbering=Numbering(SqlNumbers(ledger), read_areas(), clock, Policy()),
        routing=routing_of(ledger, NamedSounds(), clock),
        reading=reading_of(ledger),
        signer=ProofSigner(SECRET),
        manager_limit_micros=50 * MICROS,
        tracked=tracked,
        collecting=collecting_of(ledger, Seal(SECRET), clock),
        directory=directory_of(ledger, tracked, clock),
        probes=SqlProbes(ledger),
    )
    try:
        yield Bench(site, ledger, store, provider, calling, sounds)
    finally:
        await stack.aclose()
        await replays.close()
        await live.close()
        await till.close()
        await ledger.close()
