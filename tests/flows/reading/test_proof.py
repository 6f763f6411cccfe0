"""A call's proof: whole, signed, and worth nothing once it is changed."""

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.core.cdr import CallRecord
from engine.core.course import Heard, Stay
from engine.core.posting import EntryKind
from engine.core.rating import BillingStart, Increment, StartsFrom
from engine.flows.proof.charged import increments
from engine.flows.proof.pdf import pdf
from engine.flows.proof.proof import Signer, Verdict, content_of
from engine.flows.proof.timeline import Happened, talks, timeline
from engine.ports.ledger import JournalLine
from engine.ports.reading.records import CallFile
from engine.speech.catalogue import read_catalogues
from tests.ports.ledger.books import MOBILE, NOW_MS, TARIFF, answered_call, refused_call
from tests.rig.house import SOUNDS

SIGNER = Signer(b"s" * 32)
CATALOGUES = read_catalogues(SOUNDS)


def line(kind: EntryKind, at_ms: int, micros: int) -> JournalLine:
    return JournalLine(1, at_ms, kind, micros, 10_000_000, f"key:{kind}", "", "engine", None)


CALL = answered_call("c1", "a1")
FILE = CallFile(
    record=replace(CALL, withheld=False),
    booked=line(EntryKind.CALL, CALL.ended_ms, -3_980_000),
    meanwhile=(line(EntryKind.TOP_UP, NOW_MS + 20_000, 5_000_000),),
)


def test_the_timeline_is_in_order() -> None:
    moments = timeline(FILE)
    assert [moment.happened for moment in moments] == [
        Happened.ARRIVED,
        Happened.HEARD,
        Happened.HELD,
        Happened.ANSWERED,
        Happened.TOLD,
        Happened.HELD,
        Happened.JOINED,
        Happened.BALANCE,
        Happened.LEFT,
        Happened.JOINED,
        Happened.ENDED,
        Happened.CHARGED,
    ]
    tariff = moments[1]
    assert (tariff.at_ms, tariff.until_ms) == (NOW_MS + 140, NOW_MS + 8_000)
    assert (tariff.detail, tariff.lang) == (TARIFF, "de")
    assert (moments[5].micros, moments[5].until_ms) == (3_980_000, NOW_MS + 132_500)
    assert [moment.who for moment in moments[6:10]] == ["ada", "", "ada", "grace"]
    assert moments[-1].micros == -3_980_000
    short = timeline(CallFile(refused_call("r"), None, ()))
    assert [moment.happened for moment in short] == [Happened.ARRIVED, Happened.ENDED]


def test_older_calls_say_what_is_known_of_them() -> None:
    """When a prompt was ordered, and the first joining."""
    prompts = tuple(Heard(*row[:3]) for row in CALL.prompts)
    old = replace(CALL, prompts=prompts, slices=(), stays=())
    moments = timeline(CallFile(old, None, ()))
    assert [moment.happened for moment in moments] == [
        Happened.ARRIVED,
        Happened.TOLD,
        Happened.ANSWERED,
        Happened.TOLD,
        Happened.JOINED,
        Happened.ENDED,
    ]
    assert moments[4].who == "ada, grace"
    assert talks(old) == ((NOW_MS + 12_500, NOW_MS + 87_700),)


JOINED_MS = 100_000
assert CALL.rate is not None
RATE = CALL.rate


def billed(
    origin: StartsFrom, after_s: int, increment: Increment, charged_s: int, *stays: Stay
) -> CallRecord:
    """A call with 20 s of waiting and these talks."""
    rate = replace(RATE, increment=increment)
    start = BillingStart(origin, after_s)
    return replace(
        CALL, rate=rate, billing_start=start, charged_s=charged_s, wait_ms=20_000, stays=stays,
        joined_ms=JOINED_MS, ended_ms=stays[-1].left_ms or 0,
    )  # fmt: skip


