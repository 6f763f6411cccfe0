"""A number checked as it is typed, and an order begun: what is accepted, and every refusal."""

import time
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from engine.core.payment import OrderStatus
from engine.flows.payments.seals import Purpose
from engine.web.guard import Guard
from engine.web.rates import HOUR_S, Limit
from engine.web.server import make_app
from engine.web.topup import ordering
from tests.web.site import LANDLINE, ORIGIN, PROFILE, PROVIDER, Bench, Client

CHECK = f"/topup/{PROFILE}/number"
ORDERS = f"/topup/{PROFILE}/orders"
OURS = {"Origin": ORIGIN}
WISH = {"number": "030 23125100", "amount": "20", "provider": PROVIDER, "lang": "de"}


async def ask(client: Client, number: str, lang: str = "de") -> dict[str, Any]:
    answer = await client.post(CHECK, params={"lang": lang}, json={"number": number}, headers=OURS)
    assert answer.status == 200
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    told: dict[str, Any] = await answer.json()
    return told


async def refused(answer: ClientResponse, status: int, field: str = "") -> dict[str, Any]:
    assert answer.status == status
    assert answer.content_type == "application/problem+json"
    assert "Set-Cookie" not in answer.headers
    told: dict[str, Any] = await answer.json()
    assert told.get("field", "") == field
    return told


# --- the number ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "number", "region", "line", "text"),
    [
        ("030 23125100", "+49 30 23125100", "DE", "landline", "Festnetz"),
        ("0049 (0)152 28817386", "+49 1522 8817386", "DE", "mobile", "Mobilfunk"),
        ("+43 1 5123456", "+43 1 5123456", "AT", "other", "Festnetz"),
        ("+1 212 555 0100", "+1 212-555-0100", "US", "other", "Anschluss"),
    ],
)
async def test_a_good_number_is_named(
    client: Client, typed: str, number: str, region: str, line: str, text: str
) -> None:
    told = await ask(client, typed)
    assert told == {"ok": True, "number": number, "region": region, "line": line, "text": text}


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        ("", "geben Sie Ihre Telefonnummer ein"),
        ("   ", "geben Sie Ihre Telefonnummer ein"),
        ("+49", "keine vollständige"),
        ("+1 21255", "fehlen noch Ziffern"),
        ("030 1234567890123456789", "zu viele Ziffern"),
        ("0" * 300, "zu viele Ziffern"),
        ("+999 12345", "Landesvorwahl"),
        ("030 CALLME12", "nur Ziffern"),
        ("110", "Notrufnummer"),
        ("118 33", "keine vollständige"),
        ("hallo", "keine vollständige"),
        ("0900 1234567", "Servicenummer"),
        ("0800 1234567", "Servicenummer"),
    ],
)
async def test_a_bad_number_is_told_why(client: Client, typed: str, part: str) -> None:
    told = await ask(client, typed)
    assert told["ok"] is False
    assert part in told["text"]
    assert told["meant"] == ""


async def test_a_mistyped_number_is_guessed(client: Client) -> None:
    told = await ask(client, "049 151 12345678", "en")
    assert told == {
        "ok": False,
        "text": "This number looks mistyped.",
        "meant": "+49 1511 2345678",
    }
    assert (await ask(client, told["meant"]))["ok"] is True


async def test_nobody_learns_who_has_an_account(bench: Bench, client: Client) -> None:
    before = await ask(client, LANDLINE)
    await bench.begin(LANDLINE)
    assert await ask(client, LANDLINE) == before
    assert await bench.ledger.find_account(PROFILE, "+4915228817386") is None
    await ask(client, "+4915228817386")
    assert await bench.ledger.find_account(PROFILE, "+4915228817386") is None


async def test_checks_are_counted_by_address(client: Client) -> None:
    answers = [
        (await client.post(CHECK, json={"number": "030"}, headers=OURS)).status for _ in range(61)
    ]
    assert answers == [200] * 60 + [429]


# --- who may post -------------------------------------------------------------------------


@pytest.mark.parametrize("path", [CHECK, ORDERS])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 422),
        ({"Origin": ORIGIN}, 422),
    ],
)
async def test_only_the_page_itself_may_post(
    client: Client, path: str, headers: dict[str, str], status: int
) -> None:
    answer = await client.post(path, json={}, headers=headers)
    assert answer.status == status
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("path", [CHECK, ORDERS])
async def test_only_json_is_read(client: Client, path: str) -> None:
    await refused(await client.post(path, data={"number": "030"}, headers=OURS), 415)
    json = {**OURS, "Content-Type": "application/json"}
    await refused(await client.post(path, data=b"\xff\xfe", headers=json), 422)
    await refused(await client.post(path, data=b"[1]", headers=json), 422)
    await refused(await client.post(path, data=b" " * 300_000, headers=json), 413)


