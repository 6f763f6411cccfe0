"""The calls of an organisation's callers, refused ones too, as CSV and on paper.

A caller's number lacks its last three digits (§ 11 TDDDG), a withheld one is left out. A month's
register ends with the sum of its lines and with what the journal booked for calls in that month.
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
from engine.core.posting import EntryKind
from engine.flows.evn.bill import line_of
from engine.flows.evn.pdf import table
from engine.flows.evn.sheet import FIELDS as OF_BILL
from engine.flows.evn.sheet import cells, values
from engine.flows.evn.words import Words
from engine.flows.papers.document import FONT, Document
from engine.flows.papers.month import Month
from engine.ports.reading.records import PAGE_MOST, CallFilter, Records
from engine.ports.statements import Statements

FIELDS = (OF_BILL[0], OF_BILL[1], "caller", *OF_BILL[2:])
LINES_MOST = 500_000
"""The most calls of one file; a file that ends there says so in its last line."""

SUM, BOOKED, CUT_SHORT = "sum of the lines", "call postings of the month", "there are more calls"


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
    records: Records, statements: Statements, organisation: str, profile: str, month: Month
) -> AsyncIterator[str]:
    """A profile's month as lines of CSV; the last two are the two sums."""
    span = month.from_ms, month.to_ms
    wanted = CallFilter(
        organisation=organisation, profile=profile, from_ms=span[0], to_ms=span[1], most=PAGE_MOST
    )
    yield _csv(dict(zip(FIELDS, FIELDS, strict=True)))
    total_micros, currency = 0, ""
    async for record in _shown(records, wanted):
        if record is None:
            yield _csv({"outcome": CUT_SHORT})
            break
        total_micros += record.charge_micros
        currency = record.currency
        yield _csv(_values(record, month.zone))
    figures = await statements.figures(organisation, profile, *span)
    booked_micros = -sum(m.micros for m in figures.movements if m.kind is EntryKind.CALL)
    for said, micros in ((SUM, total_micros), (BOOKED, booked_micros)):
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
