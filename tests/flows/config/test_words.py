"""What is wrong is said in German as in English: a sentence for every rule there is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.core import guards
from engine.core.announced import CALL, MINUTE, START, VAT
from engine.core.law import AccessKind, Rule
from engine.flows.config import NO_STOCK, Problems, parse, unsaid_problems
from engine.flows.config.links import NEVER_CALLED
from engine.flows.config.problems import Mark, Problem
from engine.flows.config.records import MESSAGES
from engine.flows.config.words import sentence, told
from engine.flows.config.words.german import FULLER, KINDS, NAMED, SENTENCES, TYPES
from engine.ports.versions import Unsaid
from tests.core.test_guards import SHARED, priced, service
from tests.flows.config.test_config import BASE, BROKEN
from tests.languages import english_in

ENGINE = Path(guards.__file__).parents[1]
ROOMS = ("flows/config", "flows/versions", "asterisk/etc")
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
    assert set(TYPES) == set(NEVER_CALLED)
    assert set(NAMED) == {MINUTE, CALL, VAT, START}


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_every_broken_file_is_told_in_german(path: Path) -> None:
    outcome = parse({"base.yaml": BASE, path.name: path.read_bytes()}, stocked=NO_STOCK)
    assert isinstance(outcome, Problems)
    for problem, line in zip(outcome, told(outcome, "de").splitlines(), strict=True):
        said = sentence(problem, "de")
        assert said != sentence(problem, "en") == problem.message
        assert said in line
        assert "{" not in said
        assert english_in(said) == []
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


@pytest.mark.parametrize(
    ("written", "told_in_german"),
    [
        ("a: [1, 2", "Klammer ]"),
        ("a: {b: 1", "Klammer }"),
        ("a: 'x", "Anführungszeichen werden geöffnet"),
        ("a:\n\tb: 1", "Tabulator"),
        ("a: @x", "mit dem Zeichen '@' kann hier nichts beginnen"),
        ("a: b: c", "kein Doppelpunkt"),
        ("a: 1\n  b: 2", "falsch eingerückt"),
        ("- a\nb: 1", "die Einrückung passt nicht"),
        ("a: - b", "kein neuer Eintrag"),
        ("a: ,", "ein Wert erwartet"),
    ],
)
def test_what_is_no_yaml_is_told_in_german_too(written: str, told_in_german: str) -> None:
    outcome = parse({"a.yaml": written.encode()})
    assert isinstance(outcome, Problems)
    said = sentence(outcome[0], "de")
    assert told_in_german in said
    assert english_in(said) == []


def test_what_the_library_says_seldom_is_quoted() -> None:
    outcome = parse({"a.yaml": b"a: |x"})
    assert isinstance(outcome, Problems)
    said = sentence(outcome[0], "de")
    assert said.startswith("die Datei ist kein YAML: gemeldet wird „while scanning a block scalar")


@pytest.mark.parametrize(
    ("reason", "in_german"),
    [
        ("de/tariff-p1 was never rendered", "de/tariff-p1 wurde nie gesprochen"),
        ("no voice is installed that speaks 'de'", "keine Stimme installiert, die „de“ spricht"),
        ("there are no texts for language 'fr'", "für die Sprache „fr“ gibt es keine Texte"),
        ("de: no text for tariff-p1", "für tariff-p1 gibt es keinen Text"),
        ("voice thorsten: no sound in 30 s", "die Stimme gab in 30 s keinen Ton von sich"),
        ("voice thorsten: boom", "die Stimme thorsten meldet „boom“"),
        ("x.wav is not a WAV file: eof", "x.wav ist keine WAV-Datei"),
        ("x.wav has 8-bit samples, not 16-bit", "x.wav hat 8 Bit je Abtastwert, nicht 16"),
        ("there is nothing to hear in it", "darin ist nichts zu hören"),
        ("[Errno 28] No space left", "gemeldet wird „[Errno 28] No space left“"),
    ],
)
def test_why_a_sentence_could_not_be_spoken_is_told_in_german(reason: str, in_german: str) -> None:
    unsaid = Unsaid(
        organisation="sternlicht", section="services", entry="sternlicht", field="title",
        lang="de", key="k", words="Guten Tag.", reason=reason, voiceless=False,
    )  # fmt: skip
    (problem,) = unsaid_problems({"base.yaml": BASE}, [unsaid])
    said = sentence(problem, "de")
    assert in_german in said
    assert english_in(said) == []


def test_increments_that_the_law_allows_are_joined_as_people_say_it() -> None:
    message = "must be at most 60/1 or 30/30 on premium numbers, not 60/60"
    values = {"longest": "60/1 or 30/30", "kind": "premium", "given": "60/60"}
    problem = Problem.at(Mark("a.yaml"), Rule.INCREMENT, "tariffs.a.increment", message, **values)
    assert "höchstens 60/1 oder 30/30 sein, nicht 60/60" in sentence(problem, "de")
