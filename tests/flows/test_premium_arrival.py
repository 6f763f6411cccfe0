"""Who calls, may he, can he pay, and what he hears before anything is charged."""

import asyncio
from datetime import date

import pytest

from engine.core.cdr import Disposition, Refusal
from engine.core.identity import SignalledIdentity, Vouched
from engine.core.inventory import Hours, Span
from engine.core.number import NumberFormat
from engine.core.posting import EntryKind
from engine.core.tariff import BillingStart, FirstCall, Increment, StartsFrom
from engine.premium.call import State
from tests.fakes.clock import virtually
from tests.flows.world import (
    DID,
    LANDLINE,
    MOBILE,
    World,
    asserted,
    inventory,
    service,
    tariff,
    trunk,
    world,
)

OTHER = "+493023125101"
ABROAD = "+442079460123"
EURO = 1_000_000


async def refused(house: World, **call: object) -> tuple[list[str], Refusal | None]:
    """What a caller hears who is not connected, and why he was not; he is never charged."""
    leg = house.call(**call)  # type: ignore[arg-type]  # handed through
    record = await house.record(leg)
    assert house.agent_legs(leg) == []
    assert record.charge_micros == 0
    assert record.talk_ms == 0
    assert record.disposition in (Disposition.REFUSED, Disposition.FAULT)
    return house.heard_by(leg), record.refusal


# --- identity ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("privacy", "from_user"),
    [
        ("id", "anonymous"),
        ("user;id", LANDLINE),
        ("", '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1'),
    ],
)
@virtually
async def test_a_withheld_number_is_billed_and_shown_to_nobody(
    privacy: str, from_user: str
) -> None:
    async with world() as house:
        await house.book(LANDLINE, EURO)
        identity = SignalledIdentity(
            asserted=(asserted(LANDLINE),), privacy=privacy, from_user=from_user
        )
        call = house.call(identity=identity)
        await house.talking(call)
        dialled = house.agent_leg(call).dialled
        assert dialled is not None
        assert dialled.caller_number == DID
        assert LANDLINE not in f"{dialled.caller_number}{dialled.caller_name}"
        record = await house.record(call)
        assert record.withheld
        assert record.verified
        assert record.e164 == LANDLINE
        assert record.charge_micros == EURO


@virtually
async def test_a_number_that_is_not_withheld_is_shown_to_the_agent() -> None:
    async with world() as house:
        await house.book(LANDLINE, EURO)
        call = house.call()
        await house.talking(call)
        dialled = house.agent_leg(call).dialled
        assert dialled is not None
        assert dialled.caller_number == LANDLINE


UNVERIFIED = {
    "no assertion": (Vouched.PAI, SignalledIdentity(from_user=LANDLINE)),
    "two asserted numbers": (
        Vouched.PAI,
        SignalledIdentity(asserted=(asserted(LANDLINE), asserted(MOBILE)), from_user=LANDLINE),
    ),
    "nothing vouched for": (
        Vouched.NOTHING,
        SignalledIdentity(asserted=(asserted(LANDLINE),), from_user=LANDLINE),
    ),
    "anonymous From": (Vouched.FROM, SignalledIdentity(from_user="anonymous")),
    "no number at all": (Vouched.PAI, SignalledIdentity(asserted=("<sip:alice@carrier>",))),
}


@pytest.mark.parametrize("case", UNVERIFIED)
@virtually
async def test_an_unverified_number_opens_no_account(case: str) -> None:
    vouches, identity = UNVERIFIED[case]
    async with world(inventory(carrier=trunk(vouches=vouches))) as house:
        heard, refusal = await refused(house, identity=identity)
        assert heard == ["not_identified"]
        assert refusal is Refusal.NOT_IDENTIFIED
        assert [account async for account in house.ledger.accounts()] == []


VERIFIED = {
    "the same number twice": (
        trunk(),
        SignalledIdentity(asserted=(asserted(LANDLINE), f"<tel:{LANDLINE}>"), from_user="x"),
    ),
    "a From that is vouched for": (
        trunk(vouches=Vouched.FROM),
        SignalledIdentity(from_user=LANDLINE),
    ),
    "in the trunk's own format": (
        trunk(number_format=NumberFormat.NATIONAL),
        SignalledIdentity(asserted=("<sip:03023125100@carrier>",), from_user="x"),
    ),
}


@pytest.mark.parametrize("case", VERIFIED)
@virtually
async def test_what_the_network_vouches_for_is_the_billing_identity(case: str) -> None:
    carrier, identity = VERIFIED[case]
    async with world(inventory(carrier=carrier)) as house:
        await house.book(LANDLINE, EURO)
        call = house.call(identity=identity)
        await house.talking(call)
        assert (await house.record(call)).e164 == LANDLINE


