"""A merchant's month: what his verifications came to, and what the proved ones cost him.

A verification counts in the month in which it ended. What is listed sums to what was booked on the
merchant's account of the journal to the micro-unit, or there is no statement. Tests are not in it.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypedDict

import structlog

from engine.core.inventory import Inventory
from engine.core.money import format_shortest
from engine.core.verification import Status
from engine.errors import CallerError, EngineError
from engine.flows.papers.columns import aligned
from engine.flows.papers.month import Month
from engine.flows.statement.sheet import RIGHT, Row, period
from engine.flows.statement.words import LANGUAGES
from engine.ports.verifications import Outcomes, Verifications

FIELDS = ("merchant", "month", "status", "reason", "count", "price", "amount", "currency")

log = structlog.get_logger(__name__)


class _Words(TypedDict):
    title: str
    merchant: str
    columns: tuple[str, str, str, str]
    total: str
    outcomes: Mapping[Status, str]
    notes: tuple[str, ...]


_WORDS: Mapping[str, _Words] = {
    "de": {
        "title": "Verifizierungen {month} {year}",
        "merchant": "Händler",
        "columns": ("Ergebnis", "Anzahl", "je", "Betrag in {currency}"),
        "total": "Summe",
        "outcomes": {
            Status.VERIFIED: "bestätigt",
            Status.WRONG_CODE: "Code falsch",
            Status.EXPIRED: "abgelaufen",
            Status.FAILED: "nicht erreicht",
            Status.REJECTED: "nicht angerufen",
            Status.BLOCKED: "gesperrt",
            Status.CANCELLED: "abgebrochen",
        },
        "notes": (
            "Jede Verifizierung zählt in dem Monat, in dem sie endete.",
            "Berechnet wird nur, wenn die Nummer bestätigt ist. Tests sind nicht enthalten.",
        ),
    },
    "en": {
        "title": "Verifications {month} {year}",
        "merchant": "Merchant",
        "columns": ("Outcome", "Count", "each", "Amount in {currency}"),
        "total": "Total",
        "outcomes": {
            Status.VERIFIED: "verified",
            Status.WRONG_CODE: "wrong code",
            Status.EXPIRED: "expired",
            Status.FAILED: "not reached",
            Status.REJECTED: "not called",
            Status.BLOCKED: "blocked",
            Status.CANCELLED: "cancelled",
        },
        "notes": (
            "Each verification counts in the month in which it ended.",
            "Only a verified number is charged. Tests are not included.",
        ),
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantStatement:
    """One merchant's month. `owner` is the organisation's title; `is_closed` is False while the
    month is not over."""

    merchant: str
    title: str
    owner: str
    currency: str
    month: Month
    is_closed: bool
    lines: tuple[Outcomes, ...]

    @property
    def total_micros(self) -> int:
        """What all of it costs."""
        return sum(line.count * line.price_micros for line in self.lines)


async def draw_up_merchant(
    verifications: Verifications, inventory: Inventory, name: str, month: Month, now_ms: int
) -> MerchantStatement:
    """The statement of a merchant. `CallerError` for one there is not, `EngineError` (and an alarm)
    for one that does not add up."""
    merchant = inventory.merchant(name)
    if merchant is None:
        raise CallerError(f"there is no merchant {name}", "merchant")
    figures = await verifications.figures(merchant.organisation, name, month.from_ms, month.to_ms)
    drawn = MerchantStatement(
        merchant=name,
        title=merchant.title or name,
        owner=inventory.title_of(merchant.organisation),
        currency=merchant.currency,
        month=month,
        is_closed=now_ms >= month.to_ms,
        lines=tuple(sorted(figures.outcomes, key=_place)),
    )
    others = {line.currency for line in drawn.lines if line.price_micros} - {merchant.currency}
    fault = f"charged in {', '.join(sorted(others))} too" if others else ""
    if drawn.total_micros != figures.booked_micros:
        fault = f"{drawn.total_micros} micro-units are listed, {figures.booked_micros} booked"
    if fault:
        log.error("statement.refused", merchant=name, month=month.name, fault=fault)
        raise EngineError(f"the statement of {name} {month.name} is refused: {fault}")
    return drawn


def _place(line: Outcomes) -> tuple[int, str, int]:
    return list(Status).index(line.status), line.reason, line.price_micros


def merchant_title(statement: MerchantStatement, lang: str) -> str:
    """What the statement is."""
    words, first = LANGUAGES[lang], statement.month.first
    named = _WORDS[lang]["title"].format(month=words.months[first.month - 1], year=first.year)
    return named if statement.is_closed else f"{named} ({words.preliminary})"


def merchant_about(statement: MerchantStatement, lang: str) -> tuple[str, ...]:
    """Whose it is, and of which days."""
    return (
        f"{LANGUAGES[lang].owner}: {statement.owner}",
        f"{_WORDS[lang]['merchant']}: {statement.title} ({statement.merchant})",
        period(statement.month, LANGUAGES[lang]),
    )


def merchant_columns(statement: MerchantStatement, lang: str) -> tuple[str, ...]:
    """The headings of the cells."""
    return tuple(name.format(currency=statement.currency) for name in _WORDS[lang]["columns"])


def merchant_rows(statement: MerchantStatement, lang: str) -> Iterator[Row]:
    """A row for each outcome and price, and the sum."""
    own, words = _WORDS[lang], LANGUAGES[lang]
    for line in statement.lines:
        named = own["outcomes"][line.status] + (f" ({line.reason})" if line.reason else "")
        amount = words.money(line.count * line.price_micros)
        cells = (named, words.count(line.count), words.money(line.price_micros), amount)
        yield Row(cells, is_sum=False)
    count = sum(line.count for line in statement.lines)
    yield Row((own["total"], words.count(count), "", words.money(statement.total_micros)))


def merchant_notes(lang: str) -> tuple[str, ...]:
    """What stands below the rows."""
    return _WORDS[lang]["notes"]


def merchant_text(statement: MerchantStatement, lang: str) -> str:
    """The statement as lines of text."""
    rows = [row.cells for row in merchant_rows(statement, lang)]
    table = aligned([merchant_columns(statement, lang), *rows], RIGHT)
    about = merchant_about(statement, lang)
    lines = (merchant_title(statement, lang), *about, "", *table, "", *merchant_notes(lang))
    return "\n".join(lines) + "\n"


def merchant_values(statement: MerchantStatement) -> list[dict[str, object]]:
    """Every line for programs: amounts as decimal strings."""
    return [
        {
            "merchant": statement.merchant,
            "month": statement.month.name,
            "status": line.status.value,
            "reason": line.reason,
            "count": line.count,
            "price": format_shortest(line.price_micros),
            "amount": format_shortest(line.count * line.price_micros),
            "currency": line.currency,
        }
        for line in statement.lines
    ]


def merchant_csv(statement: MerchantStatement) -> str:
    """The lines as CSV (RFC 4180) with a heading."""
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, FIELDS)
    writer.writeheader()
    writer.writerows(merchant_values(statement))
    return written.getvalue()
