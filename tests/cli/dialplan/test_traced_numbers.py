"""`groschen dialplan trace` of a number of the stock, by the books; a draft knows of none."""

from engine.app import Books
from engine.ledger.diversion.sql import SqlRoutes
from engine.ledger.numbers.sql import SqlNumbers
from tests.cli.conftest import Shop
from tests.forwarding.cases import NUMBER, TARGET, US, number, route

ASKED = ("dialplan", "trace", NUMBER, "--from", US)


async def _routed(books: Books) -> None:
    await books.ledger.open_account("acme", "p", US, "USD")
    await SqlNumbers(books.ledger).stock([number()], "operator", 0)
    await SqlRoutes(books.ledger).put(route())


def test_where_a_number_leads_the_books_say(quiet_shop: Shop) -> None:
    quiet_shop.look(_routed)
    steps = quiet_shop.json(*ASKED)["steps"]
    [holder] = [step for step in steps if step["step"] == "holder"]
    assert (holder["organisation"], holder["status"]) == ("acme", "active")
    [target] = [step for step in steps if step["step"] == "target"]
    assert (target["target"], target["shown"]) == (TARGET, "+14155550xxx")
    assert "Weiterleitung: die Nummer von acme" in quiet_shop.run(*ASKED).stdout
    assert "If +12125550142 answers:" in quiet_shop.run(*ASKED, "--lang", "en").stdout


def test_a_draft_knows_of_no_books(quiet_shop: Shop) -> None:
    quiet_shop.look(_routed)
    steps = quiet_shop.json(*ASKED, "--draft")["steps"]
    assert [step["step"] for step in steps] == ["number", "trunk", "books_needed"]
