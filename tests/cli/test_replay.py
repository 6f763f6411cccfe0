"""`groschen replay` on real books, with the operator's files and a draft of them."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.app import Books
from engine.core.cdr import Disposition
from engine.core.money import Rounding
from engine.core.rating import BillingStart, Increment, Rate, StartsFrom
from engine.flows.papers.month import day_before, day_of
from tests.cli.conftest import SAMPLE, Shop
from tests.ports.ledger.books import answered_call, top_up

NUMBER = "+493023125100"
LAST_SECOND_MS = round(datetime(2025, 11, 30, 22, 59, 59, tzinfo=UTC).timestamp()) * 1000
RATE = Rate(1_990_000, None, None, Increment(60, 60), 0, Rounding(), 60)


@pytest.fixture
def recorded(quiet_shop: Shop) -> Shop:
    """Two calls of 75 s to the sample's German line, one in November and one in December.

    Together they take 7.96 EUR of 20.00.
    """

    async def work(books: Books) -> None:
        profile = "sternlicht"
        account = await books.ledger.open_account(profile, profile, NUMBER, "EUR")
        call = replace(
            answered_call("november", account.account_id),
            organisation=profile,
            service=profile,
            profile=profile,
            did="+493023125100",
            trunk="carrier",
            e164=NUMBER,
            line="landline",
            rate=RATE,
            billing_start=BillingStart(StartsFrom.CONVERSATION, 10),
            first_call=False,
            disposition=Disposition.CALLER_HUNG_UP,
            ended_ms=LAST_SECOND_MS,
        )
        await books.ledger.post(top_up(account.account_id, 20_000_000, "topup:funds"))
        await books.ledger.settle(call)
        await books.ledger.settle(
            replace(call, call_id="december", ended_ms=LAST_SECOND_MS + 1_000)
        )

    quiet_shop.look(work)
    return quiet_shop


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """The operator's files with a dearer landline."""
    folder = tmp_path / "draft"
    shutil.copytree(SAMPLE, folder)
    tariffs = folder / "tariffs.yaml"
    tariffs.write_text(tariffs.read_text().replace("landline: 1.99", "landline: 2.49", 1))
    return folder


def test_the_operators_own_files_change_nothing(recorded: Shop) -> None:
    answer = recorded.json("replay", "--month", "2025-11")
    assert (answer["calls"], answer["changed"]) == (1, 0)
    assert answer["difference"] == {"EUR": "0.00"}


def test_a_draft_is_told_with_its_sum_and_examples(recorded: Shop, draft: Path) -> None:
    answer = recorded.json("replay", "--month", "2025-11", "--draft", str(draft))
    assert answer["difference"] == {"EUR": "1.00"}
    (rate, charge) = answer["changes"]
    assert (rate["difference"], charge["difference"]) == ("rate", "charge")
    (example,) = charge["examples"]
    assert example["call"] == "november"
    assert (example["before"]["charge"], example["after"]["charge"]) == ("3.98", "4.98")

    shown = recorded.run("replay", "--day", "2025-12-01", "--draft", str(draft))
    assert shown.exit_code == 0
    assert "Sum of differences: +1.00 EUR" in shown.stdout
    assert NUMBER not in shown.output


def test_a_draft_may_show_a_number_that_only_the_stock_knows(recorded: Shop, draft: Path) -> None:
    trunks = draft / "trunks.yaml"
    stocked = trunks.read_text().replace("caller_id: 030 23125 100", "caller_id: 030 23125 999")
    assert stocked != trunks.read_text()
    trunks.write_text(stocked)
    answer = recorded.json("replay", "--month", "2025-11", "--draft", str(draft))
    assert answer["difference"] == {"EUR": "1.00"}


def test_a_draft_with_a_mistake_is_refused(recorded: Shop, draft: Path) -> None:
    (draft / "tariffs.yaml").write_text("tariffs: {standard: {landline: 4}}")
    answer = recorded.json("replay", "--draft", str(draft), code=1)
    assert answer["field"] == "draft"


@pytest.mark.parametrize(
    "wrong",
    [("--month", "2025-13"), ("--day", "30.11.2025"), ("--day", "2025-02-29"),
     ("--day", "9999-12-31"), ("--month", "2025-11", "--day", "2025-11-30"),
     ("--day", "2025-11-30", "--timezone", "Berlin"), ("--timezone", "Berlin")],
)  # fmt: skip
def test_wrong_usage(quiet_shop: Shop, wrong: tuple[str, ...]) -> None:
    assert quiet_shop.run("replay", *wrong).exit_code == 2


def test_yesterday_is_replayed_if_nothing_is_named(quiet_shop: Shop) -> None:
    assert quiet_shop.json("replay")["calls"] == 0


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_days_of_the_changing_clock_are_whole(day: str, hours: int) -> None:
    found = day_of(day, "Europe/Berlin")
    assert found.to_ms - found.from_ms == hours * 3_600_000
    assert day_before(found.to_ms, "Europe/Berlin") == found
