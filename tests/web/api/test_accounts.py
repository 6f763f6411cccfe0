"""Accounts, customers and transactions as a program lists them."""

from dataclasses import replace

import pytest

from engine.core.money import MICROS
from engine.core.payment import FactKind
from tests.ports.ledger.books import answered_call
from tests.web.api.conftest import Program
from tests.web.site import LANDLINE, MOBILE, PROFILE


async def test_an_account_is_shown_with_its_number(program: Program) -> None:
    account_id = await program.account(LANDLINE, 5_250_000)
    shown = {
        "account_id": account_id,
        "profile": PROFILE,
        "currency": "EUR",
        "number": LANDLINE,
        "balance": "5.25",
    }
    assert await program.get(f"/accounts/{account_id}") == shown
    assert await program.get("/accounts") == {"accounts": [shown], "next": None}
    assert await program.get("/accounts", number=LANDLINE, profile=PROFILE) == {
        "accounts": [shown],
        "next": None,
    }
    assert await program.get("/accounts", number=MOBILE) == {"accounts": [], "next": None}
    assert await program.get("/accounts", profile="bolt-eur") == {"accounts": [], "next": None}


async def test_a_withheld_number_is_told_nowhere(program: Program) -> None:
    account_id = await program.account(MOBILE)
    call = replace(answered_call("c1", account_id, 0), e164=MOBILE, profile=PROFILE)
    await program.bench.ledger.settle(call)
    assert (await program.get(f"/accounts/{account_id}"))["number"] is None
    answers = [
        await program.get("/accounts", number=MOBILE),
        await program.get("/customers"),
        await program.get(f"/accounts/{account_id}/balance"),
        await program.get(f"/accounts/{account_id}/transactions"),
    ]
    assert MOBILE not in repr(answers)
    assert answers[0]["accounts"][0]["account_id"] == account_id


async def test_pages_follow_each_other(program: Program) -> None:
    made = sorted([await program.account(f"+4930231251{n:02}") for n in range(5)])
    for path in ("accounts", "customers"):
        seen: list[str] = []
        after: dict[str, str] = {}
        for size in (2, 2, 1):
            page = await program.get(f"/{path}", limit=2, **after)
            assert len(page[path]) == size
            seen += [account["account_id"] for account in page[path]]
            after = {"after": page["next"]}
        assert page["next"] is None
        assert seen == made


async def test_customers_tell_their_payments(program: Program) -> None:
    begun = await program.bench.begin(LANDLINE, 20)
    await program.account(MOBILE, MICROS)
    await program.bench.tell(begun.order, FactKind.PAID)
    await program.bench.tell(begun.order, FactKind.REFUNDED, 5 * MICROS)
    customers = {
        customer["number"]: customer for customer in (await program.get("/customers"))["customers"]
    }
    payer, guest = customers[LANDLINE], customers[MOBILE]
    # 20 paid, 2 bonus, 5 and a quarter of the bonus back.
    assert (payer["top_ups"], payer["balance"]) == (1, "16.50")
    lines = await program.get(f"/accounts/{payer['account_id']}/transactions", kind="top_up")
    assert payer["last_top_up"] == lines["transactions"][0]["at"]
    assert (guest["top_ups"], guest["last_top_up"], guest["balance"]) == (0, None, "1.00")
    assert (await program.get("/customers", number=MOBILE))["customers"] == [guest]


async def test_the_balance_is_the_stores(program: Program) -> None:
    account_id = await program.account(LANDLINE, 5 * MICROS)
    held = await program.call_holds(account_id)
    assert held == 600_000
    assert await program.get(f"/accounts/{account_id}/balance") == {
        "account_id": account_id,
        "currency": "EUR",
        "balance": "5.00",
        "held": "0.60",
        "available": "4.40",
    }


async def test_a_balance_is_not_guessed_while_the_store_is_away(program: Program) -> None:
    account_id = await program.account(LANDLINE, 5 * MICROS)
    program.bench.store.down = True
    answer, response = await program.ask("GET", f"/accounts/{account_id}/balance", 503)
    assert answer["type"] == "urn:groschen:problem:remote"
    assert int(response.headers["Retry-After"]) > 0


async def test_transactions_come_newest_first_in_pages(program: Program) -> None:
    account_id = await program.account(LANDLINE)
    for amount in ("3", "2", "1"):
        await program.post(
            f"/accounts/{account_id}/credits", {"amount": amount, "reason": f"gift {amount}"}
        )
    await program.post(f"/accounts/{account_id}/debits", {"amount": "0.000001", "reason": "fee"})
    path = f"/accounts/{account_id}/transactions"
    first = await program.get(path, limit=3)
    assert [line["seq"] for line in first["transactions"]] == [4, 3, 2]
    assert first["transactions"][0] == {
        "seq": 4,
        "at": first["transactions"][0]["at"],
        "kind": "debit",
        "amount": "-0.000001",
        "balance": "5.999999",
        "reason": "fee",
        "author": first["transactions"][0]["author"],
        "call_id": None,
    }
    assert first["transactions"][0]["author"].startswith("api:")
    rest = await program.get(path, limit=3, after=first["next"])
    assert [line["seq"] for line in rest["transactions"]] == [1]
    assert rest["next"] is None
    given = await program.get(path, kind="credit")
    assert [line["reason"] for line in given["transactions"]] == ["gift 1", "gift 2", "gift 3"]
    at = rest["transactions"][0]["at"]
    before = await program.get(path, to=at)
    assert 1 not in [line["seq"] for line in before["transactions"]]
    since = await program.get(path, **{"from": at.replace("Z", "+00:00")})
    assert 1 in [line["seq"] for line in since["transactions"]]
    assert (await program.get(path, to="1999-12-31T23:59:59-05:00"))["transactions"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"number": "030 123"}, "number"),
        ({"after": "x'y"}, "after"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_query_that_is_none_is_refused_with_its_field(
    program: Program, query: dict[str, str | int], field: str
) -> None:
    answer = await program.get("/accounts", 422, **query)
    assert answer["field"] == field
    assert answer["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("from", "yesterday"),
        ("from", "1790000000"),
        ("to", "2026-13-01T00:00:00Z"),
        ("to", "2026-11-01T00:00:00"),
        ("kind", "gift"),
        ("after", "0"),
    ],
)
async def test_a_filter_that_is_none_is_refused(program: Program, name: str, value: str) -> None:
    account_id = await program.account()
    path = f"/accounts/{account_id}/transactions"
    assert (await program.get(path, 422, **{name: value}))["field"] == name


async def test_a_parameter_is_given_once(program: Program) -> None:
    answer, _ = await program.ask("GET", "/accounts?limit=1&limit=2", 422)
    assert answer["field"] == "limit"
