"""The page that tells ahead what would happen to a call, for a number of the stock."""

import pytest

from engine.core.roles import Role
from engine.ledger.diversion.sql import SqlRoutes
from engine.ledger.numbers.sql import SqlNumbers
from engine.ledger.sql import SqlLedger
from tests.forwarding.cases import NUMBER, TARGET, number, route
from tests.web.console.house import House


async def test_where_a_number_leads_the_books_say(house: House) -> None:
    ledger = house.bench.site.ledger
    assert isinstance(ledger, SqlLedger)
    await SqlNumbers(ledger).stock([number()], "operator", 0)
    await SqlRoutes(ledger).put(route())
    asked = f"/console/configuration/trace?number=%2B{NUMBER[1:]}&from=%2B14155550123"
    page = await (await house.ask("GET", asked, house.staff[Role.OWNER])).text()
    assert "die Nummer von acme" in page or "the number of acme" in page
    assert TARGET in page
    assert "4155550xxx" in page


@pytest.mark.parametrize("at", ["0001-01-01T00:00", "9999-12-31T23:59-23:59", "3000-01-01", "noon"])
@pytest.mark.parametrize(
    ("lang", "rule"),
    [("de", "aus den Jahren 2000 bis 2999"), ("en", "of the years 2000 to 2999")],
)
async def test_a_time_that_is_none_is_refused_with_the_rule(
    house: House, at: str, lang: str, rule: str
) -> None:
    asked = f"/console/configuration/trace?number=%2B{NUMBER[1:]}&at={at}&lang={lang}"
    answer = await house.ask("GET", asked, house.staff[Role.OWNER])
    page = await answer.text()
    assert (answer.status, rule in page) == (422, True)
    assert 'aria-invalid="true"' in page
