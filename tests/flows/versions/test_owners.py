"""An organisation changes what is its own; what others have, or nobody, stays as it is in force."""

import pytest

from engine.flows.config import Problems, words
from engine.flows.versions.configuration import Applied
from tests.flows.versions.office import WHY, Office

TARIFF = """\
    currency: EUR
    landline: 1.99
    mobile: 2.99
    increment: 60/60
    billing_starts: {from: conversation}
"""
HOUSE = f"""\
organisations:
  acme: {{title: Acme}}
  bolt: {{title: Bolt}}
trunks:
  carrier: {{host: 192.0.2.10, number_format: e164_plus}}
retention:
  calls: {{months: 12}}
profiles:
  acme-eur: {{organisation: acme, currency: EUR}}
  bolt-eur: {{organisation: bolt, currency: EUR}}
tariffs:
  acmes:
    organisation: acme
{TARIFF}  bolts:
    organisation: bolt
{TARIFF}"""
OWN = HOUSE.replace("1.99", "2.19", 1)
NEW = "  more: {organisation: acme, currency: EUR}\n"
BEGIN = "profiles:\n"


def _files(text: str) -> dict[str, bytes]:
    return {"all.yaml": text.encode()}


@pytest.mark.parametrize(
    "text",
    [
        OWN,
        HOUSE.replace(BEGIN, f"{BEGIN}{NEW}"),
        HOUSE.replace("  acme-eur: {organisation: acme, currency: EUR}\n", ""),
        f"# Looked at\n{HOUSE}",
    ],
    ids=["changed", "added", "taken out", "a comment"],
)
async def test_what_is_its_own_changes(text: str) -> None:
    office = Office()
    await office.apply(_files(HOUSE), 0)
    compared = await office.configuration.compare(_files(text), "acme")
    assert compared.problems is None
    applied = await office.configuration.apply(_files(text), 1, WHY, None, "acme")
    assert isinstance(applied, Applied)
    assert applied.is_new


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (f"bolt\n{TARIFF}", f"bolt\n{TARIFF.replace('1.99', '1.79')}", 19),
        ("  bolt-eur: {organisation: bolt, currency: EUR}\n", "", 10),
        (BEGIN, f"{BEGIN}{NEW.replace('acme', 'bolt')}", 9),
        ("bolt-eur: {organisation: bolt", "bolt-eur: {organisation: acme", 10),
        ("acme-eur: {organisation: acme", "acme-eur: {organisation: bolt", 9),
        ("{title: Acme}", "{title: Best}", 2),
        ("192.0.2.10", "192.0.2.11", 5),
        ("months: 12", "months: 13", 7),
        ("retention:\n  calls: {months: 12}\n", "", 7),
    ],
    ids=["price", "gone", "new", "taken", "given", "title", "trunk", "retention", "default"],
)
async def test_what_is_not_its_own_stays(old: str, new: str, line: int) -> None:
    office = Office()
    made = await office.apply(_files(HOUSE), 0)
    text = OWN.replace(old, new, 1)
    assert text != OWN
    compared = await office.configuration.compare(_files(text), "acme")
    assert isinstance(compared.problems, Problems)
    assert not compared.entries
    (problem,) = compared.problems
    assert str(problem).startswith(f"all.yaml:{line}:3: would change what is not acme's;")
    assert "bolt" not in str(problem)
    assert "was nicht acme gehört" in words.sentence(problem, "de")
    outcome = await office.configuration.apply(_files(text), 1, WHY, None, "acme")
    assert outcome == compared.problems
    assert await office.configuration.active() == made
    assert (await office.configuration.compare(_files(text))).problems is None


async def test_where_nothing_is_in_force_it_is_the_operators_turn() -> None:
    outcome = await Office().configuration.apply(_files(HOUSE), 0, WHY, None, "acme")
    assert isinstance(outcome, Problems)
    assert {problem.rule for problem in outcome} == {"not_yours"}
