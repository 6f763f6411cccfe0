"""The calls of an organisation's callers, refused ones too, as CSV and on paper.

A caller's number lacks its last three digits (§ 11 TDDDG), a withheld one is left out. A month's
register ends with the sum of its lines and with what the journal booked for calls in that month,
and says until when it is complete, if calls of that month may still be booked.
"""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.core.cdr import CallRecord
from engine.core.masking import shown
from engine.core.money import format_shortest
from engine.flows.evn.bill import complete_until, line_of
from engine.flows.evn.pdf import table
from engine.flows.evn.sheet import FIELDS as OF_BILL
from engine.flows.evn.sheet import cells, values
from engine.flows.evn.words import Words
from engine.flows.papers.document import FONT, Document
from engine.flows.papers.month import Month
from engine.ports.reading.records import PAGE_MOST, CallFilter, Records

FIELDS = (OF_BILL[0], OF_BILL[1], "caller", *OF_BILL[2:])
LINES_MOST = 500_000
"""The most calls of one file; a file that ends there says so in its last line."""

CUT_SHORT = "there are more calls"


async def records_of(
    records: Records, wanted: CallFilter, most: int = LINES_MOST
) -> AsyncIterator[CallRecord]:
    """The calls that are wanted, newest first, one page of the books after the other."""
    wanted = replace(wanted, most=PAGE_MOST)
    left = most
    while left > 0:
        page = await records.search(wanted)
        for record in page.records[:left]:
            yield record
        left -= len(page.records)
        if page.following is None:
            return
        wanted = replace(wanted, before=page.following)


async def csv_lines(records: Records, wanted: CallFilter, zone: ZoneInfo) -> AsyncIterator[str]:
    """The calls as lines of CSV (RFC 4180) with a heading."""
    yield _csv(dict(zip(FIELDS, FIELDS, strict=True)))
    async for record in _shown(records, wanted):
        yield _csv(_values(record, zone) if record else {"outcome": CUT_SHORT})


async def month_lines(
    records: Records, wanted: CallFilter, month: Month, now_ms: int, words: Words
) -> AsyncIterator[str]:
    """A profile's month as lines of CSV; the last two are the two sums.

    `wanted` says whose. Each page of calls is read with what the journal booked in its stretch of
    time, so that a call that is booked while the file is made is in both sums or in neither. What
    was booked by `now_ms` is in them.
    """
    wanted = replace(wanted, from_ms=month.from_ms, to_ms=month.to_ms)
    yield _csv(dict(zip(FIELDS, FIELDS, strict=True)))
    left, total_micros, booked_micros, currency = LINES_MOST, 0, 0, ""
    while True:
        found = await records.booked_page(replace(wanted, most=min(left, PAGE_MOST)))
        booked_micros += found.booked_micros
        for record in found.page.records:
            total_micros += record.charge_micros
            currency = record.currency
            yield _csv(_values(record, month.zone))
        left -= len(found.page.records)
        if found.page.following is None:
            break
        wanted = replace(wanted, before=found.page.following)
        if left == 0:
            booked_micros += await records.booked(wanted)
            yield _csv({"outcome": CUT_SHORT})
            break
    until = complete_until(month, now_ms)
    if until is not None:
        yield _csv({"at": until.isoformat(), "outcome": words.until(until)})
    for said, micros in ((words.sum_of_lines, total_micros), (words.booked, booked_micros)):
        charge = format_shortest(micros, 2)
        yield _csv({"charge": charge, "currency": currency, "outcome": said})


async def _shown(records: Records, wanted: CallFilter) -> AsyncIterator[CallRecord | None]:
    """The calls of one file, and None after them if it leaves out any."""
    count = 0
    async for record in records_of(records, wanted, LINES_MOST + 1):
        count += 1
        yield record if count <= LINES_MOST else None


def _values(record: CallRecord, zone: ZoneInfo) -> Mapping[str, object]:
    caller = shown(record.e164, withheld=record.withheld)
    return {**values(line_of(record, zone), record.currency), "caller": caller}


def _csv(row: Mapping[str, Any]) -> str:
    written = io.StringIO(newline="")
    csv.DictWriter(written, FIELDS).writerow(row)
    return written.getvalue()


def pdf(
    records: Sequence[CallRecord], words: Words, zone: ZoneInfo, about: str, made_at: datetime
) -> bytes:
    """The calls as a document (A4, landscape); the number is the caller's."""
    document = Document(words.title, made_at, "landscape")
    document.say(words.title, size=14, bold=True, height_mm=10)
    document.say(about, height_mm=10)
    document.set_font(FONT, size=8)
    table(document, [_cells(record, words, zone) for record in records], words)
    if not records:
        document.say(words.nothing)
    return bytes(document.output())


def _cells(record: CallRecord, words: Words, zone: ZoneInfo) -> tuple[str, ...]:
    at, _called, *rest = cells(line_of(record, zone), words)
    return (at, shown(record.e164, withheld=record.withheld) or "–", *rest)
