"""A town of callers, agents and an operator, and all that can go wrong in it, from one seed.

`Town(seed, number)` is one neighbourhood: its own house (`tests.flows.world`), two engines, a few
services at random tariffs, some dozen numbers whose owners call, top up, hang up. `live` lets an
hour pass and hands back what is to be judged (`tests.simulation.verdict`). Everything random comes
from the seed, so that the same seed is the same hour, to the last event.
"""

import asyncio
import contextlib
import random
from dataclasses import dataclass, field

from engine.core.events import Event, LegFailure
from engine.core.identity import SignalledIdentity
from engine.core.inventory import (
    Agent,
    AgentKind,
    Inventory,
    OnAgentLost,
    Service,
    Strategy,
)
from engine.core.money import Rounding, RoundingMode
from engine.core.posting import EntryKind
from engine.core.tariff import BillingStart, FirstCall, Increment, StartsFrom
from engine.errors import EngineError, RemoteError
from engine.flows.money.books import rebuild
from engine.flows.money.movements import Money, Why
from tests.fakes.telephony import FakeLeg, Manner
from tests.flows.world import World, asserted, inventory, service, tariff, trunk

PATIENCE_MOST_S = 300
SECONDS_PER_CALL = 1.5
ENGINES = ("e1", "e2")
SERVICES = (("sternlicht", "+493023125000"), ("mondlicht", "+493023125001"))


