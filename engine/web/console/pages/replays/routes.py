"""Replays: calls of some days reckoned again under a version or a draft, watched, cancelled, read.

A draft is replayed from the page that shows what it changes (`configuration.drafting`); versions
are chosen here.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from engine.core.roles import Right
from engine.errors import CallerError
from engine.flows.replay.runs import Wish, result_of
from engine.flows.replay.words import LANGUAGES
from engine.ports.replays import Run, RunState
from engine.web.console import live, look
from engine.web.console.asked import Asked, Belongs
from engine.web.console.forms.replayed import days_typed, offered
from engine.web.console.menu import Item, Section
from engine.web.console.pages.configuration.drafting import REPLAYS
from engine.web.console.route import Route, Subject

ONE = f"{REPLAYS}/{{run_id}}"
VERSIONS_LISTED = 50


async def find(asked: Asked) -> Belongs | None:
    """The replay that the address names."""
    return await asked.site.replays.run(asked.request.match_info["run_id"])


async def show_all(asked: Asked) -> web.StreamResponse:
    """The form for another replay, and those there are."""
    history = await asked.site.configuration.history(None, VERSIONS_LISTED)
    # A version may have been in force more than once: the last time tells.
    versions = {one.number: one.at_ms for one in reversed(history)}
    return asked.render(
        "replays/list.html",
        runs=await asked.site.replays.runs(asked.organisation),
        versions=sorted(versions.items(), reverse=True),
        offered=offered(asked),
    )


async def begin(asked: Asked) -> web.StreamResponse:
    """Replay some days' calls under a version."""
    typed, days = asked.typed("version", 9), days_typed(asked)
    if not (typed.isascii() and typed.isdigit()):
        raise CallerError("must be the number of a version", "version")
    configuration = asked.site.configuration
    version = await configuration.version(int(typed))
    wish = Wish(
        organisation=asked.organisation,
        author=asked.user.name,
        inventory=await configuration.inventory(version),
        version=version.number,
        drafted=False,
        days=days,
    )
    run = await asked.site.replays.begin(wish)
    asked.note(run=run.run_id, days=days.name, version=version.number)
    return asked.go(f"{REPLAYS}/{run.run_id}")


async def show(asked: Asked) -> web.StreamResponse:
    """One replay: how far it is, or what came out."""
    return asked.render("replays/replay.html", **_now(asked, asked.found(Run)))


async def watch(asked: Asked) -> web.StreamResponse:
    """One replay as it goes on."""
    run_id = asked.found(Run).run_id

    async def seen() -> str:
        run = await asked.site.replays.run(run_id)
        return "" if run is None else look.piece("replays/now.html", _now(asked, run))

    return await live.stream(asked, seen)


async def cancel(asked: Asked) -> web.StreamResponse:
    """Reckon no further."""
    run = asked.found(Run)
    key = "replays.cancelled_now" if await asked.site.replays.cancel(run.run_id) else "replays.over"
    return asked.done(f"{REPLAYS}/{run.run_id}", key)


def _now(asked: Asked, run: Run) -> Mapping[str, Any]:
    done = run.reached_ms - run.from_ms
    return {
        "asked": asked,
        "t": asked.texts,
        # A result that nobody looks at here need not be read again.
        "run": replace(run, result=""),
        "found": result_of(run) if run.state is RunState.DONE else None,
        "percent": 100 * done // (run.to_ms - run.from_ms),
        "words": LANGUAGES[asked.texts.lang],
    }


SUBJECT = Subject(
    routes=(
        Route("GET", REPLAYS, Right.SERVICES_READ, show_all),
        Route("POST", REPLAYS, Right.SERVICES_WRITE, begin, action="replays.begin", again=show_all),
        Route("GET", ONE, Right.SERVICES_READ, show, finds=find),
        Route(
            "GET",
            "/console/live/replays/{run_id}",
            Right.SERVICES_READ,
            watch,
            finds=find,
            is_page=False,
        ),
        Route(
            "POST",
            f"{ONE}/cancel",
            Right.SERVICES_WRITE,
            cancel,
            finds=find,
            action="replays.cancel",
        ),
    ),
    menu=(Item(Section.LINES, REPLAYS, Right.SERVICES_READ, "replays.title", place=85),),
)
