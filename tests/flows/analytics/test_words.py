"""What went wrong with a collector is said in German too, whatever it was."""

import pytest

from engine.flows.analytics.rules import OLD
from engine.flows.analytics.sender import UNREADABLE
from engine.flows.analytics.words import problem_in
from engine.ports.webhooks.post import NoAnswer
from tests.languages import english_in


@pytest.mark.parametrize("problem", [*NoAnswer, OLD, UNREADABLE])
def test_every_problem_has_its_german(problem: str) -> None:
    assert problem_in("en", problem) == problem
    told = problem_in("de", problem)
    assert told != problem
    assert english_in(told) == []


def test_a_status_is_told_as_it_is() -> None:
    assert problem_in("de", "HTTP 503") == "HTTP 503"
