"""The itemised bill as cells, as lines of text, as CSV, and as plain values."""

import csv
import io
from collections.abc import Mapping

from engine.core.money import format_shortest
from engine.flows.evn.bill import Bill, BillLine
from engine.flows.evn.words import Words
from engine.flows.papers.columns import aligned

RIGHT = (4, 5, 6, 7)
"""The columns of numbers."""

FIELDS = (
    "call_id",
    "at",
    "number",
    "service",
    "line",
    "talk_ms",
    "charged_seconds",
    "price",
    "first_price",
    "first_seconds",
    "connect_fee",
    "charge",
    "currency",
    "outcome",
)
"""What `values` names, in the order of the CSV's columns."""


def cells(line: BillLine, words: Words) -> tuple[str, ...]:
    """One call as a person reads it, a cell for each of `words.columns`."""
    return (
        f"{line.at:%Y-%m-%d %H:%M:%S}",
        line.number,
        line.service,
        words.lines.get(line.line or "", ""),
        _length(line.talk_ms // 1000),
        _length(line.charged_s),
        _price(line, words),
        words.money(line.charge_micros, line.digits),
        words.outcomes[line.outcome],
    )


def _length(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02}"


def _price(line: BillLine, words: Words) -> str:
    if line.price_micros is None:
        return ""
    price = words.money(line.price_micros)
    if line.first_price_micros is None:
        return price
    first = words.money(line.first_price_micros)
    return words.at_first.format(price=first, seconds=line.first_s) + price


def total(bill: Bill, words: Words) -> str:
    """The sum, exact, with the most decimals any of its lines has."""
    digits = max((line.digits for line in bill.lines), default=2)
    return f"{words.money(bill.total_micros, digits)} {bill.currency}"


def text(bill: Bill, words: Words) -> str:
    """The bill as lines of text."""
    head = [
        f"{words.title}  {words.month} {bill.month} ({bill.timezone})",
        f"{words.account} {bill.number} ({bill.profile})",
        *([words.until(bill.until)] if bill.until else []),
        "",
    ]
    if not bill.lines:
        return "\n".join([*head, words.nothing])
    rows = [words.columns, *(cells(line, words) for line in bill.lines)]
    return "\n".join([*head, *aligned(rows, RIGHT), "", f"{words.total}: {total(bill, words)}"])


def values(line: BillLine, currency: str) -> Mapping[str, object]:
    """One call for programs: amounts as decimal strings, times with their offset."""
    return {
        "call_id": line.call_id,
        "at": line.at.isoformat(),
        "number": line.number,
        "service": line.service,
        "line": line.line,
        "talk_ms": line.talk_ms,
        "charged_seconds": line.charged_s,
        "price": _decimal(line.price_micros),
        "first_price": _decimal(line.first_price_micros),
        "first_seconds": line.first_s,
        "connect_fee": _decimal(line.connect_fee_micros),
        "charge": format_shortest(line.charge_micros, line.digits),
        "currency": currency,
        "outcome": str(line.outcome),
    }


def _decimal(micros: int | None) -> str | None:
    return None if micros is None else format_shortest(micros)


def plain(bill: Bill) -> Mapping[str, object]:
    """The whole bill for programs."""
    digits = max((line.digits for line in bill.lines), default=2)
    return {
        "account": bill.account_id,
        "number": bill.number,
        "profile": bill.profile,
        "currency": bill.currency,
        "month": bill.month,
        "timezone": bill.timezone,
        "complete_until": bill.until and bill.until.isoformat(),
        "calls": [values(line, bill.currency) for line in bill.lines],
        "total": format_shortest(bill.total_micros, digits),
    }


def csv_text(bill: Bill) -> str:
    """The calls as CSV (RFC 4180) with a heading; names and values as in `values`."""
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, FIELDS)
    writer.writeheader()
    writer.writerows(values(line, bill.currency) for line in bill.lines)
    return written.getvalue()
