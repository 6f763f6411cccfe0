"""What organisations, and the operator, were told of numbers."""

from aiohttp import web

from engine.core.roles import Right
from engine.flows.numbers.words import sentence
from engine.web.console.asked import PAGE_ROWS, Asked
from engine.web.console.pages.numbers.paths import NUMBERS
from engine.web.console.route import Route

PLACE_DIGITS_MOST = 15


async def show(asked: Asked) -> web.StreamResponse:
    """Notices, newest first."""
    typed = asked.wanted("before", PLACE_DIGITS_MOST)
    before = int(typed) if typed.isascii() and typed.isdecimal() else None
    found = await asked.site.numbering.numbers.latest(asked.organisation, before, PAGE_ROWS + 1)
    page = found[:PAGE_ROWS]
    return asked.render(
        "numbers/notices.html",
        notices=[(notice, sentence(notice, asked.texts.lang)) for _, notice in page],
        more=page[-1][0] if len(found) > PAGE_ROWS else "",
    )


ROUTES = (Route("GET", f"{NUMBERS}/notices", Right.NUMBERS_READ, show),)
