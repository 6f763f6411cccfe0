"""Metrics of verification: calls that cost money, what they came to, and what was forbidden."""

from dataclasses import replace

from engine.core.events import LegFailure
from engine.core.verification import LIMITS, Mode, Status
from engine.metrics import PrometheusMetrics
from tests.fakes.clock import virtually
from tests.flows.verification.people import shop
from tests.flows.verification.test_limits import ROOMY, asked
from tests.metrics.scrape import scraped
from tests.verification.cases import merchant


@virtually
async def test_calls_are_counted_by_what_they_came_to() -> None:
    metrics = PrometheusMetrics()
    async with shop(metrics=metrics) as s:
        s.person(presses="1", presses_after_ms=2_000)
        proved = await s.ended(await s.begins(mode=Mode.PRESS))
        assert proved.status is Status.VERIFIED
        s.person("+4915228817387", fails_with=LegFailure.REJECTED)
        failed = await s.ended(await s.begins(to="0152 28817387"))
        assert failed.status is Status.FAILED
    now = scraped(metrics)
    assert now.get("verification_calls_total", merchant="shop") == 2
    assert now.get("verification_calls_ended_total", outcome="answered") == 1
    assert now.get("verification_calls_ended_total", outcome="rejected") == 1
    assert 1 < now.get("verification_connected_seconds_total", merchant="shop") < 60
    assert now.get("verifications_ended_total", status="verified") == 1
    assert now.get("verifications_ended_total", status="failed") == 1
    assert now.get("verification_limits_hit_total") == 0


@virtually
async def test_the_brake_on_toll_fraud_is_counted_by_its_limit() -> None:
    metrics = PrometheusMetrics()
    async with shop(merchant(limits=replace(ROOMY, per_merchant=2)), metrics) as s:
        states = await asked(s, 5)
        assert states.count(Status.BLOCKED) == 3
        await s.house.until(lambda: s.dialled == 2)
        now = scraped(metrics)
        assert now.get("verification_limits_hit_total", limit="per_merchant") == 3
        assert now.get("verification_limits_hit_total") == 3
        assert now.get("verifications_ended_total", status="blocked") == 3
        assert now.get("verification_calls_total") == 2


@virtually
async def test_every_limit_begins_at_zero() -> None:
    """Prometheus sees no rise from nothing to one, so no alert would fire for the first."""
    metrics = PrometheusMetrics()
    metrics.expect((), (), ("shop",))
    text = metrics.text().decode()
    async with shop() as s:
        verification = await s.begins()
        named = await s.house.verifiers["e1"].use_by(verification)
    names = {use.limit.name for use in named.limits} | {use.breaker.name for use in named.breakers}
    assert names | {"per_address"} == set(LIMITS)
    assert all(f'limit="{name}"}} 0.0' in text for name in LIMITS)
