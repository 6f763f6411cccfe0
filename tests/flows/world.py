"""A whole house in memory: engines on fakes in virtual time, for flow tests and simulations."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from engine.core.cdr import CallRecord
from engine.core.identity import SignalledIdentity
from engine.core.inventory import (
    Agent,
    BillingProfile,
    HuntGroup,
    Inventory,
    Organisation,
    Service,
    Trunk,
)
from engine.core.money import Rounding, RoundingMode
from engine.core.number import NumberFormat
from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.core.tariff import BillingStart, Increment, StartsFrom, Tariff
from engine.errors import RemoteError
from engine.flows.diversion.directory import Directory
from engine.flows.engine import Engine
from engine.flows.errands import House
from engine.flows.money.relay import Relay
from engine.flows.verification.codes import Codes
from engine.flows.verification.sessions import Sessions
from engine.flows.verification.verifier import Verifier
from engine.ports.ledger import Ledger
from engine.ports.metrics import UNMEASURED, Metrics
from engine.premium.call import PremiumCall, State
from tests.fakes.clock import LoopClock, until
from tests.fakes.ledger import MemoryLedger
from tests.fakes.sounds import NamedSounds
from tests.fakes.store import MemoryStore
from tests.fakes.telephony import FakeLeg, FakeSwitch, Manner, SwitchPort
from tests.fakes.valkey import StoreData
from tests.flows.bills import assert_billed
from tests.verification.memory import MemoryVerifications

DID = "+493023125000"
LANDLINE = "+493023125100"
MOBILE = "+4915228817386"
CODES = Codes(b"a secret of the site, 32 bytes long")


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


def trunk(**changes: object) -> Trunk:
    """The carrier the calls come from; its network vouches for what it asserts."""
    fields: dict[str, object] = {
        "name": "carrier",
        "host": "127.0.0.1",
        "number_format": NumberFormat.E164_PLUS,
    }
    return Trunk(**{**fields, **changes})  # type: ignore[arg-type]  # checked by the dataclass


def inventory(
    *services: Service,
    agents: tuple[Agent, ...] | None = None,
    carrier: Trunk | None = None,
    profiles: tuple[str, ...] = ("acme-eur",),
    **group: object,
) -> Inventory:
    """One organisation with a trunk, two agents and a hunt group."""
    people = agents or (
        Agent(name="a1", organisation="acme"),
        Agent(name="a2", organisation="acme", lang="en"),
    )
    names = tuple(agent.name for agent in people)
    return Inventory(
        version=1,
        organisations=(Organisation(name="acme", title="Acme"),),
        trunks=(carrier or trunk(),),
        agents=people,
        groups=(HuntGroup(name="advisers", organisation="acme", agents=names, **group),),  # type: ignore[arg-type]  # checked by the dataclass
        profiles=tuple(
            BillingProfile(name=name, organisation="acme", currency="EUR") for name in profiles
        ),
        services=services or (service(),),
    )


@dataclass
class World:
    """Switch, store, ledger and engines; what a test does and looks at."""

    inventory: Inventory
    clock: LoopClock = field(default_factory=LoopClock)
    sounds: NamedSounds = field(default_factory=NamedSounds)
    engines: dict[str, Engine] = field(default_factory=dict)
    houses: dict[str, House] = field(default_factory=dict)
    stores: dict[str, MemoryStore] = field(default_factory=dict)
    ports: dict[str, SwitchPort] = field(default_factory=dict)
    metrics: Metrics = UNMEASURED
    directory: Directory | None = None

    def __post_init__(self) -> None:
        self.switch = FakeSwitch(self.clock, playback_ms=playback_ms)
        self.data = StoreData(self.now_ms)
        self.store = MemoryStore(self.data)
        self.ledger = MemoryLedger(self.now_ms)
        self.relay = Relay(self.ledger, self.store, self.clock)
        self.verifications = MemoryVerifications()
        self.verifiers: dict[str, Verifier] = {}
        self.dead: list[Engine] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._made = 0

    def now_ms(self) -> int:
        return self.clock.now().wall_ms

    # --- engines -------------------------------------------------------------------------

    async def start_engine(self, name: str) -> Engine:
        store = self.stores[name] = MemoryStore(self.data)
        port = self.ports[name] = self.switch.port(name)
        ledger = cast("Ledger", LedgerWay(self.ledger, port.pass_gate))
        store.delay = port.pass_gate
        house = self.houses[name] = House(
            telephony=port,
            store=store,
            ledger=ledger,
            sounds=self.sounds,
            clock=self.clock,
            relay=Relay(ledger, store, self.clock, self.metrics),
            inventory=lambda: self.inventory,
            endpoint_of=endpoint_of,
            endpoint_of_number=endpoint_of_number,
            engine=name,
            metrics=self.metrics,
            sessions=Sessions(self.verifications, store, CODES, self.clock, self.metrics),
            directory=self.directory,
        )
        engine = self.engines[name] = Engine(house)
        self._tasks[name] = asyncio.create_task(self._run(house, engine))
        await engine.ready.wait()
        return engine

    async def _run(self, house: House, engine: Engine) -> None:
        """An engine and what sees to its verifications, as `app` runs them."""
        assert house.sessions is not None
        store = self.stores[house.engine]
        verifier = Verifier(house, engine.calls, house.sessions, store)
        self.verifiers[house.engine] = verifier
        async with asyncio.TaskGroup() as group:
            group.create_task(engine.run())
            if self.inventory.merchants:
                group.create_task(verifier.run())

    async def kill_engine(self, name: str) -> None:
        """As `kill -9`: nothing is ordered or heard by it any more."""
        self.switch.cut_off(name)
        self.ports.pop(name).gate = for_ever
        task = self._tasks.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await self.stores.pop(name).close()
        self.dead.append(self.engines.pop(name))

    async def stop(self) -> None:
        for name, task in tuple(self._tasks.items()):
            if task.done():
                task.result()
            await self.kill_engine(name)

    def live(self) -> int:
        """Calls that engines still have."""
        return sum(len(engine.calls.live) for engine in self.engines.values())

    # --- store and ledger ----------------------------------------------------------------

    def store_away(self) -> None:
        for store in (self.store, *self.stores.values()):
            store.down = True

    def store_back(self) -> None:
        for store in (self.store, *self.stores.values()):
            store.reconnect()

    async def book(
        self,
        e164: str,
        micros: int,
        kind: EntryKind = EntryKind.CREDIT,
        profile: str = "acme-eur",
    ) -> str:
        """Book money to (or, negative, from) a number's account and bring it to the store."""
        account = await self.ledger.open_account("acme", profile, e164, "EUR")
        self._made += 1
        entry = Entry(
            key=f"test:{self._made}",
            kind=kind,
            currency="EUR",
            postings=(
                Posting(customer(account.account_id), micros),
                Posting("adjustment", -micros),
            ),
            at_ms=self.now_ms(),
        )
        await self.relay.apply(await self.ledger.post(entry))
        return account.account_id

    async def balance(self, e164: str) -> int:
        """The balance of a number's account, the same in store and ledger."""
        account = await self.ledger.find_account("acme-eur", e164)
        assert account is not None
        view = await self.store.account(account.account_id)
        assert view is not None
        assert view.balance_micros == account.balance_micros
        return view.balance_micros

    async def held(self, e164: str) -> int:
        """What calls hold on a number's account."""
        account = await self.ledger.find_account("acme-eur", e164)
        view = await self.store.account(account.account_id) if account else None
        return view.held_micros if view else 0

    # --- calls ---------------------------------------------------------------------------

    def call(
        self,
        e164: str = LANDLINE,
        engine: str = "e1",
        did: str = DID,
        identity: SignalledIdentity | None = None,
    ) -> FakeLeg:
        """A caller calls; verified by his network unless another identity is given."""
        self._made += 1
        identity = identity or SignalledIdentity(asserted=(asserted(e164),), from_user=e164)
        return self.switch.ring_in(f"call{self._made}", did, engine, identity)

    def manner(self, agent: str, **manner: object) -> None:
        """How an agent treats his calls from now on."""
        self.switch.manners[f"PJSIP/{agent}"] = Manner(**manner)  # type: ignore[arg-type]  # checked by the dataclass

    def mute(self, agent: str) -> None:
        """An agent who lets it ring."""
        self.manner(agent, answers_after_ms=None)

    def fail_order(self, engine: str, order: str, times: int | None) -> None:
        """Let the switch refuse an engine's next orders of a kind, or (None) all of them."""
        left = [times]

        async def gate(name: str) -> None:
            if name == order and left[0] != 0:
                left[0] = left[0] - 1 if left[0] is not None else None
                raise RemoteError(f"planted fault in {name}", retryable=False)

        self.ports[engine].gate = gate

    def fail_dialling(self, agent: str) -> None:
        """The switch does not know how to reach this agent."""
        self.switch.unknown.add(f"PJSIP/{agent}")

    async def until(self, condition: Callable[[], bool], within_s: float = 7200.0) -> None:
        """Let time pass until something is so."""
        await until(condition, within_s)

    async def talking(self, call: FakeLeg) -> None:
        """Let time pass until a call is in conversation."""
        await until(lambda: call.bridge is not None and len(self.switch.legs_in(call.bridge)) == 2)

    async def talks_for(self, call: FakeLeg, seconds: float) -> None:
        """Let a call begin its conversation and go on so long."""
        await self.talking(call)
        await asyncio.sleep(seconds)

    def machine(self, call: FakeLeg) -> PremiumCall | None:
        """The call as the engine that has it knows it."""
        tasks = (engine.calls.task_of(call.leg) for engine in self.engines.values())
        return next((task.call for task in tasks if task is not None), None)

    async def in_state(self, call: FakeLeg, state: State) -> None:
        """Let time pass until a call is in a state."""

        def reached() -> bool:
            known = self.machine(call)
            return known is not None and known.state is state

        await until(reached)

    async def record(self, call: FakeLeg) -> CallRecord:
        """The record of a call, once nothing is left of it: legs, holds, agents, snapshot."""
        await until(lambda: not call.alive)
        await until(lambda: self.machine(call) is None and call.leg not in self.data.calls)
        await self.nothing_left(call.leg)
        records = await self.ledger.calls(None, 0, 2**53)
        mine = [record for record in records if record.call_id == call.leg]
        assert len(mine) == 1, f"{call.leg} has {len(mine)} records"
        await assert_billed(mine[0], self.ledger)
        return mine[0]

    async def nothing_left(self, call_id: str) -> None:
        """No leg stands, no money is held, no agent is claimed, nothing was unexpected."""
        legs = [leg.leg for leg in self.switch.legs.values() if leg.call_id == call_id]
        assert [leg for leg in legs if self.switch.leg(leg)] == []
        holds = [
            (account_id, hold_id)
            for account_id, account in self.data.accounts.items()
            for hold_id in account.holds
        ]
        assert [hold for hold in holds if hold[1] == call_id] == []
        claimed = [a.name for a in self.data.agents.values() if a.call_id == call_id]
        assert claimed == []
        assert [e.calls.counts.unexpected for e in self.engines.values()] == [0] * len(self.engines)

    def talked_ms(self, call: FakeLeg) -> int:
        """How long the switch had both of a call in one bridge."""
        return sum(end - start for start, end in self.switch.talk.get(call.leg, ()))

    def heard_by(self, leg: FakeLeg) -> list[str]:
        """What a leg heard: language and prompt name, without the values."""
        return [plain(name) for _at, name in leg.heard]

    def agent_leg(self, call: FakeLeg, number: int = -1) -> FakeLeg:
        """The `number`-th agent's leg of a call."""
        return self.agent_legs(call)[number]

    def agent_legs(self, call: FakeLeg) -> list[FakeLeg]:
        return [
            leg
            for leg in self.switch.legs.values()
            if leg.call_id == call.leg and leg.dialled is not None
        ]


