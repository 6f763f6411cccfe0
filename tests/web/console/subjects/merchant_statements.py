"""Merchants' statements."""

from tests.web.console.house import House, Row
from tests.web.console.subjects.services import READERS

ONE = "/console/merchant-statements/{merchant}"

ROWS = {
    ("GET", "/console/merchant-statements"): Row(READERS),
    ("GET", ONE): Row(READERS),
}


async def seed(house: House) -> None:
    """The merchants of the files that are in force."""
    house.own["merchant"], house.foreign["merchant"] = "shop", "bolt-shop"
