"""The pure parts of looking things up: likeness, local time, what is due, what may be shown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.likeness import Likeness, like
from engine.core.localtime import HOUR_MS, month_starts, offsets
from engine.core.masking import shown, shown_identity, shown_record
from engine.core.retention import Kind, Policy, due
from tests.ports.ledger.books import MOBILE, answered_call

BERLIN = ZoneInfo("Europe/Berlin")


def ms(text: str) -> int:
    """Milliseconds of a local time in Berlin."""
    return round(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()) * 1000


@pytest.mark.parametrize(
    ("other", "likeness"),
    [
        ("+491701234567", Likeness.SAME),
        ("+491701234576", Likeness.EXCHANGED),
        ("+491701234568", Likeness.ONE_WRONG),
        ("+49170123467", Likeness.ONE_MORE),
        ("+4917012345677", Likeness.ONE_MISSING),
        ("+431701234567", Likeness.COUNTRY),
        ("+49491701234567", Likeness.COUNTRY),
        ("+491701234589", None),
        ("+481701234567", None),
    ],
)
def test_likeness(other: str, likeness: Likeness | None) -> None:
    assert like(MOBILE).get(other) is likeness


@given(st.from_regex(r"\+49[1-9][0-9]{3,12}", fullmatch=True))
def test_likeness_goes_both_ways_and_is_bounded(e164: str) -> None:
    alike = like(e164)
    assert len(alike) < 400
    back = {Likeness.ONE_MORE: Likeness.ONE_MISSING, Likeness.ONE_MISSING: Likeness.ONE_MORE}
    for other, likeness in alike.items():
        if likeness is not Likeness.COUNTRY and len(other) > 5:
            assert like(other)[e164] in (likeness, back.get(likeness), Likeness.COUNTRY)


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "UTC", "Africa/Casablanca"]),
    st.integers(450_000, 520_000),
    st.integers(1, 9_000),
    st.integers(0, 8_999),
)
def test_offsets_are_those_of_the_zone(name: str, start: int, length: int, hour: int) -> None:
    zone = ZoneInfo(name)
    pairs = offsets(zone, start * HOUR_MS, (start + length) * HOUR_MS)
    at_ms = (start + hour % length) * HOUR_MS
    local = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(zone)
    held = [offset_ms for from_ms, offset_ms in pairs if from_ms <= at_ms][-1]
    assert timedelta(milliseconds=held) == local.utcoffset()


def test_months_start_in_local_time() -> None:
    starts = month_starts(BERLIN, ms("2026-03-15"), ms("2026-05-01"))
    assert starts == (ms("2026-03-01"), ms("2026-04-01"))
    assert month_starts(BERLIN, ms("2026-12-31"), ms("2027-01-02"))[-1] == ms("2027-01-01")
    assert month_starts(BERLIN, ms("2026-12-31"), ms("2026-12-31")) == (ms("2026-12-01"),)


def test_numbers_are_due_six_months_after_the_statement() -> None:
    """A call of April is on the statement of 1 May, and due on 1 November."""
    before = due(Policy(), ms("2026-10-31T23:59"), BERLIN)
    after = due(Policy(), ms("2026-11-01T00:00"), BERLIN)
    assert before[Kind.CALLS] == ms("2026-04-01")
    assert after[Kind.CALLS] == ms("2026-05-01")
    assert after[Kind.LETTERS] == ms("2025-10-01")
    assert after[Kind.NOTES] == ms("2024-11-01")
    assert set(after) == set(Kind)


def test_a_withheld_number_is_never_shown() -> None:
    assert shown(MOBILE, withheld=True, revealed=True) is None
    assert shown(MOBILE, withheld=False, revealed=True) == MOBILE
    assert shown(MOBILE, withheld=False) == "+491701234xxx"
    assert shown(None, withheld=False, revealed=True) is None
    hidden = answered_call("c1", "a1")
    for revealed in (False, True):
        told = shown_record(hidden, revealed=revealed)
        assert (told.e164, told.received_identity) == (None, "")
    open_call = replace(hidden, withheld=False)
    assert shown_record(open_call, revealed=True) == open_call
    masked = shown_record(open_call)
    assert (masked.e164, masked.received_identity) == (
        "+491701234xxx",
        "<sip:+491701234xxx@north.example>;\"Jörg\"\\ 'x' 100% :a",
    )


@pytest.mark.parametrize(
    ("received", "told"),
    [
        ("<sip:+4930231251009@pstn;user=phone>", "<sip:+4930231251xxx@pstn;user=phone>"),
        ("sip:%2B4930231251%30%30%39@pstn.example", "sip:+4930231251xxx@pstn.example"),
        ("<tel:+49-30-23125-1-0-9>, <tel:110>", "<tel:+49-30-23125-x-x-x>, <tel:110>"),
        ("<tel:+49(30)231.251>", "<tel:+49(30)231.xxx>"),
        ('"0171 2345678" <sip:anna@10.20.30.4>', '"0171 2345xxx" <sip:anna@10.20.xx.x>'),
        ("anonymous", "anonymous"),
        ("", ""),
    ],
)  # fmt: skip
def test_every_number_in_an_identity_is_cut(received: str, told: str) -> None:
    record = replace(answered_call("c1", "a1"), withheld=False, received_identity=received)
    assert shown_identity(record) == told
    assert shown_identity(record, revealed=True) == received
    assert shown_identity(replace(record, withheld=True), revealed=True) == ""
