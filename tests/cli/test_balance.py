"""`groschen balance` and `groschen ledger` as operators use them."""

import shutil

import pytest

from engine.app import Books
from engine.core.money import Rounding
from engine.core.quota import Meter
from engine.core.rating import Increment, Rate, charge
from engine.ports.store import Reservation
from tests.cli.conftest import Shop

NUMBER, E164, OTHER = "030 23125 000", "+493023125000", "030 23125 200"
RATE = Rate(600_000, None, None, Increment(1, 1), 0, Rounding(), 60)


def credited(shop: Shop, amount: str = "5.00", number: str = NUMBER) -> str:
    """The id of an account that has money."""
    made = shop.json("balance", "credit", number, amount, "--open", "--reason", "start")
    return str(made["account"])


def hold(shop: Shop, account_id: str, n: int) -> None:
    """Let a call hold the charge of `n` seconds."""
    levels = tuple(charge(RATE, k) for k in range(1, n + 1))

    async def work(books: Books) -> None:
        assert books.store is not None
        wish = Reservation(
            account_id=account_id,
            call_id="c1",
            epoch=1,
            step=1,
            meter=Meter(RATE, 0),
            levels=levels,
        )
        assert (await books.store.reserve(wish)).granted_n == n

    shop.look(work)


def test_money_comes_goes_and_is_shown(shop: Shop) -> None:
    account = credited(shop)
    taken = shop.json("balance", "debit", account, "1.234567", "--reason", "r", "--key", "k1")
    assert taken == {
        "key": "operator:k1",
        "account": account,
        "amount": "1.234567",
        "currency": "EUR",
        "balance": "3.765433",
        "in_store": True,
    }
    assert shop.json("balance", "show", NUMBER) == {
        "account": account,
        "number": "+493023125xxx",
        "organisation": "sternlicht",
        "profile": "sternlicht",
        "currency": "EUR",
        "balance": "3.765433",
        "held": "0.00",
        "available": "3.765433",
        "seq": 2,
        "in_store": True,
    }
    shown = shop.run("balance", "show", account)
    assert "available     3.765433\n" in shown.stdout


def test_a_key_is_done_once_and_none_makes_each_its_own(shop: Shop) -> None:
    account = credited(shop)
    for _ in range(2):
        shop.json("balance", "credit", account, "1", "--reason", "r", "--key", "k")
        shop.json("balance", "credit", account, "1", "--reason", "r")
    assert shop.json("balance", "show", account)["balance"] == "8.00"
    other = shop.run("balance", "credit", account, "2", "--reason", "r", "--key", "k")
    assert (other.exit_code, other.stdout) == (1, "")
    assert "was used for another entry" in other.stderr


def test_what_is_held_is_not_taken(shop: Shop) -> None:
    account = credited(shop)
    hold(shop, account, 300)
    denied = shop.json("balance", "debit", account, "2.01", "--reason", "r", code=1)
    assert denied == {"denied": "not_available", "available": "2.00", "other": None}
    told = shop.run("balance", "debit", account, "2.01", "--reason", "r")
    assert told.exit_code == 1
    assert "refused: 2.00 is available" in told.stderr
    shown = shop.json("balance", "show", account)
    assert (shown["held"], shown["available"]) == ("3.00", "2.00")
    assert shop.json("balance", "debit", account, "2.00", "--reason", "r")["balance"] == "3.00"


