"""Each paragraph with a service that breaks it and one that just keeps it."""

from dataclasses import replace

import pytest

from engine.core.guards import check, check_caller_id, check_holder
from engine.core.inventory import Service, Trunk
from engine.core.law import DE, GUARDS, AccessKind, Rule
from engine.core.law.shape import ALL_KINDS
from engine.core.number import NumberFormat
from engine.core.rating import BillingStart, Increment, StartsFrom
from engine.core.tariff import FirstCall
from tests.core.lawful import BERLIN, priced, service

MOBILE = "+4915228817386"
PREMIUM = "+499001123456"
SHARED = "+49180512345"
NATIONAL = "+4932221234567"
PERSONAL = "+4970012345678"
TOLL_FREE = "+498001234567"
MASS_CALL = "+491377123456"
MASS_MINUTE = "+491373123456"

ANNOUNCEMENT = BillingStart(StartsFrom.ANNOUNCEMENT)
LATER = BillingStart(StartsFrom.ANNOUNCEMENT, 20)


BREACHES = [
    # (paragraph, field, rule, what breaks it, what just keeps it)
    pytest.param(
        "§ 112(1) TKG",
        "tariff.mobile",
        Rule.PRICE_PER_MINUTE,
        service(mobile_micros=3_000_001),
        service(mobile_micros=3_000_000),
        id="112-1-price",
    ),
    pytest.param(
        "§ 112(1) TKG",
        "tariff.first_call.price",
        Rule.PRICE_PER_MINUTE,
        service(first_call=FirstCall(3_010_000, 10)),
        service(first_call=FirstCall(3_000_000, 10)),
        id="112-1-first-call",
    ),
    pytest.param(
        "§ 112(1) TKG",
        "tariff.increment",
        Rule.INCREMENT,
        service(increment=Increment(60, 61)),
        service(increment=Increment(60, 60)),
        id="112-1-increment",
    ),
    pytest.param(
        "§ 112(1) TKG",
        "tariff.increment",
        Rule.INCREMENT,
        service(increment=Increment(90, 1)),
        service(**priced(0), increment=Increment(90, 1)),
        id="112-1-increment-of-a-flat-price",
    ),
    pytest.param(
        "§ 112(2) TKG",
        "tariff.connect_fee",
        Rule.PRICE_PER_CALL,
        service(**priced(0, connect_fee_micros=30_010_000)),
        service(**priced(0, connect_fee_micros=30_000_000)),
        id="112-2",
    ),
    pytest.param(
        "§ 112(3) TKG",
        "tariff.connect_fee",
        Rule.MIXED_PRICE,
        service(**priced(2_900_000, connect_fee_micros=1_010_000, max_call_minutes=10)),
        service(**priced(2_900_000, connect_fee_micros=1_000_000, max_call_minutes=10)),
        id="112-3",
    ),
    pytest.param(
        "§ 112(4) TKG",
        "tariff.landline",
        Rule.PRICE_PER_MINUTE,
        service(SHARED, **priced(140_001)),
        service(SHARED, **priced(140_000)),
        id="112-4-minute",
    ),
    pytest.param(
        "§ 112(4) TKG",
        "tariff.connect_fee",
        Rule.PRICE_PER_CALL,
        service(SHARED, **priced(0, connect_fee_micros=200_001)),
        service(SHARED, **priced(0, connect_fee_micros=200_000)),
        id="112-4-call",
    ),
    pytest.param(
        "§ 112(4) TKG",
        "tariff.connect_fee",
        Rule.MIXED_PRICE,
        service(SHARED, **priced(140_000, connect_fee_micros=10_000)),
        service(SHARED, **priced(0, connect_fee_micros=10_000)),
        id="112-4-minute-or-call",
    ),
    pytest.param(
        "§ 112(5) TKG",
        "tariff.landline",
        Rule.PRICE_PER_MINUTE,
        service(NATIONAL, **priced(90_001)),
        service(NATIONAL, **priced(90_000)),
        id="112-5-032",
    ),
    pytest.param(
        "§ 112(5) TKG",
        "tariff.connect_fee",
        Rule.PRICE_PER_CALL,
        service(PERSONAL, **priced(0, connect_fee_micros=1)),
        service(PERSONAL, **priced(90_000)),
        id="112-5-0700",
    ),
    pytest.param(
        "§ 112 TKG",
        "tariff.currency",
        Rule.CURRENCY,
        service(currency="CHF"),
        service(currency="EUR"),
        id="112-currency",
    ),
    pytest.param(
        "Vfg. 45/2007 BNetzA",
        "tariff.connect_fee",
        Rule.PRICE_PER_CALL,
        service(MASS_CALL, **priced(0, connect_fee_micros=1_000_001)),
        service(MASS_CALL, **priced(0, connect_fee_micros=1_000_000)),
        id="0137-7",
    ),
    pytest.param(
        "Vfg. 45/2007 BNetzA",
        "tariff.landline",
        Rule.PRICE_PER_MINUTE,
        service(MASS_MINUTE, **priced(140_001)),
        service(MASS_MINUTE, **priced(140_000)),
        id="0137-3",
    ),
    pytest.param(
        "§ 113(1) TKG",
        "forced_end_min",
        Rule.FORCED_END,
        service(forced_end_min=61),
        service(forced_end_min=60),
        id="113",
    ),
    pytest.param(
        "§ 113(1) TKG",
        "forced_end_min",
        Rule.FORCED_END,
        service(forced_end_min=None),
        service(**priced(0, connect_fee_micros=5_000_000), forced_end_min=None),
        id="113-flat-price-need-not-end",
    ),
    pytest.param(
        "§ 115(1) TKG",
        "tariff.billing_starts.from",
        Rule.PAID_WAITING,
        service(PREMIUM, billing_start=ANNOUNCEMENT),
        service(BERLIN, billing_start=ANNOUNCEMENT),
        id="115-0900-against-geographic",
    ),
    pytest.param(
        "§ 115(1) TKG",
        "tariff.billing_starts.from",
        Rule.PAID_WAITING,
        service(MOBILE, PREMIUM, billing_start=LATER),
        service(MOBILE, billing_start=LATER),
        id="115-one-of-two-numbers-against-mobile",
    ),
    pytest.param(
        "§ 115(1) TKG",
        "tariff.billing_starts.from",
        Rule.PAID_WAITING,
        service(NATIONAL, **priced(90_000, billing_start=ANNOUNCEMENT)),
        service(NATIONAL, **priced(0, billing_start=ANNOUNCEMENT)),
        id="115-032-is-not-geographic-against-flat",
    ),
    pytest.param(
        "§ 115(1) TKG",
        "tariff.billing_starts.from",
        Rule.PAID_WAITING,
        service(SHARED, **priced(140_000, billing_start=ANNOUNCEMENT)),
        service(SHARED, **priced(140_000)),
        id="115-0180-against-conversation",
    ),
    pytest.param(
        "§§ 3, 121 TKG",
        "tariff.landline",
        Rule.TOLL_FREE,
        service(TOLL_FREE),
        service(TOLL_FREE, **priced(0)),
        id="121",
    ),
]


