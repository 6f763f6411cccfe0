"""Statements as PDF documents (A4, portrait), with the same cells as the text.

It bears the instant its month ended, not that of its making: the same statement is the same bytes.
"""

from collections.abc import Iterable, Sequence

from fpdf.enums import Align
from fpdf.fonts import FontFace

from engine.flows.papers.document import FONT, LINE_MM, Document, printable
from engine.flows.papers.month import Month
from engine.flows.statement.merchant import (
    MerchantStatement,
    merchant_about,
    merchant_columns,
    merchant_notes,
    merchant_rows,
    merchant_title,
)
from engine.flows.statement.sheet import RIGHT, Row, Table, about, columns, tables, title
from engine.flows.statement.statement import Statement
from engine.flows.statement.words import Words

WIDTHS = (96, 20, 30, 34)
"""Of the columns, in proportion."""

_BOLD = FontFace(emphasis="BOLD")


def pdf(statement: Statement, words: Words) -> bytes:
    """A profile's month as a document."""
    return _document(
        title(statement, words),
        statement.month,
        about(statement, words),
        columns(statement, words),
        tables(statement, words),
        words.notes,
    )


def merchant_pdf(statement: MerchantStatement, lang: str) -> bytes:
    """A merchant's month as a document."""
    return _document(
        merchant_title(statement, lang),
        statement.month,
        merchant_about(statement, lang),
        merchant_columns(statement, lang),
        (Table("", tuple(merchant_rows(statement, lang))),),
        merchant_notes(lang),
    )


def _document(
    named: str,
    month: Month,
    lines: Sequence[str],
    headings: Sequence[str],
    tables: Iterable[Table],
    notes: Sequence[str],
) -> bytes:
    """The headings stand above the table that has none of its own."""
    document = Document(named, month.end)
    document.say(named, size=14, bold=True, height_mm=10)
    for line in lines:
        document.say(line)
    for table in tables:
        document.ln(LINE_MM)
        if table.heading:
            document.say(table.heading, size=10, bold=True, height_mm=LINE_MM * 1.5)
        _table(document, headings if not table.heading else (), table.rows)
    document.ln(LINE_MM)
    for note in notes:
        document.say(note, size=7, height_mm=LINE_MM * 0.8)
    return bytes(document.output())


def _table(document: Document, headings: Sequence[str], rows: Sequence[Row]) -> None:
    """The rows; headings, if there are, are repeated on every page."""
    document.set_font(FONT, size=9)
    aligns = tuple(Align.R if at in RIGHT else Align.L for at in range(len(WIDTHS)))
    with document.table(
        col_widths=WIDTHS,
        text_align=aligns,
        line_height=LINE_MM * 1.2,
        borders_layout="HORIZONTAL_LINES",
        first_row_as_headings=bool(headings),
    ) as table:
        if headings:
            table.row([printable(name) for name in headings])
        for row in rows:
            table.row([printable(cell) for cell in row.cells], style=_BOLD if row.is_sum else None)
