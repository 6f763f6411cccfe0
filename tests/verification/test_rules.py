"""Only German mobile and landline numbers are ever dialled, whatever was typed."""

import csv
from pathlib import Path

import pytest

from engine.core.number import NumberType, classify
from engine.core.tariff import Line
from engine.core.verification import Rejection
from engine.verification.rules import Dialable, Rejected, judge
from tests.verification.cases import MERCHANT, merchant

VECTORS_FILE = Path(__file__).parents[1] / "core" / "vectors" / "numbers.csv"
with VECTORS_FILE.open(newline="") as file:
    VECTORS = list(csv.DictReader(file))

NEVER = frozenset(NumberType) - {NumberType.MOBILE, NumberType.FIXED_LINE}


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: row["input"])
def test_only_german_mobile_and_landline_numbers_are_dialled(row: dict[str, str]) -> None:
    judged = judge(row["input"], MERCHANT)
    again = classify(row["input"], "DE")
    if isinstance(judged, Dialable):
        dialled = classify(judged.e164, None)
        assert dialled.region == "DE"
        assert dialled.type not in NEVER
        assert not dialled.emergency
        assert not judged.e164.startswith("+4932")
        assert judge(judged.e164, MERCHANT) == judged
    else:
        assert judged.reason
        assert not again.verifiable


def test_the_vectors_hold_numbers_of_either_outcome() -> None:
    dialled = [isinstance(judge(row["input"], MERCHANT), Dialable) for row in VECTORS]
    assert sum(dialled) > 15
    assert dialled.count(False) > 80


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("110", Rejection.SERVICE),
        ("1 1 2", Rejection.SERVICE),
        ("118 33", Rejection.SERVICE),
        ("0900 1 123456", Rejection.SERVICE),
        ("0180 1 12345", Rejection.SERVICE),
        ("01371 123456", Rejection.SERVICE),
        ("0800 1234567", Rejection.SERVICE),
        ("0700 12345678", Rejection.SERVICE),
        ("0164 1234567", Rejection.SERVICE),
        ("032 221234567", Rejection.SERVICE),
        ("+881 6 21234567", Rejection.SERVICE),
        ("+43 664 1234567", Rejection.FOREIGN),
        ("+1 212 555 2368", Rejection.FOREIGN),
        ("+44 909 8790879", Rejection.SERVICE),
        ("+4911833", Rejection.INVALID),
        ("0190 123456", Rejection.INVALID),
        ("anonymous", Rejection.INVALID),
        ("", Rejection.INVALID),
        ("0" * 5_000, Rejection.INVALID),
    ],
)
def test_what_is_wrong_is_told(typed: str, kind: Rejection) -> None:
    judged = judge(typed, MERCHANT)
    assert isinstance(judged, Rejected)
    assert judged.kind is kind


@pytest.mark.parametrize("typed", ["049 151 12345678", "4915112345678", "49 151 12345678"])
def test_what_was_probably_meant_is_proposed(typed: str) -> None:
    judged = judge(typed, MERCHANT)
    assert judged == Rejected(
        Rejection.INVALID, "did you mean +49 1511 2345678?", "+49 1511 2345678"
    )
    assert judge(judged.suggestion, MERCHANT) == Dialable("+4915112345678")


def test_a_merchant_says_which_countries_and_lines() -> None:
    austria = merchant(countries=("DE", "AT"), lines=(Line.MOBILE,))
    assert judge("+43 664 1234567", austria) == Dialable("+436641234567")
    landline = judge("030 23125 100", austria)
    assert isinstance(landline, Rejected)
    assert landline.kind is Rejection.LINE
    unclear = judge("+1 212 555 2368", merchant(countries=("US",), lines=(Line.MOBILE,)))
    assert isinstance(unclear, Rejected)
    assert judge("+1 212 555 2368", merchant(countries=("US",))) == Dialable("+12125552368")
