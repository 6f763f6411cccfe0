"""An engine is killed at every order of a call; another takes over, and nobody loses a second.

A gate is passed on the way out and on the way back of each order to switch, store and ledger. The
engine dies at the n-th passing: the order was never carried out, or its answer never came.
"""

import asyncio
from dataclasses import dataclass, replace

import pytest

from engine.core.cdr import CallRecord, Disposition
from engine.core.inventory import Agent, AgentKind, OnAgentLost, Service
from engine.core.rating import affordable_seconds
from engine.core.tariff import BillingStart, FirstCall, Increment, StartsFrom
from tests.fakes.clock import run_virtually, virtually
from tests.fakes.telephony import FakeLeg
from tests.flows.world import LANDLINE, World, for_ever, inventory, service, tariff, trunk

SECOND = 10_000


@dataclass
class Doom:
    """Counts the passings of an engine's gate and kills it at the chosen one."""

    house: World
    engine: str
    at: int | None
    passed: int = 0
    killer: asyncio.Task[None] | None = None
    order: str = ""

    async def gate(self, order: str) -> None:
        if order in ("outbox", "renew_lease", "living_engines", "generation", "live_calls"):
            return
        if self.killer is not None:
            await for_ever(order)
        self.passed += 1
        if self.passed == self.at:
            self.order = order
            self.killer = asyncio.create_task(self.house.kill_engine(self.engine))
            await for_ever(order)


@dataclass(frozen=True)
class Plot:
    """On which terms the call is, and what else happens in it."""

    terms: Service
    outside: bool = False
    early_media: bool = True
    restart: bool = False
    agent_leaves_after_ms: int | None = None
    pays_in_the_hold: bool = False


@dataclass
class Ended:
    """How a call with a death in it ended."""

    record: CallRecord | None
    doom: Doom
    call: FakeLeg
    house: World
    talked_ms: int


OUTSIDE = (
    Agent(name="a1", organisation="acme", kind=AgentKind.OUTSIDE, address="+4915228817000",
          trunk="carrier"),
)  # fmt: skip


async def live_through(plot: Plot, at: int | None) -> Ended:
    """A call of twelve seconds and a top-up of eight, with a death at a passing."""
    stock = inventory(
        plot.terms,
        agents=OUTSIDE if plot.outside else None,
        carrier=trunk(early_media=plot.early_media),
    )
    house = World(stock)
    house.manner(
        "a1",
        presses="1" if plot.outside else "",
        presses_after_ms=3_500,
        hangs_up_after_ms=plot.agent_leaves_after_ms,
    )
    await house.start_engine("e1")
    if not plot.restart:
        await house.start_engine("e2")
    await asyncio.sleep(4)
    await house.book(LANDLINE, 12 * SECOND)
    doom = Doom(house, "e1", at)
    house.ports["e1"].gate = doom.gate
    call = house.call()
    parties = asyncio.create_task(_play_along(house, call, plot))
    if plot.restart:
        await house.until(lambda: doom.killer is not None and doom.killer.done())
        await asyncio.sleep(1)
        await house.start_engine("e1")
    await house.until(lambda: not call.alive)
    await parties
    await asyncio.sleep(8)
    records = await house.ledger.calls(None, 0, 2**53)
    record = await house.record(call) if records else None
    ended = Ended(record, doom, call, house, house.talked_ms(call))
    await house.stop()
    return ended


async def _play_along(house: World, call: FakeLeg, plot: Plot) -> None:
    """The caller's money: a top-up in the talk, or after it."""
    await house.until(lambda: call.bridge is not None or not call.alive)
    await asyncio.sleep(4)
    if plot.pays_in_the_hold:
        await house.until(lambda: house.talked_ms(call) >= 12_000 or not call.alive)
        await asyncio.sleep(6)
    await house.book(LANDLINE, 8 * SECOND)


PLAIN = Plot(service(thresholds_s=(5,), free_hold_s=5))
CHARGED_WAIT = tariff(billing_start=BillingStart(StartsFrom.ANNOUNCEMENT, 10))
FREE_START = tariff(
    billing_start=BillingStart(StartsFrom.CONVERSATION, 10),
    increment=Increment(10, 5),
    connect_fee_micros=2 * SECOND,
    first_call=FirstCall(300_000, 1),
)
PLOTS = {
    "the same engine starts anew": Plot(PLAIN.terms, restart=True),
    "charged from the announcement": Plot(service(tariff=CHARGED_WAIT, free_hold_s=5)),
    "first call, free seconds, fee": Plot(
        service(tariff=FREE_START, caller_list="new", free_hold_s=5)
    ),
    "an outside number, no early media": Plot(PLAIN.terms, outside=True, early_media=False),
    "paid again in the free hold": Plot(service(free_hold_s=20), pays_in_the_hold=True),
    "the first agent leaves": Plot(
        service(on_agent_lost=OnAgentLost.NEXT, free_hold_s=5), agent_leaves_after_ms=6_000
    ),
}


