"""The operator's stock, which is made with the numbers."""

from tests.web.console.house import NOBODY_OF_ORGANISATION, House, Row

STOCK = "/console/stock"
PRICE = {"country": "DE", "purpose": "tracking", "price": "5,90", "currency": "EUR"}

ROWS = {
    ("GET", STOCK): Row(NOBODY_OF_ORGANISATION),
    ("GET", f"{STOCK}/import"): Row(NOBODY_OF_ORGANISATION),
    ("POST", f"{STOCK}/import"): Row(
        NOBODY_OF_ORGANISATION, {"file": b"area_code,first,last\n30,+493023125720,\n"}
    ),
    ("POST", f"{STOCK}/price"): Row(NOBODY_OF_ORGANISATION, PRICE),
    ("GET", f"{STOCK}/due"): Row(NOBODY_OF_ORGANISATION),
}


async def seed(house: House) -> None:
    """Nothing more than the numbers have made."""
