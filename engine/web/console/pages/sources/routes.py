"""Sources: listed, added, changed; and the word that a number is out of every offer."""

from aiohttp import web

from engine.core.numbers.source import Source
from engine.core.roles import Right
from engine.errors import CallerError
from engine.flows.numbers.sources import PLACES_MOST, TEXT_MOST, Channel, Sources
from engine.web.console.asked import PAGE_ROWS, Asked, Belongs
from engine.web.console.forms.filters import day_of, today
from engine.web.console.forms.offered import tracked_numbers
from engine.web.console.menu import Item, Section
from engine.web.console.route import Route, Subject, Whose

SOURCES = "/console/sources"
ONE = f"{SOURCES}/{{source_id}}"
PLACES_CHARS_MOST = PLACES_MOST * (TEXT_MOST + 2)


async def find(asked: Asked) -> Belongs | None:
    """The source that the address names."""
    return await asked.site.numbering.numbers.source(None, asked.request.match_info["source_id"])


async def show_all(asked: Asked) -> web.StreamResponse:
    """Sources, with what is still to be confirmed."""
    after = asked.wanted("after")
    found = await asked.site.numbering.numbers.sources(
        asked.organisation, None, after, PAGE_ROWS + 1
    )
    more = found[PAGE_ROWS - 1].source_id if len(found) > PAGE_ROWS else ""
    return asked.render("sources/list.html", sources=found[:PAGE_ROWS], more=more, day=today(asked))


async def show_new(asked: Asked) -> web.StreamResponse:
    """The form for a new source."""
    return asked.render("sources/new.html", offered=await tracked_numbers(asked))


async def add(asked: Asked) -> web.StreamResponse:
    """Say where a number is published."""
    channel = _channel(asked, asked.typed("name"))
    sources = Sources(asked.site.numbering, asked.site.routing)
    source = await sources.add(asked.owner, asked.typed("number"), channel, asked.user.name)
    asked.note(source=source.source_id)
    return asked.done(SOURCES, "sources.added_now", name=source.name)


async def show(asked: Asked) -> web.StreamResponse:
    """One source."""
    source = asked.found(Source)
    return asked.render("sources/source.html", source=source, day=today(asked))


async def change(asked: Asked) -> web.StreamResponse:
    """Say something else of a source, its planned end too."""
    source = asked.found(Source)
    channel = _channel(asked, source.name)
    sources = Sources(asked.site.numbering, asked.site.routing)
    await sources.change(source.organisation, source.source_id, channel, asked.user.name)
    return asked.done(f"{SOURCES}/{source.source_id}", "sources.changed_now")


async def confirm_removed(asked: Asked) -> web.StreamResponse:
    """The number is out of every offer, online and off: that ends the source."""
    source = asked.found(Source)
    sources = Sources(asked.site.numbering)
    await sources.confirm_removed(source.organisation, source.source_id, asked.user.name)
    return asked.done(SOURCES, "sources.removed_now", name=source.name)


def _channel(asked: Asked, name: str) -> Channel:
    typed = asked.typed("ends_on")
    ends_on = day_of(typed)
    if typed and ends_on is None:
        raise CallerError("must be a day", "ends_on")
    lines = asked.typed("places", PLACES_CHARS_MOST).splitlines()
    places = tuple(line.strip() for line in lines if line.strip())
    return Channel(name=name, places=places, ends_on=ends_on)


SUBJECT = Subject(
    routes=(
        Route("GET", SOURCES, Right.TRACKING_READ, show_all),
        Route("GET", f"{SOURCES}/new", Right.TRACKING_WRITE, show_new, whose=Whose.ONE),
        Route(
            "POST",
            f"{SOURCES}/new",
            Right.TRACKING_WRITE,
            add,
            whose=Whose.ONE,
            action="sources.add",
            again=show_new,
        ),
        Route("GET", ONE, Right.TRACKING_READ, show, finds=find),
        Route(
            "POST",
            ONE,
            Right.TRACKING_WRITE,
            change,
            finds=find,
            action="sources.change",
            again=show,
        ),
        Route(
            "POST",
            f"{ONE}/removed",
            Right.TRACKING_WRITE,
            confirm_removed,
            finds=find,
            action="sources.confirm_removed",
            asks_first=True,
            again=show,
        ),
    ),
    menu=(Item(Section.LINES, SOURCES, Right.TRACKING_READ, "sources.title", place=62),),
)
