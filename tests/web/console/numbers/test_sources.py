"""Sources: added, changed, ended by the word that the number is out of every offer."""

from engine.core.numbers.source import Source
from engine.core.roles import Role
from tests.web.console.house import House
from tests.web.console.numbers.test_numbers import page, post, refused
from tests.web.site import ORGANISATION

SOURCES = "/console/sources"
FAIR = {"name": "Messe <2027>", "places": "messe.example\n\n Plakat ", "ends_on": "2027-05-31"}


async def _named(house: House, name: str) -> Source:
    found = await house.bench.site.numbering.numbers.sources(ORGANISATION, None, "", 99)
    (source,) = [one for one in found if one.name == name]
    return source


async def test_a_coordinator_publishes_a_number_and_takes_it_out_again(house: House) -> None:
    coordinator = house.people[Role.COORDINATOR]
    number = f"+{house.own['number']}"
    await post(house, f"{SOURCES}/new", coordinator, {**FAIR, "number": number})
    made = await _named(house, "Messe <2027>")
    assert (made.e164, made.places) == (number, ("messe.example", "Plakat"))
    assert str(made.ends_on) == "2027-05-31"
    one = f"{SOURCES}/{made.source_id}"
    assert "Messe &lt;2027&gt;" in await page(house, one, coordinator)
    await post(house, one, coordinator, {**FAIR, "name": "Messe", "ends_on": ""})
    assert (await _named(house, "Messe")).ends_on is None
    await post(house, f"{one}/removed", coordinator)
    assert (await _named(house, "Messe")).removed_on is not None
    over = await house.ask("POST", one, coordinator, FAIR)
    await refused(over, "Diese Quelle ist schon beendet")


async def test_a_source_needs_an_active_number_of_ones_own(house: House) -> None:
    coordinator = house.people[Role.COORDINATOR]
    theirs = {**FAIR, "number": f"+{house.foreign['number']}"}
    await refused(
        await house.ask("POST", f"{SOURCES}/new", coordinator, theirs), "nicht geschaltet"
    )
    form = await page(house, f"{SOURCES}/new", coordinator)
    assert house.own["number"] in form
    assert house.foreign["number"] not in form
    nameless = {**FAIR, "name": " ", "number": f"+{house.own['number']}"}
    await refused(await house.ask("POST", f"{SOURCES}/new", coordinator, nameless), "einen Namen")
