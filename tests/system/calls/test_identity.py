"""Who calls, and to whom he is shown."""

import asyncio

import pytest

from engine.core.cdr import Disposition, Refusal
from tests.system.stage.lines import line
from tests.system.stage.measures import numbers_in
from tests.system.stage.scenes import Scene, scene

TARIFF = "tariff-p660000-EUR-conversation-a0"
PIN = "4711"


async def talk_a_little(s: Scene, **how: object) -> None:
    call, leg = await s.talk(**how)
    await asyncio.sleep(1)
    await call.hang_up()
    await asyncio.gather(call.ended(), leg.ended())


@scene(line())
async def test_a_number_that_is_not_withheld_is_shown_to_the_agent(s: Scene) -> None:
    await s.credit(1_000_000)
    await talk_a_little(s)
    assert numbers_in(s.agent.legs[0], s.caller)


@pytest.mark.parametrize("privacy", ["id", "user;id", None])
@scene(lambda privacy: line())
async def test_a_withheld_number_pays_and_is_shown_to_nobody(s: Scene, privacy: str | None) -> None:
    """It is known by what the network asserts; no message to the agent holds it."""
    await s.credit(1_000_000)
    await talk_a_little(s, from_user=None, privacy=privacy)
    record = await s.record()
    assert record.withheld
    assert record.e164 == s.caller
    assert record.charge_micros > 0
    assert numbers_in(s.agent.legs[0], s.caller) == []


@scene(line(), agents=0, outside=1)
async def test_a_withheld_number_reaches_no_outside_agent(s: Scene) -> None:
    """His leg goes out by a trunk that is told asserted identities."""
    await s.credit(1_000_000)
    s.agent.answers(press="1", press_after_s=0.5)
    await talk_a_little(s, from_user=None, privacy="id")
    assert (await s.record()).charge_micros > 0
    assert numbers_in(s.agent.legs[0], s.caller) == []


@pytest.mark.parametrize(
    ("asserted", "shown"),
    [(None, True), (None, False), (["+493012345601", "+493012345602"], True)],
    ids=["from alone", "nothing at all", "two numbers asserted"],
)
@scene(lambda asserted, shown: line())
async def test_who_is_not_vouched_for_is_told_so(
    s: Scene, asserted: list[str] | None, shown: bool
) -> None:
    await s.credit(1_000_000)
    call = await s.call(pai=asserted, from_user=s.caller if shown else None)
    ended = await call.ended()
    assert ended.by == "engine"
    assert call.answered_at_ms is None
    record = await s.record()
    assert record.refusal is Refusal.NOT_IDENTIFIED
    assert record.account_id is None
    assert s.agent.legs == []
    assert await s.balance() == 1_000_000
    await s.caller_heard(call, None, "not_identified")


@scene(line())
async def test_one_number_asserted_twice_is_one_caller(s: Scene) -> None:
    """As a SIP and as a tel URI (RFC 3325, 9.1)."""
    await s.credit(1_000_000)
    await talk_a_little(s, pai=[f"<sip:{s.caller}@carrier.invalid>", f"<tel:{s.caller}>"])
    record = await s.record()
    assert record.e164 == s.caller
    assert record.verified


@scene(line(pin_entry=True))
async def test_number_and_pin_open_the_account(s: Scene) -> None:
    """A caller nobody vouches for keys in both; the first PIN is wrong."""
    await s.credit(70_000)
    account = await s.house.account(s.caller)
    await s.house.ledger.set_pin(account.account_id, PIN)
    call = await s.call(pai=None, from_user=None)
    await call.answered()
    national = "0" + s.caller.removeprefix("+49")
    for wait_s, pin in ((2, "9999"), (6, PIN)):
        await asyncio.sleep(wait_s)
        await call.dtmf(f"{national}#")
        await asyncio.sleep(5)
        await call.dtmf(f"{pin}#")
    leg = await s.agent.called()
    await call.ended(60)
    record = await s.record()
    assert record.disposition is Disposition.MONEY_ENDED
    assert record.account_id == account.account_id
    assert record.charge_micros == 70_000
    await s.caller_heard(
        call, leg, "enter_number", "enter_pin", "pin_wrong", "enter_number", "enter_pin",
        "welcome", "seconds_left-s6", TARIFF, "please_wait-m1", "money_ended_caller",
    )  # fmt: skip
