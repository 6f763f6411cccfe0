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
    document.set_font(FONT, size=8)
    table(document, [cells(line, words) for line in bill.lines], words)
    document.ln(LINE_MM)
    last = f"{words.total}: {total(bill, words)}" if bill.lines else words.nothing
    document.say(last, size=10, bold=True)
    return bytes(document.output())


def table(document: Document, calls: Sequence[Sequence[str]], words: Words) -> None:
    """The cells of calls; the heading is repeated on every page."""
    aligns = tuple(Align.R if at in RIGHT else Align.L for at in range(len(words.columns)))
    with document.table(
        col_widths=WIDTHS, text_align=aligns, line_height=LINE_MM, borders_layout="HORIZONTAL_LINES"
    ) as drawn:
        for row in (words.columns, *calls):
            drawn.row([printable(cell) for cell in row])
