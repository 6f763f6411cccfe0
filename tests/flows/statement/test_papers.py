"""The statement on paper, on the screen and for programs: the same figures everywhere."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest

from engine.core.money import parse_micros
from engine.core.posting import EntryKind
from engine.flows.statement.pdf import pdf
from engine.flows.statement.sheet import FIELDS, csv_text, plain, text
from engine.flows.statement.statement import FeeKind, Section, Statement, draw_up
from engine.flows.statement.words import ENGLISH, GERMAN, LANGUAGES, Words
from engine.ports.statements import Figures
from tests.flows.papers import printed_in
from tests.flows.statement.months import EURO, FULL, MONTH, Told, figures, inventory, moved

CLOSED_MS = MONTH.to_ms


async def drawn_up(told: Figures = FULL, now_ms: int = CLOSED_MS) -> Statement:
    return await draw_up(Told(web=told), inventory(), "web", MONTH, now_ms)


async def test_people_read_it_in_their_language() -> None:
    drawn = await drawn_up()
    german, english = text(drawn, GERMAN).splitlines(), text(drawn, ENGLISH).splitlines()
    assert german[:4] == [
        "Abrechnung November 2026",
        "Für: Acme Beratung GmbH",
        "Abrechnungsprofil: Beratung (web)",
        "Zeitraum: 01.11.2026 - 30.11.2026 (Europe/Berlin)",
    ]
    assert german[5].split() == ["Posten", "Anzahl", "berechnet", "Betrag", "in", "EUR"]
    for line in (
        ["Aufladungen", "1.201", "12.050,000000"],
        ["Gespräche", "3", "1:02:46", "-5,312167"],
        ["tarot", "1", "0:00:41", "-1,332167"],
        ["3", "Gespräche", "zu", "je", "0,05", "0,15"],
        ["12,50", "%", "der", "Gesprächsentgelte", "von", "5,312167", "0,66"],
        ["Summe", "der", "Gebühren", "29,81"],
    ):
        assert line in [shown.split() for shown in german]
    for line in (["Top-ups", "1,201", "12,050.000000"], ["Total", "of", "fees", "29.81"]):
        assert line in [shown.split() for shown in english]
    assert len(german) == len(english)


async def test_all_amounts_stand_in_one_column() -> None:
    lines = text(await drawn_up(), ENGLISH).splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith("Balance"))
    amounts = lines[begin : lines.index("", begin)]
    assert len(amounts) > 10
    assert {line[-7] for line in amounts} == {"."}


async def test_a_month_that_is_not_over_says_so() -> None:
    drawn = await drawn_up(now_ms=CLOSED_MS - 1)
    assert "(vorläufig, der Monat ist noch nicht vorbei)" in text(drawn, GERMAN)
    assert "preliminary" in printed_in(pdf(drawn, ENGLISH))
    assert plain(drawn)["closed"] is False


async def test_programs_get_every_amount_to_the_last_digit() -> None:
    drawn = await drawn_up()
    rows = list(csv.DictReader(io.StringIO(csv_text(drawn))))
    assert tuple(rows[0]) == FIELDS
    amounts = {
        (row["item"], row["about"]): parse_micros(row["amount"], field="", minimum=None)
        for row in rows
    }
    outside = ("opening_balance", "closing_balance", "set_aside", "fee_")
    moved_micros = sum(
        micros for (item, _), micros in amounts.items() if not item.startswith(outside)
    )
    opening, closing = amounts["opening_balance", ""], amounts["closing_balance", ""]
    assert opening + moved_micros == closing == drawn.closing_micros
    assert amounts["calls", "tarot"] == -1_332_167
    assert amounts["fee_percent_of_calls", ""] == 660_000
    told: Any = plain(drawn)["lines"]
    assert [(line["item"], line["amount"]) for line in told] == [
        (row["item"], row["amount"]) for row in rows
    ]
    assert {(row["profile"], row["month"]) for row in rows} == {("web", "2026-11")}
    assert [row["currency"] for row in rows if row["item"] == "set_aside"] == ["USD"]
    seconds = {row["about"]: row["charged_seconds"] for row in rows if row["charged_seconds"]}
    assert seconds == {"beratung": "3725", "tarot": "41"}


async def test_no_reason_is_a_formula() -> None:
    written = csv_text(await drawn_up())
    assert "debits,'=newsletter,3,,-6.00,EUR" in written
    assert "=newsletter" in text(await drawn_up(), GERMAN)


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
def test_everything_has_words(words: Words) -> None:
    assert set(words.sections) == set(Section)
    assert set(words.fees) == set(FeeKind)
    assert len(words.months) == 12


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
async def test_a_document_holds_what_the_text_does(words: Words) -> None:
    drawn = await drawn_up()
    document = pdf(drawn, words)
    printed = printed_in(document).split()
    assert [word for word in text(drawn, words).split() if word not in printed] == []
    assert document.count(b"/Type /Page\n") == 1


async def test_the_same_statement_is_the_same_bytes() -> None:
    first, again = await drawn_up(), await drawn_up(now_ms=CLOSED_MS + 10**9)
    assert pdf(first, GERMAN) == pdf(again, GERMAN)
    assert csv_text(first) == csv_text(again)
    assert b"D:20261201000000" in pdf(first, GERMAN)


async def test_a_long_reason_in_odd_letters_breaks_nothing() -> None:
    odd = moved(EntryKind.DEBIT, -EURO, "adjustment", "★" * 10 + "x" * 3_000 + "\n\n\ny")
    drawn = await drawn_up(replace(figures(odd)))
    assert "??????????xxx" in printed_in(pdf(drawn, GERMAN))
    assert max(map(len, text(drawn, GERMAN).splitlines())) < 120
    assert len(csv_text(drawn)) > 3_000
