"""Web analytics that are told of tracking calls: listed with how that goes, added, deleted."""

import hashlib
import secrets
from dataclasses import astuple, replace

from aiohttp import web

from engine.core.analytics.collector import COLLECTORS_MOST, Collector, Program
from engine.core.numbers.number import Purpose, Status
from engine.core.roles import Right
from engine.errors import CallerError
from engine.flows.analytics.words import problem_in
from engine.web.console.asked import Asked, Belongs
from engine.web.console.forms.filters import word_of
from engine.web.console.forms.offered import tracked_numbers
from engine.web.console.route import Route, Whose

COLLECTORS = "/console/tracked/collectors"


async def find(asked: Asked) -> Belongs | None:
    """The collector that the address names."""
    return await asked.site.collecting.find(asked.request.match_info["collector_id"])


async def show(asked: Asked) -> web.StreamResponse:
    """Who is told, with a form for one more: its number is found by some of its digits."""
    return asked.render(
        "tracked/collectors.html",
        collectors=await asked.site.collecting.of(asked.owner),
        offered=await tracked_numbers(asked),
        programs=tuple(Program),
        most=COLLECTORS_MOST,
        problem_in=problem_in,
        form_id=asked.typed("form_id", 24) or secrets.token_hex(12),
    )


async def add(asked: Asked) -> web.StreamResponse:
    """Tell one more from the next call on; its secret is shown to nobody again."""
    program = word_of(Program, asked.typed("program"))
    if program is None:
        raise CallerError(f"must be one of {', '.join(Program)}", "program")
    number = asked.typed("number")
    if number and not await _is_tracked(asked, number):
        raise CallerError("must be one of yours that takes calls", "number")
    typed = Collector(
        collector_id=asked.typed("form_id", 24),
        organisation=asked.owner,
        program=program,
        place=asked.typed("place"),
        url=asked.typed("url", 1000),
        number=number,
        secret=asked.secret("secret").strip(),
    )
    collector = replace(typed, collector_id=_id_of(typed))
    await asked.site.collecting.add(collector)
    asked.note(program=program.value, place=collector.place, url=collector.url, calls_to=number)
    return asked.done(COLLECTORS, "tracked.collector_added")


def _id_of(typed: Collector) -> str:
    """The same for a form that is sent twice, another once a value of it is another.

    Nobody reads the secret out of it: the form's own id is as long, and kept nowhere.
    """
    return hashlib.sha256("\n".join(astuple(typed)).encode()).hexdigest()[:24]


async def _is_tracked(asked: Asked, e164: str) -> bool:
    """Whether it is a number of the organisation's that takes tracking calls."""
    number = await asked.site.numbering.numbers.number(e164)
    return (
        number is not None
        and number.organisation == asked.owner
        and number.purpose is Purpose.TRACKING
        and number.status is Status.ACTIVE
    )


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
