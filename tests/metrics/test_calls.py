"""Metrics move as calls do: whole calls in virtual time, each scraped at its end."""

import asyncio

import pytest

from engine.core.events import LegRinging
from engine.core.inventory import Agent
from engine.flows.measures.engine import readings
from engine.flows.versions.view import View
from engine.metrics import PrometheusMetrics
from engine.premium.call import State
from tests.fakes.clock import virtually
from tests.flows.world import DID, LANDLINE, World, inventory, service, tariff, world
from tests.metrics.scrape import Scrape, scraped

EURO = 1_000_000
ONE_AGENT = (Agent(name="a1", organisation="acme"),)


def scrape(house: World, engine: str = "e1") -> Scrape:
    """What an engine of the house says now."""
    metrics = house.metrics
    assert isinstance(metrics, PrometheusMetrics)
    one = house.houses[engine]
    metrics.note(readings(house.engines[engine], one, View(one.inventory())))
    return scraped(metrics)


@virtually
async def test_a_call_is_counted_on_its_way_until_its_money_ends() -> None:
    async with world(inventory(agents=ONE_AGENT), PrometheusMetrics()) as house:
        await house.book(LANDLINE, 200_000)
        call = house.call()
        await house.until(lambda: len(house.agent_legs(call)) == 1)
        await asyncio.sleep(0.3)
        leg = house.agent_leg(call)
        for _alert in range(2):
            house.switch.tell(leg, LegRinging(at_ms=house.now_ms(), leg=leg.leg))
        await house.talks_for(call, 5)
        now = scrape(house)
        assert now.get("calls", service="sternlicht", state="talking") == 1
        assert now.get("calls_begun_total", service="sternlicht") == 1
        assert now.get("calls_joined_total") == 1
        assert now.get("agent_seizures_total") == now.get("agent_answers_total") == 1
        assert now.get("holds", currency="EUR") == 1
        assert now.get("held_micros", currency="EUR") == await house.held(LANDLINE) > 0
        assert now.get("announcement_delay_seconds_count") == 1
        assert now.get("agent_ringing_delay_seconds_count") == 1
        assert now.get("agent_ringing_delay_seconds_sum") == pytest.approx(0.3, abs=0.05)
        assert now.get("calls_ended_total") == now.get("cut_off_late_seconds_count") == 0
        record = await house.record(call)
        then = scrape(house)
        assert then.get("calls") == then.get("holds") == 0
        assert then.get("calls_ended_total", disposition="money_ended", refusal="") == 1
        late_s = (house.talked_ms(call) - record.talk_ms) / 1000
        assert then.get("cut_off_late_seconds_count", service="sternlicht") == 1
        assert then.get("cut_off_late_seconds_sum") == pytest.approx(late_s)
        assert then.get("unbilled_seconds_total") == pytest.approx(late_s)
        assert 0 < late_s <= 0.1
        assert then.get("event_lag_seconds_count") > 5
        assert then.get("events_unexpected_total") == then.get("step_faults_total") == 0


@virtually
async def test_a_caller_who_hangs_up_is_no_cut_off() -> None:
    async with world(metrics=PrometheusMetrics()) as house:
        await house.book(LANDLINE, 5 * EURO)
        call = house.call()
        await house.talks_for(call, 20)
        house.switch.hang_up(call.leg)
        await house.record(call)
        now = scrape(house)
        assert now.get("calls_ended_total", disposition="caller_hung_up") == 1
        assert now.get("cut_off_late_seconds_count") == now.get("unbilled_seconds_total") == 0


@virtually
async def test_a_conversation_that_cannot_be_parted_is_unbilled_until_it_is() -> None:
    async with world(metrics=PrometheusMetrics()) as house:
        await house.book(LANDLINE, 200_000)
        call = house.call()
        await house.talks_for(call, 2)
        house.fail_order("e1", "part", times=None)
        record = await house.record(call)
        over_s = (house.talked_ms(call) - record.talk_ms) / 1000
        assert over_s > 0
        assert scrape(house).get("unbilled_seconds_total") == pytest.approx(over_s)


@virtually
async def test_refused_calls_and_calls_to_nobody() -> None:
    async with world(metrics=PrometheusMetrics()) as house:
        await house.record(house.call())
        nobody = house.call(did=DID[:-1] + "9")
        await house.until(lambda: not nobody.alive)
        now = scrape(house)
        assert now.get("calls_ended_total", refusal="balance_too_low") == 1
        assert now.get("calls_begun_total") == now.get("calls_turned_away_total") == 1
        assert now.get("calls_joined_total") == 0


