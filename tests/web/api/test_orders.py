"""Payment orders: begun, listed, and confirmed where money comes by hand."""

import pytest

from engine.ports.operators import Scope
from tests.web.api.conftest import Program
from tests.web.site import LANDLINE, MOBILE, PROFILE, PROVIDER

WISH = {
    "profile": PROFILE,
    "provider": "manual",
    "number": LANDLINE,
    "amount": "20",
    "lang": "en",
}


async def test_an_order_leads_to_its_provider(program: Program) -> None:
    begun = await program.post("/orders", {**WISH, "provider": PROVIDER})
    order = begun["order"]
    assert begun["redirect_url"] == f"{program.bench.provider.page}?order={order['order_id']}"
    assert (order["status"], order["amount"], order["bonus"]) == ("open", "20.00", "2.00")
    assert (order["paid"], order["taken_back"], order["lang"]) == (None, "0.00", "en")
    assert await program.get(f"/orders/{order['order_id']}") == order
    assert (await program.get(f"/accounts/{order['account_id']}"))["number"] == LANDLINE


async def test_money_by_hand_is_confirmed_once(program: Program) -> None:
    order = (await program.post("/orders", WISH))["order"]
    path = f"/orders/{order['order_id']}/confirm"
    paid = await program.post(path, status=200)
    assert paid["status"] == "paid"
    assert paid["paid"] is not None
    assert await program.post(path, status=200) == paid
    await program.bench.site.till.close()
    balance = await program.get(f"/accounts/{order['account_id']}/balance")
    assert balance["available"] == "22.00"
    booked = await program.get(f"/accounts/{order['account_id']}/transactions")
    authors = [(line["kind"], line["author"]) for line in booked["transactions"]]
    author = f"api:{program.text.split('_')[1]}"
    assert authors == [("bonus", author), ("top_up", author)]


async def test_who_may_only_begin_orders_makes_no_money(program: Program) -> None:
    shop = await program.with_key([Scope.ORDERS_WRITE])
    order = (await shop.post("/orders", WISH))["order"]
    await shop.post(f"/orders/{order['order_id']}/confirm", status=403)
    assert (await program.get(f"/orders/{order['order_id']}"))["status"] == "open"
    document = await program.get("/openapi.json")
    confirm = document["paths"]["/orders/{order_id}/confirm"]["post"]
    assert confirm["security"] == [{"key": [Scope.MONEY_WRITE]}]


async def test_what_a_provider_must_say_is_not_confirmed_by_hand(program: Program) -> None:
    order = (await program.post("/orders", {**WISH, "provider": PROVIDER}))["order"]
    path = f"/orders/{order['order_id']}/confirm"
    assert (await program.post(path, status=422))["field"] == "order_id"
    assert (await program.get(f"/orders/{order['order_id']}"))["status"] == "open"


async def test_a_confirmation_takes_no_body(program: Program) -> None:
    order = (await program.post("/orders", WISH))["order"]
    path = f"/orders/{order['order_id']}/confirm"
    await program.post(path, {"amount": "5"}, 422)
    assert (await program.get(f"/orders/{order['order_id']}"))["status"] == "open"


async def test_orders_are_listed_newest_first(program: Program) -> None:
    made = [(await program.post("/orders", WISH))["order"] for _ in range(3)]
    other = (await program.post("/orders", {**WISH, "number": MOBILE}))["order"]
    await program.post(f"/orders/{other['order_id']}/confirm", status=200)
    seen: list[str] = []
    after: dict[str, str] = {}
    for _ in range(2):
        page = await program.get("/orders", limit=2, **after)
        seen += [order["order_id"] for order in page["orders"]]
        after = {"after": page["next"]}
    assert page["next"] is None
    assert sorted(seen) == sorted(order["order_id"] for order in [*made, other])
    times = [order["created"] for order in (await program.get("/orders"))["orders"]]
    assert times == sorted(times, reverse=True)
    (paid,) = (await program.get("/orders", status="paid"))["orders"]
    assert paid["order_id"] == other["order_id"]
    mine = await program.get("/orders", account_id=made[0]["account_id"], profile=PROFILE)
    assert len(mine["orders"]) == 3
    assert (await program.get("/orders", profile="bolt-eur"))["orders"] == []
    assert (await program.get("/orders", 422, after="nothing"))["field"] == "after"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "21"}, "amount"),
        ({"amount": "many"}, "amount"),
        ({"profile": "none"}, "profile"),
        ({"profile": "bolt-eur", "amount": "10"}, "profile"),
        ({"provider": "paypal"}, "provider"),
        ({"number": "+49999"}, "number"),
        ({"lang": "fr"}, "lang"),
        ({"bonus": "9"}, "bonus"),
    ],
)
async def test_an_order_that_cannot_be_is_refused(
    program: Program, change: dict[str, str], field: str
) -> None:
    assert (await program.post("/orders", {**WISH, **change}, 422))["field"] == field
    assert (await program.get("/orders"))["orders"] == []


async def test_a_provider_that_is_away_leaves_the_key_free(program: Program) -> None:
    wish = {**WISH, "provider": PROVIDER}
    program.bench.provider.down = True
    await program.post("/orders", wish, 503, once="o1")
    program.bench.provider.down = False
    begun = await program.post("/orders", wish, once="o1")
    assert await program.post("/orders", wish, once="o1") == begun
    assert [order.order_id for order in program.bench.provider.created] == [
        begun["order"]["order_id"]
    ]
