"""Papers of a month as files: which month, in which form, and the answer."""

from aiohttp import web

from engine.errors import CallerError
from engine.flows.papers.month import HOME_TIMEZONE, Month, month_of
from engine.web.console.asked import Asked

FORMS = {"pdf": "application/pdf", "csv": "text/csv"}


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
