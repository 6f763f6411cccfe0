"""What is wrong with a draft is told in the language of the page."""

import pytest

from engine.core.roles import Role
from tests.web.console.house import HTML, House
from tests.web.console.subjects.services import PRICES

CHECK = "/console/services/sternlicht/price/check"


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        ("de", "darf auf +493023125000 (Ortsnetz) höchstens 3.00 je Minute sein, nicht 3.01"),
        ("en", "must be at most 3.00 a minute on +493023125000 (geographic), not 3.01"),
    ],
)
async def test_a_price_that_the_law_forbids(house: House, lang: str, says: str) -> None:
    form = {**PRICES, "landline": "3.01"}
    asked = house.people[Role.OWNER], form
    headers = {**HTML, "Accept-Language": lang}
    page = await (await house.ask("POST", CHECK, *asked, headers=headers)).text()
    assert says in page
    assert "§ 112(1) TKG" in page