def test_money_moves_and_numbers_change(shop: Shop) -> None:
    account = credited(shop)
    other = credited(shop, "1.00", OTHER)
    moved = shop.json("balance", "move", account, OTHER, "2", "--reason", "r")
    assert (moved["amount"], moved["balance"]) == ("2.00", "3.00")
    taken = shop.json("balance", "number", account, OTHER, "--reason", "r", code=1)
    assert taken == {"denied": "number_taken", "available": "3.00", "other": other}
    merged = shop.json("balance", "number", account, OTHER, "--reason", "r", "--merge")
    assert (merged["account"], merged["balance"]) == (other, "6.00")
    changed = shop.json("balance", "number", account, "030 23125 300", "--reason", "r")
    assert (changed["account"], changed["number"]) == (account, "+493023125xxx")
    empty = shop.json("balance", "move", account, OTHER, "--reason", "r", code=1)
    assert empty["denied"] == "not_available"
    assert shop.json("ledger", "verify")["clean"]


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["show", "nobody"], 1, "account: there is no account nobody"),
        (["show", NUMBER], 1, f"account: {E164} has no account in the profile sternlicht"),
        (["show", NUMBER, "--profile", "x"], 1, "--profile: there is no profile x"),
        (["show"], 2, "Missing argument"),
        (["credit", NUMBER, "1"], 2, "--reason"),
        (["credit", NUMBER, "1,5", "--reason", "r"], 2, "decimal number"),
        (["credit", NUMBER, "-1", "--reason", "r"], 2, "No such option"),
        (["credit", NUMBER, "0", "--reason", "r", "--open"], 1, "amount: must be more than 0"),
        (["credit", NUMBER, "0.0000001", "--reason", "r"], 2, "at most 6 decimals"),
        (["credit", NUMBER, "1", "--reason", " ", "--open"], 1, "reason: must not be empty"),
        (["number", "x", "y", "--reason", "r"], 1, "account: there is no account x"),
    ],
)
def test_what_is_wrong_is_said(quiet_shop: Shop, args: list[str], code: int, said: str) -> None:
    result = quiet_shop.run("balance", *args)
    assert result.exit_code == code
    assert said in result.stderr
    assert result.stdout == ""


def test_programs_get_refusals_as_objects(quiet_shop: Shop) -> None:
    refused = quiet_shop.json("balance", "show", "nobody", code=1)
    assert refused == {"error": "account there is no account nobody", "field": "account"}


def test_without_a_store_money_can_be_given_and_is_carried_later(quiet_shop: Shop) -> None:
    given = quiet_shop.run("balance", "credit", NUMBER, "5", "--open", "--reason", "r")
    assert given.exit_code == 0
    assert "the store does not run" in given.stderr
    assert "the store learns of it" in given.stderr
    shown = quiet_shop.json("balance", "show", NUMBER)
    assert (shown["balance"], shown["held"], shown["in_store"]) == ("5.00", None, False)
    refused = quiet_shop.run("balance", "debit", NUMBER, "1", "--reason", "r")
    assert refused.exit_code == 1
    assert "nobody knows what calls hold" in refused.stderr
    assert quiet_shop.json("ledger", "verify") == {
        "clean": True,
        "store": False,
        "differences": [],
    }
    assert quiet_shop.run("ledger", "rebuild").exit_code == 1
    quiet_shop.start_store()
    assert "put in: 1, brought up: 0" in quiet_shop.run("ledger", "rebuild").stdout
    assert quiet_shop.run("ledger", "verify").stdout == "Journal and store agree.\n"


def test_a_store_that_was_emptied_differs_until_it_is_rebuilt(shop: Shop) -> None:
    account = credited(shop)
    shop.stop_store()
    shutil.rmtree(shop.var / "run" / "engine-1" / "store")
    shop.start_store()
    different = shop.run("ledger", "verify")
    assert different.exit_code == 1
    assert different.stdout == f"account {account} is not in the store\n"
    rebuilt = {"put_in": 1, "brought_up": 0, "holds_ended": 0}
    assert shop.json("ledger", "rebuild") == rebuilt
    assert shop.json("ledger", "verify") == {"clean": True, "store": True, "differences": []}


@pytest.mark.parametrize(
    "command",
    [["balance", name] for name in ("show", "credit", "debit", "move", "number")]
    + [["ledger", "verify"], ["ledger", "rebuild"], ["calls"], ["evn"], ["dialplan", "render"]],
)
def test_every_command_explains_itself_with_an_example(
    quiet_shop: Shop, command: list[str]
) -> None:
    result = quiet_shop.run(*command, "--help")
    assert result.exit_code == 0
    assert f"groschen {' '.join(command)}" in result.stdout.split("Example", 1)[1]


def test_a_pin_is_set_and_opens_the_account(shop: Shop) -> None:
    account = credited(shop)
    assert shop.json("balance", "pin", NUMBER, "--pin", "4711")["account"] == account

    async def work(books: Books) -> str | None:
        found = await books.ledger.check_pin("sternlicht", E164, "4711")
        return found.account_id if found is not None else None

    assert shop.look(work) == account


def test_a_pin_that_is_none_is_refused(shop: Shop) -> None:
    credited(shop)
    assert shop.run("balance", "pin", NUMBER, "--pin", "12ab").exit_code == 1
