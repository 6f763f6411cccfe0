"""Sources: added, changed, ended by the word that the number is out of every offer."""

from engine.core.numbers.number import Number, Purpose, Status
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
    await post(house, f"{SOURCES}/{house.own['source_id']}/removed", coordinator)
    await post(house, f"{SOURCES}/new", coordinator, {**FAIR, "number": number})
    made = await _named(house, "Messe <2027>")
    assert (made.e164, made.places) == (number, ("messe.example", "Plakat"))
    assert str(made.ends_on) == "2027-05-31"
    one = f"{SOURCES}/{made.source_id}"
    assert "Messe &lt;2027&gt;" in await page(house, one, coordinator)
    assert 'name="name"' not in await page(house, one, coordinator)
    second = {**FAIR, "name": "Portal", "number": number}
    again = await house.ask("POST", f"{SOURCES}/new", coordinator, second)
    await refused(again, "hat schon eine Quelle")
    await post(house, one, coordinator, {**FAIR, "places": "Plakat", "ends_on": ""})
    changed = await _named(house, "Messe <2027>")
    assert (changed.ends_on, changed.places) == (None, ("Plakat",))
    await post(house, f"{one}/removed", coordinator)
    assert (await _named(house, "Messe <2027>")).removed_on is not None
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


async def test_of_many_numbers_one_is_found_by_a_part_of_it(house: House) -> None:
    coordinator = house.people[Role.COORDINATOR]
    assert 'name="part"' not in await page(house, f"{SOURCES}/new", coordinator)
    many = [
        Number(
            e164=f"+4930231260{n:02}",
            country="DE",
            area_code="30",
            status=Status.ACTIVE,
            organisation=ORGANISATION,
            purpose=Purpose.TRACKING,
        )
        for n in range(60)
    ]
    await house.bench.site.numbering.numbers.stock(many, "operator", 0)
    cut = await page(house, f"{SOURCES}/new", coordinator)
    assert cut.count("<option") == 50
    assert "Gezeigt sind die ersten 50" in cut
    assert many[-1].e164 not in cut
    for typed in ("6059", "030 23126059", "%2B49 (0)30 23126059", "0049 30/231260-59"):
        found = await page(house, f"{SOURCES}/new?part={typed}", coordinator)
        assert found.count("<option") == 1
        assert many[-1].e164 in found
    none = await page(house, f"{SOURCES}/new?part=99999", coordinator)
    assert "Keine passende Rufnummer" in none
    chosen = {**FAIR, "name": "", "number": many[-1].e164}
    again = await house.ask("POST", f"{SOURCES}/new?part=6059", coordinator, chosen)
    assert f'value="{many[-1].e164}" selected' in await again.text()
