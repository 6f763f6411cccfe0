"""Merchants' statements: each month of each merchant as a file."""

import asyncio

from aiohttp import web

from engine.core.inventory import Merchant
from engine.core.roles import Right
from engine.flows.statement.merchant import draw_up_merchant, merchant_csv
from engine.flows.statement.pdf import merchant_pdf
from engine.web.console.asked import Asked, Belongs
from engine.web.console.menu import Item, Section
from engine.web.console.papers import FORMS, handed_over, months_listed, wanted_paper
from engine.web.console.route import Route, Subject

STATEMENTS = "/console/merchant-statements"


async def find(asked: Asked) -> Belongs | None:
    """The merchant that the address names."""
    return asked.site.inventory().merchant(asked.request.match_info["merchant"])


async def show_all(asked: Asked) -> web.StreamResponse:
    """The last months of every merchant."""
    merchants = asked.site.inventory().merchants
    return asked.render(
        "merchant_statements/list.html",
        merchants=[m for m in merchants if asked.organisation in (None, m.organisation)],
        months=months_listed(asked.site.clock.now().wall_ms),
        forms=tuple(FORMS),
    )


async def give(asked: Asked) -> web.StreamResponse:
    """A merchant's month as a file."""
    name = asked.found(Merchant).name
    month, form = wanted_paper(asked)
    site, now_ms = asked.site, asked.site.clock.now().wall_ms
    made = await draw_up_merchant(site.reading.verifications, site.inventory(), name, month, now_ms)
    if form == "csv":
        return handed_over(name, month, form, merchant_csv(made).encode())
    content = await asyncio.to_thread(merchant_pdf, made, asked.texts.lang)
    return handed_over(name, month, form, content)


SUBJECT = Subject(
    routes=(
        Route("GET", STATEMENTS, Right.MONEY_READ, show_all),
        Route(
            "GET",
            f"{STATEMENTS}/{{merchant}}",
            Right.MONEY_READ,
            give,
            finds=find,
            is_page=False,
        ),
    ),
    menu=(
        Item(Section.BUSINESS, STATEMENTS, Right.MONEY_READ, "merchant_statements.title", place=65),
    ),
)