ONE = Stay("ada", JOINED_MS, JOINED_MS + 45_000)
TWO = Stay("grace", JOINED_MS + 60_000, JOINED_MS + 90_000)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (billed(StartsFrom.CONVERSATION, 10, Increment(60, 60), 60, ONE), [(110, 145)]),
        (billed(StartsFrom.CONVERSATION, 0, Increment(20, 10), 50, ONE),
         [(100, 120), (120, 130), (130, 140), (140, 145)]),
        (billed(StartsFrom.ANNOUNCEMENT, 5, Increment(30, 30), 60, ONE), [(85, 115), (115, 145)]),
        # The second increment reaches over the gap between the talks.
        (billed(StartsFrom.CONVERSATION, 0, Increment(30, 30), 90, ONE, TWO),
         [(100, 130), (130, 175), (175, 190)]),
        (billed(StartsFrom.CONVERSATION, 0, Increment(60, 60), 0, ONE), []),
    ],
)  # fmt: skip
def test_increments_lie_where_they_were_charged(
    record: CallRecord, expected: list[tuple[int, int]]
) -> None:
    assert list(increments(record)) == [(a * 1000, b * 1000) for a, b in expected]


def proof() -> dict[str, Any]:
    return dict(SIGNER.sign(content_of(FILE, NOW_MS, CATALOGUES)))


def test_a_proof_is_genuine_however_it_is_written() -> None:
    made = proof()
    assert SIGNER.check(json.dumps(made).encode()) is Verdict.GENUINE
    turned = dict(reversed(made.items()))
    assert SIGNER.check(json.dumps(turned, indent=4).encode()) is Verdict.GENUINE
    assert Signer(b"t" * 32).check(json.dumps(made).encode()) is Verdict.FOREIGN
    assert made["charge"] == "3.98"
    assert made["timeline"][7]["amount"] == "5.00"


def test_a_proof_says_what_was_said_in_both_languages() -> None:
    made = proof()
    tariff = made["timeline"][1]
    assert tariff["until_ms"] - tariff["at_ms"] == 7_860
    assert "ein Euro neunundneunzig" in tariff["sentences"]["de"]
    assert "one euro ninety-nine a minute" in tariff["sentences"]["en"]
    assert set(made["call"]).isdisjoint(("prompts", "slices", "stays"))
    assert made["charged_increments"] == len(made["charged"]) > 0


def test_a_proof_of_the_first_form_stays_genuine() -> None:
    first = {**content_of(FILE, NOW_MS, CATALOGUES), "form": "groschen-call-proof-1"}
    assert SIGNER.check(json.dumps(SIGNER.sign(first)).encode()) is Verdict.GENUINE
    other = {**first, "form": "groschen-call-proof-9"}
    assert SIGNER.check(json.dumps(SIGNER.sign(other)).encode()) is Verdict.NO_PROOF


def test_a_changed_proof_is_found() -> None:
    for change in (
        {"charge": "0.00"},
        {"issued_ms": 0},
        {"more": True},
        {"signature": "00" * 64},
        {"public_key": Signer(b"t" * 32).public_key},
    ):
        raw = json.dumps({**proof(), **change}).encode()
        assert SIGNER.check(raw) is Verdict.CHANGED, change


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"\xff", b'{"form": "groschen-call-proof-1"}', b"[" * 100_000,
     b'{"form": "groschen-call-proof-1", "signature": 1, "public_key": "00"}', b" " * 2_000_000],
)  # fmt: skip
def test_what_is_no_proof_is_told(raw: bytes) -> None:
    assert SIGNER.check(raw) is Verdict.NO_PROOF


def test_a_proof_shows_no_withheld_number() -> None:
    hidden = replace(FILE, record=CALL)
    assert MOBILE not in json.dumps(content_of(hidden, NOW_MS, CATALOGUES))
    assert content_of(hidden, NOW_MS, CATALOGUES)["call"]["e164"] is None
    assert content_of(FILE, NOW_MS, CATALOGUES)["call"]["e164"] == "+491701234xxx"


@pytest.mark.parametrize("lang", ["de", "en"])
def test_the_document_holds_the_proof(lang: str) -> None:
    document = pdf(proof(), lang)
    assert document.startswith(b"%PDF")
    assert b"proof.json" in document
