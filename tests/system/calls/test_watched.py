"""What an engine tells of a real call: its delays, its events, its cut-off."""

import aiohttp

from engine.core.cdr import Disposition
from tests.metrics.scrape import Scrape, parsed
from tests.system.stage.lines import line
from tests.system.stage.scenes import Scene, scene


async def scrape(s: Scene) -> Scrape:
    (engine,) = s.house.engines.values()
    address = f"http://127.0.0.1:{engine.health_port}"
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{address}/readyz") as answer:
            assert answer.status == 200, await answer.text()
        async with session.get(f"{address}/metrics") as answer:
            return parsed(await answer.text())


@scene(line)
async def test_a_real_call_is_timed_from_its_arrival_to_its_cut_off(s: Scene) -> None:
    await s.credit(70_000)
    call, _leg = await s.talk()
    await call.ended()
    record = await s.record()
    assert record.disposition is Disposition.MONEY_ENDED
    now = await scrape(s)
    service = record.service
    for name in ("calls_begun_total", "calls_joined_total", "agent_answers_total"):
        assert now.get(name, service=service) == 1, name
    for name in ("announcement_delay", "agent_ringing_delay", "cut_off_late"):
        assert now.get(f"{name}_seconds_count", service=service) == 1, name
        assert 0 < now.get(f"{name}_seconds_sum", service=service) < 2, name
    late_s = now.get("cut_off_late_seconds_sum", service=service)
    assert now.get("unbilled_seconds_total", service=service) == late_s
    assert now.get("event_lag_seconds_count") > 5
    assert now.get("remote_seconds_count", remote="ami", order="Setvar") > 0
    assert now.get("remote_seconds_count", remote="ari", order="POST /channels/{}") > 0
