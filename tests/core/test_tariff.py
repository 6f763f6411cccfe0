from dataclasses import replace

import pytest

from engine.core.money import Rounding
from engine.core.tariff import (
    BillingStart,
    FirstCall,
    Increment,
    Line,
    StartsFrom,
    Tariff,
    rate_for,
)

TARIFF = Tariff(
    currency="EUR",
    landline_micros=1_990_000,
    mobile_micros=2_990_000,
    other_micros=3_990_000,
    increment=Increment(60, 1),
    billing_start=BillingStart(StartsFrom.CONVERSATION, 10),
    connect_fee_micros=50_000,
    first_call=FirstCall(0, 10),
    max_call_minutes=60,
    rounding=Rounding(),
)


@pytest.mark.parametrize(
    ("line", "micros"),
    [(Line.LANDLINE, 1_990_000), (Line.MOBILE, 2_990_000), (Line.OTHER, 3_990_000)],
)
def test_each_line_has_its_price(line: Line, micros: int) -> None:
    rate = rate_for(TARIFF, line, first_call=False)
    assert (rate.price_micros, rate.first_price_micros, rate.first_minutes) == (micros, None, None)
    assert (rate.connect_fee_micros, rate.increment) == (50_000, Increment(60, 1))


def test_a_first_call_gets_the_offer() -> None:
    rate = rate_for(TARIFF, Line.MOBILE, first_call=True)
    assert (rate.price_micros, rate.first_price_micros, rate.first_minutes) == (2_990_000, 0, 10)


def test_without_an_offer_a_first_call_is_like_any_other() -> None:
    without = replace(TARIFF, first_call=None)
    assert rate_for(without, Line.MOBILE, True) == rate_for(without, Line.MOBILE, False)
