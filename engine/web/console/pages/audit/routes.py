"""The audit log with its filters: who, what, when."""

from aiohttp import web

from engine.core.roles import Right
from engine.ports.audit import ActFilter
from engine.web.console.asked import PAGE_ROWS, Asked
from engine.web.console.forms.filters import wanted_days
from engine.web.console.menu import Item, Section
from engine.web.console.route import Route, Subject

AUDIT = "/console/audit"
CASES = "cases"
"""Of authorities' requests only owners know."""


async def show(asked: Asked) -> web.StreamResponse:
    """Acts, newest first."""
    days = wanted_days(asked)
    wanted = ActFilter(
        organisation=asked.organisation,
        author=asked.wanted("author"),
        action=asked.wanted("action"),
        hidden="" if asked.may(Right.CASES_READ) else CASES,
        from_ms=days.from_ms,
        to_ms=days.to_ms,
        before=asked.wanted("before"),
        most=PAGE_ROWS + 1,
    )
    lines = await asked.site.audit.lines(wanted)
    more = lines[PAGE_ROWS - 1].act.act_id if len(lines) > PAGE_ROWS else ""
    return asked.render(
        "audit/log.html",
        lines=lines[:PAGE_ROWS],
        more=more,
        wanted=wanted,
        first=days.first,
        last=days.last,
    )


SUBJECT = Subject(
    routes=(Route("GET", AUDIT, Right.AUDIT_READ, show),),
    menu=(Item(Section.HOUSE, AUDIT, Right.AUDIT_READ, "audit.title", place=90),),
)
