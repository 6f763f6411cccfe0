"""What can be said, how it is named, and the words of it in both languages."""

import copy
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from engine.core.phrasing import Catalogue, CatalogueError, parse, specimens, text
from engine.core.prompt import FORMS, Prompt, alternatives, time_left
from engine.core.repertoire import agent_prompts, balance_prompts, brought_prompts, caller_prompts
from tests.core.lines import line

SOUNDS = Path(__file__).parents[2] / "sounds"
LANGUAGES = ("de", "en")


def _data(lang: str) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(SOUNDS / lang / "prompts.yaml")
    return loaded


CATALOGUES: dict[str, Catalogue] = {lang: parse(lang, _data(lang)) for lang in LANGUAGES}


def say(lang: str, name: str, **values: int | str | None) -> str:
    return text(Prompt.of(name, **values), CATALOGUES[lang])


# --- sentences -----------------------------------------------------------------------------

PRICE = {"price_micros": 1_990_000, "currency": "EUR"}


@pytest.mark.parametrize(
    ("name", "values", "german", "english"),
    [
        (
            "tariff",
            {**PRICE, "starts": "conversation", "after_s": 10},
            (
                "Ihr Preis: ein Euro neunundneunzig pro Minute, inklusive Mehrwertsteuer."
                " Die Berechnung beginnt zehn Sekunden nach Gesprächsbeginn."
            ),
            (
                "Your price is one euro ninety-nine a minute, including tax."
                " Charging begins ten seconds after you are connected."
            ),
        ),
        (
            "tariff",
            {"price_micros": 990_000, "currency": "EUR", "starts": "announcement", "after_s": 0},
            (
                "Ihr Preis: neunundneunzig Cent pro Minute, inklusive Mehrwertsteuer."
                " Die Berechnung beginnt nach dieser Ansage."
            ),
            (
                "Your price is ninety-nine cents a minute, including tax."
                " Charging begins after this announcement."
            ),
        ),
        (
            "tariff_first_call",
            {
                "price_micros": 0,
                "then_micros": 2_990_000,
                "currency": "EUR",
                "minutes": 10,
                "starts": "conversation",
                "after_s": 0,
            },
            (
                "Für Sie als neuen Anrufer sind die ersten zehn Minuten kostenlos. Danach gilt:"
                " zwei Euro neunundneunzig pro Minute, inklusive Mehrwertsteuer."
                " Die Berechnung beginnt mit dem Gespräch."
            ),
            (
                "As a new caller, your first ten minutes are free. After that the price is"
                " two euros ninety-nine a minute, including tax."
                " Charging begins with the conversation."
            ),
        ),
        (
            "tariff_first_call",
            {
                "price_micros": 500_000,
                "then_micros": 1_000_000,
                "currency": "EUR",
                "minutes": 1,
                "starts": "announcement",
                "after_s": 1,
            },
            (
                "Ihr Preis als neuer Anrufer: fünfzig Cent pro Minute für die erste Minute,"
                " danach ein Euro pro Minute, jeweils inklusive Mehrwertsteuer."
                " Die Berechnung beginnt eine Sekunde nach dieser Ansage."
            ),
            (
                "As a new caller, you pay fifty cents a minute for the first minute,"
                " then one euro a minute, both including tax."
                " Charging begins one second after this announcement."
            ),
        ),
        (
            "connect_fee",
            {"price_micros": 2_500_000, "currency": "CHF"},
            "Einmalig für dieses Gespräch: zwei Franken fünfzig, inklusive Mehrwertsteuer.",
            "For this call you pay two francs fifty once, including tax.",
        ),
        (
            "flat_price",
            {
                "price_micros": 700_000,
                "currency": "EUR",
                "starts": "conversation",
                "after_s": 0,
            },
            (
                "Ihr Preis: siebzig Cent für das ganze Gespräch, inklusive Mehrwertsteuer."
                " Die Berechnung beginnt mit dem Gespräch."
            ),
            (
                "Your price is seventy cents for the whole call, including tax."
                " Charging begins with the conversation."
            ),
        ),
        (
            "minutes_left",
            {"minutes": 1},
            "Das Guthaben reicht für eine Minute.",
            "The credit lasts for one minute.",
        ),
        (
            "seconds_left",
            {"seconds": 33},
            "Noch dreiunddreißig Sekunden Guthaben.",
            "Credit left: thirty-three seconds.",
        ),
        (
            "warning_caller",
            {"seconds": 120},
            "Achtung: Noch zwei Minuten, dann ist Ihr Guthaben aufgebraucht.",
            "Attention please, two minutes until your credit is used up.",
        ),
        (
            "warning_agent",
            {"seconds": 15},
            "Hinweis: Der Anrufer hat Guthaben für fünfzehn Sekunden.",
            "Please note: the caller has credit for fifteen seconds.",
        ),
        (
            "topped_up_balance",
            {"balance_micros": 1_501_234, "currency": "EUR"},
            "Danke für die Aufladung. Ihr neues Guthaben: ein Euro fünfzig.",
            "Thank you for your top-up. Your new balance is one euro fifty.",
        ),
        (
            "whisper_agent",
            {"service": "Sterne", "returning": 1, "minutes": 12},
            "Sterne: bekannter Anrufer, zwölf Minuten.",
            "Sterne: returning caller, twelve minutes.",
        ),
    ],
)
def test_sentences(name: str, values: dict[str, int | str], german: str, english: str) -> None:
    assert say("de", name, **values) == german
    assert say("en", name, **values) == english


