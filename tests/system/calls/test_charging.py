"""When charging begins, in which increments, at which price."""

import asyncio
from dataclasses import replace

import pytest

from engine.core.cdr import Disposition
from engine.core.inventory import Service
from engine.core.tariff import BillingStart, FirstCall, Increment, StartsFrom
from tests.system.stage.lines import ONE_NINETY_NINE, SIXTY_SIX_CENTS, TWO_NINETY_NINE, line, tariff
from tests.system.stage.measures import assert_cut_off, assert_cut_off_since_announcement
from tests.system.stage.scenes import Scene, scene

FREE_SECONDS = (0, 10, 20, 30)
CONVERSATION, ANNOUNCEMENT = StartsFrom.CONVERSATION, StartsFrom.ANNOUNCEMENT


def starting(origin: StartsFrom, after_s: int, fee_micros: int = 0) -> Service:
    start = BillingStart(origin, after_s)
    return line(tariff=tariff(ONE_NINETY_NINE, billing_start=start, connect_fee_micros=fee_micros))


@pytest.mark.parametrize("after_s", FREE_SECONDS)
@scene(lambda after_s: starting(CONVERSATION, after_s))
async def test_charging_begins_with_the_conversation(s: Scene, after_s: int) -> None:
    """0.20 buys 6 s at 1.99; the free seconds come before them."""
    await s.credit(200_000)
    call, leg = await s.talk()
    await call.ended(60)
    record = await s.record()
    assert (record.charged_s, record.charge_micros) == (6, 200_000)
    caller = await s.caller_heard(
        call, leg, "welcome", "seconds_left-s6",
        f"tariff-p1990000-EUR-conversation-a{after_s}", "please_wait-m1", "money_ended_caller",
    )  # fmt: skip
    assert_cut_off(record, caller)


@pytest.mark.parametrize("after_s", FREE_SECONDS)
@scene(lambda after_s: starting(ANNOUNCEMENT, after_s))
async def test_charging_begins_with_the_announcement(s: Scene, after_s: int) -> None:
    """0.40 buys 12 s at 1.99, and the wait for the agent is among them."""
    await s.credit(400_000)
    call, leg = await s.talk()
    await call.ended(60)
    record = await s.record()
    assert (record.charged_s, record.charge_micros) == (12, 400_000)
    spoken = f"tariff-p1990000-EUR-announcement-a{after_s}"
    caller = await s.caller_heard(
        call, leg, "welcome", "seconds_left-s12", "waiting_is_charged", spoken,
        "money_ended_caller",
    )  # fmt: skip
    assert_cut_off_since_announcement(record, caller, spoken)


@pytest.mark.parametrize("origin", StartsFrom)
@scene(lambda origin: starting(origin, 10, fee_micros=500_000))
async def test_who_leaves_in_the_free_seconds_pays_nothing(s: Scene, origin: StartsFrom) -> None:
    """No second, and no connect fee either."""
    await s.credit(1_000_000)
    call, leg = await s.talk()
    await asyncio.sleep(2)
    await call.hang_up()
    await leg.ended()
    record = await s.record()
    assert (record.charged_s, record.charge_micros) == (0, 0)
    assert record.talk_ms > 1_500
    assert await s.balance() == 1_000_000


@scene(line(tariff=tariff(ONE_NINETY_NINE, connect_fee_micros=500_000)))
async def test_the_connect_fee_is_paid_once(s: Scene) -> None:
    await s.credit(2_000_000)
    call, leg = await s.talk()
    await asyncio.sleep(3)
    await call.hang_up()
    await leg.ended()
    record = await s.record()
    assert record.charge_micros in (500_000 + 100_000, 500_000 + 70_000, 500_000 + 130_000)


@scene(line(tariff=tariff(SIXTY_SIX_CENTS, increment=Increment(60, 60))))
async def test_whole_minutes_are_charged(s: Scene) -> None:
    """0.70 buys one minute of 0.66; the rest buys none, and stays."""
    await s.credit(700_000)
    call, leg = await s.talk()
    await call.ended(90)
    record = await s.record()
    assert (record.charged_s, record.charge_micros) == (60, 660_000)
    assert await s.balance() == 40_000
    caller = await s.caller_heard(
        call, leg, "welcome", "minutes_left-m1", "tariff-p660000-EUR-conversation-a0",
        "please_wait-m1", "money_ended_caller",
    )  # fmt: skip
    assert_cut_off(record, caller)


