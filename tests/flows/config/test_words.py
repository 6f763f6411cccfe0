"""What is wrong is said in German as in English: a sentence for every rule there is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.core import guards
from engine.core.law import AccessKind, Rule
from engine.flows.config import Problems, parse
from engine.flows.config.problems import Mark, Problem
from engine.flows.config.records import MESSAGES
from engine.flows.config.words import sentence, told
from engine.flows.config.words.german import FULLER, KINDS, SENTENCES
from tests.core.test_guards import SHARED, priced, service
from tests.flows.config.test_config import BASE, BROKEN

ENGINE = Path(guards.__file__).parents[1]
ROOMS = ("flows/config", "asterisk/etc")
REFUSING = {"at", "problem", "refuse", "_text_of", "_add", "_stop", "_fault", "_one"}
CODE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")


def _refused() -> Iterator[str]:
    """The codes with which the source refuses anything."""
    for room in ROOMS:
        for file in (ENGINE / room).glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and _name(node.func) in REFUSING:
                    yield from filter(CODE.fullmatch, map(_text, node.args[:3]))


def _name(function: ast.expr) -> str:
    return getattr(function, "attr", "") or getattr(function, "id", "")


def _text(argument: ast.expr) -> str:
    found = argument.value if isinstance(argument, ast.Constant) else ""
    return found if isinstance(found, str) else ""


def test_every_rule_has_a_sentence_and_every_sentence_a_rule() -> None:
    rules = {*_refused(), *Rule, *(rule for rule, _ in MESSAGES.values())}
    assert rules - SENTENCES.keys() == set()
    assert SENTENCES.keys() - rules == set()
    assert FULLER.keys() <= SENTENCES.keys()
    assert set(KINDS) == set(AccessKind)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_every_broken_file_is_told_in_german(path: Path) -> None:
    outcome = parse({"base.yaml": BASE, path.name: path.read_bytes()})
    assert isinstance(outcome, Problems)
    for problem, line in zip(outcome, told(outcome, "de").splitlines(), strict=True):
        said = sentence(problem, "de")
        assert said != sentence(problem, "en") == problem.message
        assert said in line
        assert "{" not in said
        assert line.endswith(f"[{problem.rule}]")


def test_a_breach_of_the_law_names_its_values_in_german() -> None:
    (breach,) = guards.check(service(SHARED, **priced(140_000, mobile_micros=420_000)))
    problem = Problem.at(Mark("a.yaml"), breach.rule, breach.field, breach.message, **breach.values)
    assert sentence(problem, "de") == (
        "darf auf +49180512345 (Service-Dienst) höchstens 0.14 je Minute sein, nicht 0.42"
    )


def test_of_two_sentences_the_one_that_has_its_values_is_said() -> None:
    at_least = Problem.at(Mark("a.yaml"), "out_of_range", "x", "must be at least 1", ge="1")
    at_most = Problem.at(Mark("a.yaml"), "out_of_range", "x", "must be at most 9", le="9")
    assert sentence(at_least, "de") == "muss mindestens 1 sein"
    assert sentence(at_most, "de") == "darf höchstens 9 sein"
    assert told(Problems([at_most]), "de") == "a.yaml: x darf höchstens 9 sein [out_of_range]"
