"""What may happen to a number: every pair of state and event, and the days of quarantine."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.number import classify
from engine.core.numbers.days import day_of, is_over, months_later
from engine.core.numbers.life import (
    TRANSITIONS,
    Approved,
    Deactivated,
    DocumentsCompleted,
    Event,
    Ordered,
    QuarantineEnded,
    Reason,
    Refused,
    Released,
    SwitchedOn,
    TookOver,
    Withdrawn,
    replaced,
    step,
)
from engine.core.numbers.number import HELD, Number, Purpose, Status, purpose_of

DAY = date(2027, 8, 31)
FREE = Number(e164="+493023125000", country="DE", area_code="30")
ORDER = Ordered(
    organisation="acme",
    purpose=Purpose.TRACKING,
    order_key="k",
    price_micros=1,
    currency="EUR",
    starts_on=DAY,
)
HAD = replace(FREE, organisation="acme", purpose=Purpose.TRACKING, order_key="k", starts_on=DAY)
IN_STATE = {
    Status.FREE: FREE,
    **{status: replace(HAD, status=status) for status in HELD},
    Status.QUARANTINED: replace(FREE, status=Status.QUARANTINED, quarantined_until=DAY),
    Status.WITHDRAWN: replace(FREE, status=Status.WITHDRAWN),
}
FORMER = replace(HAD, e164="+493023125001", status=Status.ACTIVE)
LEADS: dict[tuple[Status, Event], Status] = {
    (Status.FREE, ORDER): Status.ORDERED,
    (Status.FREE, TookOver(FORMER)): Status.ACTIVE,
    (Status.FREE, Withdrawn()): Status.WITHDRAWN,
    (Status.ORDERED, Approved(complete=True)): Status.APPROVED,
    (Status.ORDERED, Approved(complete=False)): Status.DOCUMENTS_PENDING,
    (Status.ORDERED, Released()): Status.FREE,
    (Status.DOCUMENTS_PENDING, DocumentsCompleted()): Status.APPROVED,
    (Status.DOCUMENTS_PENDING, Released()): Status.FREE,
    (Status.APPROVED, SwitchedOn()): Status.ACTIVE,
    (Status.APPROVED, Released()): Status.FREE,
    (Status.ACTIVE, Deactivated()): Status.QUARANTINED,
    (Status.QUARANTINED, QuarantineEnded()): Status.FREE,
    (Status.QUARANTINED, Withdrawn()): Status.WITHDRAWN,
}
EVENTS: list[Event] = list(dict.fromkeys(event for _, event in LEADS))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("status", Status)
def test_every_event_in_every_state(status: Status, event: Event) -> None:
    number = IN_STATE[status]
    day = DAY if not isinstance(event, QuarantineEnded) else date(2027, 9, 1)
    after = step(number, event, day)
    leads = LEADS.get((status, event))
    assert ((status, type(event)) in TRANSITIONS) is (leads is not None)
    if leads is None:
        quarantined = status is Status.QUARANTINED
        assert isinstance(after, Refused)
        assert after.reason is (Reason.IN_QUARANTINE if quarantined else Reason.NOT_NOW)
    else:
        assert isinstance(after, Number)
        assert (after.status, after.version) == (leads, number.version + 1)
        assert (after.organisation is not None) is after.is_held


@pytest.mark.parametrize(
    ("off", "last"),
    [
        (date(2027, 1, 15), date(2027, 7, 15)),
        (date(2027, 8, 31), date(2028, 2, 29)),
        (date(2028, 8, 31), date(2029, 2, 28)),
        (date(2027, 8, 29), date(2028, 2, 29)),
        (date(2028, 2, 29), date(2028, 8, 29)),
        (date(2026, 12, 31), date(2027, 6, 30)),
        (date(2027, 10, 30), date(2028, 4, 30)),
    ],
)
def test_the_quarantine_lasts_six_calendar_months_to_the_day(off: date, last: date) -> None:
    number = step(replace(HAD, status=Status.ACTIVE), Deactivated(), off)
    assert isinstance(number, Number)
    assert number.quarantined_until == last
    too_early = step(number, QuarantineEnded(), last)
    assert isinstance(too_early, Refused)
    assert too_early.reason is Reason.IN_QUARANTINE
    freed = step(number, QuarantineEnded(), date.fromordinal(last.toordinal() + 1))
    assert freed == replace(FREE, version=2)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 60))
def test_a_period_ends_on_its_day_or_on_the_last_of_its_month(day: date, months: int) -> None:
    end = months_later(day, months)
    assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == months
    assert end.day == day.day or date.fromordinal(end.toordinal() + 1).day == 1
    assert not is_over(day, months, end)
    assert is_over(day, months, date.fromordinal(end.toordinal() + 1))


def test_a_number_does_not_begin_before_its_day() -> None:
    later = replace(HAD, status=Status.APPROVED, starts_on=date(2027, 9, 2))
    assert isinstance(step(later, SwitchedOn(), date(2027, 9, 1)), Refused)
    on = step(later, SwitchedOn(), date(2027, 9, 2))
    assert isinstance(on, Number)
    assert on.active_since == date(2027, 9, 2)
    past = step(FREE, replace(ORDER, starts_on=date(2027, 8, 30)), DAY)
    assert isinstance(past, Refused)


@pytest.mark.parametrize("status", sorted(HELD))
def test_one_takes_the_others_place_as_it_stands(status: Status) -> None:
    old = replace(FORMER, status=status, last_call_on=DAY, price_micros=7)
    both = replaced(old, FREE, DAY)
    assert not isinstance(both, Refused)
    off, on = both
    assert (on.status, on.organisation, on.price_micros, on.order_key) == (status, "acme", 7, "k")
    assert (on.e164, on.last_call_on) == (FREE.e164, None)
    assert off.status is (Status.QUARANTINED if status is Status.ACTIVE else Status.FREE)


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.FREE}))
def test_only_a_free_number_takes_anothers_place(status: Status) -> None:
    assert isinstance(replaced(FORMER, IN_STATE[status], DAY), Refused)


@pytest.mark.parametrize("status", sorted(set(Status) - HELD))
def test_only_a_held_number_is_replaced(status: Status) -> None:
    assert isinstance(replaced(IN_STATE[status], replace(FREE, e164="+493023125009"), DAY), Refused)


@pytest.mark.parametrize(
    ("text", "purpose"),
    [
        ("+493023125000", Purpose.TRACKING),
        ("+4315123456", Purpose.TRACKING),
        ("+18002345678", Purpose.FORWARDING),
        ("+4915228817386", None),
        ("+498001234567", None),
        ("+499001123456", None),
        ("+12125552368", None),
        ("+41446681800", None),
        ("+43720123456", None),
        ("", None),
    ],
)
def test_what_a_number_is_good_for(text: str, purpose: Purpose | None) -> None:
    assert purpose_of(classify(text, None)) is purpose


def test_a_day_is_local() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert day_of(1_803_855_599_000, berlin) == date(2027, 2, 28)
    assert day_of(1_803_855_600_000, berlin) == date(2027, 3, 1)
