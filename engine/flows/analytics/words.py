"""What went wrong with a collector, in the reader's language."""

from engine.flows.analytics.rules import OLD
from engine.flows.analytics.sender import UNREADABLE
from engine.flows.phrases import Phrases
from engine.flows.webhooks.words import no_answer_in

_GERMAN = {
    OLD: "älter als ein Tag",
    UNREADABLE: "das Secret ist nicht zu lesen: richten Sie das Programm neu ein",
}
_COUNTED = Phrases(
    {
        r"^(\d+) not taken: is the site there, and the time allowed\?$": (
            "{} abgewiesen: Gibt es die Website dort, und ist die Zeit erlaubt?"
        )
    }
)


def problem_in(lang: str, problem: str) -> str:
    """The last problem of a collector; a status of HTTP is the same in every language."""
    if lang != "de":
        return problem
    return _GERMAN.get(problem) or _COUNTED.say(problem) or no_answer_in(lang, problem)
