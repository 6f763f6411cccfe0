"""The itemised bill as a PDF document (A4, landscape), with the same cells as the text."""

from datetime import datetime

from fpdf import FPDF
from fpdf.enums import Align

from engine.flows.evn.bill import Bill
from engine.flows.evn.sheet import RIGHT, cells, total
from engine.flows.evn.words import Words

FONT = "Helvetica"
LINE_MM = 5.0
WIDTHS = (34, 32, 32, 20, 14, 20, 44, 22, 54)
"""Of the columns, in proportion."""


class _Document(FPDF):
    """A document whose every page says what it is and its number."""

    def __init__(self, title: str, made_at: datetime) -> None:
        super().__init__(orientation="landscape", format="A4")
        self._title = title
        self.set_title(_printable(title))
        self.set_creation_date(made_at)
        self.set_auto_page_break(True, margin=15)
        self.add_page()

    def footer(self) -> None:
        """What the document is, and which page of how many."""
        self.set_y(-12)
        self.set_font(FONT, size=7)
        self.cell(0, LINE_MM, _printable(f"{self._title}    {self.page_no()}/{{nb}}"), align="R")


def pdf(bill: Bill, words: Words, made_at: datetime) -> bytes:
    """The document; the same bill made at the same time is the same bytes."""
    title = f"{words.title} {bill.month}"
    document = _Document(title, made_at)
    document.set_font(FONT, style="B", size=14)
    document.cell(0, 10, _printable(title), new_x="LMARGIN", new_y="NEXT")
    document.set_font(FONT, size=9)
    about = f"{words.account} {bill.number} ({bill.profile}), {bill.timezone}"
    document.cell(0, LINE_MM * 2, _printable(about), new_x="LMARGIN", new_y="NEXT")
    document.set_font(FONT, size=8)
    _table(document, bill, words)
    document.ln(LINE_MM)
    document.set_font(FONT, style="B", size=10)
    last = f"{words.total}: {total(bill, words)}" if bill.lines else words.nothing
    document.cell(0, LINE_MM, _printable(last))
    return bytes(document.output())


def _table(document: FPDF, bill: Bill, words: Words) -> None:
    """The calls; the heading is repeated on every page."""
    aligns = tuple(Align.R if at in RIGHT else Align.L for at in range(len(words.columns)))
    with document.table(
        col_widths=WIDTHS, text_align=aligns, line_height=LINE_MM, borders_layout="HORIZONTAL_LINES"
    ) as table:
        for row in (words.columns, *(cells(line, words) for line in bill.lines)):
            table.row([_printable(cell) for cell in row])


def _printable(text: str) -> str:
    """The text in the letters that a PDF's own fonts have."""
    return text.encode("latin-1", "replace").decode("latin-1")
