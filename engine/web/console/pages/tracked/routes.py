"""Reports of tracking calls: a chart, a table beside it, the time before, and CSV."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from aiohttp import web

from engine.core.roles import Right
from engine.errors import CallerError
from engine.flows.tracked.report import (
    Against,
    Report,
    Row,
    Wish,
    compared_days,
    over_time,
    report,
)
from engine.flows.tracked.rules import Days, OriginTold
from engine.flows.tracked.sheet import csv_text
from engine.web.console.asked import Asked
from engine.web.console.forms.filters import start_ms, word_of
from engine.web.console.menu import Item, Section
from engine.web.console.pages.statistics.figures import WEEKDAYS, bars
from engine.web.console.pages.tracked import calls, collectors, terms
from engine.web.console.pages.tracked.figures import (
    By,
    Measure,
    Pair,
    by_place,
    by_source,
    of_source,
    value,
)
from engine.web.console.pages.tracked.filtering import (
    choices,
    closed_by,
    days_of,
    last_of,
    place_name,
)
from engine.web.console.papers import CSV, attachment
from engine.web.console.route import Route, Subject, Whose

TRACKED = "/console/tracked"
ORIGINS_MOST = 50


@dataclass(frozen=True, slots=True)
class Found:
    """What is shown: each row beside that of the time before, and the sum of both; `sources` are
    those there are; of days that are no whole months that are over, nothing is told of callers,
    and `origins` is None."""

    now: Row
    before: Row
    rows: Sequence[Pair]
    sources: Sequence[str]
    origins: Sequence[OriginTold] | None
    key_months: int
    callers_least: int
    are_callers_told: bool


async def show(asked: Asked) -> web.StreamResponse:
    """The page."""
    by = word_of(By, asked.wanted("by")) or By.SOURCE
    measure = word_of(Measure, asked.wanted("measure")) or Measure.CALLS
    wish = _wish(asked, by)
    past = compared_days(wish) or wish.days
    found: Found | None = None
    try:
        found = await _found(asked, wish, past)
    except CallerError as error:
        asked.fault = error
    rows = found.rows if found else ()
    return asked.render(
        "tracked/report.html",
        found=found,
        by=by,
        measure=measure,
        against=wish.against,
        days=wish.days,
        last=last_of(wish.days),
        compared=(past.first, last_of(past)),
        ways=tuple(By),
        measures=tuple(Measure),
        comparisons=(Against.BEFORE, Against.YEAR),
        labels={_name(row, by): _label(asked, row, by) for row, _ in rows},
        bars=bars(
            [(_name(row, by), value(row, measure), value(one, measure)) for row, one in rows]
        ),
        name_of=_name,
        place_of=lambda origin: place_name(asked, origin),
        months=[(one.first, last_of(one)) for one in _closed_months(wish.closed)],
        origins_most=ORIGINS_MOST,
        sources=choices(asked, found.sources if found else ()),
    )


async def _found(asked: Asked, wish: Wish, past: Days) -> Found:
    tracked, source = asked.site.tracked, wish.source or ""
    whole = replace(wish, source=None, bucket=By.SOURCE.bucket, against=Against.NOTHING)
    now = await report(tracked, whole)
    before = await report(tracked, replace(whole, days=past))
    if wish.bucket is whole.bucket:
        rows = by_source(_narrowed(now, source), _narrowed(before, source))
    else:
        earlier = await over_time(tracked, replace(wish, days=past))
        rows = by_place(await over_time(tracked, wish), earlier)
    told = now.origins
    return Found(
        now=of_source(now.sources, now.total, source),
        before=of_source(before.sources, before.total, source),
        rows=rows,
        sources=[row.source for row in now.sources if row.source],
        origins=None if told is None else [one for one in told if source in ("", one.source)],
        key_months=now.key_months,
        callers_least=now.callers_least,
        are_callers_told=now.are_callers_told,
    )


def _narrowed(found: Report, source: str) -> Sequence[Row]:
    return [row for row in found.sources if source in ("", row.source)]


def _wish(asked: Asked, by: By) -> Wish:
    """What the address asks for; the last `DAYS` beside those before if it says nothing."""
    return Wish(
        organisation=asked.owner,
        days=days_of(asked),
        closed=closed_by(asked),
        bucket=by.bucket,
        source=asked.wanted("source", 200) or None,
        against=word_of(Against, asked.wanted("against")) or Against.BEFORE,
    )


def _closed_months(closed: date) -> tuple[Days, Days]:
    """The last two months that were over by a day."""
    after = closed.replace(day=1)
    last = (after - timedelta(days=1)).replace(day=1)
    return Days((last - timedelta(days=1)).replace(day=1), last), Days(last, after)


def _name(row: Row, by: By) -> str:
    return row.source if by is By.SOURCE else row.bucket


def _label(asked: Asked, row: Row, by: By) -> str:
    """What a row is called."""
    match by:
        case By.SOURCE:
            return row.source or asked.texts("tracked.no_source")
        case By.HOUR:
            return f"{row.bucket}:00"
        case By.WEEKDAY:
            return asked.texts(WEEKDAYS[int(row.bucket)])
        case By.DAY:
            return asked.texts.day(start_ms(date.fromisoformat(row.bucket)))
    return row.bucket


async def export_csv(asked: Asked) -> web.StreamResponse:
    """The report as CSV: by source, or by source in each bucket."""
    wish = _wish(asked, word_of(By, asked.wanted("by")) or By.SOURCE)
    text = csv_text(await report(asked.site.tracked, wish))
    return attachment(asked, text.encode(), CSV, "tracking.csv")


SUBJECT = Subject(
    routes=(
        Route("GET", TRACKED, Right.TRACKING_READ, show, whose=Whose.ONE),
        Route(
            "GET",
            f"{TRACKED}/report.csv",
            Right.TRACKING_READ,
            export_csv,
            whose=Whose.ONE,
            action="tracked.export",
            is_page=False,
        ),
        *calls.ROUTES,
        *collectors.ROUTES,
        *terms.ROUTES,
    ),
    menu=(Item(Section.BUSINESS, TRACKED, Right.TRACKING_READ, "tracked.title", place=62),),
)
