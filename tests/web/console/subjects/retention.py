"""Retention."""

from tests.web.console.house import READERS, House, Row

ROWS = {("GET", "/console/retention"): Row(READERS)}


async def seed(house: House) -> None:
    """What is kept, other subjects have brought."""
