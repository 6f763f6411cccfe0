"""Probes on a real Asterisk: the carrier brings them back, or does not."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.core.diversion.route import Target
from engine.core.numbers.due import NoticeKind
from engine.core.probe import Health, ProbePlan, Result, Standing
from engine.flows.probing.asking import probed
from engine.ledger.probing.sql import SqlProbes
from engine.ports.diversion import ForwardedFilter
from engine.ports.tracked import ReportFilter
from tests.forwarding import cases as toll_free
from tests.rig.outside import OutsideWorld
from tests.rig.sip.agents import CAUSES, Agent, Behaviour
from tests.rig.sip.legs import Leg
from tests.system.stage.exchange import Exchange, both_talk, exchange
from tests.tracking.cases import number, tracking

HOUSE = "+493023125999"
LIVING, LOST, SILENT = (f"+4930231255{n:02}" for n in range(3))
DEALER = "+493023125600"
NOWHERE, TOLL_FREE = "+493023125503", "+18885550150"
CALLER = "+4915228817333"
SHOWN_WITHIN_S = 30.0
PLAN = ProbePlan(
    trunk="carrier",
    show_number=HOUSE,
    from_hour=0,
    to_hour=24,
    per_minute=600,
    arrive_within_s=4,
    retry_after_s=1,
    toll_free=True,
)


class Carrier(Agent):
    """What is behind the trunk for a number of ours: its calls are brought back to us, as their
    caller's, and end when we end them."""

    def __init__(self, world: OutsideWorld, name: str) -> None:
        super().__init__(name, tone_hz=0)
        self.brought_back: list[Leg] = []
        self._world = world
        world.agents[name] = self

    async def _follow(self, leg: Leg, behaviour: Behaviour) -> None:
        back = await self._world.call(self.name, pai=HOUSE, from_user=HOUSE)
        self.brought_back.append(back)
        await back.ended()
        await leg.reject(CAUSES[480])


class Desk:
    """The numbers of the exchange as they are probed."""

    def __init__(self, x: Exchange) -> None:
        self.x = x
        self.probes = SqlProbes(x.house.ledger)
        assert x.run.house.judging is not None
        self.judging = x.run.house.judging
        self.numbering = self.judging.numbering

    async def open(self, e164: str) -> None:
        await self.x.give(number(e164))
        terms = tracking(Target(e164=DEALER))
        await self.x.patiently(lambda: self.x.routing.track("acme", e164, terms, 0, "owner"))

    async def probe(self, e164: str) -> Health:
        return await probed(self.numbering, self.probes, PLAN, e164)

    async def until(self, e164: str, standing: Standing) -> Health:
        return await until(lambda: self.probes.health(e164), standing)

    async def told(self) -> list[tuple[NoticeKind, str]]:
        notices = await self.x.numbers.notices("acme", 0, 50)
        return [(notice.kind, notice.e164) for _, notice in notices]


async def until(look: Callable[[], Awaitable[Health | None]], standing: Standing) -> Health:
    async with asyncio.timeout(SHOWN_WITHIN_S):
        while True:
            health = await look()
            if health is not None and health.standing is standing:
                return health
            await asyncio.sleep(0.1)


@pytest.mark.timeout(180)
async def test_numbers_live_and_die(tmp_path: Path) -> None:
    async with exchange(tmp_path, (PLAN,)) as x:
        desk = Desk(x)
        dealer = x.world.agent(DEALER)
        dealer.answers()
        await _comes_back(desk, dealer)
        await _lead_nowhere(desk)
        await _is_lost_and_found(desk)
        await _rings_for_ever(desk)
        assert dealer.legs == []
        await _others_are_put_through(desk, dealer)


async def _comes_back(desk: Desk, dealer: Agent) -> None:
    """It is refused unanswered, and is in no statistics."""
    carrier = Carrier(desk.x.world, LIVING)
    await desk.open(LIVING)
    health = await desk.probe(LIVING)
    assert (health.standing, health.last_result) == (Standing.ALIVE, Result.ARRIVED)
    assert health.delay_ms is not None
    assert 0 <= health.delay_ms < 4_000
    (out,), (back,) = carrier.legs, carrier.brought_back
    assert HOUSE in out.invite.header("From")
    assert (await back.ended()).sip_code == 403
    assert (back.answered_at_ms, out.answered_at_ms, back.progress_at_ms) == (None, None, None)
    assert 180 not in [message.code for message in back.messages]
    await _is_in_no_books(desk.x)
    (probe,) = await desk.probes.history(LIVING, "acme", 10)
    assert (probe.result, probe.delay_ms) == (Result.ARRIVED, health.delay_ms)


async def _lead_nowhere(desk: Desk) -> None:
    """A number without a route, and a toll-free one: it is enough that they come back."""
    routeless = number(NOWHERE)
    for one in (routeless, toll_free.number(TOLL_FREE)):
        carrier = Carrier(desk.x.world, one.e164)
        await desk.x.give(one)
        assert (await desk.probe(one.e164)).standing is Standing.ALIVE
        (back,) = carrier.brought_back
        assert (await back.ended()).sip_code == 403
        assert back.answered_at_ms is None
    kept = await desk.x.forwarded.calls(ForwardedFilter(organisation="acme"))
    assert kept == []


async def _is_in_no_books(x: Exchange) -> None:
    today = datetime.now(UTC).date()
    wanted = ReportFilter(
        organisation="acme",
        first=today - timedelta(days=1),
        after=today + timedelta(days=2),
        number=LIVING,
    )
    assert not await x.tracked.rows(wanted)
    there = await x.numbers.number(LIVING)
    assert there is not None
    assert there.last_call_on is None
    assert await x.live() == 0


async def _is_lost_and_found(desk: Desk) -> None:
    """The carrier knows no such number, until it does."""
    await desk.open(LOST)
    assert (await desk.probe(LOST)).last_result is Result.REFUSED
    dead = await desk.until(LOST, Standing.DEAD)
    assert dead.tries == 3
    assert await desk.told() == [(NoticeKind.UNREACHABLE, LOST)]
    witness = await desk.probes.health(LIVING)
    assert witness is not None
    assert witness.arrived_ms is not None
    assert dead.failing_since_ms is not None
    assert witness.arrived_ms > dead.failing_since_ms
    Carrier(desk.x.world, LOST)
    assert (await desk.probe(LOST)).standing is Standing.ALIVE
    told = [(NoticeKind.UNREACHABLE, LOST), (NoticeKind.REACHABLE, LOST)]
    assert await desk.told() == told


async def _rings_for_ever(desk: Desk) -> None:
    """The call reaches somebody else's phone; it is taken back, and tried again."""
    phone = desk.x.world.agent(SILENT)
    phone.rings_on()
    await desk.open(SILENT)
    assert (await desk.probe(SILENT)).last_result is Result.NOT_ARRIVED
    ended = await phone.legs[0].ended()
    assert (ended.by, phone.legs[0].answered_at_ms) == ("engine", None)
    assert (await desk.until(SILENT, Standing.DEAD)).tries == 3


async def _others_are_put_through(desk: Desk, dealer: Agent) -> None:
    """A caller while a probe of the number is awaited; the house itself while none is."""
    world = desk.x.world
    awaited = desk.judging.awaited
    for caller, wait_ms in ((CALLER, 60_000), (HOUSE, 1)):
        await awaited.expect_probe(LIVING, wait_ms)
        leg = await world.call(LIVING, pai=caller, from_user=caller)
        await both_talk(leg, await dealer.called(), 1)
