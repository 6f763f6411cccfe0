"""The statement as tables of cells, as lines of text, as CSV, and as plain values."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from engine.core.money import format_shortest
from engine.flows.papers.columns import aligned
from engine.flows.papers.month import Month
from engine.flows.statement.statement import OTHER_REASONS, Fee, FeeKind, Line, Section, Statement
from engine.flows.statement.words import Words
from engine.ports.statements import SetAside

RIGHT = (1, 2, 3)
"""The columns of numbers."""

INDENT = "    "
NAME_MOST = 50
"""Letters of a line's name; a reason can be as long as somebody wished."""

FIELDS = ("profile", "month", "item", "about", "count", "charged_seconds", "amount", "currency")
"""The CSV's columns, and what `values` names."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Row:
    """One row as a person reads it, a cell for each of `words.columns`; `is_sum` is set in bold."""

    cells: tuple[str, str, str, str]
    is_sum: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """The rows under one heading; the first table's is the statement's own title."""

    heading: str
    rows: tuple[Row, ...]


def title(statement: Statement, words: Words) -> str:
    """What the statement is."""
    first = statement.month.first
    named = words.title.format(month=words.months[first.month - 1], year=first.year)
    return named if statement.is_closed else f"{named} ({words.preliminary})"


def about(statement: Statement, words: Words) -> tuple[str, ...]:
    """Whose it is, and of which days."""
    return (
        f"{words.owner}: {statement.owner}",
        f"{words.profile}: {statement.title} ({statement.profile})",
        period(statement.month, words),
    )


def period(month: Month, words: Words) -> str:
    """The days of a month, as a line."""
    last = month.end.date() - timedelta(days=1)
    days = f"{words.day(month.first)} - {words.day(last)} ({month.zone.key})"
    return f"{words.period}: {days}"


def columns(statement: Statement, words: Words) -> tuple[str, ...]:
    """The headings of the cells."""
    return tuple(name.format(currency=statement.currency) for name in words.columns)


def tables(statement: Statement, words: Words) -> Iterator[Table]:
    """Balances and movements, what was set aside, the fees; an empty one is left out."""
    digits = _digits(statement)
    yield Table(
        "",
        (
            Row((words.opening, "", "", words.money(statement.opening_micros, digits))),
            *_movements(statement, words, digits),
            Row((words.closing, "", "", words.money(statement.closing_micros, digits))),
        ),
    )
    if statement.set_aside:
        rows = (_aside(aside, statement, words) for aside in statement.set_aside)
        yield Table(words.set_aside, tuple(rows))
    if statement.fees:
        total = words.money(sum(fee.micros for fee in statement.fees))
        rows = (_fee(fee, words) for fee in statement.fees)
        yield Table(words.fees_title, (*rows, Row((words.fees_total, "", "", total))))


def _digits(statement: Statement) -> int:
    """How many decimals all amounts are written with, so that they stand in one column."""
    amounts = (statement.opening_micros, *(line.micros for line in statement.lines))
    return max(len(format_shortest(micros).partition(".")[2]) for micros in amounts)


def _movements(statement: Statement, words: Words, digits: int) -> Iterator[Row]:
    """Each section with its sum, below it what it is made of."""
    for section, group in groupby(statement.lines, key=lambda line: line.section):
        lines = tuple(group)
        whole = Line(
            section,
            words.sections[section],
            sum(line.count for line in lines),
            sum(line.charged_s for line in lines),
            sum(line.micros for line in lines),
        )
        yield Row(_cells(whole, whole.about, words, digits))
        for line in lines:
            if line.about:
                name = words.other_reasons if line.about == OTHER_REASONS else _short(line.about)
                yield Row(_cells(line, INDENT + name, words, digits), is_sum=False)


def _short(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= NAME_MOST else f"{name[: NAME_MOST - 3]}..."


def _cells(line: Line, name: str, words: Words, digits: int) -> tuple[str, str, str, str]:
    length = _length(line.charged_s) if line.section is Section.CALLS else ""
    return name, words.count(line.count), length, words.money(line.micros, digits)


def _length(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _aside(aside: SetAside, statement: Statement, words: Words) -> Row:
    amount = f"{words.money(aside.micros)} {aside.currency}"
    return Row((_provider(aside, statement), words.count(aside.count), "", amount), is_sum=False)


def _provider(aside: SetAside, statement: Statement) -> str:
    return aside.counter.removeprefix(f"provider:{statement.profile}.")


def _fee(fee: Fee, words: Words) -> Row:
    rate, basis = words.money(fee.rate), words.count(fee.basis)
    if fee.kind is FeeKind.PERCENT_OF_CALLS:
        rate, basis = words.money(fee.rate * 10_000), words.money(fee.basis)
    named = words.fees[fee.kind].format(rate=rate, basis=basis)
    return Row((named, "", "", words.money(fee.micros)), is_sum=False)


def text(statement: Statement, words: Words) -> str:
    """The statement as lines of text."""
    rows = [columns(statement, words)]
    places = []
    for table in tables(statement, words):
        places.append((len(rows), table.heading))
        rows += [row.cells for row in table.rows]
    lines = aligned(rows, RIGHT)
    for place, heading in reversed(places[1:]):
        lines[place:place] = ["", heading]
    return "\n".join([title(statement, words), *about(statement, words), "", *lines])


def values(statement: Statement) -> Iterator[Mapping[str, object]]:
    """Every line for programs: amounts as decimal strings."""
    yield _value(statement, "opening_balance", statement.opening_micros)
    for line in statement.lines:
        yield _value(statement, line.section, line.micros, line.about, line.count, line.charged_s)
    yield _value(statement, "closing_balance", statement.closing_micros)
    for aside in statement.set_aside:
        given = _value(
            statement, "set_aside", aside.micros, _provider(aside, statement), aside.count
        )
        yield {**given, "currency": aside.currency}
    for fee in statement.fees:
        yield _value(statement, f"fee_{fee.kind}", fee.micros)


def _value(
    statement: Statement,
    item: str,
    micros: int,
    about: str = "",
    count: int | None = None,
    charged_s: int | None = None,
) -> Mapping[str, object]:
    return {
        "profile": statement.profile,
        "month": statement.month.name,
        "item": str(item),
        "about": about,
        "count": count,
        "charged_seconds": charged_s if item == Section.CALLS else None,
        "amount": format_shortest(micros),
        "currency": statement.currency,
    }


def plain(statement: Statement) -> Mapping[str, object]:
    """The whole statement for programs."""
    return {
        "profile": statement.profile,
        "owner": statement.owner,
        "currency": statement.currency,
        "month": statement.month.name,
        "timezone": statement.month.zone.key,
        "closed": statement.is_closed,
        "lines": [
            {name: value for name, value in line.items() if name not in ("profile", "month")}
            for line in values(statement)
        ],
    }


def csv_text(statement: Statement) -> str:
    """The lines as CSV (RFC 4180) with a heading; a reason that a spreadsheet would take for a
    formula has an apostrophe before it."""
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, FIELDS)
    writer.writeheader()
    for line in values(statement):
        name = str(line["about"])
        writer.writerow({**line, "about": f"'{name}" if name.startswith(_FORMULA) else name})
    return written.getvalue()