@pytest.mark.parametrize("lang", LANGUAGES)
def test_both_languages_have_words_for_every_prompt_and_every_kind_of_value(lang: str) -> None:
    for name, form in FORMS.items():
        if form.spoken:
            for prompt in specimens(name):
                words = text(prompt, CATALOGUES[lang])
                assert words
                assert words[0].isupper() or words[0].isdigit()
                assert words[-1] == "."
                assert "{" not in words
    spoken = {name for name, form in FORMS.items() if form.spoken}
    assert set(CATALOGUES[lang].prompts) == spoken


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_prompt_is_said_whole_inside_another(lang: str) -> None:
    """Else the one would be found in a recording of the other; a code's digits are looked for in
    codes alone."""
    plain = [p for p in brought_prompts() if p.spoken and not FORMS[p.name].secret]
    texts = {text(prompt, CATALOGUES[lang]) for prompt in plain}
    assert [(one, other) for one, other in permutations(texts, 2) if one in other] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_caller_and_agent_hear_different_words(lang: str) -> None:
    for seconds in (None, 10, 15, 120):
        for name in ("warning", "time_changed"):
            caller = say(lang, f"{name}_caller", seconds=seconds)
            assert caller != say(lang, f"{name}_agent", seconds=seconds)


# --- values and keys -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "key"),
    [
        (Prompt.of("welcome"), "welcome"),
        (Prompt.of("minutes_left", minutes=12), "minutes_left-m12"),
        (Prompt.of("minutes_left", minutes=500), "minutes_left-m121"),
        (Prompt.of("topped_up_caller", seconds=719), "topped_up_caller-s660"),
        (Prompt.of("topped_up_caller", seconds=59), "topped_up_caller-s59"),
        (Prompt.of("topped_up_caller", minutes=3), "topped_up_caller-s180"),
        (Prompt.of("topped_up_caller", seconds=99_999), "topped_up_caller-s7260"),
        (Prompt.of("warning_caller", seconds=90), "warning_caller-s90"),
        (
            Prompt.of("tariff", **PRICE, starts="conversation", after_s=10),
            "tariff-p1990000-EUR-conversation-a10",
        ),
        (
            Prompt.of("balance_too_low", balance_micros=1_999_999, currency="EUR"),
            "balance_too_low-b1990000-EUR",
        ),
        (
            Prompt.of("topped_up_balance", balance_micros=-1, currency="EUR"),
            "topped_up_balance-bn10000-EUR",
        ),
        (Prompt.of("whisper_agent", returning=0, service="Sterne"), "whisper_agent-r0-Sterne"),
    ],
)
def test_keys(prompt: Prompt, key: str) -> None:
    assert prompt.key() == key


