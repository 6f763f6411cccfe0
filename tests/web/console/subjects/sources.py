"""Sources of the numbers that were made."""

from datetime import timedelta

from engine.flows.numbers.sources import Channel, Sources
from tests.web.console.house import MASTERS, House, Row
from tests.web.console.subjects.numbers import stocked
from tests.web.site import ORGANISATION

SOURCES = "/console/sources"
ONE = f"{SOURCES}/{{source_id}}"
READERS = f"{MASTERS} manager coordinator auditor"
WRITERS = f"{MASTERS} coordinator"

ROWS = {
    ("GET", SOURCES): Row(READERS),
    ("GET", f"{SOURCES}/new"): Row(WRITERS),
    ("POST", f"{SOURCES}/new"): Row(WRITERS, {"name": "Messe"}),
    ("GET", ONE): Row(READERS),
    ("POST", ONE): Row(WRITERS, {"name": "Messe", "places": "messe.example\nPlakat"}),
    ("POST", f"{ONE}/removed"): Row(WRITERS),
}


async def seed(house: House) -> None:
    """Sources here, one of them over, and one elsewhere."""
    await stocked(house)
    sources = Sources(house.bench.site.numbering)
    _, today = house.bench.site.numbering.now()
    for organisation, ids in ((ORGANISATION, house.own), (house.foreign["holder"], house.foreign)):
        fair = Channel(
            name="Frühjahrsmesse",
            places=("messe.example/aussteller", "Plakat Halle 3"),
            ends_on=today + timedelta(days=30),
        )
        made = await sources.add(organisation, f"+{ids['number']}", fair, organisation)
        ids["source_id"] = made.source_id
    over = Channel(name="Herbstbeilage", ends_on=today - timedelta(days=3))
    await sources.add(ORGANISATION, f"+{house.own['number']}", over, ORGANISATION)
