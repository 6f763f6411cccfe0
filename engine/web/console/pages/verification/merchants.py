"""Merchants as they stand in the configuration, how much of their limits is used, what each month
came to."""

import asyncio

from aiohttp import web

from engine.core.inventory import Merchant
from engine.core.roles import Right
from engine.errors import RemoteError
from engine.flows.papers.month import months_listed
from engine.flows.statement.merchant import draw_up_merchant, merchant_csv
from engine.flows.statement.pdf import merchant_pdf
from engine.web.console.asked import Asked, Belongs
from engine.web.console.papers import handed_over, wanted_paper
from engine.web.console.route import Route

MERCHANTS = "/console/merchants"
ONE = f"{MERCHANTS}/{{merchant}}"


async def find(asked: Asked) -> Belongs | None:
    """The merchant that the address names."""
    return asked.site.inventory().merchant(asked.request.match_info["merchant"])


async def show_all(asked: Asked) -> web.StreamResponse:
    """All merchants."""
    known = asked.site.inventory().merchants
    merchants = [one for one in known if asked.organisation in (None, one.organisation)]
    return asked.render("verification/merchants.html", merchants=merchants)


async def show(asked: Asked) -> web.StreamResponse:
    """One merchant: his terms, his limits and what is used of them, whether calls are let through.

    What is counted of everybody's calls is for the operator's staff.
    """
    merchant = asked.found(Merchant)
    try:
        use = await asked.site.verifier.use(merchant)
    except RemoteError:
        use = None
    limits = {} if use is None else {one.limit.name: one.counted for one in use.limits}
    if not asked.is_operators:
        limits.pop("in_all", None)
    breaker = None if use is None else use.breakers[0]
    return asked.render(
        "verification/merchant.html",
        merchant=merchant,
        used=limits,
        breaker=breaker,
        limits=("per_number", "per_address", "per_prefix", "per_merchant", "in_all"),
        months=months_listed(asked.site.clock.now().wall_ms),
    )


async def give_statement(asked: Asked) -> web.StreamResponse:
    """A merchant's month as a file."""
    name = asked.found(Merchant).name
    month, form = wanted_paper(asked)
    site, now_ms = asked.site, asked.site.clock.now().wall_ms
    made = await draw_up_merchant(site.reading.verifications, site.inventory(), name, month, now_ms)
    if form == "csv":
        return handed_over(asked, name, month, form, merchant_csv(made).encode())
    content = await asyncio.to_thread(merchant_pdf, made, asked.texts.lang)
    return handed_over(asked, name, month, form, content)


ROUTES = (
    Route("GET", MERCHANTS, Right.VERIFICATION_READ, show_all),
    Route("GET", ONE, Right.VERIFICATION_READ, show, finds=find),
    Route(
        "GET",
        f"{ONE}/statement",
        Right.MONEY_READ,
        give_statement,
        finds=find,
        action="verification.export",
        is_page=False,
    ),
)
