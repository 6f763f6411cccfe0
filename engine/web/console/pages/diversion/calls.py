"""The log of forwarded calls: it shows that a number could be reached."""

from aiohttp import web

from engine.core.numbers.number import Purpose
from engine.core.roles import Right
from engine.ports.diversion import ForwardedFilter
from engine.web.console.asked import PAGE_ROWS, Asked
from engine.web.console.pages.diversion.paths import CALLS, numbers_of
from engine.web.console.route import Route, Whose

NUMBERS_MOST = 500


async def show(asked: Asked) -> web.StreamResponse:
    """Calls that are over, newest first, of one number or all."""
    wanted = asked.wanted("number", 20)
    found = await asked.site.routing.calls(
        ForwardedFilter(
            organisation=asked.owner,
            number=f"+{wanted}" if wanted else None,
            before=asked.wanted("after") or None,
            most=PAGE_ROWS + 1,
        )
    )
    numbers = await numbers_of(asked, Purpose.FORWARDING, "", NUMBERS_MOST)
    return asked.render(
        "diversion/calls.html",
        calls=found[:PAGE_ROWS],
        more=found[PAGE_ROWS - 1].call_id if len(found) > PAGE_ROWS else "",
        numbers=numbers,
        wanted=wanted,
    )


ROUTES = (Route("GET", CALLS, Right.FORWARDING_READ, show, whose=Whose.ONE),)
