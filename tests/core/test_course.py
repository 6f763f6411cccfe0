"""What becomes of prompts by what is told of their playback, early, late or never."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from engine.core.course import Fate, Heard, Playing, bounded

BOTH = Playing(
    playback="p1", leg="call", who="caller", lang="de", ordered_ms=90, prompts=("one", "two"),
    begun_ms=(None, None),
)  # fmt: skip
FIRST = BOTH.begun(0, 100)
SECOND = FIRST.begun(1, 200)


def fates(rows: Iterable[Heard]) -> list[object]:
    return [row[3:6] for row in rows]


@pytest.mark.parametrize(
    ("playing", "expected"),
    [
        (SECOND, [(Fate.WHOLE, 100, 200), (Fate.WHOLE, 200, 300)]),
        (FIRST, [(Fate.WHOLE, 100, None), (Fate.WHOLE, None, 300)]),
        (BOTH, [(Fate.WHOLE, None, None), (Fate.WHOLE, None, 300)]),
    ],
)
def test_a_complete_end_means_that_all_was_heard(playing: Playing, expected: list[object]) -> None:
    """Also where the start of a prompt was never told: then it is not known."""
    assert fates(playing.ended(300, complete=True)) == expected


@pytest.mark.parametrize(
    ("playing", "expected"),
    [
        (SECOND, [(Fate.WHOLE, 100, 200), (Fate.CUT, 200, 300)]),
        (FIRST, [(Fate.CUT, 100, 300), (Fate.UNHEARD, None, None)]),
        (BOTH, [(Fate.UNHEARD, None, None)] * 2),
        (BOTH.begun(1, 200), [(Fate.WHOLE, None, 200), (Fate.CUT, 200, 300)]),
        (replace(FIRST, doubtful=True), [(Fate.BEGUN, 100, None), (Fate.ORDERED, None, None)]),
        (replace(SECOND, doubtful=True), [(Fate.WHOLE, 100, 200), (Fate.CUT, 200, 300)]),
    ],
)
def test_an_early_end_cuts_what_plays(playing: Playing, expected: list[object]) -> None:
    assert fates(playing.ended(300, complete=False)) == expected


@pytest.mark.parametrize(
    ("playing", "expected"),
    [
        (FIRST, [(Fate.CUT, 100, 300), (Fate.UNHEARD, None, None)]),
        (FIRST.stopped(250).stopped(280), [(Fate.CUT, 100, 250), (Fate.UNHEARD, None, None)]),
        (SECOND.stopped(150), [(Fate.WHOLE, 100, 200), (Fate.CUT, 200, 200)]),
        (replace(SECOND, doubtful=True), [(Fate.WHOLE, 100, 200), (Fate.BEGUN, 200, None)]),
    ],
)
def test_what_nobody_tells_the_end_of(playing: Playing, expected: list[object]) -> None:
    """It was heard until it was stopped; after a gap that is not known."""
    assert fates(playing.given_up(300)) == expected


def test_a_start_of_no_prompt_is_passed_over() -> None:
    assert BOTH.begun(2, 100) is BOTH


def test_of_too_many_rows_the_first_and_the_last_stay() -> None:
    assert bounded(range(5), 5) == (0, 1, 2, 3, 4)
    assert bounded(range(9), 4) == (0, 1, 7, 8)
    assert bounded(range(9), 5) == (0, 1, 6, 7, 8)
