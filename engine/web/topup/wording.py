"""What the page says: minutes and providers in words, in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aiohttp import web

from engine.core.tariff import Line
from engine.web.topup.offers import Reach
from engine.web.wording import HOME_LANGUAGE, Wording, accepted, read_words

FOLDER = Path(__file__).parent / "texts"


@dataclass(frozen=True, slots=True)
class Texts(Wording):
    """One language's words, and how it writes money and minutes."""

    def provider(self, name: str) -> str:
        """A payment provider as people know it."""
        return self.words.get(f"provider_{name}", name.capitalize())

    def minutes(self, found: Reach | None) -> str:
        """So many minutes; of several services the range."""
        if found is None:
            return self("free")
        if found.least != found.most:
            return self("minutes_range", least=found.least, most=found.most)
        return self("minute" if found.most == 1 else "minutes", count=found.most)

    def reach(self, found: Reach | None, line: Line) -> str:
        """So many minutes from a line."""
        return f"{self.minutes(found)} {self(f'from_{line}')}"


@cache
def languages() -> Mapping[str, Texts]:
    """The texts of all languages by their name."""
    return {lang: Texts(lang, words) for lang, words in read_words(FOLDER).items()}


def texts_for(request: web.Request) -> Texts:
    """In the language that the address names, else the browser's first that there is."""
    known = languages()
    liked = accepted(request.headers.get("Accept-Language", ""))
    wanted = (request.query.get("lang", ""), *liked)
    return known[next((lang for lang in wanted if lang in known), HOME_LANGUAGE)]
