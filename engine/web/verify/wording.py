"""What the widget says."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from aiohttp import web

from engine.web.wording import HOME_LANGUAGE, Wording, accepted, read_words

FOLDER = Path(__file__).parent / "texts"

Texts = Wording


@cache
def languages() -> Mapping[str, Texts]:
    """The texts of all languages by their name."""
    return {lang: Wording(lang, words) for lang, words in read_words(FOLDER).items()}


def texts_for(request: web.Request) -> Texts:
    """In the language that the address names, else the browser's first that there is."""
    known = languages()
    liked = accepted(request.headers.get("Accept-Language", ""))
    wanted = (request.query.get("lang", ""), *liked)
    return known[next((lang for lang in wanted if lang in known), HOME_LANGUAGE)]
