"""What is wrong with a configuration or a dialplan, said in the reader's language."""

import re

from engine.flows.config.problems import Problem, Problems
from engine.flows.config.words.german import FULLER, KINDS, MEANT, SENTENCES

LANGUAGES = ("en", "de")

_VALUE = re.compile(r"\{(\w+)\}")


def sentence(problem: Problem, lang: str) -> str:
    """What is wrong, to be read after the field: the problem's own message, or its rule's in
    German."""
    if lang != "de" or problem.rule not in SENTENCES:
        return problem.message
    values = dict(problem.values)
    if "kind" in values:
        values["kind"] = KINDS[values["kind"]]
    fuller = FULLER.get(problem.rule)
    has_all = fuller is not None and values.keys() >= set(_VALUE.findall(fuller))
    text = fuller if fuller is not None and has_all else SENTENCES[problem.rule]
    of_service = f" (Dienst {values['service']})" if "service" in values else ""
    return text.format_map(values) + of_service


def told(problems: Problems, lang: str) -> str:
    """All mistakes with their places, one a line."""
    if lang != "de":
        return str(problems)
    return "\n".join(problem.in_words(sentence(problem, lang), MEANT) for problem in problems)
