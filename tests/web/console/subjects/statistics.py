"""Statistics."""

from tests.web.console.house import MASTERS, House, Row

READERS = f"{MASTERS} manager auditor"

ROWS = {
    ("GET", "/console/statistics"): Row(READERS),
    ("GET", "/console/statistics/export.csv"): Row(READERS),
}


async def seed(house: House) -> None:
    """The calls are there already."""
