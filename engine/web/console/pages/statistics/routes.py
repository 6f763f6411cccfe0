"""Statistics of calls: a chart, a table beside it, the period before, and CSV."""

import asyncio
import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from aiohttp import web

from engine.core.money import format_shortest
from engine.core.roles import Right
from engine.errors import CallerError
from engine.ports.reading.sums import CallSums, SumFilter
from engine.web.console.asked import Asked
from engine.web.console.forms.filters import day_of, start_ms, today, word_of
from engine.web.console.menu import Item, Section
from engine.web.console.pages.statistics import figures
from engine.web.console.pages.statistics.figures import By, Measure, Sum
from engine.web.console.papers import CSV, attachment
from engine.web.console.route import Route, Subject, Whose

STATISTICS = "/console/statistics"
DAYS = 30


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both included, and those just before them, as many."""

    first: date
    last: date

    @property
    def before(self) -> "Period":
        """The period before."""
        days = self.last - self.first + timedelta(days=1)
        return Period(self.first - days, self.first - timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Found:
    """What is shown: each bucket with that of the period before; `currencies` there are."""

    period: Period
    by: By
    currency: str
    currencies: Sequence[str]
    rows: list[tuple[Sum, Sum]]


async def show(asked: Asked) -> web.StreamResponse:
    """The page."""
    measure = word_of(Measure, asked.wanted("measure")) or Measure.CHARGE
    period = _period(asked)
    try:
        found = await _found(asked, period)
    except CallerError as error:
        asked.fault = error
        found = Found(period, By.DAY, "", (), [])
    return asked.render(
        "statistics/statistics.html",
        found=found,
        now=figures.total(one for one, _ in found.rows),
        before=figures.total(one for _, one in found.rows),
        bars=figures.bars(
            [(now.name, now.value(measure), one.value(measure)) for now, one in found.rows]
        ),
        measure=measure,
        measures=tuple(Measure),
        ways=tuple(By),
        services=_services(asked),
        labels={now.name: _label(asked, found.by, now.name) for now, _ in found.rows},
        compared=tuple(
            asked.texts.day(start_ms(day)) for day in (period.before.first, period.before.last)
        ),
    )


def _label(asked: Asked, by: By, name: str) -> str:
    """What a bucket is called."""
    match by:
        case By.HOUR:
            return f"{name}:00"
        case By.DAY:
            return asked.texts.day(start_ms(date.fromisoformat(name)))
        case By.WEEKDAY:
            return asked.texts(figures.WEEKDAYS[int(name)])
        case By.SERVICE:
            return _services(asked)[name]
    return name


async def export_csv(asked: Asked) -> web.StreamResponse:
    """The table as CSV (RFC 4180), amounts as decimals."""
    found = await _found(asked, _period(asked))
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    told = ("calls", "joined", "charged_s", "charge")
    writer.writerow([found.by, *told, "currency", *(f"{name}_before" for name in told)])
    for now, before in found.rows:
        writer.writerow([now.name, *_cells(now), found.currency, *_cells(before)])
    return attachment(asked, written.getvalue().encode(), CSV, "statistics.csv")


def _cells(one: Sum) -> tuple[object, ...]:
    return one.calls, one.joined, one.charged_s, format_shortest(one.charge_micros, 2)


def _period(asked: Asked) -> Period:
    """The days asked for; the last `DAYS` if none are."""
    last = day_of(asked.wanted("to")) or today(asked)
    first = day_of(asked.wanted("from")) or last - timedelta(days=DAYS - 1)
    return Period(min(first, last), last)


async def _found(asked: Asked, period: Period) -> Found:
    by = word_of(By, asked.wanted("by")) or By.DAY
    now, earlier = await asyncio.gather(_sums(asked, period, by), _sums(asked, period.before, by))
    charges = Counter[str]()
    for one in (*now, *earlier):
        charges[one.currency] += one.charge_micros
    currencies = [currency for currency, _ in charges.most_common()]
    wanted = asked.wanted("currency")
    currency = wanted if wanted in charges else next(iter(currencies), "EUR")
    services = [name for name in _services(asked) if asked.wanted("service") in ("", name)]
    these = figures.names(by, period.first, period.last, services)
    those = figures.names(by, period.before.first, period.before.last, services)
    rows = figures.paired(
        figures.gathered(now, by, currency), figures.gathered(earlier, by, currency), these, those
    )
    return Found(period, by, currency, currencies, rows)


async def _sums(asked: Asked, period: Period, by: By) -> Sequence[CallSums]:
    return await asked.site.reading.sums.calls(
        SumFilter(
            organisation=asked.owner,
            from_ms=start_ms(period.first),
            to_ms=start_ms(period.last + timedelta(days=1)),
            bucket=by.bucket,
            service=asked.wanted("service") or None,
            by_service=by is By.SERVICE,
            with_outcomes=False,
        )
    )


def _services(asked: Asked) -> dict[str, str]:
    """The organisation's services with their titles."""
    known = asked.site.inventory().services
    return {one.name: one.title or one.name for one in known if one.organisation == asked.owner}


SUBJECT = Subject(
    routes=(
        Route("GET", STATISTICS, Right.CALLS_READ, show, whose=Whose.ONE),
        Route(
            "GET",
            f"{STATISTICS}/export.csv",
            Right.CALLS_READ,
            export_csv,
            whose=Whose.ONE,
            action="statistics.export",
            is_page=False,
        ),
    ),
    menu=(Item(Section.BUSINESS, STATISTICS, Right.CALLS_READ, "statistics.title", place=60),),
)
