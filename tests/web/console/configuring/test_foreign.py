"""What an organisation's forms do not tell of another's entries in the same files."""

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
