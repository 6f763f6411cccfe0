"""Whom a service turns away, who answers it and whose money it takes: out of what is its own."""

import re

import pytest

from engine.core.roles import Role
from tests.web.console.configuring.test_lines import EDIT, version
from tests.web.console.house import House
from tests.web.console.subjects.services import SERVICE

WANTED = {
    "blocked": "0900*\n+49 30 23125 999",
    "caller_list": "stars",
    "group": "astrologers",
    "profile": "acme-two",
}


NOBODYS = "nothing-of-the-kind"
TOKEN = re.compile(r"\b[0-9a-f]{64}\b")


async def _checked(house: House, changed: dict[str, str]) -> str:
    """The page after a manager's check of these values."""
    form = {**SERVICE, "based_on": str(await version(house)), **changed}
    manager = house.people[Role.MANAGER]
    return await (await house.ask("POST", f"{EDIT}/check", manager, form)).text()


async def test_a_manager_sets_who_is_let_in_and_who_answers(house: House) -> None:
    page = await _checked(house, WANTED)
    assert "aria-invalid" not in page
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    form = {**SERVICE, **WANTED, "seen": seen, "reason": "new house rules"}
    done = await house.ask("POST", f"{EDIT}/apply", house.people[Role.MANAGER], form)
    assert done.status == 303
    current = await house.bench.site.configuration.in_force()
    assert current is not None
    applied = await house.bench.site.configuration.inventory(current.version)
    service = next(s for s in applied.services if s.name == "sternlicht")
    assert (service.group, service.profile) == ("astrologers", "acme-two")
    assert service.blocked == ("+49900*", "+493023125999")
    again = await (await house.ask("GET", EDIT, house.people[Role.MANAGER])).text()
    assert "0900*\n+49 30 23125 999" in again
    assert 'value="stars"' in again


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("blocked", "0900*\nnobody", "nobody"),
        ("group", "", "group"),
        ("profile", "acme-usd", "USD"),
    ],
)
async def test_what_cannot_be_is_refused(house: House, field: str, value: str, says: str) -> None:
    page = await _checked(house, {field: value})
    assert says in page.partition("<main")[2]
    assert "/edit/apply" not in page
    assert await version(house) == 1


@pytest.mark.parametrize(
    ("field", "theirs", "near"),
    [("group", "workers", "worker"), ("profile", "bolt-eur", "bolteur")],
)
async def test_what_is_anothers_is_as_if_it_were_not_there(
    house: House, field: str, theirs: str, near: str
) -> None:
    nobodys = await _checked(house, {field: NOBODYS})
    foreign = await _checked(house, {field: theirs})
    told = [TOKEN.sub("", page) for page in (foreign.replace(theirs, NOBODYS), nobodys)]
    assert told[0] == told[1]
    assert 'aria-invalid="true"' in foreign
    assert theirs not in await _checked(house, {field: near})


async def test_the_form_offers_what_the_organisation_has(house: House) -> None:
    page = await (await house.ask("GET", EDIT, house.people[Role.MANAGER])).text()
    for name in ("advisers", "acme-eur"):
        assert f"<option selected>{name}</option>" in page
    for name in ("sales", "workers", "bolt-eur"):
        assert f">{name}<" not in page