@dataclass
class Town:
    """One neighbourhood of the simulation."""

    seed: int
    number: int
    calls: int
    faulty: bool = True
    placed: list[FakeLeg] = field(default_factory=list)
    lost: int = 0
    deaths: int = 0
    emptied: int = 0
    outages: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.seed}:{self.number}")
        self.numbers = [f"+49302312{5000 + n}" for n in range(max(6, self.calls // 4))]
        self.numbers += ["+4915228817386", "+442079460123"]
        self.span_s = max(120.0, self.calls * SECONDS_PER_CALL)
        self.house = World(self._inventory())
        self.house.switch.fault = self._event_fault
        self.quiet = not self.faulty

    # --- who and what there is -------------------------------------------------------------

    def _inventory(self) -> Inventory:
        chance = self.chance
        agents = tuple(
            Agent(
                name=f"a{n}",
                organisation="acme",
                kind=AgentKind.OUTSIDE if chance.random() < 0.2 else AgentKind.PHONE,
                lang=chance.choice(("de", "en")),
                wrap_up_s=chance.choice((0, 2, 10)),
            )
            for n in range(max(4, self.calls // 4))
        )
        services = tuple(self._service(name, did) for name, did in SERVICES)
        carrier = trunk(early_media=chance.random() < 0.7)
        strategy = chance.choice(list(Strategy))
        return inventory(
            *services,
            agents=agents,
            carrier=carrier,
            strategy=strategy,
            ring_timeout_s=chance.choice((8, 20)),
        )

    def _service(self, name: str, did: str) -> Service:
        chance = self.chance
        offer = FirstCall(chance.choice((0, 300_000)), chance.choice((1, 2, None)))
        terms = tariff(
            landline_micros=chance.choice((600_000, 1_990_000, 1_234_567)),
            mobile_micros=chance.choice((600_000, 2_990_000)),
            other_micros=2_990_000,
            increment=chance.choice(
                (Increment(1, 1), Increment(60, 60), Increment(60, 1), Increment(30, 6))
            ),
            billing_start=BillingStart(
                chance.choice((*[StartsFrom.CONVERSATION] * 3, StartsFrom.ANNOUNCEMENT)),
                chance.choice((0, 0, 10, 30)),
            ),
            connect_fee_micros=chance.choice((0, 0, 150_000)),
            first_call=offer if chance.random() < 0.5 else None,
            rounding=Rounding(chance.choice((0, 2, 2, 6)), chance.choice(list(RoundingMode))),
            max_call_minutes=chance.choice((60, 60, 5)),
        )
        return service(
            name=name,
            dids=(did,),
            tariff=terms,
            caller_list="new" if chance.random() < 0.7 else "",
            first_call_days=chance.choice((None, 2)),
            thresholds_s=chance.choice(((120,), (120, 30), (60,))),
            free_hold_s=chance.choice((0, 20, 60)),
            on_agent_lost=chance.choice(list(OnAgentLost)),
            whisper=chance.random() < 0.8,
            max_wait_s=chance.choice((30, 120)),
            forced_end_min=chance.choice((None, 60, 3)),
            forced_end_warning_s=60,
        )

    # --- the hour --------------------------------------------------------------------------

    async def live(self) -> None:
        """Let everybody do what they do, then let everything come to its end."""
        house, chance = self.house, self.chance
        for name in ENGINES:
            await house.start_engine(name)
            self._set_gate(name)
        for e164 in self.numbers:
            await house.book(e164, chance.choice((0, 2_500_000, 6_000_000, 12_000_000)))
        actors = [asyncio.create_task(self._caller(n)) for n in range(self.calls)]
        actors += [asyncio.create_task(self._operator(n)) for n in range(self.calls // 2)]
        actors.append(asyncio.create_task(self._agents()))
        if self.faulty:
            actors.append(asyncio.create_task(self._troubles()))
        await asyncio.gather(*actors)
        await self._quieten()

    async def _quieten(self) -> None:
        """No more faults; whoever still stands hangs up, and what is under way ends."""
        house = self.house
        self.quiet = True
        house.ledger.down = False
        house.store_back()
        for name in ENGINES:
            if name not in house.engines:
                await house.start_engine(name)
        await asyncio.sleep(60)
        await rebuild(house.ledger, house.store, house.clock)
        for leg in self.placed:
            if leg.alive:
                house.switch.hang_up(leg.leg)
        await house.until(self._is_over, within_s=1_800)
        await asyncio.sleep(10)

    def _is_over(self) -> bool:
        house = self.house
        return house.live() == 0 and not house.data.calls and not house.ledger.unapplied

    # --- people ----------------------------------------------------------------------------

    async def _caller(self, number: int) -> None:
        """Calls at some time, and hangs up when he has had enough."""
        chance = random.Random(f"{self.seed}:{self.number}:caller:{number}")
        await asyncio.sleep(chance.uniform(0, self.span_s))
        house = self.house
        living = sorted(house.engines)
        if not living:
            return
        e164 = chance.choice(self.numbers)
        identity = SignalledIdentity(asserted=(asserted(e164),), from_user=e164)
        if chance.random() < 0.05:
            identity = SignalledIdentity(from_user="anonymous")
        did = chance.choice(SERVICES)[1]
        leg = house.call(e164, chance.choice(living), did, identity)
        self.placed.append(leg)
        patience_s = chance.choice((chance.uniform(0, 20), chance.expovariate(1 / 90), None))
        if patience_s is not None:
            await asyncio.sleep(min(patience_s, PATIENCE_MOST_S))
            if leg.alive:
                house.switch.hang_up(leg.leg)

    async def _operator(self, number: int) -> None:
        """Money comes in and goes out, numbers change, while they talk."""
        chance = random.Random(f"{self.seed}:{self.number}:operator:{number}")
        await asyncio.sleep(chance.uniform(0, self.span_s + 60))
        house = self.house
        e164 = chance.choice(self.numbers)
        try:
            account = await house.ledger.find_account("acme-eur", e164)
            if account is None:
                return
            money = Money(house.ledger, house.store, house.clock)
            why = Why(key=f"op{number}", reason="simulated", author="operator")
            what = chance.random()
            if what < 0.55:
                await house.book(e164, chance.choice((70_000, 330_000, 1_000_000)))
            elif what < 0.7:
                await money.debit(account.account_id, chance.choice((50_000, 500_000)), why)
            elif what < 0.8:
                await house.book(e164, -chance.choice((50_000, 400_000)), EntryKind.REVERSAL)
            elif what < 0.9:
                other = await house.ledger.find_account("acme-eur", chance.choice(self.numbers))
                if other is not None and other.account_id != account.account_id:
                    await money.move(account.account_id, other.account_id, 100_000, why)
            else:
                new = chance.choice((*self.numbers, f"+49302312{chance.randint(6000, 6999)}"))
                await money.change_number(account.account_id, new, why, merge=True)
        except EngineError:
            return

    async def _agents(self) -> None:
        """Agents change their manners every now and then."""
        chance = random.Random(f"{self.seed}:{self.number}:agents")
        names = [agent.name for agent in self.house.inventory.agents]
        for _ in range(int(self.span_s / 10)):
            for name in chance.sample(names, k=max(1, len(names) // 4)):
                self.house.switch.manners[f"PJSIP/{name}"] = self._manner(chance)
            await asyncio.sleep(10)

    def _manner(self, chance: random.Random) -> Manner:
        what = chance.random()
        if what < 0.1:
            return Manner(answers_after_ms=None)
        if what < 0.2:
            return Manner(fails_with=chance.choice(list(LegFailure)))
        leaves_ms = chance.choice((None, None, None, chance.randint(10, 60_000)))
        return Manner(
            answers_after_ms=chance.randint(200, 9_000),
            presses=chance.choice(("1", "1", "31", "")),
            presses_after_ms=chance.randint(100, 9_000),
            hangs_up_after_ms=leaves_ms,
        )

    # --- what goes wrong -------------------------------------------------------------------

    def _event_fault(self, event: Event) -> tuple[int, ...]:
        """Now and then an event comes late, twice, or never."""
        if self.quiet:
            return (0,)
        what = self.chance.random()
        if what < 0.97:
            return (0,)
        if what < 0.98:
            return (0, self.chance.randint(0, 2_000))
        if what < 0.997:
            return (self.chance.randint(1, 1_500),)
        self.lost += 1
        return ()

    def _set_gate(self, name: str) -> None:
        async def gate(order: str) -> None:
            if self.quiet:
                return
            what = self.chance.random()
            if what < 0.002:
                raise RemoteError(f"simulated fault in {order}")
            if what < 0.05:
                await asyncio.sleep(self.chance.randint(1, 20) / 1000)

        self.house.ports[name].gate = gate

    async def _troubles(self) -> None:
        """One great trouble after the other, each with the time to recover from it."""
        chance = random.Random(f"{self.seed}:{self.number}:troubles")
        house = self.house
        ends_s = asyncio.get_running_loop().time() + self.span_s
        while asyncio.get_running_loop().time() < ends_s:
            await asyncio.sleep(chance.uniform(20, 120))
            trouble = chance.choice((self._death, self._death, self._outage, self._loss))
            await trouble(chance)
            await asyncio.sleep(20)
        assert house.engines

    async def _death(self, chance: random.Random) -> None:
        """An engine is killed; it comes back sooner or later."""
        name = chance.choice(sorted(self.house.engines))
        self.deaths += 1
        await self.house.kill_engine(name)
        await asyncio.sleep(chance.choice((0.5, 5, 30)))
        await self.house.start_engine(name)
        self._set_gate(name)

    async def _outage(self, chance: random.Random) -> None:
        """Store, ledger or an event stream are away for up to half a minute."""
        self.outages += 1
        house, away_s = self.house, chance.uniform(0.5, 30)
        what = chance.choice(("store", "ledger", "stream"))
        if what == "store":
            house.store_away()
            await asyncio.sleep(away_s)
            house.store_back()
        elif what == "ledger":
            house.ledger.down = True
            await asyncio.sleep(away_s)
            house.ledger.down = False
        else:
            name = chance.choice(sorted(house.engines))
            house.switch.lose_stream(name)
            await asyncio.sleep(away_s)
            house.switch.find_stream(name)

    async def _loss(self, chance: random.Random) -> None:
        """The store loses all it has."""
        if chance.random() < 0.5:
            self.emptied += 1
            self.house.data.empty()
            await asyncio.sleep(10)
            with contextlib.suppress(EngineError):
                await rebuild(self.house.ledger, self.house.store, self.house.clock)
