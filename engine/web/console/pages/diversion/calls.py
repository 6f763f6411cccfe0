"""The log of forwarded calls: it shows that a number could be reached."""

from dataclasses import replace

from aiohttp import web

from engine.core.numbers.number import Purpose
from engine.core.roles import Right
from engine.flows.diversion.register import csv_lines
from engine.ports.diversion import ForwardedFilter
from engine.web.console.asked import PAGE_ROWS, Asked
from engine.web.console.forms.filters import wanted_days
from engine.web.console.pages.diversion.paths import CALLS, numbers_of
from engine.web.console.papers import send
from engine.web.console.route import Route, Whose
from engine.web.console.wording import ZONE

NUMBERS_MOST = 500


async def show(asked: Asked) -> web.StreamResponse:
    """Calls that are over, newest first, of one number or all."""
    days = wanted_days(asked)
    found = await asked.site.routing.calls(
        replace(_wanted(asked), before=asked.wanted("after") or None, most=PAGE_ROWS + 1)
    )
    numbers = await numbers_of(asked, Purpose.FORWARDING, "", NUMBERS_MOST)
    return asked.render(
        "diversion/calls.html",
        calls=found[:PAGE_ROWS],
        more=found[PAGE_ROWS - 1].call_id if len(found) > PAGE_ROWS else "",
        numbers=numbers,
        wanted=asked.wanted("number", 20),
        days=days,
    )


async def export_csv(asked: Asked) -> web.StreamResponse:
    """What the filters find."""
    return await send(asked, csv_lines(asked.site.routing, _wanted(asked), ZONE), "forwarding.csv")


def _wanted(asked: Asked) -> ForwardedFilter:
    """What the address asks for: a number, days."""
    number, days = asked.wanted("number", 20), wanted_days(asked)
    return ForwardedFilter(
        organisation=asked.owner,
        number=f"+{number}" if number else None,
        from_ms=days.from_ms,
        to_ms=days.to_ms,
    )


ROUTES = (
    Route("GET", CALLS, Right.FORWARDING_READ, show, whose=Whose.ONE),
    Route(
        "GET",
        f"{CALLS}.csv",
        Right.FORWARDING_READ,
        export_csv,
        whose=Whose.ONE,
        action="diversion.export",
        is_page=False,
    ),
)
