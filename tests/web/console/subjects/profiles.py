"""Billing profiles."""

from tests.web.console.house import House, Row
from tests.web.console.subjects.services import READERS, WRITERS

ONE = "/console/profiles/{profile}"
FORM = {"based_on": "1", "title": "Sternlicht", "amounts": "10\n20 + 3", "sites": ""}

ROWS = {
    ("GET", "/console/profiles"): Row(READERS),
    ("GET", ONE): Row(READERS),
    ("GET", f"{ONE}/edit"): Row(WRITERS),
    ("POST", f"{ONE}/edit/check"): Row(WRITERS, FORM),
    ("POST", f"{ONE}/edit/apply"): Row(WRITERS, FORM),
    ("GET", f"{ONE}/statement"): Row(READERS),
}


async def seed(house: House) -> None:
    """The profiles of the files that are in force."""
    house.own["profile"], house.foreign["profile"] = "acme-eur", "bolt-eur"