@given(st.text(min_size=1), st.text(min_size=1))
def test_keys_of_service_titles_are_file_names_and_tell_them_apart(one: str, other: str) -> None:
    keys = [Prompt.of("whisper_agent", returning=1, service=title).key() for title in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)
    for key in keys:
        assert set(key) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
        assert len(key) < 200


@pytest.mark.parametrize(
    ("name", "values", "match"),
    [
        ("welcom", {}, "no prompt 'welcom'"),
        ("minutes_left", {}, "missing"),
        ("welcome", {"minutes": 1}, "unknown"),
        ("minutes_left", {"minutes": -1}, "below zero"),
        ("minutes_left", {"minutes": "12"}, "no whole number"),
        ("balance_too_low", {"balance_micros": 1}, "currency"),
        ("balance_too_low", {"balance_micros": 1, "currency": "XYZ"}, "XYZ"),
        ("tariff", {**PRICE, "starts": "later", "after_s": 0}, "later"),
        ("whisper_agent", {"returning": 2}, "returning"),
    ],
)
def test_what_cannot_be_said_is_refused(
    name: str, values: dict[str, int | str], match: str
) -> None:
    with pytest.raises(ValueError, match=match):
        Prompt.of(name, **values)


def test_order_of_values_does_not_matter_and_none_is_left_out() -> None:
    one = Prompt.of("whisper_agent", service="A", returning=0, seconds=None)
    assert one == Prompt.of("whisper_agent", returning=0, service="A")
    assert hash(one) == hash(Prompt.of("whisper_agent", returning=0, service="A"))


def test_a_tariff_ends_with_three_seconds_of_silence() -> None:
    silences = {
        name: form.silence_after_ms for name, form in FORMS.items() if form.silence_after_ms
    }
    assert silences == {"tariff": 3_000, "tariff_first_call": 3_000, "flat_price": 3_000}


# --- other ways to say it ------------------------------------------------------------------


def _ways(prompt: Prompt) -> list[str]:
    return [" ".join(part.key() for part in way) for way in alternatives(prompt)]


def test_a_time_that_has_no_audio_is_told_by_a_sentence_of_its_own() -> None:
    assert _ways(Prompt.of("topped_up_caller", seconds=754)) == [
        "topped_up_caller-s720",
        "topped_up_caller minutes_left-m12",
        "topped_up_caller",
    ]
    assert _ways(Prompt.of("warning_caller", seconds=42)) == [
        "warning_caller-s42",
        "warning_caller seconds_left-s42",
        "warning_caller",
    ]
    assert _ways(Prompt.of("whisper_agent", service="A", returning=0, seconds=90)) == [
        "whisper_agent-r0-s60-A",
        "whisper_agent-r0-A minutes_left-m1",
        "whisper_agent-r0 minutes_left-m1",
        "whisper_agent-r0-A",
        "whisper_agent-r0",
    ]


def test_an_amount_can_be_left_out_but_never_a_price() -> None:
    assert _ways(Prompt.of("balance_too_low", balance_micros=70_000, currency="EUR")) == [
        "balance_too_low-b70000-EUR",
        "balance_too_low",
    ]
    offer = Prompt.of(
        "tariff_first_call",
        price_micros=0,
        then_micros=1,
        currency="EUR",
        starts="conversation",
        after_s=0,
        minutes=10,
    )
    assert alternatives(offer) == ((offer,),)


def test_time_left() -> None:
    assert time_left(59).key() == "seconds_left-s59"
    assert time_left(60).key() == "minutes_left-m1"
    assert time_left(179).key() == "minutes_left-m2"


@pytest.mark.parametrize("seconds", [*range(1, 200), 3_599, 3_600, 7_260])
def test_any_time_left_can_be_told_with_what_the_project_brings(seconds: int) -> None:
    brought = set(brought_prompts())
    for name in ("topped_up_caller", "time_changed_caller", "time_changed_agent"):
        prompt = Prompt.of(name, seconds=min(seconds, 3_600))
        assert any(set(way) <= brought for way in alternatives(prompt)[:2])


