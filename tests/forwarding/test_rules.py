"""Who calls from where, what may be a target, what leads back."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.calling import vouched
from engine.core.diversion.caps import Caps, Cost
from engine.core.diversion.route import CallerClass, Policy, Verdict
from engine.core.number import classify
from engine.errors import CallerError
from engine.forwarding import rules
from engine.forwarding.rules import class_of
from tests.forwarding.cases import (
    CALLERS,
    NUMBER,
    OTHER_NUMBER,
    SECOND,
    TARGET,
    TRUNK,
    arrival,
    forwarding,
)


def costing(**changes: Any) -> Caps:
    """A day has money for a hundred minutes, a month for a thousand."""
    cost = Cost(
        currency="USD", minute_micros=(8_500,), a_day_micros=850_000, a_month_micros=8_500_000
    )
    return Caps(cost=replace(cost, **changes))


CANADA = """
    204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 403 416 418 428 431 437 438 450 468
    474 506 514 519 548 579 581 584 587 600 604 613 622 639 647 672 683 705 709 742 753 778 780 782
    807 819 825 867 873 879 902 905 942
"""
RESERVED = ["387", "460", "537", "568", "851", "871", "644", "655", "677", "688"]
"""Set aside for Canada, and in use nowhere yet."""


def class_named(caller: str, *, withheld: bool = False) -> CallerClass:
    return class_of(classify(caller, None), withheld=withheld)


@pytest.mark.parametrize("code", CANADA.split())
def test_every_canadian_area_code_is_canadian(code: str) -> None:
    for withheld in (False, True):
        assert class_named(f"+1{code}2345678", withheld=withheld) is CallerClass.CANADA


@pytest.mark.parametrize("code", RESERVED)
def test_what_is_set_aside_for_canada_is_not_put_through(code: str) -> None:
    assert Policy().verdict(class_named(f"+1{code}2345678")) is Verdict.RING_ON


@pytest.mark.parametrize(("expected", "caller"), CALLERS.items(), ids=str)
def test_callers_are_told_apart_by_their_area_code(expected: CallerClass, caller: str) -> None:
    assert class_named(caller) is expected


@pytest.mark.parametrize("code", ["684", "670", "671", "340", "787", "939"])
def test_territories_are_told_apart(code: str) -> None:
    assert class_named(f"+1{code}{_exchange(code)}0123") is CallerClass.US_TERRITORY


def _exchange(code: str) -> str:
    return {"684": "633", "670": "234", "671": "472", "340": "774"}.get(code, "555")


def test_who_withholds_his_number_is_told_apart_within_the_us_alone() -> None:
    assert class_named(CALLERS[CallerClass.US], withheld=True) is CallerClass.US_WITHHELD
    assert class_named("+18765550123", withheld=True) is CallerClass.CARIBBEAN


def test_without_a_number_vouched_for_nobody_is_known() -> None:
    assert class_of(None, withheld=False) is CallerClass.UNIDENTIFIED
    assert vouched(arrival(None).identity, TRUNK) == ()
    assert class_named("+14161112222") is CallerClass.UNIDENTIFIED


def test_the_policy_has_a_row_for_everybody() -> None:
    through = {who for who in CallerClass if Policy().verdict(who) is Verdict.THROUGH}
    assert through == {CallerClass.US, CallerClass.US_WITHHELD, CallerClass.US_TERRITORY}
    for who in CallerClass:
        assert Policy(**{who.value: Verdict.THROUGH}).verdict(who) is Verdict.THROUGH
        assert Policy(**{who.value: Verdict.RING_ON}).verdict(who) is Verdict.RING_ON


@pytest.mark.parametrize("typed", [NUMBER, "(888) 555-0100", "1-888-555-0100"])
def test_a_toll_free_number_is_forwarded(typed: str) -> None:
    assert rules.check_number(typed) == NUMBER


@pytest.mark.parametrize(
    "typed", [TARGET, "+4980012345678", "+14165550123", "911", "no", "+1822234"]
)
def test_no_other_number_is_forwarded(typed: str) -> None:
    with pytest.raises(CallerError) as refused:
        rules.check_number(typed)
    assert refused.value.field == "number"


@pytest.mark.parametrize("typed", ["(212) 555-0142", TARGET, OTHER_NUMBER, "+1 833 234 5678"])
def test_any_us_number_is_a_target(typed: str) -> None:
    (target,) = rules.checked(NUMBER, forwarding(typed)).targets
    assert target.startswith("+1")


@pytest.mark.parametrize(
    "typed",
    [
        *("+19002345678", "+12129765555", "+12125551212"),
        *("911", "411", "77477", "+12125550"),
        *("+14165550123", "+17875550123", "+18765550123", "+493023125001", "anonymous", ""),
    ],
)
def test_what_costs_extra_or_is_abroad_is_no_target(typed: str) -> None:
    with pytest.raises(CallerError) as refused:
        rules.checked(NUMBER, forwarding(TARGET, typed))
    assert refused.value.field == "targets.1"


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (forwarding(NUMBER), "targets.0"),
        (forwarding(TARGET, NUMBER), "targets.1"),
        (forwarding(TARGET, TARGET), "targets.1"),
        (forwarding(TARGET, SECOND, OTHER_NUMBER), "targets"),
        (forwarding(ring_timeout_s=4), "ring_timeout_s"),
        (forwarding(caps=Caps(calls_at_once=0)), "caps.calls_at_once"),
        (forwarding(caps=Caps(minutes_a_day=0)), "caps.minutes_a_day"),
        (forwarding(caps=Caps(minutes_a_month=-1)), "caps.minutes_a_month"),
        (forwarding(caps=costing(currency="XXX")), "caps.cost.currency"),
        (forwarding(caps=costing(minute_micros=(1, 1))), "caps.cost.minute_prices"),
        (forwarding(caps=costing(minute_micros=(-1,))), "caps.cost.minute_prices.0"),
        (forwarding(caps=costing(minute_micros=(10**9,))), "caps.cost.minute_prices.0"),
        (forwarding(caps=costing(a_day_micros=8_499)), "caps.cost.a_day"),
        (forwarding(caps=costing(minute_micros=(0,), a_month_micros=0)), "caps.cost.a_month"),
        (forwarding(timezone="Mars/Olympus"), "timezone"),
        (forwarding(timezone="../etc/passwd"), "timezone"),
    ],
)
def test_terms_that_cannot_be_are_refused(terms: object, field: str) -> None:
    with pytest.raises(CallerError) as refused:
        rules.checked(NUMBER, terms)  # type: ignore[arg-type]  # made above
    assert refused.value.field == field


def test_chains_that_lead_back_are_seen() -> None:
    a, b, c, d = "+18000000001", "+18000000002", "+18000000003", "+18000000004"
    assert rules.leads_back(a, {a: (b,), b: (a,)})
    assert rules.leads_back(a, {a: (TARGET, b), b: (c,), c: (SECOND, a)})
    assert not rules.leads_back(a, {a: (b,), b: (c,), c: (b,)})
    assert not rules.leads_back(a, {a: (b, c), b: (d,), c: (d,), d: (TARGET,)})
