"""An organisation's month of numbers: what each cost it, by the days on which it took calls.

What the history of the numbers says is held against the journal to the micro-unit. Once the month's
rentals are due in the books there is no statement that differs from them.
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from engine.core.money import format_shortest
from engine.core.number import international
from engine.core.numbers.rental import Rental
from engine.errors import EngineError
from engine.flows.numbers.numbering import Numbering
from engine.flows.numbers.renting import rentals
from engine.flows.papers.columns import aligned
from engine.flows.papers.month import Month
from engine.flows.statement.words import LANGUAGES

FIELDS = ("organisation", "month", "number", "days", "price", "amount", "currency")
RIGHT = (1, 2, 3)
DUE_AFTER_MS = 24 * 3_600_000

log = structlog.get_logger(__name__)

_WORDS: Mapping[str, Mapping[str, str]] = {
    "de": {
        "title": "Rufnummern {month} {year}",
        "heads": "Rufnummer|Tage|im Monat|Betrag",
        "total": "Summe",
        "preliminary": "vorläufig, noch nicht gebucht",
    },
    "en": {
        "title": "Numbers {month} {year}",
        "heads": "Number|Days|a month|Amount",
        "total": "Total",
        "preliminary": "preliminary, not booked yet",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberStatement:
    """One organisation's month of numbers; `is_booked` once the journal says the same.

    Before that it is preliminary: numbers that take calls are reckoned to the month's end.
    """

    organisation: str
    title: str
    month: Month
    is_booked: bool
    lines: tuple[Rental, ...]

    @property
    def totals(self) -> Mapping[str, int]:
        """What all of it costs (micro-units), by currency."""
        return _sums(self.lines)


async def draw_up_rentals(
    numbering: Numbering, organisation: str, title: str, month: Month, now_ms: int
) -> NumberStatement:
    """The statement of an organisation. `EngineError` (and an alarm) if the month's rentals are in
    the books and differ from it."""
    lines = [line async for page in rentals(numbering, month, organisation) for line in page]
    owed = await numbering.numbers.owed(organisation, month.from_ms, month.to_ms)
    is_booked = now_ms >= month.to_ms and dict(owed) == dict(_sums(lines))
    if not is_booked and now_ms >= month.to_ms + DUE_AFTER_MS and owed:
        log.error("statement.refused", organisation=organisation, month=month.name)
        raise EngineError(
            f"the numbers of {organisation} {month.name} cost {dict(_sums(lines))} micro-units, but"
            f" {dict(owed)} are booked"
        )
    return NumberStatement(
        organisation=organisation,
        title=title,
        month=month,
        is_booked=is_booked,
        lines=tuple(lines),
    )


def _sums(lines: list[Rental] | tuple[Rental, ...]) -> Mapping[str, int]:
    found = Counter[str]()
    for line in lines:
        found[line.currency] += line.micros
    return found


def rentals_text(statement: NumberStatement, lang: str) -> str:
    """The statement as lines of text."""
    words, sheet = _WORDS[lang], LANGUAGES[lang]
    first = statement.month.first
    rows = [words["heads"].split("|")]
    for line in statement.lines:
        price, amount = sheet.money(line.price_micros), sheet.money(line.micros)
        number = international(line.e164)
        rows.append([number, sheet.count(line.days), price, f"{amount} {line.currency}"])
    for currency, micros in sorted(statement.totals.items()):
        rows.append([words["total"], "", "", f"{sheet.money(micros)} {currency}"])
    titled = words["title"].format(month=sheet.months[first.month - 1], year=first.year)
    if not statement.is_booked:
        titled = f"{titled} ({words['preliminary']})"
    about = f"{statement.title} ({statement.organisation})"
    return "\n".join([titled, about, "", *aligned(rows, RIGHT)]) + "\n"


def rentals_values(statement: NumberStatement) -> list[dict[str, object]]:
    """Every line for programs: amounts as decimal strings."""
    return [
        {
            "organisation": statement.organisation,
            "month": statement.month.name,
            "number": line.e164,
            "days": line.days,
            "price": format_shortest(line.price_micros),
            "amount": format_shortest(line.micros),
            "currency": line.currency,
        }
        for line in statement.lines
    ]


def rentals_csv(statement: NumberStatement) -> str:
    """The lines as CSV (RFC 4180) with a heading."""
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, FIELDS)
    writer.writeheader()
    writer.writerows(rentals_values(statement))
    return written.getvalue()
