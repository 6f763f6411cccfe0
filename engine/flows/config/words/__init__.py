"""What is wrong with a configuration or a dialplan, said in the reader's language."""

import re
from collections.abc import Callable, Mapping

from engine.flows.config.problems import Problem, Problems
from engine.flows.config.words.german import FULLER, KINDS, MEANT, NAMED, SENTENCES, TYPES
from engine.flows.config.words.speech import reason_in_german
from engine.flows.config.words.yaml import in_german

LANGUAGES = ("en", "de")

_VALUE = re.compile(r"\{(\w+)\}")

_IN_GERMAN: Mapping[str, Callable[[str], str]] = {
    "kind": KINDS.__getitem__,
    "type": TYPES.__getitem__,
    "what": NAMED.__getitem__,
    "longest": lambda increments: increments.replace(" or ", " oder "),
    "why": in_german,
    "reason": reason_in_german,
}
"""Values that are words themselves, by their name."""


def sentence(problem: Problem, lang: str) -> str:
    """What is wrong, to be read after the field: the problem's own message, or its rule's in
    German."""
    if lang != "de" or problem.rule not in SENTENCES:
        return problem.message
    values = {name: _IN_GERMAN.get(name, str)(value) for name, value in problem.values}
    fuller = (
        text for text in FULLER.get(problem.rule, ()) if values.keys() >= set(_VALUE.findall(text))
    )
    text = next(fuller, SENTENCES[problem.rule])
    of_service = f" (Dienst {values['service']})" if "service" in values else ""
    return text.format_map(values) + of_service


def told(problems: Problems, lang: str) -> str:
    """All mistakes with their places, one a line."""
    if lang != "de":
        return str(problems)
    return "\n".join(problem.in_words(sentence(problem, lang), MEANT) for problem in problems)
