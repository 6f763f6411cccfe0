"""`groschen tracking`: reports for people, spreadsheets and programs, and the terms they go by."""

import csv
import io

import pytest

from engine.app import Books
from engine.flows.config import Problems, load
from engine.payments.registry import option_forms
from engine.settings import read_settings
from tests.cli.conftest import SAMPLE, Shop
from tests.ports.ledger.tracked.conftest import ANNA, BERTA, call, missed

DAY = "2026-10-22 13:00:00"
"""In a month that is over, of which callers are told."""


@pytest.fixture(scope="module")
def organisation() -> str:
    """The first of the sample's organisations."""
    inventory = load(SAMPLE, forms=option_forms())
    assert not isinstance(inventory, Problems)
    return inventory.organisations[0].name


@pytest.fixture
def tracking_shop(quiet_shop: Shop, organisation: str) -> Shop:
    """A shop whose organisation had three calls."""

    async def keep(books: Books) -> None:
        tracked = books.tracked(read_settings(quiet_shop.environ))
        await tracked.keep(call("c1", DAY, organisation=organisation), ANNA)
        await tracked.keep(call("c2", DAY, organisation=organisation), BERTA)
        await tracked.keep(missed("c3", DAY, organisation=organisation, source="portal"), ANNA)

    quiet_shop.look(keep)
    return quiet_shop


def test_a_month_is_reported(tracking_shop: Shop, organisation: str) -> None:
    asked = ("tracking", "report", "--organisation", organisation, "--month", "2026-10")
    told = tracking_shop.json(*asked, "--against", "before", "--by", "weekday")
    assert (told["from"], told["to"]) == ("2026-10-01", "2026-11-01")
    assert [(row["source"], row["calls"]) for row in told["sources"]] == [
        ("website", 2),
        ("portal", 1),
    ]
    assert [(row["bucket"], row["source"]) for row in told["rows"]] == [
        ("3", "portal"),
        ("3", "website"),
    ]
    sheet = tracking_shop.run(*asked, "--csv")
    lines = list(csv.DictReader(io.StringIO(sheet.stdout)))
    assert [(line["source"], line["calls"]) for line in lines] == [
        ("website", "2"),
        ("portal", "1"),
    ]
    english = tracking_shop.run(*asked, "--lang", "en").stdout
    assert english.startswith("Calls from 2026-10-01 to 2026-10-31\n")
    assert "fewer than 5 first calls" in english


def test_days_are_reported(tracking_shop: Shop, organisation: str) -> None:
    asked = ("tracking", "report", "--organisation", organisation)
    told = tracking_shop.json(*asked, "--from", "2026-10-22", "--to", "2026-10-23")
    assert (told["total"]["calls"], told["origins"]) == (3, None)
    refused = tracking_shop.json(*asked, "--from", "2026-10-22", "--to", "2026-10-22", code=1)
    assert refused["field"] == "to"


@pytest.mark.parametrize(
    "args",
    [(), ("--from", "2026-11-01"), ("--month", "2026-13"),
     ("--month", "2026-11", "--from", "2026-11-01", "--to", "2026-12-01")],
)  # fmt: skip
def test_which_days_must_be_clear(quiet_shop: Shop, args: tuple[str, ...]) -> None:
    assert quiet_shop.run("tracking", "report", *args).exit_code == 2


@pytest.mark.parametrize("against", ["before", "year"])
@pytest.mark.parametrize(
    ("first", "after", "wrong"),
    [
        ("0001-01-01", "0001-01-05", "0001-01-01"),
        ("9999-12-01", "9999-12-31", "9999-12-01"),
        ("2999-12-01", "3000-01-01", "3000-01-01"),
    ],
)
def test_days_at_the_edge_of_the_calendar_are_refused_with_the_rule(
    quiet_shop: Shop, first: str, after: str, wrong: str, against: str
) -> None:
    asked = ("tracking", "report", "--from", first, "--to", after, "--against", against)
    refused = quiet_shop.run(*asked)
    assert refused.exit_code == 2
    assert f"'{wrong}' must be of the years 2000 to 2999" in refused.stderr


def test_terms_are_shown_and_changed(tracking_shop: Shop, organisation: str) -> None:
    asked = ("tracking", "terms", "--organisation", organisation)
    assert tracking_shop.json(*asked)["callers_least"] == 5
    changed = tracking_shop.json(
        *asked, "--callers-least", "6", "--mail", "a@example.org", "--key-months", "3"
    )
    assert (changed["callers_least"], changed["key_months"]) == (6, 3)
    assert tracking_shop.json(*asked) == changed
    assert tracking_shop.json(*asked, "--callers-least", "4", code=1)["field"] == "callers_least"
    assert tracking_shop.json(*asked, "--mail", "nobody", code=1)["field"] == "mails"
    assert tracking_shop.json(*asked, "--mail", "")["mails"] == []
