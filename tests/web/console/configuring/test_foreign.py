"""What an organisation's forms neither tell of another's entries in the same files nor do to them,
and what the operator's do not do unseen."""

import re

import pytest

from engine.core.roles import Role
from engine.flows.versions.configuration import Why
from tests.web.console.files import FILES
from tests.web.console.house import House
from tests.web.console.subjects.services import PRICES, SERVICE


@pytest.mark.parametrize(("path", "form"), [("edit", SERVICE), ("price", PRICES)])
async def test_what_others_changed_meanwhile_is_told_to_the_operator_alone(
    house: House, path: str, form: dict[str, str]
) -> None:
    files = {name: text.replace("0.99", "0.88").encode() for name, text in FILES.items()}
    await house.bench.site.configuration.apply(files, 1, Why("ada@operator.example", "more"))
    check = f"/console/services/sternlicht/{path}/check"
    mine = await (await house.ask("POST", check, house.people[Role.OWNER], form)).text()
    staffs = await (await house.ask("POST", check, house.staff[Role.OWNER], form)).text()
    assert "schrauben" in staffs
    assert "schrauben" not in mine


async def test_a_price_that_two_share_by_an_alias_is_changed_for_one_alone(house: House) -> None:
    configuration = house.bench.site.configuration
    lines = FILES["lines.yaml"]
    for start, offer in (("60/60", "&offer {price: 0.50, minutes: 10}"), ("1/1", "*offer")):
        before = f"increment: {start}\n    billing_starts: {{from: conversation}}\n"
        assert before in lines
        lines = lines.replace(before, f"{before}    first_call: {offer}\n", 1)
    files = {name: text.encode() for name, text in {**FILES, "lines.yaml": lines}.items()}
    await configuration.apply(files, 1, Why("ada@operator.example", "an offer"))
    form = {**PRICES, "based_on": "2", "first_call.price": "1.90", "first_call.minutes": "10"}
    form |= {"reason": "dearer"}
    manager, path = house.people[Role.MANAGER], "/console/services/sternlicht/price"
    page = await (await house.ask("POST", f"{path}/check", manager, form)).text()
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen is not None
    answer = await house.ask("POST", f"{path}/apply", manager, {**form, "seen": seen[1]})
    assert answer.status == 303
    current = await configuration.in_force()
    assert current is not None
    assert current.version.number == 3
    services = (await configuration.inventory(current.version)).services
    prices = {
        service.name: service.tariff.first_call.price_micros
        for service in services
        if service.tariff.first_call is not None
    }
    assert prices == {"sternlicht": 1_900_000, "schrauben": 500_000}


async def test_who_puts_a_version_back_replaces_what_he_saw_in_force(house: House) -> None:
    configuration, staff = house.bench.site.configuration, house.staff[Role.OWNER]
    page = await (await house.ask("GET", "/console/configuration", staff)).text()
    seen = re.search(r'name="replaces" value="([0-9]+)"', page)
    assert seen is not None
    files = {name: text.replace("0.99", "0.88").encode() for name, text in FILES.items()}
    await configuration.apply(files, 1, Why("ada@operator.example", "cheaper"))
    form = {"number": "1", "reason": "as before", "replaces": seen[1]}
    answer = await house.ask("POST", "/console/configuration/restore", staff, form)
    assert answer.status == 422
    active = await configuration.active()
    assert active is not None
    assert active.number == 2
    form["replaces"] = str(active.activation)
    answer = await house.ask("POST", "/console/configuration/restore", staff, form)
    assert answer.status == 303