@virtually
async def test_an_agent_who_lets_it_ring_is_seized_and_never_answers() -> None:
    stock = inventory(service(max_wait_s=20), agents=ONE_AGENT, ring_timeout_s=10)
    async with world(stock, PrometheusMetrics()) as house:
        await house.book(LANDLINE, 5 * EURO)
        house.mute("a1")
        await house.record(house.call())
        now = scrape(house)
        assert now.get("agent_seizures_total") >= 1
        assert now.get("agent_answers_total") == 0


@virtually
async def test_the_orphans_of_a_dead_engine_are_counted_by_who_adopts_them() -> None:
    async with world(metrics=PrometheusMetrics()) as house:
        await house.start_engine("e2")
        await house.book(LANDLINE, 5 * EURO)
        call = house.call()
        await house.talks_for(call, 10)
        await house.kill_engine("e1")
        await asyncio.sleep(10)
        now = scrape(house, "e2")
        assert now.get("calls_adopted_total") == 1
        assert now.get("calls", state="talking") == 1
        house.switch.hang_up(call.leg)
        await house.record(call)
        ended = scrape(house, "e2")
        assert ended.get("calls_ended_total") == 1
        assert ended.get("announcement_delay_seconds_count") == 1


@virtually
async def test_a_stepped_clock_is_an_alarm() -> None:
    async with world(metrics=PrometheusMetrics()) as house:
        await house.book(LANDLINE, 5 * EURO)
        call = house.call()
        await house.talks_for(call, 30)
        house.clock.skew_ms += 20_000
        await house.talks_for(call, 10)
        house.switch.hang_up(call.leg)
        await house.record(call)
        assert scrape(house).get("clock_alarms_total") == 1


@virtually
async def test_money_that_comes_moves_the_deadlines_of_a_call_that_is_short() -> None:
    async with world(inventory(service(tariff=tariff())), PrometheusMetrics()) as house:
        metrics = house.metrics
        account = await house.book(LANDLINE, 300_000)
        call = house.call()
        await house.talks_for(call, 5)
        metrics.money_received(account, house.clock.now().mono_ms)
        await house.book(LANDLINE, EURO)
        await house.until(lambda: scrape(house).get("credit_to_deadline_seconds_count") == 1)
        assert scrape(house).get("credit_to_deadline_seconds_sum") < 0.1
        await house.until(lambda: scrape(house).get("callback_to_told_seconds_count") == 1)
        assert scrape(house).get("callback_to_told_seconds_sum") < 0.1
        house.switch.hang_up(call.leg)
        await house.record(call)


@virtually
async def test_a_store_that_is_away_lets_the_outbox_grow_old_and_the_lease_run_out() -> None:
    async with world(metrics=PrometheusMetrics()) as house:
        await asyncio.sleep(2)
        assert scrape(house).get("engine_lease_seconds") > 0
        assert scrape(house).get("outbox_depth") == 0
        house.store_away()
        await house.book(LANDLINE, EURO)
        await house.book(LANDLINE, EURO)
        await asyncio.sleep(10)
        away = scrape(house)
        assert away.get("engine_lease_seconds") == 0
        assert away.get("outbox_depth") == 2
        assert 8 <= away.get("outbox_age_seconds") <= 10
        house.store_back()
        await asyncio.sleep(5)
        back = scrape(house)
        assert back.get("engine_lease_seconds") > 0
        assert back.get("outbox_depth") == back.get("outbox_age_seconds") == 0


@virtually
async def test_a_store_that_is_emptied_disagrees_with_the_journal() -> None:
    async with world(metrics=PrometheusMetrics()) as house:
        await house.book(LANDLINE, 5 * EURO)
        call = house.call()
        await house.in_state(call, State.TALKING)
        assert scrape(house).get("store_disagreements_total") == 0
        house.data.empty()
        await asyncio.sleep(2)
        assert scrape(house).get("store_disagreements_total", kind="emptied") == 1
        house.switch.hang_up(call.leg)
        await house.record(call)


@virtually
async def test_the_switch_is_up_while_its_events_come() -> None:
    async with world(metrics=PrometheusMetrics()) as house:
        assert scrape(house).get("switch_up") == 1
        house.switch.lose_stream("e1")
        await house.until(lambda: scrape(house).get("switch_up") == 0)
        house.switch.find_stream("e1")
        await house.until(lambda: scrape(house).get("switch_up") == 1)