@virtually
async def test_number_and_pin_open_the_account_of_an_unverified_caller() -> None:
    async with world(inventory(service(pin_entry=True))) as house:
        await house.ledger.set_pin(await house.book(LANDLINE, EURO), "4711")
        call = house.call(identity=SignalledIdentity(from_user="anonymous"))
        await house.until(lambda: house.heard_by(call) == ["enter_number"])
        house.switch.press(call.leg, "03023125100#")
        await house.until(lambda: house.heard_by(call)[-1] == "enter_pin")
        house.switch.press(call.leg, "4711#")
        record = await house.record(call)
        assert record.charge_micros > 0
        assert not record.verified
        # Who is known by his PIN alone pays the price of all others.
        assert record.rate is not None
        assert record.rate.price_micros == 1_200_000


@virtually
async def test_three_wrong_pins_are_the_end() -> None:
    async with world(inventory(service(pin_entry=True))) as house:
        await house.ledger.set_pin(await house.book(LANDLINE, EURO), "4711")
        call = house.call(identity=SignalledIdentity(from_user="anonymous"))
        for tries in range(1, 4):
            await house.until(lambda: house.heard_by(call)[-1:] == ["enter_number"])
            house.switch.press(call.leg, "03023125100#")
            await house.until(lambda: house.heard_by(call)[-1] == "enter_pin")
            house.switch.press(call.leg, "0815#")
            await house.until(lambda n=tries: house.heard_by(call).count("pin_wrong") == n)  # type: ignore[misc]  # mypy cannot type a lambda's default
        record = await house.record(call)
        assert record.refusal is Refusal.PIN_WRONG
        assert house.heard_by(call)[-1] == "pin_wrong"


@virtually
async def test_who_keys_nothing_in_hears_what_to_do() -> None:
    async with world(inventory(service(pin_entry=True))) as house:
        heard, refusal = await refused(house, identity=SignalledIdentity(from_user="anonymous"))
        assert heard == ["enter_number", "not_identified"]
        assert refusal is Refusal.NOT_IDENTIFIED


# --- hours and block list ----------------------------------------------------------------------


@virtually
async def test_a_blocked_number_is_refused() -> None:
    async with world(inventory(service(blocked=("+49302312*",)))) as house:
        await house.book(LANDLINE, EURO)
        assert await refused(house) == (["blocked_caller"], Refusal.CALLER_BLOCKED)


@virtually
async def test_a_closed_line_says_so() -> None:
    async with world(
        inventory(service(hours=Hours(spans=(Span(weekday=6, opens_min=0, closes_min=1),))))
    ) as house:
        await house.book(LANDLINE, EURO)
        assert await refused(house) == (["closed"], Refusal.CLOSED)


@virtually
async def test_a_holiday_has_its_own_announcement() -> None:
    async with world(inventory(service(hours=Hours(holidays=(date(2026, 11, 21),))))) as house:
        await house.book(LANDLINE, EURO)
        assert await refused(house) == (["holiday"], Refusal.HOLIDAY)


# --- the account -------------------------------------------------------------------------------


@virtually
async def test_services_of_one_profile_share_a_balance_and_others_do_not() -> None:
    here = service()
    sister = service(name="mondlicht", dids=("+493023125001",))
    stranger = service(name="fremd", dids=("+493023125002",), profile="other-eur")
    stock = inventory(here, sister, stranger, profiles=("acme-eur", "other-eur"))
    async with world(stock) as house:
        await house.book(LANDLINE, 100_000)
        call = house.call(did="+493023125001")
        assert (await house.record(call)).charge_micros == 100_000
        heard, refusal = await refused(house, did="+493023125002")
        assert refusal is Refusal.BALANCE_TOO_LOW
        assert heard == ["balance_too_low"]


@virtually
async def test_an_account_below_zero_is_blocked_until_it_is_paid() -> None:
    async with world() as house:
        await house.book(LANDLINE, 100_000)
        await house.book(LANDLINE, -200_000, EntryKind.REVERSAL)
        assert await refused(house) == (["account_blocked"], Refusal.ACCOUNT_BLOCKED)
        await house.book(LANDLINE, 200_000)
        call = house.call()
        assert (await house.record(call)).charge_micros == 100_000


