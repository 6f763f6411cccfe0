"""`groschen payments` as operators use it: orders are listed, money by hand is confirmed."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from engine.app import Books
from engine.core.payment import OrderStatus, PaymentOrder
from engine.ports.orders import OrderFilter
from tests.cli.conftest import SAMPLE, Shop

NUMBER = "030 23125 100"
CREATED_MS = 1_795_000_000_000
MANUAL = """\
    providers:
      manual: {holder: Sternlicht}
      stripe: {api_key: "secret:no-such-file", webhook_secret: "secret:no-such-file"}
"""


@dataclass
class OwnShop(Shop):
    """A shop with files of its own."""

    @property
    def environ(self) -> dict[str, str]:
        return {**super().environ, "GROSCHEN_CONFIG": str(self.var / "config")}


@pytest.fixture
def till(shop: Shop, tmp_path: Path) -> Shop:
    """A shop whose profile takes money by hand, with two orders of a customer."""
    folder = tmp_path / "config"
    folder.mkdir()
    for file in SAMPLE.glob("*.yaml"):
        more = MANUAL if file.name == "profiles.yaml" else ""
        (folder / file.name).write_text(file.read_text() + more)
    own = OwnShop(shop.var, shop.runner, shop.store)
    account = own.json("balance", "credit", NUMBER, "1", "--open", "--reason", "r")["account"]
    order = PaymentOrder(
        order_id="o1",
        organisation="sternlicht",
        profile="sternlicht",
        provider="manual",
        account_id=account,
        currency="EUR",
        amount_micros=20_000_000,
        bonus_micros=2_000_000,
        lang="de",
        created_ms=CREATED_MS,
    )

    async def work(books: Books) -> None:
        await books.orders.place(order)
        await books.orders.started("o1", "ABCD-EFGH-JKMN", None)
        later = replace(order, order_id="o2", provider="stripe", created_ms=CREATED_MS + 60_000)
        await books.orders.place(later)

    own.look(work)
    return own


def listed(shop: Shop, *args: str) -> list[str]:
    """The orders that are shown, by their ids."""
    result = shop.run("payments", "list", *args)
    assert result.exit_code == 0, result.output
    return [line.split()[0] for line in result.stdout.splitlines()[1:]]


def test_orders_are_listed_newest_first(till: Shop) -> None:
    assert listed(till) == ["o2", "o1"]
    assert listed(till, "--profile", "sternlicht", "--most", "1") == ["o2"]
    assert listed(till, "--status", "paid") == []
    shown = till.run("payments", "list").stdout.splitlines()
    assert shown[0].split() == [
        "order",
        "created",
        "profile",
        "provider",
        "reference",
        "status",
        "amount",
    ]
    assert "manual    ABCD-EFGH-JKMN  open    20.00 EUR" in shown[2]
    told = till.run("payments", "list", "--status", "open", "--json").stdout.splitlines()
    assert ['"order": "o2"' in told[0], '"created": "2026-11-1' in told[1]] == [True, True]
    unknown = till.run("payments", "list", "--profile", "x")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "--profile: there is no profile x" in unknown.stderr


def test_money_that_came_by_hand_is_booked_once_and_is_in_the_store(till: Shop) -> None:
    """The other provider's secret cannot be read: it is not needed."""
    for author in ("anna", "ben"):
        paid = till.json("payments", "confirm", "o1", "--author", author)
        assert (paid["status"], paid["amount"], paid["bonus"]) == ("paid", "20.00", "2.00")
        shown = till.json("balance", "show", NUMBER)
        assert (shown["balance"], shown["in_store"]) == ("23.00", True)
    assert till.run("payments", "confirm", "o1").stdout == "paid: 20.00 EUR\n"
    assert listed(till, "--status", "paid") == ["o1"]
    assert till.json("ledger", "verify")["clean"]

    async def authors(books: Books) -> list[tuple[str, str]]:
        (order,) = await books.orders.orders(
            OrderFilter(organisation="sternlicht", status=OrderStatus.PAID)
        )
        assert order.paid_ms is not None
        lines = await books.ledger.lines(order.account_id, order.paid_ms, order.paid_ms + 1)
        return [(line.kind, line.author) for line in lines]

    assert till.look(authors) == [("top_up", "anna"), ("bonus", "anna")]


@pytest.mark.parametrize("order_id", ["o2", "nothing"])
def test_what_is_not_by_hand_is_not_confirmed(till: Shop, order_id: str) -> None:
    refused = till.json("payments", "confirm", order_id, code=1)
    assert refused == {
        "error": "order_id is no order that is confirmed by hand",
        "field": "order_id",
    }
    assert till.json("balance", "show", NUMBER)["balance"] == "1.00"


def test_without_a_store_nothing_is_confirmed(till: Shop) -> None:
    till.stop_store()
    refused = till.run("payments", "confirm", "o1")
    assert refused.exit_code == 1
    assert "start the engine first" in refused.stderr
    assert listed(till, "--status", "open") == ["o2", "o1"]
