"""Routes of numbers: listed, shown with what they were, set, changed, deleted.

A route is in force for the next call. Whoever changes one says which version he saw: if somebody
else was faster, he is told, and nothing is done.
"""

from typing import Any

from aiohttp import web

from engine.core.diversion.route import CallerClass, Forwarding, Policy, Route, Tracking
from engine.core.numbers.number import Number, Purpose
from engine.core.roles import Right
from engine.core.spoken import CURRENCIES
from engine.flows.diversion.hours import stretches
from engine.ports.diversion import ForwardedFilter
from engine.tracking.rules import on_duty
from engine.web.console import route as console
from engine.web.console.asked import PAGE_ROWS, Asked
from engine.web.console.menu import Item, Section
from engine.web.console.pages.diversion import calls, forms
from engine.web.console.pages.diversion.paths import (
    BASES,
    FORWARDING,
    TRACKING,
    finder,
    numbers_of,
    path_of,
    route_of,
)
from engine.web.console.route import Handler, Subject, Whose

VERSIONS = 20
LAST_CALLS = 5


def _listed(purpose: Purpose) -> Handler:
    """A handler that shows the organisation's numbers for a purpose, and where they lead."""

    async def show_all(asked: Asked) -> web.StreamResponse:
        after = asked.wanted("after", 20)
        found = await numbers_of(asked, purpose, f"+{after}" if after else "", PAGE_ROWS + 1)
        page = found[:PAGE_ROWS]
        routes = await asked.site.routing.in_force(asked.owner, [one.e164 for one in page])
        return asked.render(
            "diversion/list.html",
            base=BASES[purpose],
            purpose=purpose,
            numbers=page,
            routes=routes,
            more=page[-1].e164[1:] if len(found) > PAGE_ROWS else "",
        )

    return show_all


async def show(asked: Asked) -> web.StreamResponse:
    """Where a number leads now, and what its route was."""
    number = asked.found(Number)
    route = await route_of(asked, number)
    before = asked.wanted("before", 15)
    history = asked.site.routing.history
    past = await history(
        asked.owner, number.e164, int(before) if before.isdecimal() else None, VERSIONS + 1
    )
    versions = past[:VERSIONS]
    former = next((one.other for one in versions if one.terms is not None and one.other), "")
    values = {
        "number": number,
        "path": path_of(number),
        "route": route,
        "versions": versions,
        "more": versions[-1].version if len(past) > VERSIONS else "",
        "former": former,
        "former_versions": await history(asked.owner, former, None, VERSIONS) if former else (),
    }
    if number.purpose is Purpose.TRACKING:
        return await _show_tracking(asked, number, route, values)
    return await _show_forwarding(asked, number, route, values)


async def _show_forwarding(
    asked: Asked, number: Number, route: Route | None, values: dict[str, Any]
) -> web.Response:
    routing, terms = asked.site.routing, route.terms if route is not None else None
    last = ForwardedFilter(organisation=asked.owner, number=number.e164, most=LAST_CALLS)
    used = None
    if route is not None and isinstance(terms, Forwarding):
        used = await routing.used(route, terms)
    return asked.render(
        "diversion/forwarding.html",
        used=used,
        classes=tuple(CallerClass),
        default=Policy(),
        calls=await routing.calls(last),
        **values,
    )


async def _show_tracking(
    asked: Asked, number: Number, route: Route | None, values: dict[str, Any]
) -> web.Response:
    terms = route.terms if route is not None else None
    duty: tuple[int, ...] = ()
    if isinstance(terms, Tracking):
        duty = on_duty(terms, asked.site.clock.now().wall_ms)
    return asked.render(
        "diversion/tracking.html",
        on_duty=duty,
        stretches=stretches,
        source=await asked.site.routing.source(asked.owner, number.e164),
        **values,
    )


