"""What is known of a tracking call: its local time, its caller's origin, its key period."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from engine.core.mail import check_address
from engine.core.missed import missed_mails
from engine.core.tracked import (
    CALLERS_FLOOR,
    Counts,
    KeyPeriod,
    Origin,
    Outcome,
    Place,
    Seen,
    Terms,
    TrackedCall,
    caller_hash,
    check_terms,
    counted,
    key_period,
    keys_due,
    median_s,
    origin_of,
    place_of,
    seconds_at,
    step_of,
    total,
)
from engine.errors import CallerError


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


CALL = TrackedCall(
    call_id="c1",
    organisation="acme",
    number="+493023125001",
    source="website",
    arrived_ms=at("2026-11-22 09:00:00"),
    answered_ms=at("2026-11-22 09:00:05"),
    ended_ms=at("2026-11-22 09:01:05"),
    outcome=Outcome.ANSWERED,
    target=0,
)
MISSED = replace(CALL, answered_ms=None, outcome=Outcome.BUSY)
TERMS = Terms(organisation="acme", mails=("a@example.org",))


def arriving(utc: str, timezone: str) -> TrackedCall:
    arrived_ms = at(utc)
    return replace(MISSED, arrived_ms=arrived_ms, ended_ms=arrived_ms + 1_999, timezone=timezone)


@pytest.mark.parametrize(
    ("utc", "timezone", "day", "hour"),
    [
        ("2026-11-22 22:59:59", "Europe/Berlin", date(2026, 11, 22), 23),
        ("2026-11-22 23:00:00", "Europe/Berlin", date(2026, 11, 23), 0),
        ("2026-07-22 22:00:00", "Europe/Berlin", date(2026, 7, 23), 0),
        # The clocks go from 1:59:59 to 3:00 in spring, and from 2:59:59 to 2:00 in autumn.
        ("2026-03-29 00:59:59", "Europe/Berlin", date(2026, 3, 29), 1),
        ("2026-03-29 01:00:00", "Europe/Berlin", date(2026, 3, 29), 3),
        ("2026-10-25 00:59:59", "Europe/Berlin", date(2026, 10, 25), 2),
        ("2026-10-25 01:00:00", "Europe/Berlin", date(2026, 10, 25), 2),
        ("2026-10-25 02:00:00", "Europe/Berlin", date(2026, 10, 25), 3),
        ("2026-11-22 04:59:59", "America/New_York", date(2026, 11, 21), 23),
        ("2026-11-22 18:29:59", "Asia/Kolkata", date(2026, 11, 22), 23),
    ],
)
def test_a_call_is_placed_by_the_local_clocks(
    utc: str, timezone: str, day: date, hour: int
) -> None:
    assert place_of(arriving(utc, timezone)) == Place(day, hour)


@pytest.mark.parametrize(
    ("caller", "origin"),
    [
        ("+493023125111", Origin("DE", "30", "landline")),
        ("+4989999980000", Origin("DE", "89", "landline")),
        ("+4915228817386", Origin("DE", "", "mobile")),
        ("+43512561000", Origin("AT", "512", "landline")),
        ("+436641234567", Origin("AT", "", "mobile")),
        ("+12025550123", Origin("US", "202", "other")),
        ("+14165550123", Origin("CA", "416", "other")),
        ("+442079460000", Origin("GB", "20", "landline")),
        ("+390612345678", Origin("IT", "06", "landline")),
        # No line calls from these.
        ("+18005550123", Origin()),
        ("+80012345678", Origin()),
        ("+49", Origin()),
        ("anonymous", Origin()),
        ("", Origin()),
        (None, Origin()),
    ],
)
def test_of_a_caller_stays_where_he_called_from(caller: str | None, origin: Origin) -> None:
    assert origin_of(caller) == origin
    digits = (caller or "").removeprefix("+")
    assert all(len(str(part)) < 5 or str(part) not in digits for part in (origin.area,))


@pytest.mark.parametrize(
    ("day", "months", "first", "after"),
    [
        (date(2026, 11, 1), 1, date(2026, 11, 1), date(2026, 12, 1)),
        (date(2026, 12, 31), 1, date(2026, 12, 1), date(2027, 1, 1)),
        (date(2026, 12, 31), 3, date(2026, 10, 1), date(2027, 1, 1)),
        (date(2026, 5, 4), 12, date(2026, 1, 1), date(2027, 1, 1)),
    ],
)
def test_a_key_holds_for_calendar_months(day: date, months: int, first: date, after: date) -> None:
    assert key_period(day, months) == KeyPeriod(first, after)


def test_a_key_is_due_when_its_period_is_over_everywhere() -> None:
    period = key_period(date(2026, 11, 30))
    assert keys_due(at("2026-12-02 23:59:59")) < period.after
    assert keys_due(at("2026-12-03 00:00:00")) >= period.after


def test_a_caller_is_known_by_rfc_2104_under_the_key() -> None:
    # RFC 4231, test case 2.
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert caller_hash(b"Jefe", "what do ya want for nothing?").hex() == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"answered_ms": None},
        {"outcome": Outcome.BUSY},
        {"answered_ms": CALL.arrived_ms - 1},
        {"ended_ms": CALL.arrived_ms + 4_999},
    ],
)
def test_no_call_contradicts_itself(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="c1"):
        replace(CALL, **changed)


def test_calls_are_counted_and_added_up() -> None:
    answered = counted(CALL, Seen.FIRST)
    assert answered == Counts(calls=1, answered=1, ring_ms=5_000, talk_ms=60_000, firsts=1)
    missed = counted(MISSED, Seen.REPEAT)
    assert missed == Counts(calls=1, busy=1, ring_ms=65_000, repeats=1)
    assert total([answered, missed, counted(MISSED, Seen.UNKNOWN)]) == Counts(
        calls=3, answered=1, busy=2, ring_ms=135_000, talk_ms=60_000, firsts=1, repeats=1
    )
    assert total([]) == Counts()


# --- mails -------------------------------------------------------------------------------------


def test_a_missed_call_is_told_with_source_and_local_time() -> None:
    [mail] = missed_mails(MISSED, TERMS)
    assert (mail.key, mail.recipient) == ("missed:c1:a@example.org", "a@example.org")
    assert mail.subject == "Verpasster Anruf: website"
    assert "22.11.2026, 10:00:00 Uhr (Europe/Berlin)" in mail.text
    assert "Der Anschluss war besetzt." in mail.text
    [english] = missed_mails(MISSED, replace(TERMS, lang="en"))
    assert english.subject == "Missed call: website"
    assert "2026-11-22 10:00:00 (Europe/Berlin)" in english.text


def test_each_recipient_is_told_once_and_of_no_answered_call() -> None:
    two = replace(TERMS, mails=("a@example.org", "b@example.org"))
    assert len({mail.key for mail in missed_mails(MISSED, two)}) == 2
    assert missed_mails(CALL, two) == ()
    assert missed_mails(MISSED, Terms(organisation="acme")) == ()


def test_a_source_adds_no_line_to_a_heading() -> None:
    [mail] = missed_mails(replace(MISSED, source="web\r\nBcc: x@example.org"), TERMS)
    assert mail.subject == "Verpasster Anruf: web Bcc: x@example.org"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"callers_least": CALLERS_FLOOR - 1}, "callers_least"),
        ({"callers_least": 101}, "callers_least"),
        ({"key_months": 5}, "key_months"),
        ({"lang": "fr"}, "lang"),
        ({"mails": ("nobody",)}, "mails"),
        ({"mails": ("a@example.org",) * 6}, "mails"),
    ],
)
def test_terms_that_are_none_are_refused(changed: dict[str, object], field: str) -> None:
    check_terms(TERMS)
    with pytest.raises(CallerError) as refused:
        check_terms(replace(TERMS, **changed))
    assert refused.value.field == field


@pytest.mark.parametrize("address", ["a@example.org", "first.last+tag@mail.example.co.uk"])
def test_addresses(address: str) -> None:
    assert check_address(address, field="mail") == address


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@b", "a@b.", "@example.org", "a b@example.org", "a@exa_mple.org", "a@example.org\n",
     "a@example.org, b@example.org", "<a@example.org>", "a@" + "b" * 250 + ".org",
     "a" * 65 + "@example.org", "ä@example.org"],
)  # fmt: skip
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(CallerError):
        check_address(address, field="mail")


def test_steps_of_times_follow_one_another_and_keep_within_4_percent() -> None:
    assert [seconds_at(step_of(seconds)) for seconds in range(32)] == list(range(32))
    steps = [step_of(seconds) for seconds in range(100_000)]
    assert {later - earlier for earlier, later in pairwise(steps)} == {0, 1}
    assert all(
        abs(seconds_at(step) - seconds) * 25 <= seconds for seconds, step in enumerate(steps)
    )


def test_a_median_is_the_least_that_half_do_not_exceed() -> None:
    assert median_s({2: 1, 9: 1}) == 2
    assert median_s({2: 1, 9: 2}) == 9
    with pytest.raises(ValueError, match="median of nothing"):
        median_s({})