@pytest.mark.parametrize(("increment", "charged_s"), [("60/60", 60), ("30/6", 30), ("1/1", 4)])
@scene(
    lambda increment, charged_s: line(
        tariff=tariff(increment=Increment(*(int(part) for part in increment.split("/"))))
    )
)
async def test_a_begun_increment_is_charged(s: Scene, increment: str, charged_s: int) -> None:
    """Who hangs up after four seconds and a bit."""
    await s.credit(2_000_000)
    call, leg = await s.talk()
    await asyncio.sleep(4.4)
    await call.hang_up()
    await asyncio.gather(call.ended(), leg.ended())
    record = await s.record()
    assert record.disposition is Disposition.CALLER_HUNG_UP
    assert record.charged_s == charged_s
    caller = await s.heard(call, leg, None, is_agent=False)
    assert abs(caller.talk_ms - record.talk_ms) <= 100


@scene(
    line(
        tariff=replace(
            tariff(),
            landline_micros=SIXTY_SIX_CENTS,
            mobile_micros=ONE_NINETY_NINE,
            other_micros=TWO_NINETY_NINE,
        )
    ),
    agents=3,
)
async def test_each_kind_of_caller_has_his_price(s: Scene) -> None:
    """A landline, a mobile and a foreign number call; each is told his own price and pays it."""
    callers = {
        s.cast.landline: SIXTY_SIX_CENTS,
        s.cast.mobile: ONE_NINETY_NINE,
        s.cast.foreign: TWO_NINETY_NINE,
    }
    calls = {}
    for e164 in callers:
        await s.house.book(e164, 60_000_000)
        calls[e164] = await s.call(pai=e164, from_user=e164)
    for call in calls.values():
        await call.answered()
    await asyncio.sleep(2)
    for call in calls.values():
        await call.hang_up()
        await call.ended()
    for record in await s.records(3):
        assert record.e164 is not None
        price = callers[record.e164]
        assert record.rate is not None
        assert record.rate.price_micros == price
        spoken = f"tariff-p{price}-EUR-conversation-a0"
        witness = await s.heard(calls[record.e164], None, None, is_agent=False, also=[
            f"tariff-p{other}-EUR-conversation-a0" for other in callers.values()])  # fmt: skip
        assert spoken in witness.told
        assert sum(key.startswith("tariff") for key in witness.told) == 1


OFFER = tariff(ONE_NINETY_NINE, first_call=FirstCall(0, 10))
FIRST = "tariff_first_call-p0-t1990000-EUR-conversation-a0-m10"
NORMAL = "tariff-p1990000-EUR-conversation-a0"


async def told_price(s: Scene, **how: str) -> str:
    """Which price a caller is told who hangs up after a second of talk."""
    call = await s.call(**how)
    await call.answered()
    await asyncio.sleep(1)
    await call.hang_up()
    await call.ended()
    witness = await s.heard(call, None, None, is_agent=False, also=[FIRST, NORMAL])
    (told,) = (key for key in witness.told if key.startswith("tariff"))
    return told


@scene(line(tariff=OFFER))
async def test_the_first_call_has_its_price_the_second_the_normal_one(s: Scene) -> None:
    await s.credit(5_000_000)
    assert await told_price(s) == FIRST
    assert await told_price(s) == NORMAL
    first, second = await s.records(2)
    assert (first.first_call, first.charge_micros) == (True, 0)
    assert second.first_call is False
    assert second.charge_micros > 0


@scene(line(tariff=OFFER), agents=2)
async def test_of_two_first_calls_at_once_only_one_has_the_offer(s: Scene) -> None:
    await s.credit(5_000_000)
    told = await asyncio.gather(told_price(s), told_price(s))
    assert sorted(told) == sorted([FIRST, NORMAL])
    records = await s.records(2)
    assert sorted(record.first_call for record in records) == [False, True]


@scene(line(tariff=OFFER))
async def test_the_offer_is_given_back_if_charging_never_begins(s: Scene) -> None:
    await s.credit(5_000_000)
    call = await s.call()
    await call.progressed()
    await asyncio.sleep(2)
    await call.hang_up()
    await s.records(1)
    assert await told_price(s) == FIRST