@pytest.mark.parametrize("connect_fee", [0, 150_000])
@virtually
async def test_what_does_not_cover_the_first_increment_is_refused(connect_fee: int) -> None:
    terms = tariff(increment=Increment(60, 60), connect_fee_micros=connect_fee)
    async with world(inventory(service(tariff=terms))) as house:
        await house.book(LANDLINE, 599_999 + connect_fee)
        assert await refused(house) == (["balance_too_low"], Refusal.BALANCE_TOO_LOW)
        assert await house.held(LANDLINE) == 0
        await house.book(LANDLINE, 1)
        call = house.call()
        record = await house.record(call)
        assert record.charge_micros == 600_000 + connect_fee
        assert await house.balance(LANDLINE) == 0


@virtually
async def test_what_other_calls_hold_does_not_count() -> None:
    terms = tariff(increment=Increment(60, 60))
    async with world(inventory(service(tariff=terms))) as house:
        await house.book(LANDLINE, 600_000)
        first = house.call()
        await house.talking(first)
        _heard, refusal = await refused(house)
        assert refusal is Refusal.BALANCE_TOO_LOW
        assert (await house.record(first)).charge_micros == 600_000


@virtually
async def test_the_first_increment_is_held_before_an_agent_rings() -> None:
    async with world() as house:
        await house.book(LANDLINE, EURO)
        call = house.call()
        await house.until(lambda: house.heard_by(call)[-1:] == ["tariff"])
        assert await house.held(LANDLINE) == 10_000
        assert house.agent_legs(call) == []
        house.switch.hang_up(call.leg)
        record = await house.record(call)
        assert record.disposition is Disposition.ABANDONED
        assert await house.held(LANDLINE) == 0


# --- the tariff --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("e164", "price"), [(LANDLINE, 600_000), (MOBILE, 1_200_000), (ABROAD, 1_500_000)]
)
@virtually
async def test_the_price_is_that_of_the_callers_line(e164: str, price: int) -> None:
    async with world(inventory(service(tariff=tariff(other_micros=1_500_000)))) as house:
        await house.book(e164, 2 * EURO)
        call = house.call(e164)
        await house.talks_for(call, 10)
        house.switch.hang_up(call.leg)
        record = await house.record(call)
        assert record.rate is not None
        assert record.rate.price_micros == price
        assert f"de/tariff-p{price}-EUR-conversation-a0" in [name for _, name in call.heard]


@virtually
async def test_minutes_are_told_before_the_price_and_below_one_the_seconds() -> None:
    async with world() as house:
        await house.book(LANDLINE, 1_250_000)
        await house.book(OTHER, 450_000)
        for e164, told in ((LANDLINE, "minutes_left-m2"), (OTHER, "seconds_left-s45")):
            call = house.call(e164)
            await house.talking(call)
            names = [name for _, name in call.heard]
            assert names[:3] == ["de/welcome", f"de/{told}", names[2]]
            assert names[2].startswith("de/tariff-")
            house.switch.hang_up(call.leg)
            await house.record(call)


@virtually
async def test_charged_waiting_is_announced() -> None:
    terms = tariff(billing_start=BillingStart(StartsFrom.ANNOUNCEMENT))
    async with world(inventory(service(tariff=terms))) as house:
        await house.book(LANDLINE, EURO)
        call = house.call()
        await house.talking(call)
        assert house.heard_by(call)[:4] == [
            "welcome", "minutes_left", "waiting_is_charged", "tariff",
        ]  # fmt: skip


@virtually
async def test_a_running_call_keeps_its_price() -> None:
    async with world() as house:
        await house.book(LANDLINE, 2 * EURO)
        call = house.call()
        await house.talking(call)
        house.inventory = inventory(service(tariff=tariff(landline_micros=3_000_000)))
        assert (await house.record(call)).charged_s == 200


@virtually
async def test_without_early_media_the_caller_is_answered_before_he_hears() -> None:
    async with world(inventory(carrier=trunk(early_media=False))) as house:
        await house.book(LANDLINE, 100_000)
        call = house.call()
        await house.until(lambda: bool(call.heard))
        assert call.answered
        assert (await house.record(call)).charge_micros == 100_000
        call = house.call()
        await house.until(lambda: bool(call.heard))
        assert call.answered
        assert house.heard_by(call) == ["balance_too_low"]


@virtually
async def test_with_early_media_nobody_is_answered_before_the_conversation() -> None:
    async with world() as house:
        await house.book(LANDLINE, 100_000)
        call = house.call()
        await house.until(lambda: house.heard_by(call)[-1:] == ["please_wait"])
        assert not call.answered
        await house.talking(call)
        assert call.answered
        refused_call = house.call(OTHER)
        record = await house.record(refused_call)
        assert record.answered_ms is None


# --- the first call ----------------------------------------------------------------------------


