"""Files of call records: CSV as it is read from the books, a document of the newest so many."""

import asyncio
from datetime import datetime

from aiohttp import web

from engine.errors import CallerError
from engine.flows.evn import register
from engine.flows.evn.words import LANGUAGES
from engine.flows.papers.month import HOME_TIMEZONE, month_of
from engine.ports.reading.records import CallFilter
from engine.web.console.asked import Asked
from engine.web.console.papers import attachment, send
from engine.web.console.wording import ZONE

PAPER_ROWS_MOST = 5_000
"""So many are drawn in a few seconds, in a thread; of more calls there is the CSV."""


async def as_csv(asked: Asked, wanted: CallFilter) -> web.StreamResponse:
    """What a filter finds."""
    lines = register.csv_lines(asked.site.reading.records, wanted, ZONE)
    return await send(asked, lines, "evn.csv")


async def month(asked: Asked) -> web.StreamResponse:
    """A profile's month, which ends with its sum and what the journal booked, and until when."""
    name = asked.wanted("profile")
    profile = asked.site.inventory().profile(name)
    if profile is None or profile.organisation != asked.owner:
        raise CallerError("must be one of the profiles", "profile")
    span = month_of(asked.wanted("month"), HOME_TIMEZONE)
    wanted = CallFilter(organisation=asked.owner, profile=name)
    now_ms = asked.site.clock.now().wall_ms
    words = LANGUAGES[asked.texts.lang]
    lines = register.month_lines(asked.site.reading.records, wanted, span, now_ms, words)
    return await send(asked, lines, f"evn-{name}-{span.name}.csv")


async def as_pdf(asked: Asked, wanted: CallFilter) -> web.StreamResponse:
    """What a filter finds; of more than `PAPER_ROWS_MOST` the newest, which the paper says."""
    found = register.records_of(asked.site.reading.records, wanted, PAPER_ROWS_MOST + 1)
    records = [record async for record in found]
    shown = records[:PAPER_ROWS_MOST]
    now = datetime.fromtimestamp(asked.site.clock.now().wall_ms // 1000, ZONE)
    said = "evn.paper" if len(records) == len(shown) else "evn.paper_cut"
    about = asked.texts(said, made=f"{now:%Y-%m-%d %H:%M}", count=asked.texts.count(len(shown)))
    words = LANGUAGES[asked.texts.lang]
    paper = await asyncio.to_thread(register.pdf, shown, words, ZONE, about, now)
    asked.note(rows=len(shown))
    return attachment(asked, paper, "application/pdf", "evn.pdf")
