"""The first page and the organisation switch."""

from tests.web.console.house import ALL, NOBODY_OF_ORGANISATION, House, Row

ROWS = {
    ("GET", "/console"): Row(ALL),
    ("GET", "/console/live/home"): Row("owner admin manager auditor"),
    ("POST", "/console/organisation"): Row(NOBODY_OF_ORGANISATION, {"organisation": "acme"}),
}


async def seed(house: House) -> None:
    """Nothing is named by a path."""
