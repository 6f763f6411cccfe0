"""What the console says: the shell's texts by their key, a subject's as `<subject>.<key>`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import web

from engine.errors import CallerError
from engine.flows.config import Problem
from engine.flows.config.problems import MistakesError
from engine.flows.config.words import sentence
from engine.flows.config.words.refusals import in_german
from engine.flows.hearing import UnsaidError
from engine.flows.numbers.words import reason_in
from engine.flows.payments.words import misfit_in
from engine.web.wording import HOME_LANGUAGE, Wording, Words, accepted, read_words

HERE = Path(__file__).parent
ZONE = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True, slots=True)
class Texts(Wording):
    """One language's words, and how it writes money and times."""

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self.words

    def time(self, at_ms: int, zone: ZoneInfo = ZONE) -> str:
        """A time to the minute, where the operator is, or elsewhere."""
        return datetime.fromtimestamp(at_ms // 1000, zone).strftime(self.words["time_form"])

    def precise(self, at_ms: int) -> str:
        """A time to the second."""
        return datetime.fromtimestamp(at_ms // 1000, ZONE).strftime(self.words["precise_form"])

    def clock(self, at_ms: int) -> str:
        """The time of day to the second, as every language here writes it."""
        return datetime.fromtimestamp(at_ms // 1000, ZONE).strftime("%H:%M:%S")

    def minutes(self, ms: int) -> str:
        """A duration in hours and whole minutes: `2:05 h`."""
        minutes = ms // 60_000
        return f"{minutes // 60}:{minutes % 60:02d}\u00a0h"

    def day(self, at_ms: int) -> str:
        """A day."""
        return datetime.fromtimestamp(at_ms // 1000, ZONE).strftime(self.words["day_form"])

    def date(self, day: date) -> str:
        """A calendar day."""
        return day.strftime(self.words["day_form"])

    def problem(self, problem: Problem) -> str:
        """What is wrong with a configuration or a dialplan, to be read after its field."""
        return sentence(problem, self.lang)

    def reason(self, reason: str) -> str:
        """Why something was done to a number, or is to be."""
        return reason_in(self.lang, reason)

    def misfit(self, reason: str) -> str:
        """Why a payment waits in suspense."""
        return misfit_in(self.lang, reason)

    def detail(self, error: Exception) -> str:
        """What was wrong, on a page of its own: mistakes in files in the page's language."""
        if isinstance(error, UnsaidError | MistakesError) and self.lang == "de":
            return in_german(error)
        return str(error)

    def fault(self, subject: str, error: CallerError) -> str:
        """What was wrong with a field: the text `<subject>.wrong_<field>`, else the one that all
        subjects share, else the rule itself, in German quoted."""
        if isinstance(error, UnsaidError | MistakesError) and self.lang == "de":
            return self.detail(error)
        keys = (f"{subject}.wrong_{error.field}", f"wrong_{error.field}")
        key = next(filter(self.has, keys), "")
        return self(key) if key else self("wrong", rule=error)


@cache
def languages() -> Mapping[str, Texts]:
    """The texts of all languages by their name."""
    gathered: dict[str, dict[str, str]] = {}
    for lang, words in read_words(HERE / "texts").items():
        gathered[lang] = dict(words)
    for room in sorted((HERE / "pages").glob("*/texts")):
        for lang, words in read_words(room).items():
            gathered[lang].update(_of_subject(room.parent.name, words))
    return {lang: Texts(lang, words) for lang, words in gathered.items()}


def texts_for(request: web.Request, chosen: str = "") -> Texts:
    """In the language that the user chose, else the address, else the browser's first."""
    known = languages()
    liked = accepted(request.headers.get("Accept-Language", ""))
    wanted = (chosen, request.query.get("lang", ""), *liked)
    return known[next((lang for lang in wanted if lang in known), HOME_LANGUAGE)]


def _of_subject(subject: str, words: Words) -> dict[str, str]:
    return {f"{subject}.{key}": text for key, text in words.items()}
