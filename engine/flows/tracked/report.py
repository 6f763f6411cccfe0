"""Reports of an organisation's tracking calls: by source, by time, by origin, against before."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from engine.core.tracked import Counts, Terms, total
from engine.flows.tracked.rules import (
    Days,
    OriginTold,
    days_before,
    may_tell,
    may_total,
    mean,
    permille,
    told_origins,
    year_before,
)
from engine.ports.reading.sums import Bucket
from engine.ports.tracked import ReportFilter, ReportLine, Tracked


class Against(StrEnum):
    """What a report is compared with."""

    NOTHING = "nothing"
    BEFORE = "before"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be reported; see `ports.tracked.ReportFilter`."""

    organisation: str
    days: Days
    bucket: Bucket = Bucket.WHOLE
    source: str | None = None
    number: str | None = None
    against: Against = Against.NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The calls of a source ("": of all) in a bucket ("": all the time). Times are milliseconds.

    Means are None of nothing, `firsts` and `repeats` of groups too small to be told of. `share` is
    in thousandths of all calls reported, `calls_before` the calls of the time compared with,
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
    talk_ms: int
    talk_mean_ms: int | None
    firsts: int | None
    repeats: int | None
    share: int | None
    calls_before: int | None = None
    change: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is known of an organisation's calls in some days.

    `rows` are told apart by bucket, if one was asked for; `origins` is None for days that are no
    whole months, and where a number was asked for.
    """

    wish: Wish
    compared: Days | None
    key_months: int
    callers_least: int
    total: Row
    sources: tuple[Row, ...]
    rows: tuple[Row, ...]
    origins: tuple[OriginTold, ...] | None


async def report(tracked: Tracked, wish: Wish) -> Report:
    """A report, from sums alone; `CallerError` for days that are not reported at once."""
    own = await tracked.terms(wish.organisation)
    lines = await tracked.report(_filter(wish, wish.days, wish.bucket))
    compared = compared_days(wish)
    before: Mapping[str, Counts] | None = None
    if compared is not None:
        past = await tracked.report(_filter(wish, compared, Bucket.WHOLE))
        before = {source: total(counts) for source, counts in _grouped(past).items()}
    origins = None
    if wish.days.are_months and wish.number is None:
        found = await tracked.origins(_filter(wish, wish.days, Bucket.WHOLE))
        origins = told_origins(found, own.callers_least)
    return Report(
        wish=wish,
        compared=compared,
        key_months=own.key_months,
        callers_least=own.callers_least,
        total=_total(lines, before, own),
        sources=_sources(lines, before, own),
        rows=() if wish.bucket is Bucket.WHOLE else _rows(lines, own),
        origins=origins,
    )


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
    found = _by_bucket(lines)
    whole = total([line.counts for line in lines])
    return tuple(
        _row(
            wish.source or "",
            name,
            total(groups := found.get(name, [])),
            is_told=may_total(groups, own.callers_least),
            whole=whole,
        )
        for name in wish.bucket.names(wish.days.first, wish.days.after - timedelta(days=1))
    )


def no_calls(source: str) -> Row:
    """The row of a source without calls."""
    return _row(source, "", Counts(), is_told=False, whole=Counts())


def _by_bucket(lines: Iterable[ReportLine]) -> Mapping[str, list[Counts]]:
    """The counts of each source in each bucket."""
    found: defaultdict[str, list[ReportLine]] = defaultdict(list)
    for line in lines:
        found[line.bucket].append(line)
    return {
        bucket: [total(counts) for counts in _grouped(those).values()]
        for bucket, those in found.items()
    }


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


def _total(lines: Sequence[ReportLine], before: Mapping[str, Counts] | None, own: Terms) -> Row:
    groups = [total(counts) for counts in _grouped(lines).values()]
    counts = total(groups)
    is_told = may_total(groups, own.callers_least)
    past = None if before is None else total(list(before.values()))
    return _row("", "", counts, is_told=is_told, whole=counts, before=past)


def _sources(
    lines: Sequence[ReportLine], before: Mapping[str, Counts] | None, own: Terms
) -> tuple[Row, ...]:
    """A row a source, most calls first; also of those that had calls only before."""
    found = {source: total(counts) for source, counts in _grouped(lines).items()}
    whole = total(list(found.values()))
    rows = [
        _row(
            source,
            "",
            counts := found.get(source, Counts()),
            is_told=may_tell(counts, own.callers_least),
            whole=whole,
            before=None if before is None else before.get(source, Counts()),
        )
        for source in {**found, **(before or {})}
    ]
    return tuple(sorted(rows, key=lambda row: (-row.calls, row.source)))


def _rows(lines: Sequence[ReportLine], own: Terms) -> tuple[Row, ...]:
    """A row a bucket and source, in the order of the buckets."""
    found: defaultdict[tuple[str, str], list[Counts]] = defaultdict(list)
    for line in lines:
        found[line.bucket, line.source].append(line.counts)
    whole = total([line.counts for line in lines])
    summed = {place: total(counts) for place, counts in sorted(found.items())}
    return tuple(
        _row(source, bucket, counts, is_told=may_tell(counts, own.callers_least), whole=whole)
        for (bucket, source), counts in summed.items()
    )


def _row(
    source: str,
    bucket: str,
    counts: Counts,
    *,
    is_told: bool,
    whole: Counts,
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
        talk_ms=counts.talk_ms,
        talk_mean_ms=mean(counts.talk_ms, counts.answered),
        firsts=counts.firsts if is_told else None,
        repeats=counts.repeats if is_told else None,
        share=permille(counts.calls, whole.calls),
        calls_before=past,
        change=None if past is None else permille(counts.calls - past, past),
    )
