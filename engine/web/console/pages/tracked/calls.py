"""Tracking calls themselves, without their callers: of those stays what their group may be told."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from aiohttp import web

from engine.core.roles import Right
from engine.core.tracked import Origin, TrackedCall, place_of
from engine.errors import CallerError
from engine.flows.tracked.rules import told_places
from engine.ports.tracked import CallPlace, ListedCall, ReportFilter
from engine.web.console.asked import PAGE_ROWS, Asked
from engine.web.console.pages.tracked.filtering import (
    choices,
    closed_by,
    days_of,
    last_of,
    place_name,
)
from engine.web.console.route import Route, Whose

CALLS = "/console/tracked/calls"


@dataclass(frozen=True, slots=True)
class Line:
    """A call as it is listed: when it came by its own clocks, and what is told of its origin."""

    call: TrackedCall
    arrived: str
    area: str
    line: str


async def show_all(asked: Asked) -> web.StreamResponse:
    """Calls, newest first."""
    days, source = days_of(asked), asked.wanted("source", 200) or None
    wanted = ReportFilter(
        organisation=asked.owner, first=days.first, after=days.after, source=source
    )
    lines: Sequence[Line] = ()
    found: Sequence[ListedCall] = ()
    sources: set[str] = set()
    try:
        found = await asked.site.tracked.rows(wanted, _place(asked.wanted("before")), PAGE_ROWS + 1)
        lines = await _lines(asked, found[:PAGE_ROWS])
        sources = await _sources(asked, wanted)
    except CallerError as error:
        asked.fault = error
    last = lines[-1].call if len(found) > PAGE_ROWS else None
    own = await asked.site.tracked.terms(asked.owner)
    return asked.render(
        "tracked/calls.html",
        lines=lines,
        more=asked.link(before=f"{last.arrived_ms}-{last.call_id}") if last else "",
        days=days,
        last=last_of(days),
        sources=choices(asked, sources),
        callers_least=own.callers_least,
    )


async def _lines(asked: Asked, found: Sequence[ListedCall]) -> Sequence[Line]:
    told = await _told(asked, found)
    lines = []
    for one in found:
        origin = told.get(_group(one), Origin())
        arrived = asked.texts.time(one.call.arrived_ms, ZoneInfo(one.call.timezone))
        lines.append(Line(one.call, arrived, place_name(asked, origin), origin.line))
    return lines


async def _told(
    asked: Asked, found: Sequence[ListedCall]
) -> Mapping[tuple[date, str, Origin], Origin]:
    """What may be told of the origins in the months of some calls that are over."""
    tracked, closed = asked.site.tracked, closed_by(asked)
    own = await tracked.terms(asked.owner)
    months = [
        tracked.origins(ReportFilter(organisation=asked.owner, first=month, after=after))
        for month in sorted({_group(one)[0] for one in found})
        if (after := (month + timedelta(days=31)).replace(day=1)) <= closed
    ]
    lines = [line for lines in await asyncio.gather(*months) for line in lines]
    return told_places(lines, own.callers_least)


def _group(listed: ListedCall) -> tuple[date, str, Origin]:
    """Of which origins of a month and source a call is."""
    return place_of(listed.call).day.replace(day=1), listed.call.source, listed.origin


async def _sources(asked: Asked, wanted: ReportFilter) -> set[str]:
    """The sources that had calls in these days."""
    whole = ReportFilter(organisation=asked.owner, first=wanted.first, after=wanted.after)
    return {line.source for line in await asked.site.tracked.report(whole)}


def _place(text: str) -> CallPlace | None:
    arrived, _, call_id = text.partition("-")
    if not (arrived.isascii() and arrived.isdecimal() and call_id):
        return None
    return CallPlace(min(int(arrived), 2**53), call_id)


ROUTES = (Route("GET", CALLS, Right.TRACKING_READ, show_all, whose=Whose.ONE),)
