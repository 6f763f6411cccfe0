"""The audit log with its filters: who, what, when."""

from datetime import date, datetime, time, timedelta

from aiohttp import web

from engine.core.roles import Right
from engine.ports.audit import ActFilter
from engine.web.console.asked import PAGE_ROWS, Asked
from engine.web.console.menu import Item, Section
from engine.web.console.route import Route, Subject
from engine.web.console.wording import ZONE

AUDIT = "/console/audit"


async def show(asked: Asked) -> web.StreamResponse:
    """Acts, newest first."""
    first, last = _day(asked.wanted("from")), _day(asked.wanted("to"))
    wanted = ActFilter(
        organisation=asked.organisation,
        author=asked.wanted("author"),
        action=asked.wanted("action"),
        from_ms=_start_ms(first) if first else None,
        to_ms=_start_ms(last + timedelta(days=1)) if last else None,
        before=asked.wanted("before"),
        most=PAGE_ROWS + 1,
    )
    lines = await asked.site.audit.lines(wanted)
    more = lines[PAGE_ROWS - 1].act.act_id if len(lines) > PAGE_ROWS else ""
    return asked.render(
        "audit/log.html", lines=lines[:PAGE_ROWS], more=more, wanted=wanted, first=first, last=last
    )


def _day(text: str) -> date | None:
    """A day as a date field gives it; what is none filters nothing."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if date(2000, 1, 1) <= day <= date(2999, 12, 31) else None


def _start_ms(day: date) -> int:
    return int(datetime.combine(day, time(), ZONE).timestamp()) * 1000


SUBJECT = Subject(
    routes=(Route("GET", AUDIT, Right.AUDIT_READ, show),),
    menu=(Item(Section.HOUSE, AUDIT, Right.AUDIT_READ, "audit.title", place=90),),
)