async def edit_forwarding(asked: Asked) -> web.StreamResponse:
    """The form of a toll-free number's route, as it is or by its defaults."""
    number = asked.found(Number)
    route = await route_of(asked, number)
    terms = route.terms if route is not None else None
    known = terms if isinstance(terms, Forwarding) else Forwarding(targets=())
    return asked.render(
        "diversion/forwarding_edit.html",
        number=number,
        path=path_of(number),
        version=route.version if route is not None else 0,
        terms=known,
        targets=[*(forms.target_rows(asked) if asked.form else known.targets), "", ""],
        cost=forms.cost_fields(known.caps.cost),
        currency=known.caps.cost.currency if known.caps.cost is not None else "USD",
        currencies=[(one, one) for one in CURRENCIES],
        classes=tuple(CallerClass),
        default=Policy(),
    )


async def edit_tracking(asked: Asked) -> web.StreamResponse:
    """The form of a tracked number's route."""
    number = asked.found(Number)
    route = await route_of(asked, number)
    terms = route.terms if route is not None else None
    known = terms if isinstance(terms, Tracking) else Tracking(targets=())
    rows = forms.tracking_rows(asked) if asked.form else forms.rows_of(known)
    return asked.render(
        "diversion/tracking_edit.html",
        number=number,
        path=path_of(number),
        version=route.version if route is not None else 0,
        terms=known,
        rows=forms.with_spares(rows),
        whisper="whisper" in asked.form if asked.form else known.whisper,
    )


async def forward(asked: Asked) -> web.StreamResponse:
    """Set or change where a toll-free number is forwarded."""
    number, terms = asked.found(Number), forms.forwarding_of(asked)
    route = await asked.site.routing.forward(
        asked.owner, number.e164, terms, forms.version_of(asked), asked.user.name
    )
    asked.note(version=route.version)
    return asked.done(path_of(number), "diversion.saved_now")


async def track(asked: Asked) -> web.StreamResponse:
    """Set or change to whom a tracked number leads."""
    number, terms = asked.found(Number), forms.tracking_of(asked)
    route = await asked.site.routing.track(
        asked.owner, number.e164, terms, forms.version_of(asked), asked.user.name
    )
    asked.note(version=route.version)
    return asked.done(path_of(number), "diversion.saved_now")


async def delete(asked: Asked) -> web.StreamResponse:
    """Let a number lead nowhere: who calls hears ringing."""
    number = asked.found(Number)
    route = await asked.site.routing.delete(
        asked.owner, number.e164, forms.version_of(asked), asked.user.name
    )
    asked.note(version=route.version)
    return asked.done(path_of(number), "diversion.deleted_now")


def _pages(
    purpose: Purpose, name: str, read: Right, write: Right, edit: Handler, save: Handler
) -> tuple[console.Route, ...]:
    """The pages of one purpose; the address names the number by `name`."""
    base, find = BASES[purpose], finder(name, purpose)
    one, verb = f"{base}/{{{name}}}", save.__name__
    return (
        console.Route("GET", base, read, _listed(purpose), whose=Whose.ONE),
        console.Route("GET", one, read, show, finds=find),
        console.Route("GET", f"{one}/edit", write, edit, finds=find),
        console.Route(
            "POST", f"{one}/edit", write, save, finds=find, action=f"diversion.{verb}", again=edit
        ),
        console.Route(
            "POST",
            f"{one}/delete",
            write,
            delete,
            finds=find,
            action="diversion.delete",
            asks_first=True,
            again=show,
        ),
    )


SUBJECT = Subject(
    routes=(
        *calls.ROUTES,
        *_pages(
            Purpose.FORWARDING,
            "toll_free",
            Right.FORWARDING_READ,
            Right.FORWARDING_WRITE,
            edit_forwarding,
            forward,
        ),
        *_pages(
            Purpose.TRACKING,
            "number",
            Right.TRACKING_READ,
            Right.TRACKING_WRITE,
            edit_tracking,
            track,
        ),
    ),
    menu=(
        Item(Section.LINES, FORWARDING, Right.FORWARDING_READ, "diversion.forwarding", place=63),
        Item(Section.LINES, TRACKING, Right.TRACKING_READ, "diversion.tracking", place=64),
    ),
)
