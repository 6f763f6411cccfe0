"""Klarna: what each of its states means, and that money is taken once, whoever asks how often."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from engine.core.payment import FactKind, OrderStatus
from engine.errors import CallerError, RemoteError
from engine.payments.klarna import CALLBACK_MOST_BYTES, Klarna
from engine.ports.payments import Forged, Notice
from tests.fakes.payments.klarna import KlarnaFake
from tests.fakes.payments.site import Fault
from tests.payments.parts.proving import assert_all_fail
from tests.payments.parts.purchase import PLACES, Books, Ear, an_order, begun, click, kinds

EUR_20 = 20_000_000
ACCOUNT = {"username": "PK1_user", "password": "pass"}


@pytest.fixture
async def fake() -> AsyncIterator[KlarnaFake]:
    async with KlarnaFake() as fake:
        yield fake


@pytest.fixture
async def klarna(fake: KlarnaFake) -> AsyncIterator[Klarna]:
    provider = Klarna(fake.options(), "tarot")
    yield provider
    await provider.close()


async def test_a_payer_who_pays_on_the_page_has_his_money(fake: KlarnaFake, klarna: Klarna) -> None:
    async with Ear() as ear:
        books, url = await begun(klarna, ear.places)
        assert await klarna.fetch(books.order) == ()
        assert await click(url, "pay") == "/back?paid"
        await fake.courier.idle()
        notices = [klarna.verify(raw, {}, 0) for raw in ear.heard]
    asked = [notice.ask for notice in notices if isinstance(notice, Notice)]
    assert asked == [(books.order.provider_ref,)] * 2
    books.note(await klarna.fetch(books.order))
    assert (books.order.status, books.balance_micros) == (OrderStatus.AUTHORISED, 0)
    books.note(await klarna.capture(books.order))
    assert books.balance_micros == EUR_20 + 2_000_000
    assert books.order.status is OrderStatus.PAID
    assert books.order.payment_ref in fake.orders


async def test_only_pay_now_is_offered_and_nothing_is_placed_by_itself(
    fake: KlarnaFake, klarna: Klarna
) -> None:
    books, _ = await begun(klarna)
    session = fake.sessions[books.order.provider_ref]
    assert session.options == {
        "place_order_mode": "NONE",
        "payment_method_categories": ["PAY_NOW"],
    }
    assert session.purchase["merchant_reference1"] == books.order.order_id


@pytest.mark.parametrize(
    ("status", "facts"),
    [
        ("WAITING", []),
        ("IN_PROGRESS", []),
        ("BACK", []),
        ("FAILED", []),
        ("ERROR", []),
        ("MANUAL_ID_CHECK", [FactKind.PENDING]),
        ("COMPLETED", [FactKind.AUTHORISED]),
        ("CANCELLED", [FactKind.CANCELLED]),
        ("DISABLED", [FactKind.EXPIRED]),
    ],
)
async def test_every_state_of_the_page(
    fake: KlarnaFake, klarna: Klarna, status: str, facts: list[FactKind]
) -> None:
    books, _ = await begun(klarna)
    fake.sessions[books.order.provider_ref].status = status
    assert kinds(await klarna.fetch(books.order)) == facts
    if status != "COMPLETED":
        assert kinds(await klarna.capture(books.order)) == facts
        assert fake.orders == {}


async def test_a_state_that_is_not_documented_is_no_state(fake: KlarnaFake, klarna: Klarna) -> None:
    books, _ = await begun(klarna)
    fake.sessions[books.order.provider_ref].status = "PAID_IN_FULL"
    with pytest.raises(RemoteError) as raised:
        await klarna.fetch(books.order)
    assert not raised.value.retryable


@pytest.mark.parametrize(
    ("fraud_status", "status", "fact"),
    [
        ("PENDING", "AUTHORIZED", FactKind.PENDING),
        ("REJECTED", "AUTHORIZED", FactKind.FAILED),
        ("ACCEPTED", "CANCELLED", FactKind.CANCELLED),
        ("ACCEPTED", "CLOSED", FactKind.CANCELLED),
        ("ACCEPTED", "EXPIRED", FactKind.EXPIRED),
        ("ACCEPTED", "AUTHORIZED", FactKind.AUTHORISED),
    ],
)
async def test_every_state_of_an_order_without_money(
    fake: KlarnaFake, klarna: Klarna, fraud_status: str, status: str, fact: FactKind
) -> None:
    fake.fraud_status = "PENDING"
    books, _ = await begun(klarna)
    fake.pay(books.order.provider_ref)
    assert kinds(await klarna.capture(books.order)) == [FactKind.PENDING]
    (order,) = fake.orders.values()
    order.fraud_status, order.status = fraud_status, status
    assert kinds(await klarna.fetch(books.order)) == [fact]


async def test_captured_twice_is_taken_once(fake: KlarnaFake, klarna: Klarna) -> None:
    books, _ = await begun(klarna)
    fake.pay(books.order.provider_ref)
    known = books.order
    books.note(await klarna.capture(known))
    books.note(await klarna.capture(known))
    books.note(await klarna.capture(books.order))
    assert books.balance_micros == EUR_20 + 2_000_000
    assert len(fake.orders) == 1


async def test_the_return_and_the_notification_race(fake: KlarnaFake, klarna: Klarna) -> None:
    books, _ = await begun(klarna)
    fake.pay(books.order.provider_ref)
    both = await asyncio.gather(*(klarna.capture(books.order) for _ in range(2)))
    for facts in both:
        books.note(facts)
    assert books.balance_micros == EUR_20 + 2_000_000
    assert [order.captured for order in fake.orders.values()] == [2_000]


async def test_placing_what_is_being_placed_is_to_be_tried_again(
    fake: KlarnaFake, klarna: Klarna
) -> None:
    books, _ = await begun(klarna)
    fake.pay(books.order.provider_ref)
    fake.gate = asyncio.Event()
    first = asyncio.create_task(klarna.capture(books.order))
    await fake.is_placing.wait()
    with pytest.raises(RemoteError) as raised:
        await klarna.capture(books.order)
    assert raised.value.retryable
    fake.gate.set()
    assert kinds(await first) == [FactKind.PAID]
    assert kinds(await klarna.capture(books.order)) == [FactKind.PAID]


@pytest.mark.parametrize("names_order", [True, False])
async def test_an_answer_that_was_lost_is_found_again(
    fake: KlarnaFake, klarna: Klarna, names_order: bool
) -> None:
    """The order was placed, the engine died: from the session's order, else by the same key."""
    fake.names_order = names_order
    books, _ = await begun(klarna)
    fake.pay(books.order.provider_ref)
    fake.fault = Fault(500, path="/ordermanagement")
    with pytest.raises(RemoteError):
        await klarna.capture(books.order)
    fake.fault = None
    facts = await klarna.fetch(books.order)
    books.note(facts)
    if not names_order:
        assert kinds(facts) == [FactKind.AUTHORISED]
        books.note(await klarna.capture(books.order))
    assert books.balance_micros == EUR_20 + 2_000_000
    assert len(fake.orders) == 1


