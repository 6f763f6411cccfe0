"""Retention: how long each kind is kept, and, for the operator, how much is due (a dry run)."""

from collections.abc import Mapping

from aiohttp import web

from engine.core.retention import Kind, due
from engine.core.roles import Right
from engine.flows.retention.daily import count_due
from engine.ports.reading.retention import COUNT_MOST
from engine.web.console.asked import Asked
from engine.web.console.menu import Item, Section
from engine.web.console.route import Route, Subject
from engine.web.console.wording import ZONE

RETENTION = "/console/retention"


async def show(asked: Asked) -> web.StreamResponse:
    """The policy; counted if the operator asks for it, since counts are of all organisations."""
    policy = asked.site.inventory().policy
    now_ms = asked.site.clock.now().wall_ms
    counts: Mapping[Kind, int] = {}
    if asked.is_operators and asked.wanted("count"):
        counts = await count_due(asked.site.reading.keeping, policy, now_ms)
    return asked.render(
        "retention/retention.html",
        kinds=due(policy, now_ms, ZONE),
        policy=policy,
        counts=counts,
        most=COUNT_MOST,
    )


SUBJECT = Subject(
    routes=(Route("GET", RETENTION, Right.AUDIT_READ, show),),
    menu=(Item(Section.HOUSE, RETENTION, Right.AUDIT_READ, "retention.title", place=95),),
)