# --- orders -------------------------------------------------------------------------------


async def test_an_order_is_begun(bench: Bench, client: Client) -> None:
    answer = await client.post(ORDERS, json=WISH, headers=OURS)
    told = await answer.json()
    assert answer.status == 201
    assert "Set-Cookie" not in answer.headers
    order = bench.provider.created[0]
    assert told == {
        "order_id": order.order_id,
        "watch": bench.site.seal.make(Purpose.WATCH, order.order_id),
        "url": f"https://provider.example/pay?order={order.order_id}",
    }
    assert (order.amount_micros, order.bonus_micros) == (20_000_000, 2_000_000)
    assert (order.lang, order.status) == ("de", OrderStatus.OPEN)
    account = await bench.ledger.account(order.account_id)
    assert account is not None
    assert account.e164 == LANDLINE


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": "0900 1234567"}, "number"),
        ({"number": "049 151 12345678"}, "number"),
        ({"number": 30}, "number"),
        ({"amount": "21"}, "amount"),
        ({"amount": "2e1"}, "amount"),
        ({"amount": "-20"}, "amount"),
        ({"amount": 20}, "amount"),
        ({"provider": "bitcoin"}, "provider"),
        ({"lang": "fr"}, "lang"),
        ({"bonus": "100"}, "bonus"),
    ],
)
async def test_a_wish_that_cannot_be_met_is_refused(
    bench: Bench, client: Client, change: dict[str, object], field: str
) -> None:
    await refused(await client.post(ORDERS, json={**WISH, **change}, headers=OURS), 422, field)
    assert bench.provider.created == []


async def test_a_mistyped_number_is_refused_in_words(client: Client) -> None:
    wish = {**WISH, "number": "049 151 12345678", "lang": "en"}
    told = await refused(await client.post(ORDERS, json=wish, headers=OURS), 422, "number")
    assert told["detail"] == "This number looks mistyped. +49 1511 2345678"


async def test_a_provider_that_is_away_is_told(bench: Bench, client: Client) -> None:
    bench.provider.down = True
    await refused(await client.post(ORDERS, json=WISH, headers=OURS), 503)


async def test_an_unknown_profile_takes_nothing(client: Client) -> None:
    for what, body in (("orders", WISH), ("number", {"number": "030"})):
        await refused(await client.post(f"/topup/nobody/{what}", json=body, headers=OURS), 404)


async def test_orders_are_counted_by_number(client: Client) -> None:
    answers = [(await client.post(ORDERS, json=WISH, headers=OURS)).status for _ in range(16)]
    assert answers == [201] * 15 + [429]
    other = {**WISH, "number": "0152 28817386"}
    assert (await client.post(ORDERS, json=other, headers=OURS)).status == 201


async def test_orders_are_counted_by_address(client: Client) -> None:
    wrong = {**WISH, "number": "110"}
    answers = [(await client.post(ORDERS, json=wrong, headers=OURS)).status for _ in range(61)]
    assert answers == [422] * 60 + [429]


async def test_a_stranger_keeps_no_customer_from_paying(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, "BY_NUMBER_IN_ALL", Limit(17, HOUR_S))
    site = replace(bench.site, guard=Guard(proxies=1))
    async with TestClient(TestServer(make_app(site))) as client:

        async def begun(address: str) -> int:
            headers = {**OURS, "X-Forwarded-For": address}
            return (await client.post(ORDERS, json=WISH, headers=headers)).status

        stranger = [await begun("198.51.100.66") for _ in range(16)]
        assert stranger == [201] * 15 + [429]
        assert [await begun("203.0.113.1") for _ in range(3)] == [201, 201, 429]


async def test_the_time_of_an_answer_does_not_tell_who_has_an_account(
    bench: Bench, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    step_s = 0.2
    monkeypatch.setattr(ordering, "ANSWER_STEP_S", step_s)
    seen = []
    for is_down in (False, False, True):
        bench.provider.down = is_down
        asked_s = time.monotonic()
        status = (await client.post(ORDERS, json=WISH, headers=OURS)).status
        seen.append((status, time.monotonic() - asked_s >= step_s))
    assert seen == [(201, True), (201, True), (503, True)]
