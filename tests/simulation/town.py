"""A town that telephones: callers, agents, payers and misfortunes, all drawn from one seed.

In virtual time, on the real flows and machines and the ports' twins in memory. Callers share
accounts, hang up whenever they like, change their numbers; agents are busy, deaf or in a hurry;
money comes and goes in mid-call. Meanwhile engines are killed and started again, the event stream
breaks, events come late or twice, store and ledger go away, and the store loses all it has.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from engine.core import events as e
from engine.core.inventory import Agent, Inventory, OnAgentLost, Service, Strategy
from engine.core.posting import EntryKind
from engine.core.rating import BillingStart, Increment, StartsFrom
from engine.core.tariff import FirstCall
from engine.flows.money.books import rebuild
from engine.flows.money.movements import Denied, Money, Why
from tests.fakes.telephony import FakeLeg
from tests.flows.world import World, inventory, service, tariff

ENGINES = ("e1", "e2", "e3")
AGENTS = 24
CENT = 10_000
CALLS_A_MINUTE = 40
MISFORTUNE_EVERY_S = 25.0
PATIENCE_S = 3_600.0
NOT_DOUBLED = (e.CallArrived,)


def lines() -> tuple[Service, ...]:
    """Four lines whose tariffs differ in everything that matters to money."""
    return (
        service(name="second", dids=("+493023125001",), free_hold_s=0),
        service(
            name="minute",
            dids=("+493023125002",),
            tariff=tariff(increment=Increment(60, 60), landline_micros=1_990_000),
            on_agent_lost=OnAgentLost.NEXT,
            free_hold_s=20,
        ),
        service(
            name="waiting",
            dids=("+493023125003",),
            tariff=tariff(
                increment=Increment(30, 6),
                connect_fee_micros=150_000,
                billing_start=BillingStart(StartsFrom.ANNOUNCEMENT, 10),
                landline_micros=333_333,
            ),
            free_hold_s=0,
        ),
        service(
            name="first",
            dids=("+493023125004",),
            tariff=tariff(
                increment=Increment(60, 1),
                first_call=FirstCall(0, 2),
                billing_start=BillingStart(StartsFrom.CONVERSATION, 20),
            ),
            caller_list="acme/first",
            thresholds_s=(120, 30),
        ),
    )


def stock() -> Inventory:
    agents = tuple(
        Agent(name=f"a{number}", organisation="acme", lang="de" if number % 2 else "en")
        for number in range(AGENTS)
    )
    return inventory(*lines(), agents=agents, strategy=Strategy.LONGEST_IDLE, ring_timeout_s=10)


@dataclass
class Town:
    """One run: so many calls from a seed; `told` hears how many calls have ended."""

    calls: int
    seed: int
    told: Callable[[int], None] = lambda _done: None
    happened: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.house = World(stock())
        self.money = Money(self.house.ledger, self.house.store, self.house.clock)
        people = max(4, self.calls // 12)
        self.numbers = [f"+49302312{5200 + number:06d}" for number in range(people)]
        self.legs: list[FakeLeg] = []
        self._over = False

    async def live(self) -> None:
        """Let all calls happen and come to their end, and every misfortune be over."""
        self.house.switch.fault = self._fate
        for engine in ENGINES:
            await self.house.start_engine(engine)
        fate = asyncio.create_task(self._misfortunes())
        callers: set[asyncio.Task[None]] = set()
        for number in range(self.calls):
            await asyncio.sleep(self.random.expovariate(CALLS_A_MINUTE / 60))
            callers.add(asyncio.create_task(self._caller()))
            callers = {task for task in callers if not task.done()}
            if number % 100 == 0:
                self.told(number)
        await asyncio.gather(*callers)
        self._over = True
        await fate
        await self._settle()
        self.told(self.calls)

    async def _settle(self) -> None:
        """Everybody hangs up and the dust settles: nothing goes wrong any more."""
        self.house.switch.fault = lambda _event: (0,)
        self.house.store_back()
        self.house.ledger.down = False
        for engine in ENGINES:
            if engine not in self.house.engines:
                await self.house.start_engine(engine)
        await asyncio.sleep(30)
        await self.house.until(lambda: self.house.live() == 0, PATIENCE_S)
        await asyncio.sleep(60)
        await rebuild(self.house.ledger, self.house.store, self.house.clock)

    # --- people ----------------------------------------------------------------------------

    async def _caller(self) -> None:
        """One call by somebody who may top up while he talks, and hangs up when he likes."""
        number = self.random.choice(self.numbers)
        await self._pay(number, self.random.choice((0, 20, 50, 99, 200, 500)) * CENT)
        line = self.random.choice(self.house.inventory.services)
        engine = self.random.choice([*self.house.engines])
        leg = self.house.call(number, engine=engine, did=line.dids[0])
        self.legs.append(leg)
        stays_s = self.random.choice((2, 8, 15, 40, 90, 200, 600, 4_000))
        started_s = asyncio.get_running_loop().time()
        while leg.alive and asyncio.get_running_loop().time() - started_s < stays_s:
            await asyncio.sleep(self.random.uniform(1, 60))
            await self._meddle(number)
        if leg.alive:
            self.house.switch.hang_up(leg.leg)

    async def _pay(self, number: str, micros: int) -> None:
        if micros:
            await self._tried("top_up", lambda: self.house.book(number, micros))

    async def _meddle(self, number: str) -> None:
        """Something happens to the money, or to the number, of somebody who may be talking."""
        match self.random.randrange(12):
            case 0 | 1:
                await self._pay(number, self.random.choice((5, 33, 100, 1_000)) * CENT)
            case 2:
                await self._tried("debit", lambda: self._debit(number, 30 * CENT))
            case 3:
                await self._tried(
                    "reversal", lambda: self.house.book(number, -50 * CENT, EntryKind.REVERSAL)
                )
            case 4:
                await self._tried("new_number", lambda: self._change_number(number))

    async def _debit(self, number: str, micros: int) -> None:
        account = await self.house.ledger.find_account("acme-eur", number)
        if account is None:
            return
        why = Why(key=f"debit:{self.random.getrandbits(64)}", reason="a chat", author="shop")
        answer = await self.money.debit(account.account_id, micros, why)
        if isinstance(answer, Denied):
            self.happened["debit_denied"] += 1

    async def _change_number(self, number: str) -> None:
        """The account gets another number; who talks goes on with the same account."""
        account = await self.house.ledger.find_account("acme-eur", number)
        if account is None:
            return
        new = f"+49302312{600_000 + self.random.randrange(300_000):06d}"
        why = Why(key=f"number:{self.random.getrandbits(64)}", reason="moved", author="shop")
        await self.money.change_number(account.account_id, new, why)

    async def _tried(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """Do it, or let it be if store or ledger are away just now; it was booked or it was not."""
        try:
            await work()
            self.happened[name] += 1
        except Exception as error:  # every refusal is a value or one of our errors
            self.happened[f"{name}_failed_{type(error).__name__}"] += 1

    # --- misfortunes -------------------------------------------------------------------------

    def _fate(self, event: e.Event) -> tuple[int, ...]:
        """When an event arrives: mostly at once, sometimes late, sometimes twice."""
        lot = self.random.random()
        if lot < 0.01 and not isinstance(event, NOT_DOUBLED):
            self.happened["event_doubled"] += 1
            return (0, self.random.randrange(1, 400))
        if lot < 0.03:
            self.happened["event_late"] += 1
            return (self.random.randrange(1, 250),)
        return (0,)

    async def _misfortunes(self) -> None:
        misfortunes = (
            self._engine_dies, self._engine_dies, self._stream_breaks, self._stream_breaks,
            self._store_is_away, self._ledger_is_away, self._store_is_emptied, self._agents_change,
        )  # fmt: skip
        while not self._over:
            await asyncio.sleep(self.random.expovariate(1 / MISFORTUNE_EVERY_S))
            misfortune = self.random.choice(misfortunes)
            self.happened[misfortune.__name__.removeprefix("_")] += 1
            await misfortune()

    async def _engine_dies(self) -> None:
        living = [*self.house.engines]
        if len(living) < 2:
            return
        name = self.random.choice(living)
        await self.house.kill_engine(name)
        self.house.engines.pop(name, None)
        await asyncio.sleep(self.random.choice((0, 1, 10)))
        await self.house.start_engine(name)

    async def _stream_breaks(self) -> None:
        """All events of a while are lost; then the engine compares."""
        name = self.random.choice([*self.house.engines])
        self.house.switch.lose_stream(name)
        await asyncio.sleep(self.random.choice((0.1, 2, 15)))
        self.house.switch.find_stream(name)

    async def _store_is_away(self) -> None:
        self.house.store_away()
        await asyncio.sleep(self.random.choice((0.5, 5, 28)))
        self.house.store_back()

    async def _ledger_is_away(self) -> None:
        self.house.ledger.down = True
        await asyncio.sleep(self.random.choice((0.5, 5, 28)))
        self.house.ledger.down = False

    async def _store_is_emptied(self) -> None:
        self.house.data.empty()
        await asyncio.sleep(10)

    async def _agents_change(self) -> None:
        for number in self.random.sample(range(AGENTS), 6):
            lot = self.random.randrange(12)
            name = f"a{number}"
            if lot == 0:
                self.house.manner(name, answers_after_ms=None)
            elif lot == 1:
                self.house.manner(name, fails_with=e.LegFailure.BUSY)
            elif lot == 2:
                hurry_ms = self.random.randrange(500, 60_000)
                self.house.manner(name, hangs_up_after_ms=hurry_ms)
            else:
                self.house.manner(name)
