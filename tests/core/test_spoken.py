"""Numbers, times and money in words: plural, gender and cents, in both languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.spoken import CURRENCIES, SPEAKERS


@pytest.mark.parametrize(
    ("count", "german", "english"),
    [
        (0, "null Minuten", "zero minutes"),
        (1, "eine Minute", "one minute"),
        (2, "zwei Minuten", "two minutes"),
        (7, "sieben Minuten", "seven minutes"),
        (11, "elf Minuten", "eleven minutes"),
        (12, "zwölf Minuten", "twelve minutes"),
        (16, "sechzehn Minuten", "sixteen minutes"),
        (17, "siebzehn Minuten", "seventeen minutes"),
        (21, "einundzwanzig Minuten", "twenty-one minutes"),
        (30, "dreißig Minuten", "thirty minutes"),
        (60, "sechzig Minuten", "sixty minutes"),
        (100, "einhundert Minuten", "one hundred minutes"),
        (101, "einhunderteine Minuten", "one hundred and one minutes"),
        (111, "einhundertelf Minuten", "one hundred and eleven minutes"),
        (120, "einhundertzwanzig Minuten", "one hundred and twenty minutes"),
        (121, "mehr als einhundertzwanzig Minuten", "more than one hundred and twenty minutes"),
        (5_000, "mehr als einhundertzwanzig Minuten", "more than one hundred and twenty minutes"),
    ],
)
def test_minutes(count: int, german: str, english: str) -> None:
    assert SPEAKERS["de"].minutes(count) == german
    assert SPEAKERS["en"].minutes(count) == english


@pytest.mark.parametrize(
    ("seconds", "german", "english"),
    [
        (0, "null Sekunden", "zero seconds"),
        (1, "eine Sekunde", "one second"),
        (15, "fünfzehn Sekunden", "fifteen seconds"),
        (59, "neunundfünfzig Sekunden", "fifty-nine seconds"),
        (60, "eine Minute", "one minute"),
        (61, "eine Minute und eine Sekunde", "one minute and one second"),
        (90, "eine Minute und dreißig Sekunden", "one minute and thirty seconds"),
        (120, "zwei Minuten", "two minutes"),
        (3_600, "sechzig Minuten", "sixty minutes"),
    ],
)
def test_durations(seconds: int, german: str, english: str) -> None:
    assert SPEAKERS["de"].duration(seconds) == german
    assert SPEAKERS["en"].duration(seconds) == english


@pytest.mark.parametrize(
    ("micros", "currency", "german", "english"),
    [
        (0, "EUR", "null Euro", "zero euros"),
        (10_000, "EUR", "ein Cent", "one cent"),
        (20_000, "EUR", "zwei Cent", "two cents"),
        (210_000, "EUR", "einundzwanzig Cent", "twenty-one cents"),
        (660_000, "EUR", "sechsundsechzig Cent", "sixty-six cents"),
        (990_000, "EUR", "neunundneunzig Cent", "ninety-nine cents"),
        (1_000_000, "EUR", "ein Euro", "one euro"),
        (1_010_000, "EUR", "ein Euro eins", "one euro and one cent"),
        (1_050_000, "EUR", "ein Euro fünf", "one euro and five cents"),
        (1_100_000, "EUR", "ein Euro zehn", "one euro ten"),
        (1_990_000, "EUR", "ein Euro neunundneunzig", "one euro ninety-nine"),
        (2_000_000, "EUR", "zwei Euro", "two euros"),
        (2_990_000, "EUR", "zwei Euro neunundneunzig", "two euros ninety-nine"),
        (21_000_000, "EUR", "einundzwanzig Euro", "twenty-one euros"),
        (101_000_000, "EUR", "einhundertein Euro", "one hundred and one euros"),
        (1_100_000_000, "EUR", "eintausendeinhundert Euro", "one thousand one hundred euros"),
        (5_000, "EUR", "null Komma fünf Cent", "zero point five cents"),
        (
            333_333,
            "EUR",
            "dreiunddreißig Komma drei drei drei drei Cent",
            "thirty-three point three three three three cents",
        ),
        (1_995_000, "EUR", "eins Komma neun neun fünf Euro", "one point nine nine five euros"),
        (
            2_000_001,
            "EUR",
            "zwei Komma null null null null null eins Euro",
            "two point zero zero zero zero zero one euros",
        ),
        (-500_000, "EUR", "minus fünfzig Cent", "minus fifty cents"),
        (1_000_000, "USD", "ein US-Dollar", "one dollar"),
        (1_990_000, "USD", "ein US-Dollar neunundneunzig", "one dollar ninety-nine"),
        (500_000, "USD", "fünfzig Cent", "fifty cents"),
        (1_990_000, "CHF", "ein Franken neunundneunzig", "one franc ninety-nine"),
        (10_000, "CHF", "ein Rappen", "one centime"),
        (2_050_000, "CHF", "zwei Franken fünf", "two francs and five centimes"),
        (1_000_000, "GBP", "ein Pfund", "one pound"),
        (10_000, "GBP", "ein Penny", "one penny"),
        (20_000, "GBP", "zwei Pence", "two pence"),
        (1_010_000, "GBP", "ein Pfund eins", "one pound and one penny"),
        (2_500_000, "GBP", "zwei Pfund fünfzig", "two pounds fifty"),
    ],
)
def test_money(micros: int, currency: str, german: str, english: str) -> None:
    assert SPEAKERS["de"].money(micros, currency) == german
    assert SPEAKERS["en"].money(micros, currency) == english


def test_an_unknown_currency_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'XYZ'.*EUR"):
        SPEAKERS["de"].money(1, "XYZ")


@given(st.integers(0, 99_999_999), st.sampled_from(CURRENCIES), st.sampled_from(sorted(SPEAKERS)))
def test_different_amounts_sound_different(micros: int, currency: str, lang: str) -> None:
    speaker = SPEAKERS[lang]
    assert speaker.money(micros, currency) != speaker.money(micros + 1, currency)
    assert not any(sign.isdigit() for sign in speaker.money(micros, currency))
