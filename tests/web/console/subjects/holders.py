"""Holders; their data and documents are made with the numbers."""

from engine.core.numbers.holder import Proof
from engine.flows.numbers.holders import Holders
from tests.web.console.house import NOBODY_OF_ORGANISATION, House, Row
from tests.web.console.subjects.numbers import READERS, SEAT, WRITERS, stocked
from tests.web.site import ORGANISATION

ONE = "/console/holders/{holder}"
DOCUMENT = f"{ONE}/documents/{{document_id}}"
PAPER: dict[str, str | bytes] = {
    "kind": "trade_licence",
    "content": b"%PDF-1.7 ...",
    "dated": "2026-01-02",
}

ROWS = {
    ("GET", "/console/holder"): Row(READERS),
    ("GET", "/console/holders"): Row(NOBODY_OF_ORGANISATION),
    ("GET", ONE): Row(READERS),
    ("POST", f"{ONE}/data"): Row(WRITERS, SEAT),
    ("POST", f"{ONE}/confirm"): Row(WRITERS),
    ("POST", f"{ONE}/documents"): Row(WRITERS, PAPER),
    ("POST", f"{ONE}/demand"): Row(NOBODY_OF_ORGANISATION, {"proof": "need"}),
    ("GET", DOCUMENT): Row(READERS),
    ("POST", f"{DOCUMENT}/check"): Row(NOBODY_OF_ORGANISATION, {"verdict": "accepted"}),
}


async def seed(house: House) -> None:
    """A proof that is asked for."""
    await stocked(house)
    holders = Holders(house.bench.site.numbering)
    await holders.demand(ORGANISATION, Proof.NEED, None, "grace@operator.example")
