"""A year of tracking calls drawn by chance, kept in real books, and counted again from their rows.

What reports say from sums is held against plain SQL over the calls; what SQL cannot know, who
called and on which local day, against what was drawn. Some calls are kept twice. Kept are many in
a transaction, which saves time and nothing else.
"""

import asyncio
import random
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from functools import cache, partial
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, TextClause, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.tracked import (
    Outcome,
    Seen,
    TrackedCall,
    key_period,
    origin_of,
    place_of,
    seconds_at,
    step_of,
)
from engine.ledger.sql import SqlLedger
from engine.ledger.tables import organisations
from engine.ledger.tracked.sql import SqlTracked
from engine.ledger.tracked.tables import Over, tracked_calls
from engine.ports.reading.sums import Bucket
from engine.ports.tracked import ReportFilter, ReportLine, Tracked

ORGANISATIONS = {"acme": "Europe/Berlin", "bolt": "America/New_York", "cafe": "Asia/Kolkata"}
SOURCES = ("website", "portal", "newspaper", "radio", "leaflet", "fair", "search", "maps", "")
"""The last is of calls to numbers without a source."""

START_MS, YEAR_MS = 1_767_222_000_000, 365 * 24 * 3_600_000
FIRST, AFTER = date(2026, 1, 1), date(2027, 1, 1)
HOURS_AFTER = date(2026, 4, 11)
"""A hundred days are reported by the hour, the beginning of summer time among them."""

BATCH = 500
AT_ONCE = 8
"""How many calls are being kept at a time."""

TWICE_EACH = 50
TIMES = 11
SECRET = b"the secret of a simulated house"

Drawn = tuple[TrackedCall, str | None]


@dataclass
class Verdict:
    """What was found: differences, and how long each report took (milliseconds, the median)."""

    calls: int = 0
    faults: list[str] = field(default_factory=list)
    report_ms: dict[str, float] = field(default_factory=dict)

    @property
    def slowest_ms(self) -> float:
        """Of the reports."""
        return max(self.report_ms.values(), default=0.0)


def drawn(seed: int, count: int) -> Iterator[Drawn]:
    """Calls by chance, always the same of one seed; few callers call often, most once."""
    chance = random.Random(seed)
    names = tuple(ORGANISATIONS)
    for number in range(count):
        organisation = names[min(2, int(chance.expovariate(1.2)))]
        arrived_ms = START_MS + chance.randrange(YEAR_MS)
        outcome = chance.choices(tuple(Outcome), (70, 15, 8, 7))[0]
        ring_ms = chance.randrange(2_000, 40_000)
        talk_ms = chance.randrange(600_000) if outcome is Outcome.ANSWERED else 0
        source = chance.randrange(len(SOURCES))
        call = TrackedCall(
            call_id=f"s{number}",
            organisation=organisation,
            number=f"+4930231255{source}{chance.randrange(2)}",
            source=SOURCES[source],
            arrived_ms=arrived_ms,
            answered_ms=arrived_ms + ring_ms if outcome is Outcome.ANSWERED else None,
            ended_ms=arrived_ms + ring_ms + talk_ms,
            outcome=outcome,
            target=chance.choice((None, 0, 1)),
            timezone=ORGANISATIONS[organisation],
        )
        yield call, _caller(chance, count)


