"""Which numbers an organisation gives its services itself: those it has, and takes calls on."""

import pytest

from engine.core.numbers.number import Status
from engine.core.roles import Role
from engine.ports.numbers import NumberFilter
from engine.ports.users import User
from tests.web.console.house import House
from tests.web.console.subjects.services import SERVICE
from tests.web.site import ORGANISATION

EDIT = "/console/services/sternlicht/edit"
OLD = "030 23125 000"
REFUSED = "ist im Bestand keine geschaltete Nummer von"


async def version(house: House) -> int:
    """The version in force."""
    current = await house.bench.site.configuration.in_force()
    assert current is not None
    return current.version.number


async def typed(house: House, numbers: tuple[str, ...]) -> dict[str, str]:
    """The form with these numbers, on top of the version in force."""
    return {**SERVICE, "based_on": str(await version(house)), "numbers": "\n".join(numbers)}


async def checked(house: House, user: User, *numbers: str) -> str:
    """The page after a check of the service with these numbers."""
    form = await typed(house, numbers)
    return await (await house.ask("POST", f"{EDIT}/check", user, form)).text()


async def apply(house: House, user: User, page: str, *numbers: str) -> int:
    """The version in force after that page was applied."""
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    form = {**await typed(house, numbers), "seen": seen, "reason": "more lines"}
    await house.ask("POST", f"{EDIT}/apply", user, form)
    return await version(house)


@pytest.mark.parametrize("whose", ["theirs", "nobody's", "on order"])
async def test_a_number_that_is_not_his_is_refused_where_it_is_typed(
    house: House, whose: str
) -> None:
    manager = house.people[Role.MANAGER]
    pending = NumberFilter(organisation=ORGANISATION, status=Status.ORDERED, most=1)
    (ordered,) = await house.bench.site.numbering.numbers.numbers(pending)
    number = {
        "theirs": f"+{house.foreign['number']}",
        "nobody's": "+493023125999",
        "on order": ordered.e164,
    }[whose]
    page = await checked(house, manager, OLD, number)
    assert f"({number}) {REFUSED} {ORGANISATION}" in page
    assert page.count('aria-invalid="true"') == 1
    assert "/edit/apply" not in page
    assert await apply(house, manager, page, OLD, number) == 1
    operators = await checked(house, house.staff[Role.MANAGER], OLD, number)
    assert REFUSED not in operators
    assert await apply(house, house.staff[Role.MANAGER], operators, OLD, number) == 2


async def test_a_number_that_is_his_and_active_becomes_a_line(house: House) -> None:
    manager = house.people[Role.MANAGER]
    mine = f"+{house.own['number']}"
    page = await checked(house, manager, OLD, mine)
    assert REFUSED not in page
    assert await apply(house, manager, page, OLD, mine) == 2
    again = await checked(house, manager, mine)
    assert await apply(house, manager, again, mine) == 3
    assert "aria-invalid" in await checked(house, manager, OLD, mine)
