"""Files to keep: CSV, PDF, JSON; how many rows they have is noted for the audit log."""

from collections.abc import AsyncIterator

from aiohttp import web

from engine.errors import CallerError
from engine.flows.papers.month import HOME_TIMEZONE, Month, month_of
from engine.web.console.asked import Asked
from engine.web.guard import SECURITY_HEADERS
from engine.web.parts.exports import rows_of

CSV = "text/csv"
FORMS = {"pdf": "application/pdf", "csv": CSV}
BLOCK_CHARS = 32_000


def wanted_paper(asked: Asked) -> tuple[Month, str]:
    """The month and the form that the address names; `CallerError` for one that is none."""
    month, form = month_of(asked.wanted("month"), HOME_TIMEZONE), asked.wanted("form")
    if form not in FORMS:
        raise CallerError(f"must be one of {', '.join(FORMS)}", "form")
    return month, form


def handed_over(asked: Asked, name: str, month: Month, form: str, content: bytes) -> web.Response:
    """The paper of a month."""
    return attachment(asked, content, FORMS[form], f"{name}-{month.name}.{form}")


def attachment(asked: Asked, body: bytes, content_type: str, name: str) -> web.Response:
    """A file to keep."""
    if content_type == CSV:
        asked.note(rows=rows_of(body.decode()))
    return web.Response(body=body, content_type=content_type, headers=_headers(name))


async def send(asked: Asked, lines: AsyncIterator[str], name: str) -> web.StreamResponse:
    """Lines of CSV to keep, the first their heading, sent as they are read; the file has its end
    once the audit log has its own."""
    answer = web.StreamResponse(headers={**SECURITY_HEADERS, **_headers(name)})
    answer.content_type, answer.charset = CSV, "utf-8"
    await answer.prepare(asked.request)
    block, rows = "", -1
    try:
        async for line in lines:
            rows, block = rows + 1, block + line
            if len(block) > BLOCK_CHARS:
                await answer.write(block.encode())
                block = ""
    finally:
        asked.note(rows=max(0, rows))
    await answer.write(block.encode())
    return answer


def _headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
