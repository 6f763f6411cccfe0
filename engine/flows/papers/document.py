"""What all our PDF documents share: their letters, their title, the line at each page's foot."""

from datetime import datetime
from typing import Literal

from fpdf import FPDF

FONT = "Helvetica"
LINE_MM = 5.0
RULE_MM = 0.1
RULE_GREY = 140


class Document(FPDF):
    """A document (A4) whose every page says what it is and its number."""

    def __init__(
        self,
        title: str,
        made_at: datetime,
        orientation: Literal["portrait", "landscape"] = "portrait",
    ) -> None:
        super().__init__(orientation=orientation, format="A4")
        self._title = title
        self.set_title(printable(title))
        self.set_creation_date(made_at)
        self.set_auto_page_break(True, margin=15)
        self.set_line_width(RULE_MM)
        self.set_draw_color(RULE_GREY)
        self.add_page()

    def say(
        self, text: str, *, size: int = 9, bold: bool = False, height_mm: float = LINE_MM
    ) -> None:
        """A line of text, or as many as it needs; the next begins below it."""
        self.set_font(FONT, style="B" if bold else "", size=size)
        self.multi_cell(0, height_mm, printable(text), align="L", new_x="LMARGIN", new_y="NEXT")

    def footer(self) -> None:
        """What the document is, and which page of how many."""
        self.set_y(-12)
        self.set_font(FONT, size=7)
        self.cell(0, LINE_MM, printable(f"{self._title}    {self.page_no()}/{{nb}}"), align="R")


def printable(text: str) -> str:
    """The text in the letters that a PDF's own fonts have."""
    return text.encode("latin-1", "replace").decode("latin-1")
