"""Money given and taken: exactly, with a reason, and never what a call holds."""

import asyncio

import pytest

from engine.core.money import MICROS
from engine.flows.money import books
from tests.web.api.conftest import Program
from tests.web.site import LANDLINE, MOBILE


async def test_money_given_is_there_at_once(program: Program) -> None:
    account_id = await program.account()
    body = {"amount": "12.345678", "reason": "goodwill"}
    assert await program.post(f"/accounts/{account_id}/credits", body) == {
        "account_id": account_id,
        "amount": "12.345678",
        "currency": "EUR",
        "balance": "12.345678",
        "in_store": True,
    }
    balance = await program.get(f"/accounts/{account_id}/balance")
    assert balance["available"] == "12.345678"


async def test_money_is_given_while_the_store_is_away(program: Program) -> None:
    account_id = await program.account()
    program.bench.store.down = True
    body = {"amount": "1", "reason": "goodwill"}
    booked = await program.post(f"/accounts/{account_id}/credits", body)
    assert (booked["balance"], booked["in_store"]) == ("1.00", False)
    await program.post(f"/accounts/{account_id}/debits", body, 503)


async def test_a_debit_never_takes_what_a_call_holds(program: Program) -> None:
    account_id = await program.account(LANDLINE, MICROS)
    await program.call_holds(account_id)
    path = f"/accounts/{account_id}/debits"
    answer = await program.post(path, {"amount": "0.41", "reason": "paper"}, 409)
    assert answer["type"] == "urn:groschen:problem:not_available"
    assert answer["available"] == "0.40"
    taken = await program.post(path, {"amount": "0.40", "reason": "paper"})
    assert (taken["amount"], taken["balance"]) == ("0.40", "0.60")
    assert (await program.get(f"/accounts/{account_id}/balance"))["available"] == "0.00"


async def test_debits_at_once_take_no_more_than_there_is(program: Program) -> None:
    account_id = await program.account(LANDLINE, MICROS)

    async def take(number: int) -> int:
        headers = {"Authorization": f"Bearer {program.text}", "Idempotency-Key": f"d{number}"}
        async with program.client.post(
            f"/api/v1/accounts/{account_id}/debits",
            json={"amount": "0.30", "reason": "paper"},
            headers=headers,
        ) as response:
            return response.status

    statuses = await asyncio.gather(*(take(number) for number in range(8)))
    assert sorted(statuses) == [201] * 3 + [409] * 5
    bench = program.bench
    assert (await program.get(f"/accounts/{account_id}"))["balance"] == "0.10"
    assert await books.verify(bench.ledger, bench.store, bench.site.clock) == ()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"amount": "0", "reason": "r"}, "amount"),
        ({"amount": "0.000000", "reason": "r"}, "amount"),
        ({"amount": "-1", "reason": "r"}, "amount"),
        ({"amount": "1.0000001", "reason": "r"}, "amount"),
        ({"amount": "1e3", "reason": "r"}, "amount"),
        ({"amount": "1,5", "reason": "r"}, "amount"),
        ({"amount": "9999999999", "reason": "r"}, "amount"),
        ({"amount": 1, "reason": "r"}, "amount"),
        ({"amount": 1.5, "reason": "r"}, "amount"),
        ({"reason": "r"}, "amount"),
        ({"amount": "1"}, "reason"),
        ({"amount": "1", "reason": ""}, "reason"),
        ({"amount": "1", "reason": "\u00a0"}, "reason"),
        ({"amount": "1", "reason": "a\u0000b"}, "reason"),
        ({"amount": "1", "reason": "x" * 201}, "reason"),
        ({"amount": "1", "reason": "r", "key": "k"}, "key"),
    ],
)
async def test_a_wish_that_is_none_changes_nothing(
    program: Program, body: dict[str, object], field: str
) -> None:
    account_id = await program.account(LANDLINE, 5 * MICROS)
    for kind in ("credits", "debits"):
        answer = await program.post(f"/accounts/{account_id}/{kind}", body, 422)
        assert answer["field"] == field
    assert len((await program.get(f"/accounts/{account_id}/transactions"))["transactions"]) == 1


class TestNumber:
    async def test_balance_and_history_stay_with_a_new_number(self, program: Program) -> None:
        account_id = await program.account(LANDLINE, MICROS)
        held = await program.call_holds(account_id)
        changed = await program.put(f"/accounts/{account_id}/number", {"number": MOBILE})
        assert (changed["account_id"], changed["number"]) == (account_id, MOBILE)
        assert changed["balance"] == "1.00"
        view = await program.bench.store.account(account_id)
        assert view is not None
        assert view.held_micros == held
        again = await program.put(f"/accounts/{account_id}/number", {"number": MOBILE})
        assert again == changed

    async def test_a_number_with_an_account_is_refused_unless_merged(
        self, program: Program
    ) -> None:
        old, new = await program.account(LANDLINE, MICROS), await program.account(MOBILE, MICROS)
        path = f"/accounts/{old}/number"
        answer = await program.put(path, {"number": MOBILE}, 409)
        assert answer["type"] == "urn:groschen:problem:number_taken"
        assert answer["account_id"] == new
        merged = await program.put(path, {"number": MOBILE, "merge": True, "reason": "same man"})
        assert (merged["account_id"], merged["balance"]) == (new, "2.00")
        left = await program.get(f"/accounts/{old}")
        assert (left["number"], left["balance"]) == (LANDLINE, "0.00")
        (line,) = (await program.get(f"/accounts/{new}/transactions", kind="move"))["transactions"]
        assert (line["amount"], line["reason"]) == ("1.00", "same man")

    async def test_money_that_a_call_holds_is_not_merged_away(self, program: Program) -> None:
        old = await program.account(LANDLINE, MICROS)
        await program.account(MOBILE)
        await program.call_holds(old)
        body = {"number": MOBILE, "merge": True}
        answer = await program.put(f"/accounts/{old}/number", body, 409)
        assert answer["type"] == "urn:groschen:problem:money_is_held"
        await program.bench.store.drop_hold(old, "c1")
        assert (await program.put(f"/accounts/{old}/number", body))["balance"] == "1.00"

    @pytest.mark.parametrize("number", ["030 23125100", "+49", "+49999", "", None, 4930])
    async def test_it_must_be_a_number(self, program: Program, number: object) -> None:
        account_id = await program.account()
        path = f"/accounts/{account_id}/number"
        assert (await program.put(path, {"number": number}, 422))["field"] == "number"
        assert (await program.put(path, {"number": MOBILE, "merge": "yes"}, 422))[
            "field"
        ] == "merge"