# --- repertoire ----------------------------------------------------------------------------


def test_a_service_gets_its_prices_thresholds_and_title() -> None:
    service = line(title="Sterne am Abend", thresholds_s=(300, 45), free_hold_s=25)
    assert {prompt.key() for prompt in caller_prompts(service)} == {
        "tariff-p1990000-EUR-conversation-a0",
        "tariff-p2990000-EUR-conversation-a0",
        "tariff_first_call-p0-t1990000-EUR-conversation-a0-m10",
        "tariff_first_call-p0-t2990000-EUR-conversation-a0-m10",
        "price_change-p1990000-EUR",
        "price_change-p2990000-EUR",
        "warning_caller-s300",
        "warning_caller-s45",
        "hold_top_up-s25",
        "call_limit_soon-s120",
        "please_wait-m1",
    }
    whispers = {prompt.get("service") for prompt in agent_prompts(service)} - {None}
    assert whispers == {"Sterne am Abend"}


def test_balances_below_the_first_increment() -> None:
    keys = [prompt.key() for prompt in balance_prompts(20_001, "EUR")]
    assert keys == [
        f"{name}-b{micros}-EUR"
        for name in ("balance_too_low", "topped_up_balance")
        for micros in (0, 10_000, 20_000)
    ]


# --- an operator's file --------------------------------------------------------------------


def test_every_mistake_in_a_file_is_named_at_once() -> None:
    data = copy.deepcopy(_data("de"))
    del data["prompts"]["welcome"]
    data["prompts"]["welcom"] = "Hallo."
    data["prompts"]["closed"] = ""
    data["prompts"]["holiday"] = [{"text": "Heute nicht.", "when": {"wochentag": 1}}]
    with pytest.raises(CatalogueError) as raised:
        parse("de", data)
    said = " | ".join(raised.value.problems)
    for part in ("prompts.welcome: missing", "prompts.welcom: unknown", "closed", "wochentag"):
        assert part in said


@pytest.mark.parametrize(
    ("entry", "match"),
    [
        ("Noch {minuten}.", "minuten"),
        ("Noch {Minutes}.", "Minutes"),
        ("Noch {}.", "no value"),
        ([{"when": {"minutes": 1}, "text": "Noch eine."}], "no text for minutes_left"),
        ("{round}", "circle"),
    ],
)
def test_a_text_that_would_fail_in_a_call_is_refused(entry: object, match: str) -> None:
    data = copy.deepcopy(_data("de"))
    data["prompts"]["minutes_left"] = entry
    data["phrases"]["round"] = "{round}"
    with pytest.raises(CatalogueError, match=match):
        parse("de", data)


@pytest.mark.parametrize("data", [None, [], {"texts": {}}, {"prompts": []}, {"prompts": {"a": 1}}])
def test_a_file_of_another_shape_is_refused(data: object) -> None:
    with pytest.raises(CatalogueError):
        parse("de", data)


def test_a_language_without_grammar_is_refused() -> None:
    with pytest.raises(CatalogueError, match="grammar"):
        parse("fr", _data("de"))


@pytest.mark.parametrize("name", FORMS)
def test_a_key_tells_its_prompt(name: str) -> None:
    for prompt in specimens(name):
        assert Prompt.of_key(prompt.key()) == prompt


def test_a_title_that_a_key_has_shortened_is_left_out() -> None:
    prompt = Prompt.of("whisper_agent", returning=1, seconds=120, service="Königs Rat & Tat")
    assert Prompt.of_key(prompt.key()) == prompt.without("service")


@pytest.mark.parametrize(
    "key", ["", "nothing", "tariff", "tariff-p5", "welcome-s4", "minutes_left-m", "tariff-EUR-p5"]
)
def test_what_is_no_key_tells_none(key: str) -> None:
    assert Prompt.of_key(key) is None
