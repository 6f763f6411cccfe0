"""Who is not connected hears why, and pays nothing."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.core.cdr import Disposition, Refusal
from engine.core.inventory import Hours, Service, Span
from engine.core.tariff import Increment
from tests.system.stage.lines import line, tariff
from tests.system.stage.scenes import Scene, scene

BERLIN = ZoneInfo("Europe/Berlin")
TARIFF = "tariff-p660000-EUR-conversation-a0"


async def refused(s: Scene, refusal: Refusal, *heard: str) -> None:
    """A call that is refused: never answered, no agent rung, nothing charged."""
    before_micros = await s.balance()
    call = await s.call()
    ended = await call.ended()
    assert ended.by == "engine"
    assert ended.sip_code is not None
    assert call.answered_at_ms is None
    record = await s.record()
    assert (record.disposition, record.refusal) == (Disposition.REFUSED, refusal)
    assert record.charge_micros == 0
    assert s.agent.legs == []
    assert await s.balance() == before_micros
    await s.caller_heard(call, None, *heard)


@scene(line())
async def test_an_empty_balance(s: Scene) -> None:
    await refused(s, Refusal.BALANCE_TOO_LOW, "balance_too_low-b0-EUR")


@pytest.mark.parametrize("fee_micros", [0, 500_000])
@scene(
    lambda fee_micros: line(
        tariff=tariff(increment=Increment(60, 60), connect_fee_micros=fee_micros)
    )
)
async def test_less_than_the_first_increment_and_fee(s: Scene, fee_micros: int) -> None:
    await s.credit(650_000 + fee_micros)
    await refused(s, Refusal.BALANCE_TOO_LOW, "balance_too_low")


def never_open() -> Service:
    yesterday = datetime.now(BERLIN) - timedelta(days=2)
    return line(hours=Hours(spans=(Span(weekday=yesterday.weekday(), opens_min=0, closes_min=1),)))


def always_holiday() -> Service:
    today = datetime.now(BERLIN).date()
    return line(hours=Hours(holidays=(today, today + timedelta(days=1))))


@pytest.mark.parametrize(
    ("plan", "refusal", "heard"),
    [
        (never_open(), Refusal.CLOSED, "closed"),
        (always_holiday(), Refusal.HOLIDAY, "holiday"),
        (line(blocked=("+49302313*",)), Refusal.CALLER_BLOCKED, "blocked_caller"),
    ],
    ids=["closed", "holiday", "blocked"],
)
@scene(lambda plan, refusal, heard: plan)
async def test_not_now_not_you(s: Scene, plan: Service, refusal: Refusal, heard: str) -> None:
    await s.credit(1_000_000)
    await refused(s, refusal, heard)


@scene(line(), rounds=1)
async def test_nobody_is_free(s: Scene) -> None:
    await s.credit(1_000_000)
    s.agent.busy()
    call = await s.call()
    await call.ended()
    assert call.answered_at_ms is None
    record = await s.record()
    assert record.disposition is Disposition.NO_AGENT
    assert record.charge_micros == 0
    assert await s.balance() == 1_000_000
    witness = await s.heard(call, None, None, is_agent=False)
    assert witness.told[-1] == "all_agents_busy"
