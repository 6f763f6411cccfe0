"""Texts that lack what the law demands are refused, in files and by an engine."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from engine.core.inventory import Inventory
from engine.core.phrasing import Catalogue
from engine.errors import CallerError
from engine.flows.config import Asker, Problems, entries, parse
from engine.flows.config.problems import MistakesError
from engine.flows.config.words import told
from engine.flows.config.words.wording import keep_to_the_law
from engine.speech.catalogue import read_catalogues
from tests.core.lawful import service
from tests.flows.config.test_config import BASE
from tests.flows.versions.office import WHY, Office

SHIPPED = (Path(__file__).parents[3] / "sounds/de/prompts.yaml").read_text()
LINE = 'text: "Ihr Preis: {price} pro Minute, inklusive Mehrwertsteuer. {charging_starts}"'
ROW = SHIPPED[: SHIPPED.index(LINE)].count("\n") + 1
SAID = "Ihr Preis: {price} pro Minute. Die Berechnung beginnt mit dem Gespräch."
SECOND = b"""
  zweite:
    numbers: [030 23125 200]
    profile: guthaben
    tariff: standard
    group: beratung
"""


@pytest.fixture
def lacking(tmp_path: Path) -> Path:
    """The folder of texts whose tariff does not name VAT."""
    (tmp_path / "de").mkdir()
    text = SHIPPED.replace(LINE, LINE.replace(", inklusive Mehrwertsteuer", ""))
    (tmp_path / "de/prompts.yaml").write_text(text)
    return tmp_path


def _judged(catalogues: Mapping[str, Catalogue], asker: Asker | None = None) -> Problems:
    outcome = parse({"base.yaml": BASE + SECOND}, asker=asker, catalogues=catalogues)
    assert isinstance(outcome, Problems)
    return outcome


def test_a_lack_is_told_once_at_its_text_in_both_languages(lacking: Path) -> None:
    problems = _judged(read_catalogues(lacking))
    assert told(problems, "en") == (
        f"sounds/de/prompts.yaml:{ROW}:13: prompts.tariff must tell that VAT is in the price, "
        f'but says: "{SAID}" (service sternlicht) (§ 110(1) TKG) [guard_announcement_words]'
    )
    assert told(problems, "de") == (
        f"sounds/de/prompts.yaml:{ROW}:13: prompts.tariff muss nennen, dass die Mehrwertsteuer im "
        f"Preis ist; der Text: „{SAID}“ (Dienst sternlicht) (§ 110(1) TKG) "
        "[guard_announcement_words]"
    )


def test_texts_that_a_merge_key_brings_stand_where_they_are_merged(tmp_path: Path) -> None:
    (tmp_path / "de").mkdir()
    file = tmp_path / "de/prompts.yaml"
    head, tail = SHIPPED.split("  welcome: Herzlich willkommen.\n")
    merged = tail.replace(LINE, "<<: {" + LINE + "}")
    file.write_text(head + "  <<: {welcome: Herzlich willkommen.}\n" + merged)
    texts = read_catalogues(tmp_path)["de"].prompts
    assert texts["welcome"][0].template == "Herzlich willkommen."
    assert texts["welcome"][0].place == (head.count("\n") + 1, 3)
    assert [one.place[0] for one in texts["tariff"]][-1] == ROW
    file.write_text(SHIPPED.replace("phrases:\n", "phrases:\n  7: [{text: sieben}]\n"))
    assert "7" in read_catalogues(tmp_path)["de"].phrases


def test_an_organisation_is_told_of_its_own_services_alone(lacking: Path) -> None:
    numbers = frozenset({"+493023125100", "+493023125200"})
    first, second = _judged(
        read_catalogues(lacking), Asker("sternlicht", numbers, entries({"base.yaml": BASE}))
    )
    assert [one.field for one in (first, second)] == ["services.sternlicht", "services.zweite"]
    assert (first.file, first.line, second.line) == ("base.yaml", 19, 25)
    assert told(Problems([first]), "de") == (
        "base.yaml:19:3: services.sternlicht hat die Ansage tariff; sie muss nennen, dass die "
        f"Mehrwertsteuer im Preis ist, sagt aber: „{SAID}“ (§ 110(1) TKG) "
        "[guard_announcement_words]"
    )
    others = parse(
        {"base.yaml": BASE},
        asker=Asker("bolt", numbers, entries({"base.yaml": BASE})),
        catalogues=read_catalogues(lacking),
    )
    assert isinstance(others, Inventory)


def test_a_lack_is_told_with_every_other_mistake(lacking: Path) -> None:
    wrong = BASE + SECOND.replace(b"beratung", b"beratng")
    outcome = parse({"base.yaml": wrong}, catalogues=read_catalogues(lacking))
    assert isinstance(outcome, Problems)
    assert [one.rule for one in outcome] == ["unknown_reference", "guard_announcement_words"]


async def test_a_draft_is_judged_alike_when_it_is_looked_at_and_when_it_is_applied(
    lacking: Path,
) -> None:
    office = Office()
    await office.apply({"base.yaml": BASE}, 0)
    office.texts = partial(read_catalogues, lacking)
    draft = {"base.yaml": BASE + SECOND}
    for organisation in (None, "sternlicht"):
        looked_at = await office.configuration.compare(draft, organisation)
        assert looked_at.problems is not None
        assert {one.rule for one in looked_at.problems} >= {"guard_announcement_words"}
        applied = await office.configuration.apply(draft, 1, WHY, None, organisation)
        assert applied == looked_at.problems
    current = await office.configuration.in_force()
    assert current is not None
    assert (await office.configuration.inventory(current.version)).version == 1
    assert (await office.configuration.between(1, 1)).problems is None


async def test_what_engines_would_refuse_is_not_rolled_back_to(lacking: Path) -> None:
    office = Office()
    await office.apply({"base.yaml": BASE}, 0)
    await office.apply({"base.yaml": BASE + SECOND}, 1)
    office.texts = partial(read_catalogues, lacking)
    with pytest.raises(MistakesError) as refused:
        await office.configuration.roll_back(1, WHY)
    assert refused.value.field == "number"
    assert {one.rule for one in refused.value.problems} == {"guard_announcement_words"}
    active = await office.configuration.active()
    assert active is not None
    assert active.number == 2
    await office.configuration.apply_own({"own.conf": "exten => 4711,1,Hangup(17)\n"}, 2, WHY)
    assert (await office.configuration.roll_back(2, WHY)).number == 2


def test_an_engine_refuses_what_lacks_something(lacking: Path) -> None:
    def stock(guard: str) -> Inventory:
        return Inventory(version=1, services=(service(guard=guard),))

    keep_to_the_law(stock("none"), read_catalogues(lacking))
    keep_to_the_law(stock("DE"), read_catalogues(Path(__file__).parents[3] / "sounds"))
    with pytest.raises(CallerError, match=r"prompts\.tariff must tell that VAT") as refused:
        keep_to_the_law(stock("DE"), read_catalogues(lacking))
    assert refused.value.field == "sounds"
