"""Papers of a month as files: which months there are, in which form, and the answer."""

from datetime import datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from engine.errors import CallerError
from engine.flows.papers.month import HOME_TIMEZONE, Month, month_before, month_of
from engine.web.console.asked import Asked

MONTHS_LISTED = 12
FORMS = {"pdf": "application/pdf", "csv": "text/csv"}


def months_listed(now_ms: int) -> list[Month]:
    """This month and those before it, newest first."""
    now = datetime.fromtimestamp(now_ms // 1000, ZoneInfo(HOME_TIMEZONE))
    months = [month_of(f"{now:%Y-%m}", HOME_TIMEZONE)]
    while len(months) < MONTHS_LISTED:
        months.append(month_before(months[-1].from_ms, HOME_TIMEZONE))
    return months


def wanted_paper(asked: Asked) -> tuple[Month, str]:
    """The month and the form that the address names; `CallerError` for one that is none."""
    month, form = month_of(asked.wanted("month"), HOME_TIMEZONE), asked.wanted("form")
    if form not in FORMS:
        raise CallerError(f"must be one of {', '.join(FORMS)}", "form")
    return month, form


def handed_over(name: str, month: Month, form: str, content: bytes) -> web.Response:
    """The paper, to be kept as a file."""
    named = f'attachment; filename="{name}-{month.name}.{form}"'
    headers = {"Content-Disposition": named, "Cache-Control": "no-store"}
    return web.Response(body=content, content_type=FORMS[form], headers=headers)
