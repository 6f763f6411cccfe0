"""A merchant's month: what his verifications came to, and what the proved ones cost him.

A verification counts in the month in which it ended. What is listed sums to what was booked on the
merchant's account of the journal to the micro-unit, or there is no statement. Tests are not in it.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from engine.core.inventory import Inventory
from engine.core.money import format_shortest
from engine.core.verification import Status
from engine.errors import CallerError, EngineError
from engine.flows.papers.columns import aligned
from engine.flows.papers.month import Month
from engine.flows.statement.words import LANGUAGES
from engine.ports.verifications import Outcomes, Verifications

FIELDS = ("merchant", "month", "status", "reason", "count", "price", "amount", "currency")
RIGHT = (1, 2, 3)

log = structlog.get_logger(__name__)

_WORDS: Mapping[str, Mapping[str, str]] = {
    "de": {
        "title": "Verifizierungen {month} {year}",
        "heads": "Ergebnis|Anzahl|je|Betrag",
        "total": "Summe",
        "verified": "bestätigt",
        "wrong_code": "Code falsch",
        "expired": "abgelaufen",
        "failed": "nicht erreicht",
        "rejected": "nicht angerufen",
        "blocked": "gesperrt",
        "cancelled": "abgebrochen",
    },
    "en": {
        "title": "Verifications {month} {year}",
        "heads": "Outcome|Count|each|Amount",
        "total": "Total",
        "verified": "verified",
        "wrong_code": "wrong code",
        "expired": "expired",
        "failed": "not reached",
        "rejected": "not called",
        "blocked": "blocked",
        "cancelled": "cancelled",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantStatement:
    """One merchant's month; `is_closed` is False while it is not over."""

    merchant: str
    title: str
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


def merchant_text(statement: MerchantStatement, lang: str) -> str:
    """The statement as lines of text."""
    words, sheet = _WORDS[lang], LANGUAGES[lang]
    first = statement.month.first
    rows = [words["heads"].split("|")]
    for line in statement.lines:
        named = words[line.status] + (f" ({line.reason})" if line.reason else "")
        amount = sheet.money(line.count * line.price_micros)
        rows.append([named, sheet.count(line.count), sheet.money(line.price_micros), amount])
    total = f"{sheet.money(statement.total_micros)}"
    rows.append([words["total"], sheet.count(sum(x.count for x in statement.lines)), "", total])
    titled = words["title"].format(month=sheet.months[first.month - 1], year=first.year)
    if not statement.is_closed:
        titled = f"{titled} ({sheet.preliminary})"
    about = f"{statement.title} ({statement.merchant}), {statement.currency}"
    return "\n".join([titled, about, "", *aligned(rows, RIGHT)]) + "\n"


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