def offer(price: int = 0, minutes: int | None = 1, days: int | None = None) -> World:
    terms = tariff(first_call=FirstCall(price, minutes))
    return World(inventory(service(tariff=terms, caller_list="new", first_call_days=days)))


async def charged(house: World, e164: str, talk_s: int) -> int:
    """What a call of so many seconds costs."""
    call = house.call(e164)
    await house.talks_for(call, talk_s)
    house.switch.hang_up(call.leg)
    return (await house.record(call)).charge_micros


@virtually
async def test_the_first_call_costs_less_and_the_second_the_normal_price() -> None:
    house = offer()
    await house.start_engine("e1")
    await house.book(LANDLINE, EURO)
    call = house.call()
    await house.talks_for(call, 70)
    names = [name for _, name in call.heard]
    assert "de/tariff_first_call-p0-t600000-EUR-conversation-a0-m1" in names
    told_ms = next(at for at, name in call.heard if name.startswith("de/price_change"))
    began_ms = call.joined_ms
    assert began_ms is not None
    assert 0 < began_ms + 60_000 - told_ms <= 15_100
    house.switch.hang_up(call.leg)
    record = await house.record(call)
    assert record.first_call
    assert record.charge_micros == 100_000
    assert await charged(house, LANDLINE, 10) == 100_000
    await house.stop()


@virtually
async def test_of_two_first_calls_at_once_one_has_the_offer() -> None:
    house = offer()
    await house.start_engine("e1")
    await house.book(LANDLINE, EURO)
    calls = [house.call(), house.call()]
    for call in calls:
        await house.talking(call)
    records = []
    for call in calls:
        house.switch.hang_up(call.leg)
        records.append(await house.record(call))
    assert sorted(record.first_call for record in records) == [False, True]
    await house.stop()


@virtually
async def test_the_offer_is_given_back_if_charging_never_begins() -> None:
    house = offer()
    await house.start_engine("e1")
    await house.book(LANDLINE, EURO)
    call = house.call()
    await house.until(lambda: "tariff_first_call" in house.heard_by(call))
    house.switch.hang_up(call.leg)
    await house.record(call)
    assert await charged(house, LANDLINE, 30) == 0
    assert await charged(house, LANDLINE, 30) == 300_000
    await house.stop()


@virtually
async def test_an_offer_for_days_holds_for_all_calls_within_them() -> None:
    house = offer(300_000, None, days=2)
    await house.start_engine("e1")
    await house.book(LANDLINE, EURO)
    call = house.call()
    await house.talks_for(call, 10)
    assert "de/tariff_first_call-p300000-t600000-EUR-conversation-a0-d2" in [
        name for _, name in call.heard
    ]
    house.switch.hang_up(call.leg)
    assert (await house.record(call)).charge_micros == 50_000
    assert await charged(house, LANDLINE, 10) == 50_000
    house.clock.skew_ms += 2 * 24 * 3_600_000
    assert await charged(house, LANDLINE, 10) == 100_000
    await house.stop()


@virtually
async def test_the_new_price_is_told_also_if_the_money_for_it_comes_late() -> None:
    house = offer()
    await house.start_engine("e1")
    account = await house.book(LANDLINE, 0)
    assert account
    call = house.call()
    await house.talks_for(call, 55)
    assert "price_change" not in house.heard_by(call)
    await house.book(LANDLINE, 100_000)
    await house.talks_for(call, 1)
    assert "price_change" in house.heard_by(call)
    record = await house.record(call)
    assert record.charged_s == 70
    assert record.charge_micros == 100_000
    await house.stop()


@pytest.mark.parametrize(
    ("form", "did"),
    [("e164_plus", "+493023125000"), ("cc", "493023125000"), ("00cc", "00493023125000"),
     ("national", "03023125000")],
)  # fmt: skip
@virtually
async def test_the_number_dialled_is_read_as_its_trunk_writes_numbers(form: str, did: str) -> None:
    async with world(inventory(carrier=trunk(number_format=NumberFormat(form)))) as house:
        call = house.call(did=did)
        record = await house.record(call)
        assert record.did == DID
        assert record.service == "sternlicht"


@virtually
async def test_no_key_that_was_pressed_is_written_down() -> None:
    async with world(inventory(service(pin_entry=True))) as house:
        call = house.call(identity=SignalledIdentity(from_user="anonymous"))
        await house.in_state(call, State.ENTERING)
        house.switch.press(call.leg, "03023125100#4711")
        await asyncio.sleep(1)
        known = house.machine(call)
        assert known is not None
        assert known.keypad.digits == "4711"
        body = house.data.calls[call.leg].body
        assert b"4711" not in body
        assert b"03023125100" not in body
        house.switch.hang_up(call.leg)
        await house.record(call)
