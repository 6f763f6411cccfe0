"""A form changes one entry, though the operator's files share its values with another's."""

import pytest

from engine.core.roles import Role
from engine.core.tariff import FirstCall
from engine.flows.versions.configuration import Why
from engine.ports.users import User
from tests.web.console.configuring.test_lines import version
from tests.web.console.files import FILES
from tests.web.console.house import House
from tests.web.console.subjects.services import PRICES

PRICE = "/console/services/sternlicht/price"
START = "    billing_starts: {from: conversation}\n"
OLD, NEW = FirstCall(500_000, 10), FirstCall(1_900_000, 10)
WANTED = {**PRICES, "first_call.price": "1.90", "first_call.minutes": "10"}


async def _shared(house: House, more: str = "") -> None:
    """The operator writes an offer once, in the tariffs of two organisations."""
    first, *others = FILES["lines.yaml"].split(START)
    offers = (f"{START}    first_call: &offer {{price: 0.50, minutes: 10}}\n", START)
    lines = first + offers[0] + offers[1].join(others[:-1])
    lines += f"{START}    first_call: *offer\n{others[-1]}{more}"
    files = {**FILES, "lines.yaml": lines}
    sources = {name: text.encode() for name, text in files.items()}
    await house.bench.site.configuration.apply(sources, 1, Why("ada@operator.example", "offer"))


async def _checked(house: House, user: User) -> tuple[str, dict[str, str]]:
    """The page after a check of the dearer offer, and the form that applies it."""
    form = {**WANTED, "based_on": str(await version(house)), "reason": "dearer"}
    page = await (await house.ask("POST", f"{PRICE}/check", user, form)).text()
    return page, {**form, "seen": page.partition('name="seen" value="')[2].partition('"')[0]}


@pytest.mark.parametrize("of_house", [True, False])
async def test_a_price_that_the_files_share_changes_for_the_one_alone(
    house: House, of_house: bool
) -> None:
    await _shared(house)
    user = (house.staff if of_house else house.people)[Role.MANAGER]
    page, form = await _checked(house, user)
    assert "schrauben" not in page
    assert (await house.ask("POST", f"{PRICE}/apply", user, form)).status == 303
    configuration = house.bench.site.configuration
    current = await configuration.in_force()
    assert current is not None
    services = (await configuration.inventory(current.version)).services
    offers = {service.name: service.tariff.first_call for service in services}
    assert offers == {"sternlicht": NEW, "starlight": None, "schrauben": OLD}


TIED = "".join(
    f"""\
  {name}:
    organisation: bolt
    numbers: [030 23125 00{n}]
    profile: bolt-eur
    tariff: bolts
    group: workers
    title: {title}
    blocked: {blocked}
"""
    for n, (name, title, blocked) in enumerate(
        (("eins", "&id001 Eins", "&id002 [0900*]"), ("zwei", "*id001", "*id002")), 3
    )
)
"""Anchors whose names the writer of the text gives to others: it would mix them up."""


async def test_what_cannot_be_changed_alone_is_refused_with_its_place(house: House) -> None:
    await _shared(house, TIED)
    assert await version(house) == 2
    page, form = await _checked(house, house.people[Role.MANAGER])
    assert "lines.yaml:2:3: tariffs.standard lässt sich nicht ändern" in page
    assert "eins" not in page.partition("<main")[2]
    await house.ask("POST", f"{PRICE}/apply", house.people[Role.MANAGER], form)
    assert await version(house) == 2
