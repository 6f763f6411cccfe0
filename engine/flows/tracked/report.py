"""Reports of an organisation's tracking calls: by source, by time, by origin, against before."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from engine.core.tracked import Counts, Measure, Terms, total
from engine.flows.tracked.rules import (
    NOTHING_TOLD,
    Callers,
    CallersTold,
    Days,
    OriginTold,
    days_before,
    mean,
    permille,
    told_callers,
    told_origins,
    year_before,
)
from engine.ports.reading.sums import Bucket
from engine.ports.tracked import MedianLine, ReportFilter, ReportLine, Tracked


class Against(StrEnum):
    """What a report is compared with."""

    NOTHING = "nothing"
    BEFORE = "before"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be reported; see `ports.tracked.ReportFilter`.

    Of callers is told in months that ended by the day `closed`: `core.tracked.keys_due`.
    """

    organisation: str
    days: Days
    closed: date
    bucket: Bucket = Bucket.WHOLE
    source: str | None = None
    number: str | None = None
    against: Against = Against.NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The calls of a source ("": of all) in a bucket ("": all the time). Times are milliseconds.

    Means and medians (whole seconds) are None of nothing, a median also of a bucket and of calls
    from before times were kept, `firsts` and `repeats` where nothing is told of callers. `share`
    is in thousandths of all calls reported, `calls_before` the calls of the time compared with,
    `change` how many thousandths of those there are more.
    """

    source: str
    bucket: str
    calls: int
    answered: int
    missed: int
    abandoned: int
    busy: int
    failed: int
    ring_mean_ms: int | None
    ring_median_s: int | None
    talk_ms: int
    talk_mean_ms: int | None
    talk_median_s: int | None
    firsts: int | None
    repeats: int | None
    share: int | None
    calls_before: int | None = None
    change: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is known of an organisation's calls in some days.

    `rows` are told apart by bucket, if one was asked for. `are_callers_told` says whether the days
    are closed months, of all numbers; else nothing is told of callers, and `origins` is None. By
    hour, weekday and day nothing is told of them either.
    """

    wish: Wish
    compared: Days | None
    key_months: int
    callers_least: int
    are_callers_told: bool
    total: Row
    sources: tuple[Row, ...]
    rows: tuple[Row, ...]
    origins: tuple[OriginTold, ...] | None


Medians = Mapping[str | None, Mapping[Measure, MedianLine]]
"""Of each source; None: of all."""

NO_MEDIANS: Mapping[Measure, MedianLine] = {}


async def report(tracked: Tracked, wish: Wish) -> Report:
    """A report, from sums alone; `CallerError` for days that are not reported at once."""
    own = await tracked.terms(wish.organisation)
    lines = await tracked.report(_filter(wish, wish.days, wish.bucket))
    compared = compared_days(wish)
    before: Mapping[str, Counts] | None = None
    if compared is not None:
        past = await tracked.report(_filter(wish, compared, Bucket.WHOLE))
        before = {source: total(counts) for source, counts in _grouped(past).items()}
    origins, told = None, await _callers(tracked, wish, own)
    if are_callers_told := _are_callers_told(wish):
        found = await tracked.origins(_filter(wish, wish.days, Bucket.WHOLE))
        origins = told_origins(found, own.callers_least)
    medians = await _medians(tracked, wish)
    return Report(
        wish=wish,
        compared=compared,
        key_months=own.key_months,
        callers_least=own.callers_least,
        are_callers_told=are_callers_told,
        total=_total(wish, lines, before, told, medians),
        sources=_sources(lines, before, told, medians),
        rows=() if wish.bucket is Bucket.WHOLE else _rows(wish, lines, told),
        origins=origins,
    )


def _are_callers_told(wish: Wish) -> bool:
    return wish.number is None and wish.days.are_closed(wish.closed)


async def _callers(tracked: Tracked, wish: Wish, own: Terms) -> CallersTold:
    """What may be told of callers, of all sources whichever is asked for: sums are held against
    each other."""
    if not _are_callers_told(wish):
        return NOTHING_TOLD
    everything = replace(_filter(wish, wish.days, Bucket.MONTH), source=None)
    groups: defaultdict[tuple[str, str], list[Counts]] = defaultdict(list)
    for line in await tracked.report(everything):
        groups[line.bucket, line.source].append(line.counts)
    summed = {group: total(counts) for group, counts in groups.items()}
    return told_callers(summed, own.callers_least)


async def _medians(tracked: Tracked, wish: Wish) -> Medians:
    found: defaultdict[str | None, dict[Measure, MedianLine]] = defaultdict(dict)
    for line in await tracked.medians(_filter(wish, wish.days, Bucket.WHOLE)):
        found[line.source][line.measure] = line
    return found


def compared_days(wish: Wish) -> Days | None:
    """The days that a report is compared with."""
    match wish.against:
        case Against.BEFORE:
            return days_before(wish.days)
        case Against.YEAR:
            return year_before(wish.days)
    return None


