"""The set-up list: what must be there before callers are invited, each step tried just now."""

from aiohttp import web

from engine.core.roles import Right
from engine.flows.first_day.looking import look
from engine.flows.first_day.rules import State, steps
from engine.web.console.asked import Asked
from engine.web.console.menu import Item, Section
from engine.web.console.route import Route, Subject, Whose

HERE = "/console/first-day"


async def show(asked: Asked) -> web.StreamResponse:
    """The list as it stands now."""
    site = asked.site
    inventory = site.inventory()
    found = await look(
        inventory,
        dialplan=site.dialplan,
        sounds=site.sounds,
        records=site.reading.records,
        orders=site.till.orders,
        customers=site.customers,
    )
    listed = steps(inventory, found)
    profile = next(iter(inventory.profiles), None)
    return asked.render(
        "first_day/list.html",
        steps=listed,
        done=sum(step.state is State.DONE for step in listed),
        profile=profile,
    )


SUBJECT = Subject(
    routes=(Route("GET", HERE, Right.DIALPLAN_READ, show, Whose.OPERATOR),),
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
