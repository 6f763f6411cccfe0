"""Caller lists."""

from engine.ports.reading.marks import FirstCallMark
from tests.web.console.house import MASTERS, House, Row
from tests.web.console.money.business import WITHHELD
from tests.web.site import LANDLINE, ORGANISATION

WRITERS = f"{MASTERS} manager"

ROWS = {
    ("GET", "/console/lists"): Row(f"{MASTERS} manager auditor"),
    ("POST", "/console/lists/add"): Row(WRITERS, {"list": "stars", "number": "030 23125300"}),
    ("POST", "/console/lists/remove"): Row(WRITERS, {"list": "stars", "number": "030 23125300"}),
}


async def seed(house: House) -> None:
    """Two numbers on a list, one of them withheld elsewhere."""
    now_ms = house.bench.site.clock.now().wall_ms
    marks = ((LANDLINE, "1796083200.12"), (WITHHELD, "hand:grace@sternlicht.example"))
    for e164, by in marks:
        mark = FirstCallMark(ORGANISATION, "stars", e164, by, now_ms)
        await house.bench.site.reading.marks.mark(mark)
