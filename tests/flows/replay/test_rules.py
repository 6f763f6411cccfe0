"""A replayed record is what the live machine makes of the same caller under the draft."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest

from engine.core.cdr import CallRecord, Disposition, Refusal
from engine.core.identity import SignalledIdentity
from engine.core.inventory import Hours, Inventory
from engine.core.rating import BillingStart, Increment, StartsFrom
from engine.core.tariff import FirstCall
from engine.flows.replay.purses import Purses
from engine.flows.replay.rules import Draft, differences, recorded, replayed
from tests.fakes.clock import START_MS, run_virtually
from tests.fakes.telephony import FakeLeg
from tests.flows.world import LANDLINE, MOBILE, World, inventory, service, tariff, trunk, world

EURO = 1_000_000
FOREIGN = "+43123456789"
POOR = "+493023125101"
TALKS_S = {LANDLINE: 61.5, MOBILE: 125.2, FOREIGN: 10.0}


def _begun(house: World, call: FakeLeg) -> bool:
    """In conversation, or turned away."""
    joined = call.bridge is not None and len(house.switch.legs_in(call.bridge)) == 2
    return joined or not call.alive


async def _calls(house: World) -> list[CallRecord]:
    """Three who hang up after a while, one whose money ends, one unknown, one who gets no agent."""
    records = []
    for e164, seconds in TALKS_S.items():
        await house.book(e164, 100 * EURO)
        call = house.call(e164)
        await house.until(partial(_begun, house, call))
        await asyncio.sleep(seconds)
        house.switch.hang_up(call.leg)
        records.append(await house.record(call))
    await house.book(POOR, 150_000)
    records.append(await house.record(house.call(POOR)))
    records.append(await house.record(house.call(identity=SignalledIdentity(from_user=LANDLINE))))
    for agent in ("a1", "a2"):
        house.mute(agent)
    records.append(await house.record(house.call(LANDLINE)))
    return records


async def _live(under: Inventory) -> list[CallRecord]:
    async with world(under) as house:
        return await _calls(house)


def _line(**changes: object) -> Inventory:
    return inventory(service(free_hold_s=0, **changes))


def _terms(**changes: object) -> Inventory:
    return _line(tariff=tariff(**changes))


TODAY = datetime.fromtimestamp(START_MS // 1000, UTC).date()
NOW = _line()
DRAFTS = {
    "the same": NOW,
    "dearer": _terms(landline_micros=1_200_000, mobile_micros=3_000_000, other_micros=2 * EURO),
    "cheaper for mobiles": _terms(mobile_micros=1),
    "longer increments": _terms(increment=Increment(15, 5)),
    "a fee": _terms(connect_fee_micros=50_000),
    "ten free seconds": _terms(billing_start=BillingStart(StartsFrom.CONVERSATION, 10)),
    "one minute at most": _terms(max_call_minutes=1),
    "a forced end": _line(forced_end_min=1, tariff=tariff(increment=Increment(60, 60))),
    "another country": _line(region="AT"),
    "blocked landlines": _line(blocked=("+4930*",)),
    "closed": _line(hours=Hours(timezone="UTC", holidays=(TODAY,))),
    "another name": _line(name="mondlicht"),
}
NOT_KNOWN = {("ten free seconds", POOR): "how long his money would have lasted"}


@pytest.mark.parametrize("name", DRAFTS)
def test_a_replayed_call_is_the_call_that_would_have_been(name: str) -> None:
    draft = DRAFTS[name]
    before, after = run_virtually(_live(NOW)), run_virtually(_live(draft))
    assert [record.disposition for record in before] == [
        Disposition.CALLER_HUNG_UP, Disposition.CALLER_HUNG_UP, Disposition.CALLER_HUNG_UP,
        Disposition.MONEY_ENDED, Disposition.REFUSED, Disposition.NO_AGENT,
    ]  # fmt: skip
    for was, would in zip(before, after, strict=True):
        if (name, was.e164) not in NOT_KNOWN:
            assert replayed(was, Draft.of(draft)) == recorded(would)


TALKED = next(iter(run_virtually(_live(NOW))))
LET_IN_LATER = replace(
    TALKED,
    rate=None, talk_ms=0, charged_s=0, charge_micros=0,
    disposition=Disposition.REFUSED, refusal=Refusal.CLOSED,
)  # fmt: skip
POOR_CALLER = replace(LET_IN_LATER, refusal=Refusal.BALANCE_TOO_LOW)
OFFERED = replace(TALKED, first_call=True)
OFFER = tariff(first_call=FirstCall(0, None))

DIFFERENCES = [
    (TALKED, NOW, []),
    (TALKED, inventory(service(dids=("+493023125999",))), ["not_routed", "charge"]),
    (TALKED, inventory(carrier=trunk(name="other")), ["not_routed", "charge"]),
    (TALKED, _line(name="mondlicht"), ["other_service"]),
    (TALKED, _line(blocked=(LANDLINE,)), ["refused", "charge"]),
    (LET_IN_LATER, NOW, ["let_in"]),
    (LET_IN_LATER, _line(blocked=(LANDLINE,)), ["refused"]),
    (replace(LET_IN_LATER, refusal=Refusal.CALLER_BLOCKED), NOW, []),
    (replace(LET_IN_LATER, refusal=Refusal.CALLER_BLOCKED, account_id=None), NOW, ["let_in"]),
    (replace(LET_IN_LATER, refusal=Refusal.CALLER_BLOCKED, account_id=None, e164=None), NOW, []),
    (replace(TALKED, e164=None), NOW, []),
    (replace(TALKED, e164=None), _line(region="AT"), []),
    (POOR_CALLER, _terms(landline_micros=1), []),
    (TALKED, _terms(max_call_minutes=1), ["ends_earlier", "rate", "charge"]),
    (TALKED, _line(region="AT"), ["price_class", "rate", "charge"]),
    (TALKED, _terms(mobile_micros=7_000_000), []),
    (TALKED, _terms(currency="CHF"), ["charge"]),
    (TALKED, _line(tariff=OFFER, caller_list="new"), []),
    (OFFERED, _line(tariff=OFFER, caller_list="new"), ["rate", "charge"]),
    (replace(TALKED, verified=False), NOW, ["refused", "charge"]),
    (replace(TALKED, verified=False), _line(pin_entry=True), ["price_class", "rate", "charge"]),
]


@pytest.mark.parametrize(("record", "draft", "expected"), DIFFERENCES)
def test_what_differs_is_named(record: CallRecord, draft: Inventory, expected: list[str]) -> None:
    after = replayed(record, Draft.of(draft))
    assert [*differences(recorded(record), after)] == expected


def test_a_call_ends_with_the_money_as_it_would_have_live() -> None:
    async def live(under: Inventory) -> tuple[CallRecord, int]:
        async with world(under) as house:
            await house.book(LANDLINE, EURO)
            call = house.call(LANDLINE)
            await house.until(partial(_begun, house, call))
            await asyncio.sleep(TALKS_S[LANDLINE])
            house.switch.hang_up(call.leg)
            record = await house.record(call)
            return record, (await house.ledger.balances_after([call.leg]))[call.leg]

    was, balance_micros = run_virtually(live(NOW))
    money_micros = Purses().money_micros(was, balance_micros)
    assert (was.disposition, money_micros) == (Disposition.CALLER_HUNG_UP, EURO)
    for price_micros in (1_200_000, 2_000_000):
        dearer = _terms(landline_micros=price_micros)
        would, _ = run_virtually(live(dearer))
        assert would.disposition is Disposition.MONEY_ENDED
        after = replayed(was, Draft.of(dearer), money_micros)
        assert after == recorded(would)
        assert [*differences(recorded(was), after)] == ["ends_earlier", "rate", "charge"]


ENDED = replace(TALKED, disposition=Disposition.MONEY_ENDED)
MONEY_ENDED = [
    (ENDED, NOW, None, []),
    (ENDED, NOW, 100 * EURO, []),
    (ENDED, _terms(landline_micros=1_200_000), 100 * EURO, ["ends_earlier", "rate", "charge"]),
    (ENDED, _terms(landline_micros=300_000), 100 * EURO, ["might_go_on", "rate", "charge"]),
    (ENDED, _terms(landline_micros=300_000), None, ["might_go_on", "rate", "charge"]),
    (ENDED, _terms(currency="CHF", landline_micros=1_200_000), 0, ["rate", "charge"]),
    (ENDED, _line(forced_end_min=1, tariff=tariff(landline_micros=1)), EURO,
     ["ends_earlier", "rate", "charge"]),
    (TALKED, _terms(landline_micros=300_000), EURO, ["rate", "charge"]),
    (TALKED, _terms(landline_micros=1_200_000), 0, ["refused", "charge"]),
    (TALKED, _line(profile="elsewhere"), 0, []),
]  # fmt: skip


@pytest.mark.parametrize(("record", "draft", "money_micros", "expected"), MONEY_ENDED)
def test_what_money_makes_different_is_named(
    record: CallRecord, draft: Inventory, money_micros: int | None, expected: list[str]
) -> None:
    after = replayed(record, Draft.of(draft), money_micros)
    assert [*differences(recorded(record), after)] == expected


def test_a_call_that_its_money_ended_costs_no_more_than_the_money_there_was() -> None:
    ended = replace(TALKED, disposition=Disposition.MONEY_ENDED)
    dearer = Draft.of(_terms(landline_micros=6_000_000))
    assert TALKED.charge_micros < replayed(TALKED, dearer).charge_micros
    assert replayed(ended, dearer).charge_micros <= TALKED.charge_micros + 10_000
    unpayable = replayed(ended, Draft.of(_terms(landline_micros=600 * EURO)))
    assert (unpayable.charge_micros, unpayable.refusal) == (0, Refusal.BALANCE_TOO_LOW)