async def test_an_account_that_does_not_capture_by_itself_is_made_to(
    fake: KlarnaFake, klarna: Klarna
) -> None:
    fake.auto_captures = False
    books, _ = await begun(klarna)
    fake.pay(books.order.provider_ref)
    assert kinds(await klarna.capture(books.order)) == [FactKind.PAID]


@pytest.mark.parametrize("names_order", [True, False])
async def test_a_risk_check_that_takes_its_time_is_waited_for(
    fake: KlarnaFake, klarna: Klarna, names_order: bool
) -> None:
    """Placed while it was pending, accepted later and not captured by anybody yet."""
    fake.fraud_status, fake.names_order = "PENDING", names_order
    books, _ = await begun(klarna)
    fake.pay(books.order.provider_ref)
    books.note(await klarna.capture(books.order))
    assert (books.order.status, books.balance_micros) == (OrderStatus.PENDING, 0)
    (order,) = fake.orders.values()
    order.fraud_status = "ACCEPTED"
    assert kinds(await klarna.fetch(books.order)) == [FactKind.AUTHORISED]
    books.note(await klarna.capture(books.order))
    assert books.balance_micros == EUR_20 + 2_000_000
    assert len(fake.orders) == 1


async def test_an_agreement_that_lapsed_has_expired(fake: KlarnaFake, klarna: Klarna) -> None:
    books, _ = await begun(klarna)
    fake.pay(books.order.provider_ref)
    fake.lapse(books.order.provider_ref)
    assert kinds(await klarna.capture(books.order)) == [FactKind.EXPIRED]


