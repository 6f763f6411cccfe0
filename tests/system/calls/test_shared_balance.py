"""Several calls on one balance never spend more than there is, and leave nothing they could."""

import asyncio
from collections.abc import Sequence

import pytest

from engine.core.cdr import CallRecord, Disposition
from engine.core.rating import charge, increments_begun
from tests.rig.sip.legs import Leg
from tests.system.stage.lines import SIXTY_CENTS, line
from tests.system.stage.measures import assert_cut_off
from tests.system.stage.scenes import Scene, scene


def assert_spent(records: Sequence[CallRecord], balance_micros: int, left_micros: int) -> None:
    """Not more than was there; what is left buys none of them a further increment."""
    assert sum(record.charge_micros for record in records) == balance_micros - left_micros
    assert left_micros >= 0
    for record in records:
        assert record.disposition is Disposition.MONEY_ENDED
        assert record.rate is not None
        n = increments_begun(record.rate, record.charged_s * 1000)
        assert charge(record.rate, n + 1) - charge(record.rate, n) > left_micros


async def talk_until_the_money_ends(s: Scene, count: int) -> list[Leg]:
    calls = [await s.call() for _ in range(count)]
    for call in calls:
        await call.ended(90)
    return calls


@pytest.mark.parametrize("count", [2, 10])
@scene(lambda count: line(SIXTY_CENTS), agents=lambda count: count)
async def test_at_a_cent_a_second_all_of_it_is_talked_away(s: Scene, count: int) -> None:
    """0.50 is fifty seconds, divided among the calls; nobody hangs up."""
    await s.credit(500_000)
    calls = await talk_until_the_money_ends(s, count)
    records = await s.records(count)
    left_micros = await s.balance()
    assert left_micros == 0
    assert_spent(records, 500_000, left_micros)
    for call, record in zip(calls, records, strict=True):
        (agent,) = record.agents
        # Who is done with one of the calls may have been rung for another.
        joined_ms = record.joined_ms or 0
        legs = s.house.world.agent(agent).legs
        leg = [leg for leg in legs if leg.invite_at_ms <= joined_ms][-1]
        caller = await s.heard(call, leg, None, is_agent=False)
        assert_cut_off(record, caller)


@pytest.mark.parametrize("count", [2, 10])
@scene(lambda count: line(), agents=lambda count: count)
async def test_what_is_left_buys_nothing(s: Scene, count: int) -> None:
    """At 1.1 cents a second, rounded to the cent, the calls do not come out even."""
    await s.credit(400_000)
    await talk_until_the_money_ends(s, count)
    assert_spent(await s.records(count), 400_000, await s.balance())


@scene(line(SIXTY_CENTS), agents=2)
async def test_who_leaves_early_leaves_the_rest_to_the_other(s: Scene) -> None:
    await s.credit(300_000)
    stays, leaves = await s.call(), await s.call()
    await asyncio.gather(stays.answered(), leaves.answered())
    await asyncio.sleep(5)
    await leaves.hang_up()
    await asyncio.gather(stays.ended(60), leaves.ended())
    await s.records(2)
    assert await s.balance() == 0