@pytest.mark.parametrize(("paragraph", "field", "rule", "breaking", "keeping"), BREACHES)
def test_paragraph_is_named_when_broken_and_silent_when_kept(
    paragraph: str, field: str, rule: Rule, breaking: Service, keeping: Service
) -> None:
    found = {(b.paragraph, b.field, b.rule) for b in check(breaking)}
    assert (paragraph, field, rule) in found
    assert check(keeping) == ()


@pytest.mark.parametrize("breaking", [param.values[3] for param in BREACHES])
def test_guard_none_forbids_nothing(breaking: Service) -> None:
    assert check(replace(breaking, guard="none")) == ()


@pytest.mark.parametrize(
    ("pause_ms", "after_s", "breached"),
    [(3_000, 0, False), (2_999, 0, True), (0, 3, False), (1_000, 2, False), (0, 2, True)],
)
def test_announcement_ends_three_seconds_before_charging(
    pause_ms: int, after_s: int, breached: bool
) -> None:
    line = service(billing_start=BillingStart(StartsFrom.CONVERSATION, after_s))
    rules = [(b.paragraph, b.rule) for b in check(line, pause_ms=pause_ms)]
    expected = [("§ 110(1), (2) TKG", Rule.ANNOUNCEMENT_PAUSE)] if breached else []
    assert rules == expected


def test_our_own_prompts_keep_the_pause() -> None:
    assert check(service(billing_start=ANNOUNCEMENT)) == ()


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        (BERLIN, None),
        (MOBILE, None),
        (PREMIUM, Rule.CALLER_ID),
        (MASS_CALL, Rule.CALLER_ID),
        ("+4911833", Rule.CALLER_ID),
        ("+49110", Rule.CALLER_ID),
        ("+43720123456", Rule.CALLER_ID_FOREIGN),
    ],
)
def test_own_number_to_be_shown(number: str, rule: Rule | None) -> None:
    assert [b.rule for b in check_caller_id(number, "DE")] == ([rule] if rule else [])
    assert check_caller_id(number, "none") == ()