async def test_a_session_that_klarna_forgot_has_expired(fake: KlarnaFake, klarna: Klarna) -> None:
    books, _ = await begun(klarna)
    fake.sessions.clear()
    assert kinds(await klarna.fetch(books.order)) == [FactKind.EXPIRED]
    assert kinds(await klarna.capture(books.order)) == [FactKind.EXPIRED]


async def test_refunds_are_told_as_their_total(fake: KlarnaFake, klarna: Klarna) -> None:
    books, _ = await begun(klarna)
    fake.pay(books.order.provider_ref)
    books.note(await klarna.capture(books.order))
    fake.refund(books.order.payment_ref, 500)
    books.note(await klarna.fetch(books.order))
    assert books.balance_micros == 16_500_000
    fake.refund(books.order.payment_ref, 1_500)
    for _ in range(2):
        books.note(await klarna.fetch(books.order))
    assert (books.order.status, books.balance_micros) == (OrderStatus.REFUNDED, 0)


async def test_a_wrong_amount_is_never_the_customers(fake: KlarnaFake, klarna: Klarna) -> None:
    fake.excess = 1
    books, _ = await begun(klarna)
    fake.pay(books.order.provider_ref)
    books.note(await klarna.capture(books.order))
    assert books.balance_micros == 0
    assert books.alarms == ("the amount is 20.01 EUR, not 20.00",)


async def test_another_orders_money_is_not_taken_for_this_ones(
    fake: KlarnaFake, klarna: Klarna
) -> None:
    books, _ = await begun(klarna)
    fake.pay(books.order.provider_ref)
    books.note(await klarna.capture(books.order))
    with pytest.raises(RemoteError):
        await klarna.fetch(replace(books.order, order_id="another"))


async def test_the_same_order_asked_for_twice_is_one_there(
    fake: KlarnaFake, klarna: Klarna
) -> None:
    order = an_order("klarna")
    assert await klarna.create(order, PLACES) == await klarna.create(order, PLACES)
    assert len(fake.sessions) == 1


async def test_a_callback_that_lies_changes_nothing(fake: KlarnaFake, klarna: Klarna) -> None:
    books, _ = await begun(klarna)
    session = {"session_id": books.order.provider_ref, "status": "COMPLETED"}
    raw = json.dumps({"event_id": "1", "session": session}).encode()
    notice = klarna.verify(raw, {}, 0)
    assert isinstance(notice, Notice)
    assert (notice.facts, notice.ask) == ((), (books.order.provider_ref,))
    assert await klarna.fetch(books.order) == ()
    assert await klarna.capture(books.order) == ()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"\xff\xfe",
        b'{"event_id":"1"}',
        b'{"event_id":"","session":{"session_id":"x"}}',
        b'{"event_id":"1","session":{"session_id":""}}',
        b'{"event_id":"1","session":{"session_id":7}}',
        b'{"event_id":"\xff","session":{"session_id":"x"}}',
        b'{"x":' + b"[" * 8_000,
        b'{"event_id":"1","session":{"session_id":"' + b"x" * 300 + b'"}}',
        b'{"event_id":"1","session":{"session_id":"x"}}' + b" " * CALLBACK_MOST_BYTES,
    ],
)
def test_what_is_no_status_update_is_refused(raw: bytes) -> None:
    assert isinstance(Klarna(ACCOUNT, "tarot").verify(raw, {}, 0), Forged)


