"""What the words of a price announcement must name, one lack at a time."""

import copy
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from engine.core.announced import CALL, MINUTE, START, VAT, check, duties
from engine.core.inventory import Service
from engine.core.law import Named, Rule
from engine.core.phrasing import parse
from engine.core.prompt import Prompt
from engine.core.rating import BillingStart, StartsFrom
from engine.core.tariff import FirstCall
from tests.core.lawful import priced, service

SOUNDS = Path(__file__).parents[2] / "sounds"
TEXTS: dict[str, dict[str, Any]] = {
    lang: YAML(typ="safe").load(SOUNDS / lang / "prompts.yaml") for lang in ("de", "en")
}

NEW_CALLERS = service(first_call=FirstCall(990_000, 10), first_call_days=7)
LATER = service(billing_start=BillingStart(StartsFrom.CONVERSATION, 10))
FLAT = service(**priced(0), connect_fee_micros=2_000_000)
SERVICES = [
    service(),
    NEW_CALLERS,
    service(first_call=FirstCall(0, 1)),
    service(first_call=FirstCall(0, None), first_call_days=1),
    service(first_call=FirstCall(500_000, None)),
    LATER,
    service(billing_start=BillingStart(StartsFrom.ANNOUNCEMENT, 30)),
    service(connect_fee_micros=500_000),
    FLAT,
]
SWISS = "+41443511234"
SHARED = "+49180512345"


def lacks(lang: str, judged: Service, name: str, entry: object) -> list[tuple[str, str]]:
    """What a service's texts lack, with its paragraph, once one of them is another."""
    data = copy.deepcopy(TEXTS[lang])
    data["phrases" if name in data["phrases"] else "prompts"][name] = entry
    found = check(judged, parse(lang, data))
    assert {breach.rule for breach in found} <= {Rule.ANNOUNCEMENT_WORDS}
    return [(breach.values["what"], breach.paragraph) for breach in found]


@pytest.mark.parametrize("lang", TEXTS)
@pytest.mark.parametrize("judged", SERVICES)
def test_what_the_project_brings_names_everything(lang: str, judged: Service) -> None:
    assert check(judged, parse(lang, TEXTS[lang])) == ()


RIGHT = "{price} pro Minute, inklusive Mehrwertsteuer. {charging_starts}"
LACKING = [
    ("de", "tariff", RIGHT, []),
    ("de", "tariff", "{price} je Minute, inkl. 19 Prozent MwSt. {charging_starts}", []),
    ("de", "tariff", "Steuern enthalten: {price} pro Minute. {charging_starts}", []),
    ("de", "tariff", RIGHT.replace("{price}", "Zwei Euro"), [(MINUTE, "§ 110(1) TKG")]),
    ("de", "tariff", RIGHT.replace("pro Minute", "kostet es"), [(MINUTE, "§ 110(1) TKG")]),
    ("de", "tariff", RIGHT.replace("inklusive", "zuzüglich"), [(VAT, "§ 110(1) TKG")]),
    ("de", "tariff", RIGHT.replace(", inklusive Mehrwertsteuer", ""), [(VAT, "§ 110(1) TKG")]),
    ("de", "tariff", RIGHT.replace("{charging_starts}", ""), [(START, "§ 110(2) TKG")]),
    (
        "de",
        "tariff",
        RIGHT.replace("{charging_starts}", "Die Berechnung beginnt mit dem Gespräch."),
        [(START, "§ 110(2) TKG")],
    ),
    ("en", "tariff", "{price} a minute, including tax. {charging_starts}", []),
    ("en", "tariff", "{price} per minute with VAT. {charging_starts}", []),
    ("en", "tariff", "{price} a minute plus tax. {charging_starts}", [(VAT, "§ 110(1) TKG")]),
    ("en", "tariff", "{price} in all, tax included. {charging_starts}", [(MINUTE, "§ 110(1) TKG")]),
    ("en", "tariff", "{price} a minute, tax included.", [(START, "§ 110(2) TKG")]),
]


@pytest.mark.parametrize(("lang", "name", "words", "lacking"), LACKING)
def test_every_lack_is_named_with_its_paragraph(
    lang: str, name: str, words: str, lacking: list[tuple[str, str]]
) -> None:
    assert lacks(lang, service(), name, words) == lacking


def test_charging_that_starts_later_is_told_with_its_seconds() -> None:
    starts = [
        {"when": {"starts": "announcement"}, "text": "Die Berechnung beginnt nach dieser Ansage."},
        {"text": "Die Berechnung beginnt mit dem Gespräch."},
    ]
    assert lacks("de", LATER, "charging_starts", starts) == [(START, "§ 110(2) TKG")]
    assert lacks("de", service(), "charging_starts", starts) == []


def test_both_prices_of_a_new_callers_call_are_told() -> None:
    one = "Ihr Preis: {price} pro Minute, inklusive Mehrwertsteuer. {charging_starts}"
    both = f"{one} Danach {{then}}."
    assert lacks("de", NEW_CALLERS, "tariff_first_call", one) == [(MINUTE, "§ 110(1) TKG")]
    assert lacks("de", NEW_CALLERS, "tariff_first_call", both) == []


def test_a_price_of_the_call_is_told_as_one() -> None:
    text = "{price}, inklusive Mehrwertsteuer. {charging_starts}"
    assert lacks("de", FLAT, "flat_price", text) == [(CALL, "§ 110(1) TKG")]
    assert lacks("de", FLAT, "connect_fee", "{price} je Anruf.") == [(VAT, "§ 110(1) TKG")]


def test_each_country_demands_its_own() -> None:
    bare = "Das kostet {price} pro Minute."
    swiss = service(SWISS, guard="CH", region="CH", currency="CHF")
    assert lacks("de", swiss, "tariff", bare) == []
    assert lacks("de", swiss, "tariff", "Das kostet etwas.") == [(MINUTE, "art. 11a PBV")]
    for free in (service(guard="none"), service(SHARED), service(**priced(0))):
        assert lacks("de", free, "tariff", "Das kostet etwas.") == []


def test_a_prompt_has_duties_only_where_it_tells_a_price() -> None:
    change, free = (Prompt.of("price_change", price_micros=n, currency="EUR") for n in (1_000, 0))
    assert duties(service(), change).keys() == {Named.PRICE, Named.VAT}
    assert duties(service(), free) == duties(service(), Prompt.of("welcome")) == {}