def test_a_country_without_a_rule_judges_no_caller_id() -> None:
    assert check_caller_id("+12125550123", "US", is_held=False) == ()
    assert check_caller_id("+12125550123", "none", is_held=False) == ()
    assert check_holder("+12125550123", "US", "acme") == ()


def test_a_number_that_nobody_has_is_not_shown() -> None:
    (breach,) = check_caller_id(BERLIN, "DE", is_held=False)
    assert (breach.rule, breach.paragraph) == (Rule.CALLER_ID_NOT_HELD, "§ 120(1), (2) TKG")
    (worse,) = check_caller_id(PREMIUM, "DE", is_held=False)
    assert worse.rule is Rule.CALLER_ID
    (others,) = check_holder(BERLIN, "DE", "acme")
    assert (others.rule, others.field) == (Rule.CALLER_ID_NOT_HELD, "trunk")


def test_outside_agents_are_never_shown_a_premium_number() -> None:
    bare = Trunk(name="carrier", host="192.0.2.1", number_format=NumberFormat.E164_PLUS)
    own = replace(bare, caller_id=BERLIN)
    assert [b.field for b in check(service(PREMIUM), outside=[own, bare])] == ["numbers"]
    assert check(service(PREMIUM), outside=[own]) == ()
    assert check(service(BERLIN), outside=[bare]) == ()


def test_a_price_too_high_for_two_numbers_is_told_once() -> None:
    two = service(BERLIN, "+493023125002", **priced(4_000_000))
    fields = [b.field for b in check(two)]
    assert fields == ["tariff.landline", "tariff.mobile", "tariff.other"]


def test_messages_name_number_and_limit() -> None:
    (breach,) = check(service(SHARED, **priced(140_000, mobile_micros=420_000)))
    assert breach.message == (
        "must be at most 0.14 a minute on +49180512345 (shared-cost), not 0.42"
    )


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (BERLIN, AccessKind.GEOGRAPHIC),
        (MOBILE, AccessKind.MOBILE),
        (PREMIUM, AccessKind.PREMIUM),
        ("+4911833", AccessKind.PREMIUM),
        ("+49116117", AccessKind.SHORT),
        ("112", AccessKind.SHORT),
        (SHARED, AccessKind.SHARED_COST),
        (MASS_CALL, AccessKind.MASS_CALL),
        ("+491381234", AccessKind.MASS_CALL),
        (NATIONAL, AccessKind.NATIONAL),
        (PERSONAL, AccessKind.PERSONAL),
        (TOLL_FREE, AccessKind.TOLL_FREE),
        ("+80012345678", AccessKind.TOLL_FREE),
        ("+49164123456", AccessKind.OTHER),
        ("+4315123456", AccessKind.GEOGRAPHIC),
        ("+43930123456", AccessKind.PREMIUM),
        ("+12125552368", AccessKind.GEOGRAPHIC),
    ],
)
def test_kind_of_access_number(number: str, kind: AccessKind) -> None:
    assert DE.kind_of(number, "DE") is kind


OF_CAPS = {Rule.PRICE_PER_MINUTE, Rule.PRICE_PER_CALL, Rule.MIXED_PRICE, Rule.WHOLE_CALL}
OF_WHOSE_NUMBER = {Rule.CALLER_ID_FOREIGN, Rule.CALLER_ID_NOT_HELD}
NAMED_ELSEWHERE = {*OF_WHOSE_NUMBER, Rule.ANNOUNCEMENT_WORDS}
"""Two by whose number it is, one by each thing that is announced."""


def test_profiles_carry_a_paragraph_for_every_rule() -> None:
    for guard in filter(None, GUARDS.values()):
        ruled = {
            Rule.TOLL_FREE: True,
            Rule.CURRENCY: guard.currency_on,
            Rule.INCREMENT: guard.increments,
            Rule.ROUNDING: guard.rounding_digits,
            Rule.ANNOUNCEMENT: guard.preamble_on,
            Rule.ANNOUNCEMENT_PAUSE: guard.announcement_pause_ms,
            Rule.FORCED_END: guard.forced_ends,
            Rule.PAID_WAITING: guard.paid_waiting_on != ALL_KINDS,
            Rule.CALLER_ID: guard.never_shown,
        }
        named = guard.paragraphs.keys() - OF_WHOSE_NUMBER
        assert named == {rule for rule, ruled_here in ruled.items() if ruled_here}
        assert ruled.keys() | OF_CAPS | NAMED_ELSEWHERE == set(Rule)
