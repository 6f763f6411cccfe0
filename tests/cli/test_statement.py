"""`groschen statement` on real books."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.app import Books
from engine.core.posting import Entry, EntryKind, Posting, customer
from tests.cli.conftest import Shop

NUMBER = "030 23125 100"
AT_MS = round(datetime(2025, 11, 30, 22, 59, 59, tzinfo=UTC).timestamp()) * 1000
NOVEMBER = ("statement", "sternlicht", "--month", "2025-11")


@pytest.fixture
def booked(quiet_shop: Shop) -> Shop:
    """A shop with a top-up in the last second of November 2025, Berlin time, and one after it."""
    made = quiet_shop.json("balance", "credit", NUMBER, "5", "--open", "--reason", "r")
    lines = (
        Posting(customer(made["account"]), 20_000_000),
        Posting("provider:sternlicht.stripe", -20_000_000),
    )

    async def work(books: Books) -> None:
        for at_ms in (AT_MS, AT_MS + 1_000):
            await books.ledger.post(
                Entry(
                    key=f"k{at_ms}",
                    kind=EntryKind.TOP_UP,
                    currency="EUR",
                    postings=lines,
                    at_ms=at_ms,
                )
            )

    quiet_shop.look(work)
    return quiet_shop


def test_a_month_is_printed_for_people_and_programs(booked: Shop) -> None:
    shown = booked.run(*NOVEMBER)
    assert shown.exit_code == 0
    assert shown.stdout.startswith("Abrechnung November 2025\nFür: Sternlicht Beratung GmbH\n")
    assert "stripe" in shown.stdout
    told = booked.json(*NOVEMBER)
    assert (told["profile"], told["month"], told["closed"]) == ("sternlicht", "2025-11", True)
    assert [(line["item"], line["amount"]) for line in told["lines"]] == [
        ("opening_balance", "0.00"),
        ("top_ups", "20.00"),
        ("closing_balance", "20.00"),
    ]
    december = booked.json("statement", "sternlicht", "--month", "2025-12")["lines"]
    assert [line["amount"] for line in december] == ["20.00", "20.00", "40.00"]


def test_it_is_written_to_a_file(booked: Shop, tmp_path: Path) -> None:
    table, document = tmp_path / "11.csv", tmp_path / "11.pdf"
    assert booked.run(*NOVEMBER, "--csv", "--out", str(table)).exit_code == 0
    assert booked.run(*NOVEMBER, "--pdf", "--lang", "en", "--out", str(document)).exit_code == 0
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    assert [row["amount"] for row in rows] == ["0.00", "20.00", "20.00"]
    assert document.read_bytes().startswith(b"%PDF-")
    nowhere = booked.run(*NOVEMBER, "--csv", "--out", str(tmp_path / "none" / "11.csv"))
    assert (nowhere.exit_code, "No such file" in nowhere.stderr) == (1, True)


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("sternlicht", "--month", "2025-13"), 2, "must be a month such as 2026-11"),
        (("sternlicht",), 2, "--month"),
        (("other", "--month", "2025-11"), 1, "profile: there is no profile other"),
    ],
)
def test_what_is_wrong_is_said(quiet_shop: Shop, args: tuple[str], code: int, said: str) -> None:
    result = quiet_shop.run("statement", *args)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
