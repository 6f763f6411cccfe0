"""A table of imagined calls: where each ends, and what is told on its way."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from engine.core.identity import Vouched
from engine.core.imagined import Imagined, Step
from engine.core.inventory import Agent, AgentKind, Hours, Inventory, Span, Strategy
from engine.core.number import NumberFormat, normalise, written
from engine.core.tariff import BillingStart, FirstCall, Increment, StartsFrom
from engine.errors import CallerError
from engine.premium.trace import service_of, trace
from tests.core.premium_driver import stock_of, tariff_of

MONDAY_NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
DID = "030 23125 000"
LANDLINE, MOBILE = "030 23125 100", "0171 2345678"
OFFER = tariff_of(first_call=FirstCall(0, 10))


def imagined(**others: object) -> Imagined:
    fields: dict[str, object] = {
        "dialled": DID, "at_ms": int(MONDAY_NOON.timestamp() * 1000), "caller": LANDLINE,
    }  # fmt: skip
    return Imagined(**{**fields, **others})  # type: ignore[arg-type]  # checked by the dataclass


def named(steps: tuple[Step, ...], name: str) -> list[Step]:
    return [step for step in steps if step.name == name]


def heard(steps: tuple[Step, ...], who: str) -> list[tuple[int | None, str]]:
    return [(s.talked_s, p.key()) for s in steps if s.who == who for p in s.says]


def prompts(steps: tuple[Step, ...]) -> list[str]:
    return [key for _, key in heard(steps, "caller")]


SHUT = Hours(spans=(Span(weekday=0, opens_min=0, closes_min=720),))
OPEN = Hours(spans=(Span(weekday=0, opens_min=720, closes_min=721),))


@pytest.mark.parametrize(
    ("stock", "call", "outcome", "last"),
    [
        (stock_of(hours=SHUT), {}, "closed", "closed"),
        (stock_of(hours=Hours(holidays=(date(2026, 11, 23),))), {}, "holiday", "holiday"),
        (stock_of(blocked=("+4930*",)), {}, "caller_blocked", "blocked_caller"),
        (stock_of(), {"caller": ""}, "not_identified", "not_identified"),
        (stock_of(), {"balance_micros": -1}, "account_blocked", "account_blocked"),
        (stock_of(), {"balance_micros": 0}, "balance_too_low", "balance_too_low-b0-EUR"),
        (stock_of(), {"balance_micros": 600_000}, "money_ended", "hold_top_up-s60"),
        (stock_of(free_hold_s=0), {"balance_micros": 10_000}, "money_ended", "money_ended_caller"),
        (stock_of(hours=OPEN), {}, "limit_reached", "call_limit_reached"),
        (stock_of(), {"withheld": True}, "limit_reached", "call_limit_reached"),
    ],
)
def test_where_a_call_ends(
    stock: Inventory, call: dict[str, object], outcome: str, last: str
) -> None:
    steps = trace(imagined(**call), stock)
    assert steps[-1].name == "ended"
    assert steps[-1].values["outcome"] == outcome
    assert prompts(steps)[-1] == last
    if outcome not in ("limit_reached", "money_ended"):
        assert not named(steps, "hunt")
        assert steps[-1].values["charge_micros"] == 0


def test_what_is_known_before_anything_is_decided() -> None:
    steps = trace(imagined(caller=MOBILE), stock_of())
    names = [step.name for step in steps]
    assert names[:6] == ["number", "trunk", "service", "caller", "hours", "block_list"]
    assert steps[0].values == {"dialled": DID, "did": "+493023125000"}
    assert steps[3].values == {
        "number": "+491712345xxx", "withheld": False, "verified": True, "line": "mobile",
    }  # fmt: skip


def test_a_withheld_number_is_billed_and_shown_nowhere() -> None:
    steps = trace(imagined(withheld=True), stock_of())
    [caller] = named(steps, "caller")
    assert (caller.values["number"], caller.values["verified"]) == (None, True)
    assert "23125" not in str(steps[2:]).replace("+493023125000", "")


def test_a_number_without_a_service_is_turned_away() -> None:
    steps = trace(imagined(dialled="030 23125 999"), stock_of())
    assert [step.name for step in steps] == ["number", "trunk", "nobody"]
    assert steps[-1].values == {"did": "+493023125999", "reason": "unallocated"}
    assert service_of(imagined(dialled="110"), stock_of()) is None


def test_prices_by_class_offer_and_what_is_held() -> None:
    tariff = tariff_of(
        mobile_micros=2_990_000, increment=Increment(60, 60), connect_fee_micros=100_000,
        billing_start=BillingStart(StartsFrom.CONVERSATION, 10), first_call=FirstCall(0, 10),
    )  # fmt: skip
    stock = stock_of(tariff=tariff)
    new = trace(imagined(caller=MOBILE), stock)
    known = trace(imagined(caller=MOBILE, returning=True), stock)
    assert [named(steps, "offer")[0].values["granted"] for steps in (new, known)] == [True, False]
    assert [named(steps, "hold")[0].values["micros"] for steps in (new, known)] == [
        100_000, 3_090_000,
    ]  # fmt: skip
    assert named(new, "price")[0].values["first_price_micros"] == 0
    assert named(known, "price")[0].values["price_micros"] == 2_990_000
    assert named(new, "billing")[0].values == {"origin": "conversation", "begins_s": 10}
    assert (595, "price_change-p2990000-EUR") in heard(new, "caller")


def test_warnings_cut_off_and_free_hold_come_when_they_would() -> None:
    stock = stock_of(thresholds_s=(120, 30), free_hold_s=60)
    steps = trace(imagined(balance_micros=3_000_000), stock)
    for who in ("caller", "agent"):
        assert (180, f"warning_{who}-s120") in heard(steps, who)
        assert (270, f"warning_{who}-s30") in heard(steps, who)
    assert (300, "money_ended_caller") in heard(steps, "caller")
    assert named(steps, "kept")[0].values == {"seconds": 60}
    ended = steps[-1].values
    assert (ended["talk_s"], ended["charge_micros"]) == (300, 3_000_000)


def test_a_forced_end_is_announced_before_it() -> None:
    steps = trace(imagined(), stock_of(forced_end_min=5, forced_end_warning_s=60))
    assert (240, "call_limit_soon-s60") in heard(steps, "caller")
    assert (steps[-1].values["outcome"], steps[-1].talked_s) == ("limit_reached", 300)


@pytest.mark.parametrize(
    ("strategy", "at_once"), [(Strategy.ALL, 2), (Strategy.IN_ORDER, 1), (Strategy.ROUND_ROBIN, 1)]
)
def test_who_rings(strategy: Strategy, at_once: int) -> None:
    stock = stock_of()
    stock = replace(stock, groups=(replace(stock.groups[0], strategy=strategy),))
    steps = trace(imagined(), stock)
    [hunt] = named(steps, "hunt")
    assert (hunt.values["agents"], hunt.values["at_once"]) == (("a1", "a2"), at_once)
    assert [step.values["agent"] for step in named(steps, "agent")] == ["a1"]


def test_an_outside_agent_presses_the_key_and_is_joined() -> None:
    outside = Agent(
        name="out", organisation="acme", kind=AgentKind.OUTSIDE, address="+4940", trunk="t"
    )
    steps = trace(imagined(), stock_of((outside,)))
    assert "press_to_accept" in [key for _, key in heard(steps, "agent")]
    assert named(steps, "billing")


def test_who_may_enter_a_pin_is_asked_for_it() -> None:
    steps = trace(imagined(caller=""), stock_of(pin_entry=True))
    assert "pin_entry" in [step.name for step in steps]
    assert prompts(steps) == ["enter_number"]


def test_without_early_media_the_call_is_answered_before_anything_is_said() -> None:
    names = [step.name for step in trace(imagined(), stock_of(early_media=False))]
    assert names.index("answered") < names.index("hears")


def test_a_trunk_vouches_for_what_it_vouches_for() -> None:
    stock = stock_of()
    for vouches, verified in ((Vouched.FROM, True), (Vouched.NOTHING, False)):
        trunks = (*stock.trunks, replace(stock.trunks[0], name="other", vouches=vouches))
        steps = trace(imagined(trunk="other"), replace(stock, trunks=trunks))
        assert named(steps, "caller")[0].values["verified"] is verified


@pytest.mark.parametrize("wrong", [{"trunk": "none"}, {"caller": "x"}])
def test_what_is_not_there_is_named(wrong: dict[str, object]) -> None:
    with pytest.raises(CallerError) as refused:
        trace(imagined(**wrong), stock_of(tariff=OFFER))
    assert refused.value.field in ("trunk", "from")


@pytest.mark.parametrize("number_format", NumberFormat)
@pytest.mark.parametrize("e164", ["+493023125000", "+4915112345678", "+43664123456"])
def test_a_number_is_written_as_the_trunk_reads_it(number_format: NumberFormat, e164: str) -> None:
    assert normalise(written(e164, number_format, "DE"), number_format, "DE").e164 == e164
