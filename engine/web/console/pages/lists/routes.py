"""Caller lists: the numbers that had a first-call offer; put on by hand, taken off again."""

import json

from aiohttp import web

from engine.core.roles import Right
from engine.errors import CallerError
from engine.ports.reading.marks import FirstCallMark, MarkFilter
from engine.web.console.asked import PAGE_ROWS, Asked
from engine.web.console.forms.filters import number_of
from engine.web.console.forms.veil import unveil, veil
from engine.web.console.menu import Item, Section
from engine.web.console.route import Handler, Route, Subject, Whose

LISTS = "/console/lists"


async def show(asked: Asked) -> web.StreamResponse:
    """A list, newest first; the first one if none is named."""
    names = _names(asked)
    name = str(asked.form.get("list", "")) or asked.wanted("list") or next(iter(names), "")
    if name not in names:
        return asked.render("lists/lists.html", names=names, name="", rows=[], more="", typed="")
    typed, e164 = asked.wanted("number"), None
    try:
        e164 = number_of(typed) if typed else None
    except CallerError as error:
        asked.fault = error
    wanted = MarkFilter(
        organisation=asked.owner,
        caller_list=name,
        e164=e164,
        before=_place(asked, name),
        most=PAGE_ROWS + 1,
    )
    found = await asked.site.reading.marks.marks(wanted)
    page = found[:PAGE_ROWS]
    last = page[-1].mark if len(found) > PAGE_ROWS else None
    more = asked.link(before=veil(asked, json.dumps([last.at_ms, last.e164]))) if last else ""
    rows = [(one, veil(asked, one.mark.e164)) for one in page]
    return asked.render(
        "lists/lists.html", names=names, name=name, rows=rows, more=more, typed=typed
    )


async def add(asked: Asked) -> web.StreamResponse:
    """Put a number on a list: it is a first-time caller no longer."""
    name, e164 = _list(asked), number_of(asked.typed("number", 50))
    asked.note(list=name)
    await asked.site.reading.marks.mark(
        FirstCallMark(
            organisation=asked.owner,
            caller_list=name,
            e164=e164,
            call_id=f"hand:{asked.user.name}",
            at_ms=asked.site.clock.now().wall_ms,
        )
    )
    return asked.done(LISTS, "lists.added_now")


async def remove(asked: Asked) -> web.StreamResponse:
    """Take a number off a list: it is new there again."""
    name = _list(asked)
    veiled = unveil(asked, asked.typed("veiled"))
    e164 = veiled if veiled is not None else number_of(asked.typed("number", 50))
    asked.note(list=name)
    was_there = await asked.site.reading.marks.unmark(asked.owner, name, e164)
    return asked.done(LISTS, "lists.removed_now" if was_there else "lists.was_not_there")


def _names(asked: Asked) -> dict[str, str]:
    """The organisation's lists, each with the services that use it."""
    found: dict[str, list[str]] = {}
    for service in asked.site.inventory().services:
        if service.organisation == asked.owner and service.caller_list:
            found.setdefault(service.caller_list, []).append(service.title or service.name)
    return {name: ", ".join(titles) for name, titles in sorted(found.items())}


def _list(asked: Asked) -> str:
    name = asked.typed("list", 100)
    if name not in _names(asked):
        raise CallerError("there is no such list", "list")
    return name


def _place(asked: Asked, name: str) -> FirstCallMark | None:
    """Where the page before has ended; veiled, since a place names a number."""
    text = unveil(asked, asked.wanted("before", 500))
    if text is None:
        return None
    at_ms, e164 = json.loads(text)
    return FirstCallMark(asked.owner, name, e164, "", at_ms)


def _act(path: str, handler: Handler, verb: str, *, asks_first: bool) -> Route:
    return Route(
        "POST",
        f"{LISTS}/{path}",
        Right.CUSTOMERS_WRITE,
        handler,
        whose=Whose.ONE,
        action=f"lists.{verb}",
        asks_first=asks_first,
        again=show,
    )


SUBJECT = Subject(
    routes=(
        Route("GET", LISTS, Right.CUSTOMERS_READ, show, whose=Whose.ONE),
        _act("add", add, "add", asks_first=False),
        _act("remove", remove, "remove", asks_first=True),
    ),
    menu=(Item(Section.BUSINESS, LISTS, Right.CUSTOMERS_READ, "lists.title", place=40),),
)
