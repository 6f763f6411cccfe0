"""What is wrong with a draft is told in the language of the page."""

from pathlib import Path

import pytest

from engine.core.roles import Role
from engine.flows.config import Problem, Problems
from engine.flows.config.problems import Mark, MistakesError
from engine.flows.versions.configuration import Configuration
from tests.web.console.house import HTML, House
from tests.web.console.subjects.services import PRICES
from tests.web.site import SOUNDS

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


@pytest.mark.parametrize("act", ["check", "apply"])
async def test_what_was_typed_stays_in_a_form_that_is_refused(house: House, act: str) -> None:
    """Also where the files cannot be made with it at all; the fault is beside its field."""
    typed = {**PRICES, "landline": "2,19", "mobile": "2,97", "increment": "30/30\n60/60"}
    path = f"/console/services/sternlicht/price/{act}"
    answer = await house.ask("POST", path, house.people[Role.OWNER], typed)
    assert answer.status == 422
    page = await answer.text()
    assert 'name="landline" value="2,19"' in page
    assert 'name="mobile" value="2,97"' in page
    assert 'name="increment" value="30/30\n60/60"' in page
    assert page.count('aria-invalid="true"') == 1
    assert '<small id="increment-hint">must be one line</small>' in page


@pytest.mark.parametrize(
    ("who", "at", "says"),
    [
        ("staff", "sounds/de/prompts.yaml", "muss nennen, dass die Mehrwertsteuer im Preis ist"),
        ("people", "services.sternlicht", "hat die Ansage tariff; sie muss nennen, dass die Mehr"),
    ],
)
async def test_an_announcement_that_lacks_what_the_law_demands(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str, at: str, says: str
) -> None:
    """To the operator at his text, to an organisation at its service."""
    (tmp_path / "de").mkdir()
    text = (SOUNDS / "de/prompts.yaml").read_text()
    short = text.replace("pro Minute, inklusive Mehrwertsteuer", "pro Minute")
    (tmp_path / "de/prompts.yaml").write_text(short)
    monkeypatch.setattr("tests.web.site.SOUNDS", tmp_path)
    user = getattr(house, who)[Role.OWNER]
    page = await (await house.ask("POST", CHECK, user, PRICES, headers=HTML)).text()
    assert at in page
    assert says in page
    assert "/price/apply" not in page


@pytest.mark.parametrize(
    ("lang", "says"),
    [("de", "muss eine vollständige Nummer mit +49 sein"), ("en", "must be a complete number")],
)
async def test_a_version_that_cannot_be_read_is_told_on_the_page_of_the_refusal(
    house: House, monkeypatch: pytest.MonkeyPatch, lang: str, says: str
) -> None:
    mark, rule, message = (
        Mark("a.yaml", 1, 1),
        "guard_caller_id_foreign",
        "must be a complete number",
    )
    wrong = Problem.at(mark, rule, "trunks.a.caller_id", message, code="+49", given="+43720123456")

    async def refuse(*_: object) -> None:
        raise MistakesError(Problems([wrong]), "number")

    monkeypatch.setattr(Configuration, "between", refuse)
    headers = {**HTML, "Accept-Language": lang}
    path, user = "/console/configuration/compare?old=1&new=1", house.staff[Role.OWNER]
    answer = await house.ask("GET", path, user, headers=headers)
    assert answer.status == 422
    assert says in await answer.text()
