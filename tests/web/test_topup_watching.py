"""What the payer of an order watches: status, stream, way back, receipt; and nobody else."""

import asyncio
import json
import re
import zlib
from typing import Any

import pytest
from aiohttp import ClientResponse

from engine.core.money import Rounding
from engine.core.payment import FactKind, PaymentOrder
from engine.core.quota import Meter
from engine.core.rating import Increment, Rate, hold_levels
from engine.ports.store import Reservation
from engine.web.rates import MINUTE_S, Limit
from engine.web.topup import told, watching
from tests.web.site import LANDLINE, MOBILE, Bench, Client

WITHIN_S = 10


async def status(bench: Bench, client: Client, order: PaymentOrder) -> dict[str, Any]:
    answer = await client.get(bench.watched(order))
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    seen: dict[str, Any] = await answer.json()
    return seen


async def next_event(stream: ClientResponse) -> dict[str, Any]:
    """What the stream tells next, comments passed over."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            line = (await stream.content.readline()).decode()
            assert line, "the stream has ended"
            if line.startswith("data: "):
                seen: dict[str, Any] = json.loads(line.removeprefix("data: "))
                return seen


async def hold(bench: Bench, order: PaymentOrder, seconds: int) -> None:
    """Let a call talk away so many seconds at 0.60 a minute."""
    rate = Rate(
        price_micros=600_000,
        first_price_micros=None,
        first_minutes=None,
        increment=Increment(1, 1),
        connect_fee_micros=0,
        rounding=Rounding(),
        max_call_minutes=60,
    )
    wish = Reservation(
        account_id=order.account_id,
        call_id="call",
        epoch=1,
        step=1,
        meter=Meter(rate, 0),
        levels=hold_levels(rate, 0, seconds),
    )
    await bench.store.reserve(wish)


# --- the status ---------------------------------------------------------------------------


async def test_an_order_that_is_not_paid_tells_no_balance(bench: Bench, client: Client) -> None:
    first = (await bench.begin()).order
    await bench.tell(first, FactKind.PAID)
    second = (await bench.begin(lang="en")).order
    seen = await status(bench, client, second)
    assert (seen["status"], seen["tone"]) == ("open", "waiting")
    assert (seen["balance"], seen["receipt"]) == (None, None)
    assert seen["title"] == "Waiting for your payment"
    assert seen["summary"] == "€20 + €2 bonus for +493023125xxx"


async def test_an_order_tells_the_number_it_was_typed_with(bench: Bench, client: Client) -> None:
    order = (await bench.begin(LANDLINE)).order
    await bench.ledger.change_number(order.account_id, MOBILE)
    assert (await status(bench, client, order))["summary"].endswith("für +493023125xxx")
    await bench.tell(order, FactKind.PAID)
    receipt = printed(await (await client.get(f"{bench.watched(order)}/receipt")).read())
    assert "+493023125xxx" in receipt
    assert MOBILE[:-3] not in receipt


async def test_a_paid_order_tells_the_balance_and_its_minutes(bench: Bench, client: Client) -> None:
    order = (await bench.begin(MOBILE)).order
    await bench.tell(order, FactKind.PAID)
    seen = await status(bench, client, order)
    assert (seen["status"], seen["tone"]) == ("paid", "good")
    assert seen["balance"] == {
        "available": "22.00",
        "currency": "EUR",
        "text": "22,00\xa0€",
        "held": "",
        "minutes": "7 bis 11 Minuten vom Handy",
    }


async def test_what_a_running_call_holds_is_not_there_to_spend(
    bench: Bench, client: Client
) -> None:
    order = (await bench.begin()).order
    await bench.tell(order, FactKind.PAID)
    await hold(bench, order, 60)
    balance = (await status(bench, client, order))["balance"]
    assert balance["text"] == "21,40\xa0€"
    assert "0,60\xa0€" in balance["held"]


@pytest.mark.parametrize(
    ("kind", "name", "tone"),
    [
        (FactKind.PENDING, "pending", "waiting"),
        (FactKind.AUTHORISED, "authorised", "waiting"),
        (FactKind.FAILED, "failed", "bad"),
        (FactKind.CANCELLED, "cancelled", "bad"),
        (FactKind.EXPIRED, "expired", "bad"),
    ],
)
async def test_every_way_an_order_can_stand_is_told(
    bench: Bench, client: Client, kind: FactKind, name: str, tone: str
) -> None:
    order = (await bench.begin()).order
    await bench.tell(order, kind)
    seen = await status(bench, client, order)
    assert (seen["status"], seen["tone"], seen["balance"]) == (name, tone, None)


async def test_a_refund_is_told_with_what_is_left(bench: Bench, client: Client) -> None:
    order = (await bench.begin()).order
    await bench.tell(order, FactKind.PAID)
    await bench.tell(order, FactKind.REFUNDED)
    seen = await status(bench, client, order)
    assert (seen["status"], seen["tone"]) == ("refunded", "bad")
    assert seen["balance"]["text"] == "0,00\xa0€"
    await bench.tell(order, FactKind.WITHDRAWN)
    assert (await status(bench, client, order))["status"] == "reversed"


async def test_the_balance_is_told_for_a_while_only(
    bench: Bench, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = (await bench.begin()).order
    await bench.tell(order, FactKind.PAID)
    monkeypatch.setattr(told, "BALANCE_TOLD_MS", 0)
    seen = await status(bench, client, order)
    assert (seen["status"], seen["balance"]) == ("paid", None)
    assert seen["receipt"]
    assert (await client.get(f"{bench.watched(order)}/events")).status == 204


async def test_a_transfer_says_where_to(bench: Bench, client: Client) -> None:
    order = (await bench.begin(provider="manual")).order
    seen = await status(bench, client, order)
    assert seen["tone"] == "due"
    assert seen["transfer"] == {
        "holder": "Sternlicht GmbH",
        "iban": "DE02120300000000202051",
        "reference": order.provider_ref,
    }


@pytest.mark.parametrize("what", ["", "/events", "/back", "/receipt"])
async def test_without_its_seal_there_is_no_order(bench: Bench, client: Client, what: str) -> None:
    order = (await bench.begin()).order
    await bench.tell(order, FactKind.PAID)
    other = bench.watched((await bench.begin(MOBILE)).order).rpartition("/")[2]
    unknown = bench.watched(order).replace(order.order_id, "0" * 32)
    for path in (f"/pay/{order.order_id}/{other}", f"/pay/{order.order_id}/ü", unknown):
        answer = await client.get(path + what)
        assert answer.status == 404
        assert answer.content_type == "application/problem+json"


# --- the stream ---------------------------------------------------------------------------


async def test_the_stream_tells_of_the_payment_and_of_a_call(
    bench: Bench, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY_MS", 10)
    order = (await bench.begin()).order
    async with client.get(f"{bench.watched(order)}/events") as stream:
        assert stream.content_type == "text/event-stream"
        assert "Set-Cookie" not in stream.headers
        assert stream.headers["Content-Security-Policy"]
        assert (await next_event(stream))["status"] == "open"
        await bench.tell(order, FactKind.PAID)
        seen = await next_event(stream)
        while seen["balance"] is None or seen["balance"]["available"] != "22.00":
            seen = await next_event(stream)
        assert seen["status"] == "paid"
        await hold(bench, order, 60)
        assert (await next_event(stream))["balance"]["available"] == "21.40"


async def test_a_silent_stream_has_a_heartbeat_and_an_end(
    bench: Bench, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY_MS", 1)
    monkeypatch.setattr(watching, "STREAM_LOOKS", 40)
    order = (await bench.begin()).order
    async with client.get(f"{bench.watched(order)}/events") as stream:
        told_in_all = (await stream.read()).decode()
    assert told_in_all.count("event: status") == 1
    assert told_in_all.count(": still here") == 2


async def test_a_store_that_is_away_ends_no_stream(
    bench: Bench, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY_MS", 10)
    order = (await bench.begin()).order
    await bench.tell(order, FactKind.PAID)
    bench.store.down = True
    async with client.get(f"{bench.watched(order)}/events") as stream:
        bench.store.reconnect()
        assert (await next_event(stream))["balance"]["available"] == "22.00"


async def test_streams_are_bounded(
    bench: Bench, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY_MS", 10)
    monkeypatch.setattr(watching, "STREAMS_OF_ADDRESS_MOST", 1)
    path = f"{bench.watched((await bench.begin()).order)}/events"
    async with client.get(path) as stream:
        await next_event(stream)
        second = await client.get(path)
        assert second.status == 429
        assert second.content_type == "application/problem+json"
    async with asyncio.timeout(WITHIN_S):
        while (third := await client.get(path)).status == 429:
            third.release()
        await next_event(third)
        third.close()
    monkeypatch.setattr(watching, "STREAMS_MOST", 0)
    assert (await client.get(path)).status == 429


# --- the way back -------------------------------------------------------------------------


async def test_who_is_back_makes_his_order_due(bench: Bench, client: Client) -> None:
    order = (await bench.begin(lang="en")).order
    bench.site.till.asked.clear()
    answer = await client.get(
        f"{bench.watched(order)}/back?paid", headers={"Accept-Language": "de"}
    )
    html = await answer.text()
    assert answer.status == 200
    assert bench.site.till.asked.is_set()
    assert [due.order_id for due in await bench.due()] == [order.order_id]
    assert '<html lang="en">' in html
    assert "Waiting for your payment" in html
    assert "Top up your balance with Sternlicht" in html
    assert f'data-watch="{bench.watched(order)}"' in html
    assert '<meta http-equiv="refresh"' in html
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers


async def test_who_is_back_and_has_paid_sees_it_without_scripts(
    bench: Bench, client: Client
) -> None:
    order = (await bench.begin()).order
    await bench.tell(order, FactKind.PAID)
    html = await (await client.get(f"{bench.watched(order)}/back")).text()
    assert "Bezahlt, vielen Dank" in html
    assert "22,00\xa0€" in html
    assert "Das reicht für 11 Minuten vom Festnetz." in html
    assert f'href="{bench.watched(order)}/receipt"' in html


async def test_a_provider_is_not_asked_for_every_reload(bench: Bench, client: Client) -> None:
    order = (await bench.begin()).order
    for _ in range(6):
        assert (await client.get(f"{bench.watched(order)}/back")).status == 200
    bench.site.till.asked.clear()
    assert (await client.get(f"{bench.watched(order)}/back")).status == 200
    assert not bench.site.till.asked.is_set()


async def test_no_address_lets_providers_be_asked_without_end(
    bench: Bench, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "ASKS_OF_ADDRESS", Limit(1, MINUTE_S))
    asked = []
    for number in (LANDLINE, MOBILE):
        order = (await bench.begin(number)).order
        bench.site.till.asked.clear()
        assert (await client.get(f"{bench.watched(order)}/back")).status == 200
        asked.append(bench.site.till.asked.is_set())
    assert asked == [True, False]


# --- the receipt --------------------------------------------------------------------------


async def test_an_unpaid_order_has_no_receipt(bench: Bench, client: Client) -> None:
    order = (await bench.begin()).order
    assert (await client.get(f"{bench.watched(order)}/receipt")).status == 404


@pytest.mark.parametrize(("lang", "title"), [("de", "Quittung"), ("en", "Receipt for a top-up")])
async def test_the_receipt_says_what_was_paid(
    bench: Bench, client: Client, lang: str, title: str
) -> None:
    order = (await bench.begin(lang=lang)).order
    await bench.tell(order, FactKind.PAID)
    answer = await client.get(f"{bench.watched(order)}/receipt")
    content = await answer.read()
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert content.startswith(b"%PDF-")
    text = printed(content)
    assert title in text
    for part in ("Sternlicht Beratung GmbH", order.order_id, "+493023125xxx", "Scripted"):
        assert part in text
    point = "," if lang == "de" else "."
    for amount in ("20{}00 EUR", "2{}00 EUR", "22{}00 EUR"):
        assert amount.format(point) in text
    assert LANDLINE not in text
    again = await client.get(f"{bench.watched(order)}/receipt")
    assert await again.read() == content


def printed(pdf: bytes) -> str:
    """The texts that a document of ours shows."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
    shown = b"\n".join(zlib.decompress(stream) for stream in streams)
    return shown.decode("latin-1").replace("\\(", "(").replace("\\)", ")")