async def test_a_callback_is_sent_four_times_at_most(fake: KlarnaFake, klarna: Klarna) -> None:
    async with Ear(500, 503, 404, 200) as ear:
        books, _ = await begun(klarna, ear.places)
        fake.become(books.order.provider_ref, "IN_PROGRESS")
        await fake.courier.idle()
        assert fake.courier.answers == [500, 503, 404, 200]
    async with Ear(500) as ear:
        books, _ = await begun(klarna, ear.places, order_id="2")
        fake.become(books.order.provider_ref, "IN_PROGRESS")
        await fake.courier.idle()
        assert len(ear.heard) == 4
    notices = {klarna.verify(raw, {}, 0) for raw in ear.heard}
    assert len(notices) == 1


async def test_callbacks_may_come_twice_and_in_any_order(fake: KlarnaFake, klarna: Klarna) -> None:
    async with Ear() as ear:
        books, _ = await begun(klarna, ear.places)
        fake.courier.held, fake.courier.copies = [], 2
        fake.become(books.order.provider_ref, "IN_PROGRESS")
        fake.pay(books.order.provider_ref)
        fake.courier.release(newest_first=True)
        await fake.courier.idle()
    notices = [klarna.verify(raw, {}, 0) for raw in ear.heard]
    assert len(notices) == 4
    assert len(set(notices)) == 2


async def test_an_order_that_klarna_does_not_take(klarna: Klarna) -> None:
    for changes, field in (
        ({"currency": "CHF"}, "currency"),
        ({"amount_micros": 10_001_000_000}, "amount_micros"),
        ({"amount_micros": 1}, "amount_micros"),
    ):
        with pytest.raises(CallerError) as raised:
            await begun(klarna, **changes)
        assert raised.value.field == field


async def test_wrong_credentials_are_nobodys_order(fake: KlarnaFake) -> None:
    klarna = Klarna({**fake.options(), "password": "x"}, "tarot")
    with pytest.raises(RemoteError) as raised:
        await begun(klarna)
    assert not raised.value.retryable
    await klarna.close()


@pytest.mark.parametrize(
    ("fault", "retryable"),
    [
        (Fault(500), True),
        (Fault(503, b"<html>"), True),
        (Fault(429), True),
        (Fault(403), False),
        (Fault(302), False),
        (Fault(200, b"nonsense"), False),
        (Fault(200, b"\xff"), False),
        (Fault(200, b'{"status":"\xff"}'), False),
        (Fault(200, b'{"x":' + b"[" * 100_000), False),
        (Fault(200, b"{}"), False),
        (Fault(200, b'{"status":7}'), False),
    ],
)
async def test_what_fails_at_klarna_is_remote(
    fake: KlarnaFake, klarna: Klarna, fault: Fault, retryable: bool
) -> None:
    books, _ = await begun(klarna)
    fake.fault = fault
    await assert_all_fail(klarna, books.order, retryable=retryable)


async def test_klarna_that_is_slow_or_away_is_asked_again(fake: KlarnaFake) -> None:
    klarna = Klarna(fake.options(), "tarot", timeout_s=0.05)
    fake.is_silent = True
    books = Books(an_order("klarna", provider_ref="x"))
    with pytest.raises(RemoteError, match="in time") as raised:
        await klarna.fetch(books.order)
    assert raised.value.retryable
    await klarna.close()
    away = Klarna({**ACCOUNT, "base_url": "http://127.0.0.1:1"}, "tarot")
    with pytest.raises(RemoteError) as raised:
        await away.fetch(books.order)
    assert raised.value.retryable
    await away.close()


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"username": "u"}, "password"),
        ({"password": "p"}, "username"),
        ({**ACCOUNT, "user": "u"}, "user"),
        ({**ACCOUNT, "username": "a:b"}, "username"),
        ({**ACCOUNT, "country": "Germany"}, "country"),
        ({**ACCOUNT, "base_url": "http://api.klarna.com"}, "base_url"),
    ],
)
def test_options_that_are_wrong(options: dict[str, str], field: str) -> None:
    with pytest.raises(CallerError) as raised:
        Klarna(options, "tarot")
    assert raised.value.field == field
