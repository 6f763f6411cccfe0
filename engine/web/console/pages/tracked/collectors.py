"""Web analytics that are told of tracking calls: listed with how that goes, added, deleted."""

import hashlib
import secrets
from collections.abc import Sequence

from aiohttp import web

from engine.core.analytics.collector import COLLECTORS_MOST, Collector, Program
from engine.core.numbers.number import Purpose
from engine.core.roles import Right
from engine.errors import CallerError
from engine.ports.numbers import NumberFilter
from engine.web.console.asked import Asked, Belongs
from engine.web.console.forms.filters import word_of
from engine.web.console.route import Route, Whose

COLLECTORS = "/console/tracked/collectors"
NUMBERS_MOST = 500


async def find(asked: Asked) -> Belongs | None:
    """The collector that the address names."""
    return await asked.site.collecting.find(asked.request.match_info["collector_id"])


async def show(asked: Asked) -> web.StreamResponse:
    """Who is told, with a form for one more."""
    return asked.render(
        "tracked/collectors.html",
        collectors=await asked.site.collecting.of(asked.owner),
        numbers=await _numbers(asked),
        programs=tuple(Program),
        most=COLLECTORS_MOST,
        form_id=asked.typed("form_id", 24) or secrets.token_hex(12),
    )


async def add(asked: Asked) -> web.StreamResponse:
    """Tell one more from the next call on; its secret is shown to nobody again."""
    program = word_of(Program, asked.typed("program"))
    if program is None:
        raise CallerError(f"must be one of {', '.join(Program)}", "program")
    number = asked.typed("number")
    if number and number not in await _numbers(asked):
        raise CallerError("must be one of yours", "number")
    name = f"{asked.owner}:{asked.typed('form_id', 24)}"
    collector = Collector(
        collector_id=hashlib.sha256(name.encode()).hexdigest()[:24],
        organisation=asked.owner,
        program=program,
        place=asked.typed("place"),
        url=asked.typed("url", 1000),
        number=number,
        secret=asked.secret("secret").strip(),
    )
    await asked.site.collecting.add(collector)
    asked.note(program=program.value, place=collector.place, url=collector.url, calls_to=number)
    return asked.done(COLLECTORS, "tracked.collector_added")


async def _numbers(asked: Asked) -> Sequence[str]:
    wanted = NumberFilter(organisation=asked.owner, purpose=Purpose.TRACKING, most=NUMBERS_MOST)
    return [one.e164 for one in await asked.site.numbering.numbers.numbers(wanted)]


async def delete(asked: Asked) -> web.StreamResponse:
    """Tell one no more, nor what waits for it."""
    collector = asked.found(Collector)
    asked.note(program=collector.program.value, place=collector.place, url=collector.url)
    await asked.site.collecting.delete(collector.organisation, collector.collector_id)
    return asked.done(COLLECTORS, "tracked.collector_deleted")


ROUTES = (
    Route("GET", COLLECTORS, Right.TRACKING_READ, show, whose=Whose.ONE),
    Route(
        "POST",
        COLLECTORS,
        Right.TRACKING_WRITE,
        add,
        whose=Whose.ONE,
        action="tracked.add_collector",
        again=show,
    ),
    Route(
        "POST",
        f"{COLLECTORS}/{{collector_id}}/delete",
        Right.TRACKING_WRITE,
        delete,
        finds=find,
        action="tracked.delete_collector",
        asks_first=True,
    ),
)