def passings(plot: Plot) -> int:
    """How often a call that nobody dies in passes the gate."""
    return run_virtually(live_through(replace(plot, restart=False), None)).doom.passed


@pytest.mark.parametrize("at", range(1, passings(PLAIN) + 1))
@virtually
async def test_whenever_an_engine_dies_another_goes_on(at: int) -> None:
    ended = await live_through(PLAIN, at)
    assert ended.doom.order
    assert_right(ended)
    if ended.record is not None:
        assert ended.record.charged_s == 20
        assert ended.record.charge_micros == 20 * SECOND
        assert 0 <= ended.talked_ms - 20_000 <= 1_000


@pytest.mark.parametrize("first", range(1, 4))
@pytest.mark.parametrize("plot", PLOTS)
def test_whatever_the_terms(plot: str, first: int) -> None:
    """Three of every eight passings."""
    for at in range(first, passings(PLOTS[plot]) + 1, 8):
        assert_right(run_virtually(live_through(PLOTS[plot], at)))


def assert_right(ended: Ended) -> None:
    """All that could be bought was bought, and the talk was no longer than that (or by no more
    than a second, where Asterisk itself had to end it)."""
    record, house = ended.record, ended.house
    if record is None:
        # Dead before the call was written down anywhere: the dialplan's net ends it.
        assert ended.talked_ms == 0
        return
    assert record.disposition is Disposition.MONEY_ENDED, ended.doom
    assert record.rate is not None
    left_micros = house.data.accounts["a1"].balance_micros
    assert affordable_seconds(record.rate, 20 * SECOND) == record.charged_s, ended.doom
    assert left_micros == 20 * SECOND - record.charge_micros
    start = record.billing_start
    assert start is not None
    from_announcement = start.origin is StartsFrom.ANNOUNCEMENT
    paid_ms = (record.charged_s + start.after_s) * 1000 - from_announcement * record.wait_ms
    assert 0 <= ended.talked_ms - paid_ms <= 1_000, ended.doom


@pytest.mark.parametrize("who", ["caller", "agent"])
@pytest.mark.parametrize("after_s", [0.3, 3.999, 4.0, 9.5])
@virtually
async def test_an_end_while_nobody_lives_is_billed_to_its_exact_second(
    who: str, after_s: float
) -> None:
    """The engine dies right after the joining; the next comes when all is over."""
    house = World(inventory(PLAIN.terms))
    await house.start_engine("e1")
    await house.book(LANDLINE, 100 * SECOND)
    call = house.call()
    await house.talking(call)
    await asyncio.sleep(0.2)
    await house.kill_engine("e1")
    await asyncio.sleep(after_s - 0.2)
    house.switch.hang_up(call.leg if who == "caller" else house.agent_leg(call).leg)
    await asyncio.sleep(20)
    await house.start_engine("e1")
    record = await house.record(call)
    assert record.talk_ms == house.talked_ms(call)
    assert record.charged_s == max(1, int(after_s))
    assert record.disposition is (
        Disposition.CALLER_HUNG_UP if who == "caller" else Disposition.AGENT_HUNG_UP
    )
    await house.stop()


@virtually
async def test_with_no_engine_coming_back_asterisk_ends_the_call_by_itself() -> None:
    house = World(inventory(PLAIN.terms))
    await house.start_engine("e1")
    await house.book(LANDLINE, 40 * SECOND)
    call = house.call()
    await house.talks_for(call, 5)
    await house.kill_engine("e1")
    await house.until(lambda: not call.alive)
    assert 40_000 <= house.talked_ms(call) <= 41_000
    await house.start_engine("e2")
    record = await house.record(call)
    assert record.charged_s == 40
    assert record.disposition is Disposition.MONEY_ENDED
    await house.stop()


@virtually
async def test_twenty_calls_of_a_dead_engine_go_on_all_of_them() -> None:
    agents = tuple(Agent(name=f"a{n}", organisation="acme") for n in range(20))
    house = World(inventory(PLAIN.terms, agents=agents))
    for name in ("e1", "e2"):
        await house.start_engine(name)
    numbers = [f"+4930231252{n:02}" for n in range(20)]
    for n, number in enumerate(numbers):
        await house.book(number, (20 + n) * SECOND)
    calls = [house.call(number) for number in numbers]
    for call in calls:
        await house.talking(call)
    await asyncio.sleep(5)
    await house.kill_engine("e1")
    for n, call in enumerate(calls):
        record = await house.record(call)
        assert record.charged_s == 20 + n
        assert len(house.switch.talk[call.leg]) == 1
        assert 0 <= house.talked_ms(call) - (20 + n) * 1000 <= 100
        assert len([h for h in house.heard_by(call) if h == "warning_caller"]) == 1
    await house.stop()
