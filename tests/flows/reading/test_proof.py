"""A call's proof: whole, signed, and worth nothing once it is changed."""

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.core.posting import EntryKind
from engine.flows.proof.pdf import pdf
from engine.flows.proof.proof import Signer, Verdict, content_of
from engine.flows.proof.timeline import Happened, timeline
from engine.ports.ledger import JournalLine
from engine.ports.reading.records import CallFile
from tests.ports.ledger.books import MOBILE, NOW_MS, answered_call, refused_call

SIGNER = Signer(b"s" * 32)


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
        Happened.ANSWERED,
        Happened.HEARD,
        Happened.JOINED,
        Happened.BALANCE,
        Happened.ENDED,
        Happened.CHARGED,
    ]
    assert moments[1].detail == "tariff"
    assert moments[-1].micros == -3_980_000
    short = timeline(CallFile(refused_call("r"), None, ()))
    assert [moment.happened for moment in short] == [Happened.ARRIVED, Happened.ENDED]


def proof() -> dict[str, Any]:
    return dict(SIGNER.sign(content_of(FILE, NOW_MS)))


def test_a_proof_is_genuine_however_it_is_written() -> None:
    made = proof()
    assert SIGNER.check(json.dumps(made).encode()) is Verdict.GENUINE
    turned = dict(reversed(made.items()))
    assert SIGNER.check(json.dumps(turned, indent=4).encode()) is Verdict.GENUINE
    assert Signer(b"t" * 32).check(json.dumps(made).encode()) is Verdict.FOREIGN
    assert made["charge"] == "3.98"
    assert made["timeline"][5]["amount"] == "5.00"


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
    assert MOBILE not in json.dumps(content_of(hidden, NOW_MS))
    assert content_of(hidden, NOW_MS)["call"]["e164"] is None
    assert content_of(FILE, NOW_MS)["call"]["e164"] == "+491701234xxx"


@pytest.mark.parametrize("lang", ["de", "en"])
def test_the_document_holds_the_proof(lang: str) -> None:
    document = pdf(proof(), lang)
    assert document.startswith(b"%PDF")
    assert b"proof.json" in document
