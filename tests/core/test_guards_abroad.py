"""Austria, Switzerland and the United States: each rule broken, and just kept."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.guards import check
from engine.core.inventory import Service
from engine.core.law import AT, CH, GUARDS, US, AccessKind, Guard, Rule
from engine.core.money import Rounding
from engine.core.rating import BillingStart, Increment, StartsFrom
from engine.core.tariff import FirstCall
from tests.core.lawful import priced, service

FRANC = EURO = 1_000_000
ANNOUNCEMENT = BillingStart(StartsFrom.ANNOUNCEMENT)

CALLED = {
    "Vienna": "+4315123456",
    "0664": "+436641234567",
    "0720": "+43720123456",
    "0800 at": "+43800123456",
    "0810": "+43810123456",
    "0820": "+43820123456",
    "0821": "+43821123456",
    "0900 at": "+43900123456",
    "0930": "+43930123456",
    "0939": "+43939123456",
    "0901-07": "+43901071234",
    "0931-30": "+43931301234",
    "0901-91": "+43901911234",
    "Zurich": "+41443001234",
    "079": "+41791234567",
    "0800 ch": "+41800123456",
    "0848": "+41848123456",
    "0900 ch": "+41900123456",
    "0901 ch": "+41901123456",
    "0906": "+41906123456",
    "New York": "+12125552368",
    "800": "+18002345678",
    "900": "+19002345678",
}


def _at(place: str, **changes: Any) -> Service:
    """A line on 60/60, 1.99 and 2.99 a minute, forced end after 30 minutes."""
    fields: dict[str, Any] = {"forced_end_min": 30, "increment": Increment(30, 30), **changes}
    return service(CALLED[place], guard="AT", region="AT", **fields)


def _ch(place: str, **changes: Any) -> Service:
    fields = {"currency": "CHF", "increment": Increment(1, 1), "max_call_minutes": 40, **changes}
    return service(CALLED[place], guard="CH", region="CH", forced_end_min=None, **fields)


def _us(place: str, **changes: Any) -> Service:
    return service(CALLED[place], guard="US", region="US", currency="USD", **changes)


def _flat(micros: int) -> dict[str, Any]:
    return priced(0, connect_fee_micros=micros)


MINUTE, FEE = "tariff.landline", "tariff.connect_fee"
RATES = [
    # (paragraph, field, rule, what breaks it, what just keeps it)
    ("§ 85(1) KEM-V 2009", MINUTE, Rule.TOLL_FREE, _at("0800 at"), _at("0800 at", **priced(0))),
    ("§ 85(2) KEM-V 2009", MINUTE, Rule.PRICE_PER_MINUTE,
     _at("0810", **priced(100_001)), _at("0810", **priced(100_000))),
    ("§ 85(2) KEM-V 2009", FEE, Rule.PRICE_PER_CALL,
     _at("0810", **_flat(100_001)), _at("0810", **_flat(100_000))),
    ("§ 85(2) KEM-V 2009", FEE, Rule.MIXED_PRICE,
     _at("0810", **priced(50_000, connect_fee_micros=50_000)), _at("0810", **_flat(50_000))),
    ("§ 85(3) KEM-V 2009", MINUTE, Rule.PRICE_PER_MINUTE,
     _at("0820", **priced(200_001)), _at("0820", **priced(200_000))),
    ("§ 85(3) KEM-V 2009", FEE, Rule.PRICE_PER_CALL,
     _at("0820", **_flat(200_001)), _at("0820", **_flat(200_000))),
    ("§ 85(4) KEM-V 2009", MINUTE, Rule.PRICE_PER_MINUTE,
     _at("0821", **priced(1)), _at("0821", **_flat(200_000))),
    ("§ 85(4) KEM-V 2009", FEE, Rule.PRICE_PER_CALL,
     _at("0821", **_flat(200_001)), _at("0821", **_flat(200_000))),
    ("§ 91(1) KEM-V 2009", MINUTE, Rule.PRICE_PER_MINUTE,
     _at("0900 at", **priced(3_640_001)), _at("0900 at", **priced(3_640_000))),
    ("§ 91(1) KEM-V 2009", "tariff.first_call.price", Rule.PRICE_PER_MINUTE,
     _at("0930", first_call=FirstCall(3_650_000, 5)),
     _at("0930", first_call=FirstCall(3_640_000, 5))),
    ("§ 89(5) KEM-V 2009", FEE, Rule.PRICE_PER_CALL,
     _at("0930", connect_fee_micros=1), _at("0930", connect_fee_micros=0)),
    ("§ 89(3) KEM-V 2009", MINUTE, Rule.PRICE_PER_MINUTE,
     _at("0939", **priced(10_000)), _at("0939", **priced(0))),
    ("§ 89(4) KEM-V 2009", MINUTE, Rule.PRICE_PER_MINUTE,
     _at("0931-30", **priced(10_000)), _at("0931-30", **_flat(10_000))),
    ("§ 91(3) KEM-V 2009", FEE, Rule.PRICE_PER_CALL,
     _at("0901-07", **_flat(700_001)), _at("0901-07", **_flat(700_000))),
    ("§ 91(3) KEM-V 2009", FEE, Rule.PRICE_PER_CALL,
     _at("0931-30", **_flat(3_000_001)), _at("0931-30", **_flat(3_000_000))),
    ("§ 91(3) KEM-V 2009", FEE, Rule.PRICE_PER_CALL,
     _at("0901-91", **_flat(1)), _at("0901-91", **_flat(0))),
    ("§ 91(5) KEM-V 2009", "tariff.increment", Rule.INCREMENT,
     _at("0900 at", increment=Increment(60, 60)), _at("0900 at", increment=Increment(60, 1))),
    ("§ 91(5) KEM-V 2009", "tariff.increment", Rule.INCREMENT,
     _at("0900 at", increment=Increment(31, 30)), _at("0900 at", increment=Increment(30, 30))),
    ("§ 91(5) KEM-V 2009", "tariff.increment", Rule.INCREMENT,
     _at("0930", increment=Increment(60, 60)), _at("0664", increment=Increment(60, 60))),
    ("§ 122(1) KEM-V 2009", "forced_end_min", Rule.FORCED_END,
     _at("0900 at", forced_end_min=31), _at("0900 at", forced_end_min=30)),
    ("§ 122(1) KEM-V 2009", "forced_end_min", Rule.FORCED_END,
     _at("0900 at", **priced(2_200_000), forced_end_min=60),
     _at("0900 at", **priced(2_199_999), forced_end_min=60)),
    ("§ 122(1) KEM-V 2009", "forced_end_min", Rule.FORCED_END,
     _at("0930", **priced(1 * EURO), forced_end_min=None), _at("Vienna", forced_end_min=None)),
    ("§§ 85, 91 KEM-V 2009", "tariff.currency", Rule.CURRENCY,
     _at("0820", **priced(0), currency="CHF"), _at("Vienna", currency="CHF")),

    ("art. 39a(2) FDV", MINUTE, Rule.TOLL_FREE, _ch("0800 ch"), _ch("0800 ch", **priced(0))),
    ("art. 39a(1) FDV", MINUTE, Rule.PRICE_PER_MINUTE,
     _ch("0848", **priced(81_076)), _ch("0848", **priced(81_075))),
    ("art. 39a(1) FDV", FEE, Rule.PRICE_PER_CALL,
     _ch("0848", **_flat(1)), _ch("0848", **priced(10_000))),
    ("art. 39(1) FDV", FEE, Rule.PRICE_PER_CALL,
     _ch("0906", **_flat(100_000_001)), _ch("0906", **_flat(100 * FRANC))),
    ("art. 39(2) FDV", MINUTE, Rule.PRICE_PER_MINUTE,
     _ch("0900 ch", **priced(10_000_001), max_call_minutes=39),
     _ch("0900 ch", **priced(10 * FRANC))),
    ("art. 39(4) FDV", "tariff.max_call_minutes", Rule.WHOLE_CALL,
     _ch("0901 ch", **priced(10 * FRANC), max_call_minutes=41),
     _ch("0901 ch", **priced(10 * FRANC), max_call_minutes=40)),
    ("art. 39(4) FDV", "tariff.max_call_minutes", Rule.WHOLE_CALL,
     _ch("0901 ch", **priced(10 * FRANC, connect_fee_micros=FRANC), max_call_minutes=40),
     _ch("0901 ch", **priced(9 * FRANC, connect_fee_micros=40 * FRANC), max_call_minutes=40)),
    ("art. 39a(1), 39b(1) FDV", "tariff.increment", Rule.INCREMENT,
     _ch("0900 ch", increment=Increment(60, 1)), _ch("079", increment=Increment(60, 60))),
    ("art. 39a(1), 39b(1) FDV", "tariff.increment", Rule.INCREMENT,
     _ch("0848", **priced(80_000), increment=Increment(1, 2)), _ch("0848", **priced(80_000))),
    ("art. 39a(1), 39b(1) FDV", "tariff.rounding.digits", Rule.ROUNDING,
     _ch("0900 ch", rounding=Rounding(0)), _ch("0900 ch", rounding=Rounding(1))),
    ("art. 10(1)(q) PBV", "tariff.currency", Rule.CURRENCY,
     _ch("Zurich", currency="EUR"), _ch("Zurich", currency="CHF")),

    ("47 CFR 64.1504", MINUTE, Rule.TOLL_FREE, _us("800"), _us("800", **priced(0))),
    ("47 CFR 64.1504", FEE, Rule.TOLL_FREE, _us("800", **_flat(1)), _us("800", **_flat(0))),
    ("16 CFR 308.5(a)", "numbers", Rule.ANNOUNCEMENT,
     _us("900", **priced(10_000)), _us("900", **priced(0))),
    ("16 CFR 308.5(a)", "numbers", Rule.ANNOUNCEMENT,
     _us("900", **_flat(10_000)), _us("New York", **_flat(10_000))),
]  # fmt: skip


@pytest.mark.parametrize(("paragraph", "field", "rule", "breaking", "keeping"), RATES)
def test_rule_is_named_when_broken_and_silent_when_kept(
    paragraph: str, field: str, rule: Rule, breaking: Service, keeping: Service
) -> None:
    assert (paragraph, field, rule) in {(b.paragraph, b.field, b.rule) for b in check(breaking)}
    assert check(keeping) == ()
    assert check(replace(breaking, guard="none")) == ()


@pytest.mark.parametrize("guard", [AT, CH, US], ids=lambda guard: guard.code)
def test_every_paragraph_of_a_country_is_broken_above(guard: Guard) -> None:
    caps = [found.cap for found in guard.ranges if found.cap is not None]
    written = {
        paragraph
        for cap in caps
        for paragraph in (
            cap.paragraph, cap.call_paragraph, cap.mixed_paragraph, cap.whole_paragraph
        )
    }  # fmt: skip
    broken = {paragraph for paragraph, *_, keeping in RATES if keeping.guard == guard.code}
    assert broken == (written | set(guard.paragraphs.values())) - {""}


@pytest.mark.parametrize(
    "line",
    [
        _at("Vienna", **priced(9 * EURO), billing_start=ANNOUNCEMENT),
        _at("0720", **priced(9 * EURO), connect_fee_micros=50 * EURO),
        _ch("Zurich", **priced(20 * FRANC), billing_start=ANNOUNCEMENT),
        _us("New York", **priced(9 * FRANC), forced_end_min=None),
    ],
)
def test_where_no_rule_was_found_none_is_made_up(line: Service) -> None:
    assert check(line) == ()


@pytest.mark.parametrize(
    ("guard", "place", "kind"),
    [
        (AT, "Vienna", AccessKind.GEOGRAPHIC),
        (AT, "0664", AccessKind.MOBILE),
        (AT, "0720", AccessKind.OTHER),
        (AT, "0800 at", AccessKind.TOLL_FREE),
        (AT, "0810", AccessKind.SHARED_COST),
        (AT, "0900 at", AccessKind.PREMIUM),
        (AT, "0901-07", AccessKind.PREMIUM_CALL),
        (CH, "Zurich", AccessKind.GEOGRAPHIC),
        (CH, "079", AccessKind.MOBILE),
        (CH, "0800 ch", AccessKind.TOLL_FREE),
        (CH, "0848", AccessKind.SHARED_COST),
        (CH, "0906", AccessKind.PREMIUM),
        (US, "New York", AccessKind.GEOGRAPHIC),
        (US, "800", AccessKind.TOLL_FREE),
        (US, "900", AccessKind.PREMIUM),
    ],
)
def test_kind_of_access_number(guard: Guard, place: str, kind: AccessKind) -> None:
    assert guard.kind_of(CALLED[place]) is kind


def test_a_breach_abroad_reads_as_at_home() -> None:
    (first, *_) = check(_ch("0901 ch", **priced(10 * FRANC), max_call_minutes=41))
    assert first.message == (
        "must be so few that no call on +41901123456 (premium) costs more than 400.00: "
        "41 can cost 410.00"
    )
    assert set(GUARDS) == {"DE", "AT", "CH", "US", "none"}


def test_of_several_increments_that_are_allowed_each_is_told() -> None:
    [breach] = check(_at("0900 at", increment=Increment(60, 60)))
    assert breach.message == "must be at most 60/1 or 30/30 on premium numbers, not 60/60"
