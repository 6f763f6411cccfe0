"""The set-up list: what must be there before callers are invited, each step tried just now."""

from dataclasses import replace
from typing import Any

from aiohttp import web

from engine.core.roles import Right
from engine.flows.first_day.looking import look as look_at_books
from engine.flows.first_day.looking import standing
from engine.flows.first_day.rules import Found, State, steps
from engine.web.console import live, look
from engine.web.console.asked import Asked
from engine.web.console.menu import Item, Section
from engine.web.console.route import Route, Subject, Whose

HERE = "/console/first-day"
ASK_EVERY_MS = 10_000
"""How often all is asked while anybody looks, however many do."""


async def show(asked: Asked) -> web.StreamResponse:
    """The list as the books have it; trunks and phones are asked when it is there."""
    return asked.render("first_day/list.html", **_listed(asked, await _found(asked), None))


async def watch(asked: Asked) -> web.StreamResponse:
    """The list with what trunks and phones answer, asked anew every few seconds."""

    async def ask() -> tuple[Found, int]:
        found = await _found(asked)
        there = await standing(asked.site.inventory(), asked.site.dialplan)
        return replace(found, standing=there, is_asking=False), asked.site.clock.now().wall_ms

    async def seen() -> str:
        told = await live.shared(asked, HERE, ASK_EVERY_MS, ask)
        return look.piece("first_day/steps.html", _listed(asked, *told)) if told else ""

    return await live.stream(asked, seen)


async def _found(asked: Asked) -> Found:
    site = asked.site
    return await look_at_books(
        site.inventory(),
        sounds=site.sounds,
        records=site.reading.records,
        orders=site.till.orders,
        customers=site.customers,
    )


def _listed(asked: Asked, found: Found, asked_ms: int | None) -> dict[str, Any]:
    """`asked_ms` is when trunks and phones were asked, None: not yet."""
    listed = steps(asked.site.inventory(), found)
    return {
        "t": asked.texts,
        "steps": listed,
        "done": sum(step.state is State.DONE for step in listed),
        "unpaid": [name for name, is_paid in found.paid.items() if not is_paid],
        "asked_ms": asked_ms,
    }


SUBJECT = Subject(
    routes=(
        Route("GET", HERE, Right.DIALPLAN_READ, show, Whose.OPERATOR),
        Route(
            "GET",
            "/console/live/first-day",
            Right.DIALPLAN_READ,
            watch,
            Whose.OPERATOR,
            is_page=False,
        ),
    ),
    menu=(
        Item(
            Section.HOUSE,
            HERE,
            Right.DIALPLAN_READ,
            "first_day.title",
            place=5,
            operator_alone=True,
        ),
    ),
)
