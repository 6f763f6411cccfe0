"""The receipt of a top-up (PDF): for prepaid credit, hence no tax invoice."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from engine.core.money import format_shortest
from engine.core.number import mask
from engine.core.payment import PaymentOrder
from engine.flows.papers.document import FONT, LINE_MM, Document, printable
from engine.web.topup.wording import Texts

ZONE = ZoneInfo("Europe/Berlin")
LABEL_MM = 55.0


def receipt_of(order: PaymentOrder, issuer: str, texts: Texts) -> bytes:
    """The document, in the name of `issuer`; of the same order in the same state the same bytes."""
    made_at = datetime.fromtimestamp((order.paid_ms or order.created_ms) // 1000, UTC)
    document = Document(texts("receipt_title"), made_at)
    document.set_font(FONT, style="B", size=11)
    document.cell(0, LINE_MM * 2, printable(issuer), new_x="LMARGIN")
    document.ln()
    document.set_font(FONT, style="B", size=18)
    document.cell(0, LINE_MM * 3, printable(texts("receipt_title")), new_x="LMARGIN")
    document.ln(LINE_MM * 4)
    for label, value in _rows(order, texts, made_at):
        document.set_font(FONT, size=10)
        document.cell(LABEL_MM, LINE_MM * 1.6, printable(label))
        document.set_font(FONT, style="B", size=10)
        document.cell(0, LINE_MM * 1.6, printable(value), new_x="LMARGIN")
        document.ln()
    document.ln(LINE_MM)
    document.set_font(FONT, size=9)
    document.multi_cell(0, LINE_MM, printable(texts("receipt_note")))
    return bytes(document.output())


def _rows(order: PaymentOrder, texts: Texts, made_at: datetime) -> Iterator[tuple[str, str]]:
    yield texts("receipt_order"), order.order_id
    yield texts("receipt_date"), f"{made_at.astimezone(ZONE):{texts('date_form')}} ({ZONE.key})"
    if order.e164:
        yield texts("receipt_number"), mask(order.e164)
    yield texts("receipt_provider"), texts.provider(order.provider)
    yield texts("receipt_paid"), _money(order.amount_micros, order, texts)
    if order.bonus_micros:
        yield texts("receipt_bonus"), _money(order.bonus_micros, order, texts)
    credited = order.amount_micros + order.bonus_micros
    yield texts("receipt_credited"), _money(credited, order, texts)
    if order.taken_back_micros:
        yield texts("receipt_back"), _money(order.taken_back_micros, order, texts)


def _money(micros: int, order: PaymentOrder, texts: Texts) -> str:
    """With the currency's code: a PDF's own fonts have no euro sign."""
    amount = format_shortest(micros).replace(".", texts.words["decimal_point"])
    return f"{amount} {order.currency}"
