"""Which targets a tracked number may have, and whose time it is."""

from datetime import UTC, datetime

import pytest

from engine.core.diversion.route import Tracking
from engine.errors import CallerError
from engine.tracking import rules
from tests.tracking.cases import DEALER, MOBILE, NUMBER, found, span, target, tracking

MONDAY, SUNDAY = 0, 6


def at(*utc: int) -> int:
    """Milliseconds of an instant in UTC."""
    return int(datetime(*utc, tzinfo=UTC).timestamp()) * 1000  # type: ignore[misc]  # year, month, day, …


def test_targets_have_their_times() -> None:
    terms = tracking(
        target(DEALER, span(MONDAY, 9, 17)), target(MOBILE), target(DEALER, span(MONDAY, 16, 24))
    )
    # 2 November 2026 is a Monday; Berlin is an hour ahead of UTC.
    assert rules.on_duty(terms, at(2026, 11, 2, 7, 59)) == (1,)
    assert rules.on_duty(terms, at(2026, 11, 2, 8, 0)) == (0, 1)
    assert rules.on_duty(terms, at(2026, 11, 2, 15, 30)) == (0, 1, 2)
    assert rules.on_duty(terms, at(2026, 11, 2, 16, 0)) == (1, 2)
    assert rules.on_duty(terms, at(2026, 11, 2, 23, 0)) == (1,)
    assert rules.on_duty(tracking(target(DEALER, span(MONDAY, 9, 17))), at(2026, 11, 3, 10)) == ()


def test_summer_time_moves_them_with_the_clocks() -> None:
    terms = tracking(target(DEALER, span(MONDAY, 9, 17)))
    assert rules.on_duty(terms, at(2026, 7, 6, 7, 0)) == (0,)
    assert rules.on_duty(terms, at(2026, 7, 6, 6, 59)) == ()
    assert rules.on_duty(terms, at(2026, 7, 6, 15, 0)) == ()
    vienna = tracking(target(DEALER, span(MONDAY, 9, 17)), timezone="Europe/Vienna")
    assert rules.on_duty(vienna, at(2026, 7, 6, 7, 0)) == (0,)
    abroad = tracking(target(DEALER, span(MONDAY, 9, 17)), timezone="America/New_York")
    assert rules.on_duty(abroad, at(2026, 7, 6, 7, 0)) == ()


def test_in_the_nights_of_the_change_a_span_holds_as_the_clocks_show() -> None:
    """The hour from two to three is missing on 29 March 2026, and is there twice on 25 October."""
    terms = tracking(target(DEALER, span(SUNDAY, 2, 3)))
    assert not any(rules.on_duty(terms, at(2026, 3, 29, 0, m)) for m in range(60))
    assert not any(rules.on_duty(terms, at(2026, 3, 29, 1, m)) for m in range(60))
    for hour in (0, 1):
        assert all(rules.on_duty(terms, at(2026, 10, 25, hour, m)) == (0,) for m in range(60))
    assert rules.on_duty(terms, at(2026, 10, 25, 2, 0)) == ()


@pytest.mark.parametrize("typed", [DEALER, "030 23125200", MOBILE, "+4315123456", "+436641234567"])
def test_lines_and_mobiles_are_targets(typed: str) -> None:
    (checked,) = rules.checked(NUMBER, tracking(target(typed))).targets
    assert checked.e164.startswith("+4")


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (tracking(target("09001123456")), "targets.0.number"),
        (tracking(target("01801 12345")), "targets.0.number"),
        (tracking(target("0700 12345678")), "targets.0.number"),
        (tracking(target("110")), "targets.0.number"),
        (tracking(target("0800 1234567")), "targets.0.number"),
        (tracking(target("+12125550142")), "targets.0.number"),
        (tracking(target("nobody")), "targets.0.number"),
        (tracking(target(), target(NUMBER)), "targets.1.number"),
        (tracking(target(DEALER, span(7, 9, 17))), "targets.0.spans"),
        (tracking(target(DEALER, span(0, 17, 9))), "targets.0.spans"),
        (tracking(target(DEALER, span(0, 9, 25))), "targets.0.spans"),
        (tracking(target(DEALER, *[span(0, 0, 1)] * 51)), "targets.0.spans"),
        (tracking(*[target()] * 11), "targets"),
        (tracking(ring_timeout_s=1), "ring_timeout_s"),
        (tracking(timezone="Europe/Atlantis"), "timezone"),
        (tracking(lang="fr"), "lang"),
    ],
)
def test_terms_that_cannot_be_are_refused(terms: Tracking, field: str) -> None:
    with pytest.raises(CallerError) as refused:
        rules.checked(NUMBER, terms)
    assert refused.value.field == field


@pytest.mark.parametrize("typed", ["+12125550142", "+18885550100", "+4915228817386", "no"])
def test_only_german_and_austrian_landlines_are_tracked(typed: str) -> None:
    with pytest.raises(CallerError) as refused:
        rules.check_number(typed)
    assert refused.value.field == "number"
    assert rules.check_number(NUMBER) == NUMBER


def test_what_is_whispered() -> None:
    ((prompt, lang),) = rules.whispers(found(tracking(whisper=True, lang="en")))
    assert (prompt.key(), lang) == ("whisper_source-Messe", "en")
    assert rules.whisper("").key() == "whisper_source"
    assert rules.whispers(found()) == ()
    assert rules.whispers(found(route=None)) == ()
