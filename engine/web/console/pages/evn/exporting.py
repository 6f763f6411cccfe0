"""Files of call records: CSV as it is read from the books, a document of the first so many."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

from aiohttp import web

from engine.errors import CallerError
from engine.flows.evn import register
from engine.flows.evn.words import LANGUAGES
from engine.flows.papers.month import HOME_TIMEZONE, month_of
from engine.ports.reading.records import CallFilter
from engine.web.console.asked import Asked
from engine.web.console.wording import ZONE
from engine.web.guard import SECURITY_HEADERS

PAPER_ROWS_MOST = 500
BLOCK_CHARS = 32_000


async def as_csv(asked: Asked, wanted: CallFilter) -> web.StreamResponse:
    """What a filter finds."""
    lines = register.csv_lines(asked.site.reading.records, wanted, ZONE)
    return await _send(asked, lines, "evn.csv")


async def month(asked: Asked) -> web.StreamResponse:
    """A profile's month, which ends with its sum and what the journal booked."""
    name = asked.wanted("profile")
    profile = asked.site.inventory().profile(name)
    if profile is None or profile.organisation != asked.owner:
        raise CallerError("must be one of the profiles", "profile")
    span = month_of(asked.wanted("month"), HOME_TIMEZONE)
    reading = asked.site.reading
    lines = register.month_lines(reading.records, reading.statements, asked.owner, name, span)
    return await _send(asked, lines, f"evn-{name}-{span.name}.csv")


async def as_pdf(asked: Asked, wanted: CallFilter) -> web.StreamResponse:
    """The newest `PAPER_ROWS_MOST` of what a filter finds."""
    found = register.records_of(asked.site.reading.records, wanted, PAPER_ROWS_MOST)
    records = [record async for record in found]
    now = datetime.fromtimestamp(asked.site.clock.now().wall_ms // 1000, ZONE)
    about = asked.texts("evn.paper", made=f"{now:%Y-%m-%d %H:%M}", most=PAPER_ROWS_MOST)
    words = LANGUAGES[asked.texts.lang]
    paper = await asyncio.to_thread(register.pdf, records, words, ZONE, about, now)
    return attachment(paper, "application/pdf", "evn.pdf")


def attachment(body: bytes, content_type: str, name: str) -> web.Response:
    """A file to keep."""
    return web.Response(body=body, content_type=content_type, headers=_headers(name))


async def _send(asked: Asked, lines: AsyncIterator[str], name: str) -> web.StreamResponse:
    answer = web.StreamResponse(headers={**SECURITY_HEADERS, **_headers(name)})
    answer.content_type, answer.charset = "text/csv", "utf-8"
    await answer.prepare(asked.request)
    block = ""
    async for line in lines:
        block += line
        if len(block) > BLOCK_CHARS:
            await answer.write(block.encode())
            block = ""
    await answer.write(block.encode())
    await answer.write_eof()
    return answer


def _headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