def _caller(chance: random.Random, count: int) -> str | None:
    """A landline in one of four areas or a mobile; one in twenty withholds his number."""
    if chance.random() < 0.05:
        return None
    who = min(int(chance.paretovariate(0.6)), max(count // 3, 10)) % 1_000_000
    area = ("+4930", "+4989", "+49221", "+43512", "+49151")[who % 5]
    return f"{area}2{who:06}" if area != "+49151" else f"+491512{who:07}"


@dataclass
class Truth:
    """What was drawn: calls by organisation and local time, and who called in which key period."""

    hours: Counter[tuple[str, date, int]] = field(default_factory=Counter)
    callers: defaultdict[str, set[tuple[date, str]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    known: Counter[str] = field(default_factory=Counter)

    def see(self, call: TrackedCall, caller: str | None) -> None:
        """Count a call."""
        local = datetime.fromtimestamp(call.arrived_ms / 1000, ZoneInfo(call.timezone))
        self.hours[call.organisation, local.date(), local.hour] += 1
        if caller is not None:
            self.callers[call.organisation].add((key_period(local.date()).first, caller))
            self.known[call.organisation] += 1


async def simulate(
    ledger: SqlLedger, seed: int, count: int, tell: Callable[[int], None] = lambda _: None
) -> Verdict:
    """Keep so many calls in empty books and hold every report against a recount."""
    verdict, truth = Verdict(calls=count), Truth()
    tracked, calls = SqlTracked(ledger, SECRET, mailing=False), drawn(seed, count)
    while batch := list(islice(calls, BATCH)):
        for one in batch:
            truth.see(*one)
        kept = iter([*batch, *batch[::TWICE_EACH]])
        await asyncio.gather(*(_keep(tracked, kept) for _ in range(AT_ONCE)))
        tell(len(batch))
    await judge(ledger, truth, verdict)
    return verdict


async def _keep(tracked: Tracked, calls: Iterator[Drawn]) -> None:
    for call, caller in calls:
        await tracked.keep(call, caller)


async def fill(
    ledger: SqlLedger, seed: int, count: int, tell: Callable[[int], None] = lambda _: None
) -> Verdict:
    """Write so many calls past the port and add them up in SQL, which is far quicker: for reports
    that are to be timed."""
    verdict, truth = Verdict(calls=count), Truth()
    calls = drawn(seed, count)
    names = [{"organisation": name} for name in ORGANISATIONS]
    await ledger.database.write(lambda c: c.execute(insert(organisations), names))
    while batch := list(islice(calls, BATCH)):
        written = [_written(truth, *one) for one in batch]
        adding = partial(_insert, written=written)
        await ledger.database.write(adding, 60)
        tell(len(batch))
    overs = (Over.DAY, "day"), (Over.MONTH, _MONTH)
    times = [_times(*over, *one) for over in overs for one in _MS.items()]
    for statement in (_sums("-1"), _sums("hour"), _ADD_ORIGINS, *times):
        await ledger.database.write(partial(_execute, statement=statement), 600)
    await judge(ledger, truth, verdict)
    return verdict


_origin = cache(origin_of)


def _written(truth: Truth, call: TrackedCall, caller: str | None) -> dict[str, object]:
    """A call's row."""
    place, origin = place_of(call), _origin(caller)
    known = key_period(place.day).first, caller or ""
    seen = Seen.UNKNOWN
    if caller is not None:
        seen = Seen.REPEAT if known in truth.callers[call.organisation] else Seen.FIRST
    truth.see(call, caller)
    day = (place.day - date(1970, 1, 1)).days
    return {
        **{each.name: getattr(call, each.name) for each in fields(TrackedCall)},
        "country": origin.country,
        "area": origin.area,
        "line": origin.line,
        "day": day,
        "hour": place.hour,
        "seen": seen.value,
        "outcome": call.outcome.value,
    }


async def _insert(connection: AsyncConnection, written: Sequence[dict[str, object]]) -> None:
    await connection.execute(insert(tracked_calls), written)


async def _execute(connection: AsyncConnection, statement: str) -> None:
    await connection.execute(text(statement))


def _sums(hour: str) -> str:
    counts = _RECOUNT.partition("AS bucket,")[2].partition("FROM")[0]
    return f"""
        INSERT INTO tracked_sums (organisation, hour, day, source, number, calls, answered,
            abandoned, busy, failed, ring_ms, talk_ms, firsts, repeats)
        SELECT organisation, {hour}, day, source, number, {counts}
        FROM tracked_calls GROUP BY 1, 2, 3, 4, 5
    """


_MS = {
    "ring": "(COALESCE(answered_ms, ended_ms) - arrived_ms)",
    "talk": "(ended_ms - answered_ms)",
}


_STEP = " ".join(
    ["CASE WHEN {s} < 32 THEN {s}",
     *(f"WHEN {{s}} < {32 << n} THEN {16 * n} + {{s}} / {1 << n}" for n in range(1, 20)), "END"]
)  # fmt: skip
"""`core.tracked.step_of` in SQL."""


def _times(over: str, begins: str, measure: str, ms: str) -> str:
    step = _STEP.format(s=f"(({ms} + 500) / 1000)")
    return f"""
        INSERT INTO tracked_times
            (organisation, over, day, source, number, measure, step, calls)
        SELECT organisation, '{over}', {begins}, source, number, '{measure}', {step}, COUNT(*)
        FROM tracked_calls WHERE {ms} IS NOT NULL GROUP BY 1, 3, 4, 5, 7
    """


_TIMED = """
    SELECT source, ({ms} + 500) / 1000 AS seconds, COUNT(*) AS calls
    FROM tracked_calls
    WHERE organisation = :organisation AND day >= :first AND day < :after AND {ms} IS NOT NULL
    GROUP BY 1, 2
"""
_RECOUNT = """
    SELECT source, number, {bucket} AS bucket, COUNT(*) AS calls,
        SUM(CASE outcome WHEN 'answered' THEN 1 ELSE 0 END) AS answered,
        SUM(CASE outcome WHEN 'abandoned' THEN 1 ELSE 0 END) AS abandoned,
        SUM(CASE outcome WHEN 'busy' THEN 1 ELSE 0 END) AS busy,
        SUM(CASE outcome WHEN 'failed' THEN 1 ELSE 0 END) AS failed,
        SUM(COALESCE(answered_ms, ended_ms) - arrived_ms) AS ring_ms,
        SUM(CASE WHEN answered_ms IS NULL THEN 0 ELSE ended_ms - answered_ms END) AS talk_ms,
        SUM(CASE seen WHEN 'first' THEN 1 ELSE 0 END) AS firsts,
        SUM(CASE seen WHEN 'repeat' THEN 1 ELSE 0 END) AS repeats
    FROM tracked_calls
    WHERE organisation = :organisation AND day >= :first AND day < :after
    GROUP BY source, number, bucket
"""
_ORIGINS = """
    SELECT source, country, area, line, COUNT(*), SUM(CASE seen WHEN 'first' THEN 1 ELSE 0 END)
    FROM tracked_calls WHERE organisation = :organisation AND day >= :first AND day < :after
    GROUP BY source, country, area, line
"""
_STARTS = [(date(2025 + month // 12, month % 12 + 1, 1) - date(1970, 1, 1)).days
           for month in range(11, 25)]  # fmt: skip
"""The first days of months, from December before to January after."""

_MONTH = " ".join(
    ["CASE", *(f"WHEN day < {after} THEN {start}" for start, after in pairwise(_STARTS)),
     f"ELSE {_STARTS[-1]} END"]
)  # fmt: skip
_ADD_ORIGINS = f"""
    INSERT INTO tracked_origins
        (organisation, month, source, number, country, area, line, calls, firsts)
    SELECT organisation, {_MONTH}, source, number, country, area, line, COUNT(*),
        SUM(CASE seen WHEN 'first' THEN 1 ELSE 0 END)
    FROM tracked_calls GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
_BUCKETS = {
    Bucket.WHOLE: "''",
    Bucket.HOUR: "hour",
    Bucket.WEEKDAY: "(day + 3) % 7",
    Bucket.DAY: "day",
    Bucket.MONTH: _MONTH,
}


async def judge(ledger: SqlLedger, truth: Truth, verdict: Verdict) -> None:
    """Add what the books and what was drawn differ in."""
    tracked = SqlTracked(ledger, SECRET, mailing=False)
    for organisation in ORGANISATIONS:
        for bucket in Bucket:
            after = HOURS_AFTER if bucket is Bucket.HOUR else AFTER
            wanted = ReportFilter(
                organisation=organisation, first=FIRST, after=after, bucket=bucket
            )
            lines = await tracked.report(wanted)
            if await _recount(ledger, wanted) != sorted(_values(line) for line in lines):
                verdict.faults.append(f"{organisation}: the report by {bucket} is not the recount")
            if _hours(truth, wanted) != sum(line.counts.calls for line in lines):
                verdict.faults.append(f"{organisation}: the report by {bucket} is not all calls")
        whole = ReportFilter(organisation=organisation, first=FIRST, after=AFTER)
        await _judge_medians(ledger, tracked, whole, verdict)
        await _judge_callers(tracked, whole, truth, verdict)
        await _judge_origins(ledger, tracked, whole, verdict)
    await _judge_hours(ledger, truth, verdict)
    await _time(tracked, verdict)


async def _judge_medians(
    ledger: SqlLedger, tracked: SqlTracked, wanted: ReportFilter, verdict: Verdict
) -> None:
    """Each median, of all and of sources, "" among them, is that of the times themselves, by its
    step."""
    told = await tracked.medians(wanted)
    medians = [(line.measure.value, line.source, line.calls, line.seconds) for line in told]
    if medians != await _recounted_medians(ledger, wanted):
        verdict.faults.append(f"{wanted.organisation}: the medians are not the recount")


async def _recounted_medians(
    ledger: SqlLedger, wanted: ReportFilter
) -> list[tuple[str, str | None, int, int]]:
    found: defaultdict[tuple[str, str | None], Counter[int]] = defaultdict(Counter)
    for measure, ms in _MS.items():
        statement = text(_TIMED.format(ms=ms))
        for row in await ledger.database.read(partial(_read, wanted=wanted, asked=statement), 600):
            for source in (None, row.source):
                found[measure, source][row.seconds] += row.calls
    all_first = sorted(found, key=lambda key: (key[0], key[1] is not None, key[1] or ""))
    return [
        (*key, times.total(), _stepped(statistics.median_low(sorted(times.elements()))))
        for key in all_first
        if (times := found[key])
    ]


def _stepped(seconds: int) -> int:
    return seconds_at(step_of(seconds))


async def _read(
    connection: AsyncConnection, wanted: ReportFilter, asked: TextClause
) -> Sequence[Row[Any]]:
    return (await connection.execute(asked, _span(wanted))).all()


def _values(line: ReportLine) -> tuple[object, ...]:
    return line.source, line.number, *asdict(line.counts).values()


async def _recount(ledger: SqlLedger, wanted: ReportFilter) -> list[tuple[object, ...]]:
    """A line for each source, number and bucket, whose name is not told."""
    statement = text(_RECOUNT.format(bucket=_BUCKETS[wanted.bucket]))
    found = await ledger.database.read(lambda c: c.execute(statement, _span(wanted)), 600)
    return sorted(
        (row.source, row.number, *(int(count) for count in tuple(row)[3:])) for row in found
    )


def _span(wanted: ReportFilter) -> dict[str, str | int]:
    start = date(1970, 1, 1)
    first, after = (wanted.first - start).days, (wanted.after - start).days
    return {"organisation": wanted.organisation, "first": first, "after": after}


def _hours(truth: Truth, wanted: ReportFilter) -> int:
    return sum(
        count
        for (organisation, day, _), count in truth.hours.items()
        if organisation == wanted.organisation and wanted.first <= day < wanted.after
    )


async def _judge_callers(
    tracked: SqlTracked, whole: ReportFilter, truth: Truth, verdict: Verdict
) -> None:
    """First calls are as many as there were callers in each key period, at any end of the year."""
    counts = [
        line.counts
        for around in (whole, _year(whole, 2025), _year(whole, 2027))
        for line in await tracked.report(around)
    ]
    firsts, repeats = sum(one.firsts for one in counts), sum(one.repeats for one in counts)
    callers, known = len(truth.callers[whole.organisation]), truth.known[whole.organisation]
    if (firsts, firsts + repeats) != (callers, known):
        told = f"{firsts} first calls of {callers} callers, {repeats} others of {known}"
        verdict.faults.append(f"{whole.organisation}: {told}")


def _year(whole: ReportFilter, year: int) -> ReportFilter:
    return ReportFilter(
        organisation=whole.organisation, first=date(year, 1, 1), after=date(year + 1, 1, 1)
    )


async def _judge_origins(
    ledger: SqlLedger, tracked: SqlTracked, whole: ReportFilter, verdict: Verdict
) -> None:
    told: Counter[tuple[str, ...]] = Counter()
    firsts: Counter[tuple[str, ...]] = Counter()
    for line in await tracked.origins(whole):
        origin = line.origin
        key = line.source, origin.country, origin.area, origin.line
        told[key] += line.calls
        firsts[key] += line.firsts
    found = await ledger.database.read(lambda c: c.execute(text(_ORIGINS), _span(whole)), 600)
    recounted = {tuple(row)[:4]: (int(row[4]), int(row[5])) for row in found}
    if recounted != {key: (told[key], firsts[key]) for key in told}:
        verdict.faults.append(f"{whole.organisation}: origins are not the recount")


async def _judge_hours(ledger: SqlLedger, truth: Truth, verdict: Verdict) -> None:
    """Each call is in the day and hour that the clocks showed."""
    statement = text("SELECT organisation, day, hour, COUNT(*) FROM tracked_calls GROUP BY 1, 2, 3")
    found = await ledger.database.read(lambda c: c.execute(statement), 600)
    epoch = date(1970, 1, 1).toordinal()
    kept = {(row[0], date.fromordinal(epoch + row[1]), row[2]): row[3] for row in found}
    if kept != dict(truth.hours):
        verdict.faults.append("calls are not in their local day and hour")


async def _time(tracked: SqlTracked, verdict: Verdict) -> None:
    """How long the largest organisation's reports take."""
    for bucket in Bucket:
        after = HOURS_AFTER if bucket is Bucket.HOUR else AFTER
        wanted = ReportFilter(organisation="acme", first=FIRST, after=after, bucket=bucket)
        verdict.report_ms[bucket.value] = await _median_ms(partial(tracked.report, wanted))
    whole = ReportFilter(organisation="acme", first=FIRST, after=AFTER)
    verdict.report_ms["medians"] = await _median_ms(partial(tracked.medians, whole))
    verdict.report_ms["origins"] = await _median_ms(partial(tracked.origins, whole))


async def _median_ms(ask: Callable[[], Awaitable[object]]) -> float:
    took_ms = []
    for _ in range(TIMES):
        began_s = time.perf_counter()
        await ask()
        took_ms.append((time.perf_counter() - began_s) * 1000)
    return statistics.median(took_ms)