class LedgerWay:
    """One engine's way to the ledger: its port's gate is passed before and after each call."""

    def __init__(self, ledger: MemoryLedger, gate: Callable[[str], Awaitable[None]]) -> None:
        self._ledger = ledger
        self._gate = gate

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        async def passed(*args: object, **kwargs: object) -> object:
            await self._gate(name)
            answer = await getattr(self._ledger, name)(*args, **kwargs)
            await self._gate(name)
            return answer

        return passed


async def for_ever(_order: str) -> None:
    """The gate of an engine that is dead: nothing passes."""
    await asyncio.Event().wait()


def asserted(e164: str) -> str:
    """A P-Asserted-Identity value."""
    return f"<sip:{e164}@carrier.example>"


def plain(audio: str) -> str:
    """`tariff` of `de/tariff-p600000-EUR-…`."""
    return audio.rpartition("/")[2].partition("-")[0]


def endpoint_of(agent: Agent) -> str:
    """The switch's address of an agent, by which `FakeSwitch.manners` knows him."""
    return f"PJSIP/{agent.name}"


def endpoint_of_number(trunk: str, number: str) -> str:
    """The switch's address of a number in the outside network."""
    return f"{trunk}/{number}"


def playback_ms(audio: str) -> int:
    """A welcome and a price take a while, a whisper less."""
    return 6_000 if "/tariff" in audio else 1_500


@asynccontextmanager
async def world(
    stock: Inventory | None = None,
    metrics: Metrics = UNMEASURED,
    directory: Directory | None = None,
) -> AsyncIterator[World]:
    """A house with one engine, stopped at the end."""
    house = World(stock or inventory(), metrics=metrics, directory=directory)
    await house.start_engine("e1")
    try:
        yield house
    finally:
        await house.stop()
