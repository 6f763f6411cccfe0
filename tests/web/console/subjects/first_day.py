"""The set-up list."""

from tests.web.console.house import NOBODY_OF_ORGANISATION, House, Row

ROWS = {
    ("GET", "/console/first-day"): Row(NOBODY_OF_ORGANISATION),
    ("GET", "/console/live/first-day"): Row(NOBODY_OF_ORGANISATION),
}


async def seed(_house: House) -> None:
    """What it finds is other subjects'."""
