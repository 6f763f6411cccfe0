"""A whole house in memory: engines on fakes in virtual time, for flow tests and simulations."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from engine.core.identity import SignalledIdentity
from engine.core.inventory import (
    Agent,
    BillingProfile,
    HuntGroup,
    Inventory,
    Service,
    Trunk,
)
from engine.core.money import Rounding, RoundingMode
from engine.core.number import NumberFormat
from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.core.tariff import BillingStart, Increment, StartsFrom, Tariff
from engine.flows.engine import Engine
from engine.flows.orders import House
from engine.flows.relay import Relay
from tests.fakes.clock import LoopClock
from tests.fakes.ledger import MemoryLedger
from tests.fakes.sounds import NamedSounds
from tests.fakes.store import MemoryStore
from tests.fakes.telephony import FakeLeg, FakeSwitch

DID = "+493023125000"
LANDLINE = "+493023125100"
MOBILE = "+4915228817386"


def tariff(**changes: object) -> Tariff:
    """0.60 a minute from landlines, by the second, from the start of the conversation."""
    fields: dict[str, object] = {
        "currency": "EUR",
        "landline_micros": 600_000,
        "mobile_micros": 1_200_000,
        "other_micros": 1_200_000,
        "increment": Increment(1, 1),
        "billing_start": BillingStart(StartsFrom.CONVERSATION, 0),
        "connect_fee_micros": 0,
        "first_call": None,
        "max_call_minutes": 60,
        "rounding": Rounding(2, RoundingMode.HALF_UP),
    }
    return Tariff(**{**fields, **changes})  # type: ignore[arg-type]  # checked by the dataclass


def service(**changes: object) -> Service:
    """The line that the tests call."""
    fields: dict[str, object] = {
        "name": "sternlicht",
        "organisation": "acme",
        "dids": (DID,),
        "profile": "acme-eur",
        "tariff": tariff(),
        "group": "advisers",
        "guard": "none",
    }
    return Service(**{**fields, **changes})  # type: ignore[arg-type]  # checked by the dataclass


def inventory(
    *services: Service, agents: tuple[Agent, ...] | None = None, **group: object
) -> Inventory:
    """One organisation with a trunk, two agents and a hunt group."""
    people = agents or (
        Agent(name="a1", organisation="acme"),
        Agent(name="a2", organisation="acme", lang="en"),
    )
    names = tuple(agent.name for agent in people)
    return Inventory(
        version=1,
        organisations=("acme",),
        trunks=(Trunk(name="carrier", host="127.0.0.1", number_format=NumberFormat.E164_PLUS),),
        agents=people,
        groups=(HuntGroup(name="advisers", organisation="acme", agents=names, **group),),  # type: ignore[arg-type]
        profiles=(BillingProfile(name="acme-eur", organisation="acme", currency="EUR"),),
        services=services or (service(),),
    )


@dataclass
class World:
    """Switch, store, ledger and engines; what a test does and looks at."""

    inventory: Inventory
    clock: LoopClock = field(default_factory=LoopClock)
    sounds: NamedSounds = field(default_factory=NamedSounds)
    engines: dict[str, Engine] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.switch = FakeSwitch(self.clock, playback_ms=playback_ms)
        self.store = MemoryStore()
        self.ledger = MemoryLedger(lambda: self.clock.now().wall_ms)
        self.relay = Relay(self.ledger, self.store, self.clock)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._made = 0

    async def start_engine(self, name: str) -> Engine:
        house = House(
            telephony=self.switch.port(name),
            store=self.store,
            ledger=self.ledger,
            sounds=self.sounds,
            clock=self.clock,
            relay=Relay(self.ledger, self.store, self.clock),
            inventory=lambda: self.inventory,
            endpoint_of=endpoint_of,
            engine=name,
        )
        engine = self.engines[name] = Engine(house)
        self._tasks[name] = asyncio.create_task(engine.run())
        await engine.ready.wait()
        return engine

    async def kill_engine(self, name: str) -> None:
        """As `kill -9`: nothing is ordered or heard by it any more."""
        self.switch.cut_off(name)
        task = self._tasks.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def stop(self) -> None:
        for name in tuple(self._tasks):
            await self.kill_engine(name)

    async def credit(self, e164: str, micros: int, kind: EntryKind = EntryKind.CREDIT) -> None:
        """Book money to (or, negative, from) a number's account and bring it to the store."""
        account = await self.ledger.open_account("acme", "acme-eur", e164, "EUR")
        self._made += 1
        entry = Entry(
            key=f"test:{self._made}",
            kind=kind,
            currency="EUR",
            postings=(
                Posting(customer(account.account_id), micros),
                Posting("adjustment", -micros),
            ),
            at_ms=self.clock.now().wall_ms,
        )
        await self.relay.apply(await self.ledger.post(entry))

    async def balance(self, e164: str) -> int:
        account = await self.ledger.find_account("acme-eur", e164)
        assert account is not None
        view = await self.store.account(account.account_id)
        assert view is not None
        assert view.balance_micros == account.balance_micros
        return view.balance_micros

    def call(self, e164: str = LANDLINE, engine: str = "e1", did: str = DID) -> FakeLeg:
        """A verified caller calls."""
        self._made += 1
        identity = SignalledIdentity(asserted=(f"<sip:{e164}@carrier.example>",), from_user=e164)
        return self.switch.ring_in(f"call{self._made}", did, engine, identity)

    async def until(self, condition: Callable[[], bool], within_s: float = 7200.0) -> None:
        """Let time pass until something is so."""
        async with asyncio.timeout(within_s):
            while not condition():
                await asyncio.sleep(0.01)

    def heard_by(self, leg: FakeLeg) -> list[str]:
        return [name for _at, name in leg.heard]

    def agent_leg(self, call: FakeLeg, number: int = -1) -> FakeLeg:
        return [leg for leg in self.switch.legs.values() if leg.call_id == call.leg][1:][number]


def endpoint_of(agent: Agent) -> str:
    """The switch's address of an agent, by which `FakeSwitch.manners` knows him."""
    return f"PJSIP/{agent.name}"


def playback_ms(audio: str) -> int:
    """A welcome and a price take a while, a whisper less."""
    return 6_000 if "/tariff" in audio else 1_500


@asynccontextmanager
async def world(stock: Inventory | None = None) -> AsyncIterator[World]:
    """A house with one engine, stopped at the end."""
    house = World(stock or inventory())
    await house.start_engine("e1")
    try:
        yield house
    finally:
        await house.stop()
