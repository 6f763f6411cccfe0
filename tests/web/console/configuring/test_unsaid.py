"""What an engine cannot say: refused in the form, told to its owner, kept from others."""

import re

import pytest

from engine.core.roles import Role
from engine.flows.versions import proposing
from engine.ports.versions import EngineView, Unsaid
from tests.flows.versions.office import SpeakingEngine
from tests.web.console.house import House
from tests.web.console.subjects.services import PRICES

SERVICE = "/console/services/sternlicht"
OTHERS_SENTENCE = "Ihr Preis: zwölf Cent"


async def _typed(house: House, role: Role) -> dict[str, str]:
    """The price form as it was checked, with a reason."""
    checked = await house.ask("POST", f"{SERVICE}/price/check", house.people[role], PRICES)
    seen = re.search(r'name="seen" value="([^"]+)"', await checked.text())
    assert seen is not None
    return {**PRICES, "seen": seen[1], "reason": "dearer"}


async def _applied(house: House, lacking: str) -> tuple[int, str]:
    """Status and page after an owner has applied a price beside an engine that lacks prompts."""
    site = house.bench.site
    engine = await SpeakingEngine.opened(site.configuration, site.clock, "e1")
    engine.sounds.missing_keys |= {lacking} if lacking else set()
    form = await _typed(house, Role.OWNER)
    async with engine.at_work():
        answer = await house.ask("POST", f"{SERVICE}/price/apply", house.people[Role.OWNER], form)
    return answer.status, await answer.text()


async def test_a_price_that_another_engine_cannot_say_is_wrong_at_its_field(house: House) -> None:
    status, page = await _applied(house, "tariff-p2190000")
    assert status == 200
    field = page[page.index('id="landline"') :]
    assert 'aria-invalid="true"' in field[: field.index(">")]
    assert "say tariff-p2190000" in page
    assert "scripts/sounds --fetch-voice" in page
    current = await house.bench.site.configuration.in_force()
    assert current is not None
    assert current.version.number == 1


async def test_a_price_that_all_can_say_is_in_force(house: House) -> None:
    status, _ = await _applied(house, "")
    assert status == 303
    current = await house.bench.site.configuration.in_force()
    assert current is not None
    assert current.version.number == 2


async def test_an_engine_that_says_nothing_is_told_of(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For some seconds alone: the act itself is bounded."""
    monkeypatch.setattr(proposing, "HEARD_WITHIN_MS", 100)
    monkeypatch.setattr("engine.flows.versions.following.FOLLOWED_WITHIN_MS", 200)
    await house.bench.site.store.renew_lease("dead", 60_000)
    form = await _typed(house, Role.OWNER)
    answer = await house.ask("POST", f"{SERVICE}/price/apply", house.people[Role.OWNER], form)
    assert answer.status == 303
    assert "configuration.not_by_all" in str(answer.cookies)


@pytest.mark.parametrize("whose", ["own", "foreign"])
async def test_the_owner_is_told_reason_and_mend_of_his_own_sentences_alone(
    house: House, whose: str
) -> None:
    entry = house.own["service"] if whose == "own" else house.foreign["service"]
    organisation = house.people[Role.OWNER].organisation if whose == "own" else "bolt"
    unsaid = Unsaid(
        organisation=str(organisation),
        section="services",
        entry=entry,
        field="tariff.landline",
        lang="de",
        key="tariff-p120000",
        words=OTHERS_SENTENCE,
        reason="no voice is installed that speaks 'de'",
        voiceless=True,
    )
    view = EngineView(
        engine="e7",
        number=1,
        since_ms=0,
        problem="tariff-p120000",
        refused=2,
        unsaid=(unsaid,),
        translations={"de": "tariff-p120000 geht nicht"},
    )
    await house.bench.site.configuration.show(view)
    page = await (await house.ask("GET", SERVICE, house.people[Role.OWNER])).text()
    assert (OTHERS_SENTENCE in page) is (whose == "own")
    assert ("Der Betreiber installiert dort eine Stimme" in page) is (whose == "own")
    assert ("Es liegt an nichts, was Ihre Dienste sagen" in page) is (whose == "foreign")
    assert not {"e7", "p120000"} & set(re.split(r"[^\w]", page))
    staffs = await (await house.ask("GET", SERVICE, house.staff[Role.OWNER])).text()
    assert OTHERS_SENTENCE in staffs
    assert "scripts/sounds --fetch-voice" in staffs
    assert "e7: tariff-p120000 geht nicht" in staffs