async def over_time(tracked: Tracked, wish: Wish) -> tuple[Row, ...]:
    """A row a bucket, of all its sources together, also where there were no calls; nothing is
    compared. `CallerError` as for a report."""
    own = await tracked.terms(wish.organisation)
    lines = await tracked.report(_filter(wish, wish.days, wish.bucket))
    told = await _callers(tracked, wish, own)
    found: defaultdict[str, list[Counts]] = defaultdict(list)
    for line in lines:
        found[line.bucket].append(line.counts)
    whole = total([line.counts for line in lines])
    return tuple(
        _row(
            wish.source or "",
            name,
            total(found.get(name, [])),
            callers=_of_bucket(wish, told, wish.source, name),
            whole=whole,
        )
        for name in wish.bucket.names(wish.days.first, wish.days.after - timedelta(days=1))
    )


def no_calls(source: str) -> Row:
    """The row of a source without calls."""
    return _row(source, "", Counts(), callers=None, whole=Counts())


def _of_bucket(wish: Wish, told: CallersTold, source: str | None, bucket: str) -> Callers | None:
    return told.of(source, bucket) if wish.bucket is Bucket.MONTH else None


def _filter(wish: Wish, days: Days, bucket: Bucket) -> ReportFilter:
    return ReportFilter(
        organisation=wish.organisation,
        first=days.first,
        after=days.after,
        bucket=bucket,
        source=wish.source,
        number=wish.number,
    )


def _grouped(lines: Iterable[ReportLine]) -> Mapping[str, list[Counts]]:
    """The counts of each source."""
    found: defaultdict[str, list[Counts]] = defaultdict(list)
    for line in lines:
        found[line.source].append(line.counts)
    return found


def _total(
    wish: Wish,
    lines: Sequence[ReportLine],
    before: Mapping[str, Counts] | None,
    told: CallersTold,
    medians: Medians,
) -> Row:
    counts = total([line.counts for line in lines])
    callers = told.of(wish.source)
    past = None if before is None else total(list(before.values()))
    its = medians.get(None, {})
    return _row("", "", counts, callers=callers, whole=counts, medians=its, before=past)


def _sources(
    lines: Sequence[ReportLine],
    before: Mapping[str, Counts] | None,
    told: CallersTold,
    medians: Medians,
) -> tuple[Row, ...]:
    """A row a source, most calls first; also of those that had calls only before."""
    found = {source: total(counts) for source, counts in _grouped(lines).items()}
    whole = total(list(found.values()))
    rows = [
        _row(
            source,
            "",
            found.get(source, Counts()),
            callers=told.of(source),
            whole=whole,
            medians=medians.get(source, {}),
            before=None if before is None else before.get(source, Counts()),
        )
        for source in {**found, **(before or {})}
    ]
    return tuple(sorted(rows, key=lambda row: (-row.calls, row.source)))


def _rows(wish: Wish, lines: Sequence[ReportLine], told: CallersTold) -> tuple[Row, ...]:
    """A row a bucket and source, in the order of the buckets."""
    found: defaultdict[tuple[str, str], list[Counts]] = defaultdict(list)
    for line in lines:
        found[line.bucket, line.source].append(line.counts)
    whole = total([line.counts for line in lines])
    summed = {place: total(counts) for place, counts in sorted(found.items())}
    return tuple(
        _row(
            source,
            bucket,
            counts,
            callers=_of_bucket(wish, told, source, bucket),
            whole=whole,
        )
        for (bucket, source), counts in summed.items()
    )


def _row(
    source: str,
    bucket: str,
    counts: Counts,
    *,
    callers: Callers | None,
    whole: Counts,
    medians: Mapping[Measure, MedianLine] = NO_MEDIANS,
    before: Counts | None = None,
) -> Row:
    past = None if before is None else before.calls
    return Row(
        source=source,
        bucket=bucket,
        calls=counts.calls,
        answered=counts.answered,
        missed=counts.missed,
        abandoned=counts.abandoned,
        busy=counts.busy,
        failed=counts.failed,
        ring_mean_ms=mean(counts.ring_ms, counts.calls),
        ring_median_s=_seconds(medians.get(Measure.RING), counts.calls),
        talk_ms=counts.talk_ms,
        talk_mean_ms=mean(counts.talk_ms, counts.answered),
        talk_median_s=_seconds(medians.get(Measure.TALK), counts.answered),
        firsts=None if callers is None else callers.firsts,
        repeats=None if callers is None else callers.repeats,
        share=permille(counts.calls, whole.calls),
        calls_before=past,
        change=None if past is None else permille(counts.calls - past, past),
    )


def _seconds(line: MedianLine | None, calls: int) -> int | None:
    """The median, if it is that of so many calls; some may have come since they were counted."""
    return line.seconds if line is not None and line.calls >= calls > 0 else None
