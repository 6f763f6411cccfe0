"""What an organisation's numbers cost in a month, as a page and as a file."""

from aiohttp import web

from engine.core.roles import Right
from engine.errors import CallerError
from engine.flows.papers.month import HOME_TIMEZONE, Month, month_of
from engine.flows.statement.rentals import NumberStatement, draw_up_rentals, rentals_csv
from engine.web.console.asked import Asked
from engine.web.console.forms.filters import today
from engine.web.console.pages.numbers.paths import NUMBERS
from engine.web.console.papers import attachment
from engine.web.console.route import Route, Whose

STATEMENT = f"{NUMBERS}/statement"


async def show(asked: Asked) -> web.StreamResponse:
    """A month, this one if none is named."""
    return asked.render("numbers/statement.html", statement=await _statement(asked))


async def export(asked: Asked) -> web.StreamResponse:
    """A month as CSV."""
    statement = await _statement(asked)
    name = f"numbers-{statement.organisation}-{statement.month.name}.csv"
    return attachment(asked, rentals_csv(statement).encode(), "text/csv", name)


async def _statement(asked: Asked) -> NumberStatement:
    title = asked.organisations.get(asked.owner, asked.owner)
    now_ms = asked.site.clock.now().wall_ms
    numbering = asked.site.numbering
    return await draw_up_rentals(numbering, asked.owner, title, _month(asked), now_ms)


def _month(asked: Asked) -> Month:
    try:
        return month_of(asked.wanted("month"), HOME_TIMEZONE)
    except CallerError:
        return month_of(f"{today(asked):%Y-%m}", HOME_TIMEZONE)


ROUTES = (
    Route("GET", STATEMENT, Right.MONEY_READ, show, whose=Whose.ONE),
    Route(
        "GET",
        f"{STATEMENT}.csv",
        Right.MONEY_READ,
        export,
        whose=Whose.ONE,
        action="numbers.export",
        is_page=False,
    ),
)
