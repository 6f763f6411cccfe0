"""The itemised bill as a PDF document (A4, landscape), with the same cells as the text."""

from collections.abc import Sequence
from datetime import datetime

from fpdf.enums import Align

from engine.flows.evn.bill import Bill
from engine.flows.evn.sheet import RIGHT, cells, total
from engine.flows.evn.words import Words
from engine.flows.papers.document import FONT, LINE_MM, Document, printable

WIDTHS = (34, 32, 32, 20, 14, 20, 44, 22, 54)
"""Of the columns, in proportion."""


def pdf(bill: Bill, words: Words, made_at: datetime) -> bytes:
    """The document; the same bill made at the same time is the same bytes."""
    title = f"{words.title} {bill.month}"
    document = Document(title, made_at, "landscape")
    document.say(title, size=14, bold=True, height_mm=10)
    about = f"{words.account} {bill.number} ({bill.profile}), {bill.timezone}"
    document.say(about, height_mm=LINE_MM * 2)
    if bill.until:
        document.say(words.until(bill.until), height_mm=LINE_MM * 2)
    document.set_font(FONT, size=8)
    table(document, [cells(line, words) for line in bill.lines], words)
    document.ln(LINE_MM)
    last = f"{words.total}: {total(bill, words)}" if bill.lines else words.nothing
    document.say(last, size=10, bold=True)
    return bytes(document.output())


def table(document: Document, calls: Sequence[Sequence[str]], words: Words) -> None:
    """The cells of calls; the heading is repeated on every page.

    Drawn cell by cell: a table of the library's own takes seven times as long.
    """
    widths = [share * document.epw / sum(WIDTHS) for share in WIDTHS]
    _head(document, widths, words)
    for row in calls:
        lines = [_wrapped(document, cell, width) for cell, width in zip(row, widths, strict=True)]
        if document.will_page_break(LINE_MM * max(map(len, lines))):
            document.add_page()
            _head(document, widths, words)
        _draw(document, widths, lines)


def _head(document: Document, widths: Sequence[float], words: Words) -> None:
    document.set_font(style="B")
    _draw(document, widths, [[printable(cell)] for cell in words.columns])
    document.set_font(style="")


def _draw(document: Document, widths: Sequence[float], lines: Sequence[Sequence[str]]) -> None:
    """A row as high as its highest cell, with a rule below it."""
    for n in range(max(map(len, lines))):
        for at, (cell, width) in enumerate(zip(lines, widths, strict=True)):
            align = Align.R if at in RIGHT else Align.L
            document.cell(width, LINE_MM, cell[n] if n < len(cell) else "", align=align)
        document.ln(LINE_MM)
    y = document.get_y()
    document.line(document.l_margin, y, document.l_margin + document.epw, y)


def _wrapped(document: Document, text: str, width: float) -> Sequence[str]:
    text = printable(text)
    if document.get_string_width(text) + 2 * document.c_margin <= width:
        return (text,)
    found = document.multi_cell(width, LINE_MM, text, dry_run=True, output="LINES")
    return [str(line) for line in found] if isinstance(found, list) else (text,)
