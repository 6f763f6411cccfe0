"""What answers of analytics programs mean for the calls that were told."""

import json

import pytest

from engine.core.analytics.collector import Hit, Program
from engine.core.analytics.telling import Heard, heard

HITS = tuple(Hit(call_id=f"c{n}", at_ms=0, source="", outcome="", length="") for n in range(4))


def refused(answer: object, program: Program = Program.MATOMO) -> list[str]:
    """Those that were; each hit is told of once."""
    answers = heard(program, HITS, 200, answer if isinstance(answer, str) else json.dumps(answer))
    assert sorted(hit.call_id for hits, _, _ in answers for hit in hits) == ["c0", "c1", "c2", "c3"]
    return [hit.call_id for hits, one, _ in answers if one is Heard.REFUSED for hit in hits]


def test_matomo_says_which_it_did_not_take() -> None:
    bulk = {"status": "success", "tracked": 2, "invalid": 2, "invalid_indices": [3, 1]}
    assert refused(bulk) == ["c1", "c3"]
    assert refused({**bulk, "invalid": 0, "invalid_indices": []}) == []
    assert refused({**bulk, "invalid_indices": [9, "1", None]}) == []


def test_or_says_only_how_many() -> None:
    assert len(refused({"status": "success", "tracked": 1, "invalid": 3})) == 3
    assert len(refused({"invalid": 99})) == 4


@pytest.mark.parametrize("answer", ["", "GIF89a", "[1]", "3", {"invalid": "2"}, {"invalid": -1}])
def test_what_says_nothing_of_it_has_taken_all(answer: object) -> None:
    assert refused(answer) == []


def test_google_says_nothing_of_it() -> None:
    assert refused({"invalid": 2}, Program.GA4) == []


@pytest.mark.parametrize(
    ("status", "becomes"),
    [(None, Heard.LATER), (429, Heard.LATER), (500, Heard.LATER), (403, Heard.REFUSED)],
)
def test_what_did_not_come_is_refused_or_told_later_as_a_whole(
    status: int | None, becomes: Heard
) -> None:
    [(hits, one, problem)] = heard(Program.MATOMO, HITS, status, "no answer in HTTP")
    assert (hits, one) == (HITS, becomes)
    assert problem
