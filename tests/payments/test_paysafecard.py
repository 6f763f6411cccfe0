"""paysafecard: its states, a capture that comes second, and whose fault an error is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest

from engine.core.payment import FactKind, OrderStatus
from engine.errors import CallerError, RemoteError
from engine.payments.paysafecard import CALLBACK_MOST_BYTES, Paysafecard
from engine.ports.payments import Forged, Notice
from tests.fakes.payments.paysafecard import PaysafecardFake
from tests.fakes.payments.site import Fault
from tests.payments.parts.proving import assert_all_fail
from tests.payments.parts.purchase import Books, Ear, an_order, begun, click, kinds

WITH_BONUS = 22_000_000


@pytest.fixture
async def fake() -> AsyncIterator[PaysafecardFake]:
    async with PaysafecardFake() as fake:
        yield fake


@pytest.fixture
async def paysafecard(fake: PaysafecardFake) -> AsyncIterator[Paysafecard]:
    provider = Paysafecard(fake.options(), "tarot")
    yield provider
    await provider.close()


async def test_a_payer_who_enters_his_pin_has_his_money(
    fake: PaysafecardFake, paysafecard: Paysafecard
) -> None:
    async with Ear() as ear:
        books, url = await begun(paysafecard, ear.places)
        assert await click(url, "pay") == "/back?paid"
        await fake.courier.idle()
        (raw,) = ear.heard
    notice = paysafecard.verify(raw, {}, 0)
    assert isinstance(notice, Notice)
    assert (notice.facts, notice.ask) == ((), (books.order.provider_ref,))
    books.note(await paysafecard.fetch(books.order))
    assert (books.order.status, books.balance_micros) == (OrderStatus.AUTHORISED, 0)
    books.note(await paysafecard.capture(books.order))
    assert (books.order.status, books.balance_micros) == (OrderStatus.PAID, WITH_BONUS)


async def test_a_payer_who_cancels_has_nothing(paysafecard: Paysafecard) -> None:
    books, url = await begun(paysafecard)
    assert await click(url, "cancel") == "/back"
    assert books.note(await paysafecard.fetch(books.order)).status is OrderStatus.CANCELLED


async def test_what_is_told_of_an_order(fake: PaysafecardFake) -> None:
    shop = {"shop_id": "s1", "submerchant_id": "m1"}
    paysafecard = Paysafecard({**fake.options(), **shop}, "tarot")
    books, _ = await begun(paysafecard)
    await paysafecard.close()
    asked = fake.payments[books.order.provider_ref].asked
    assert asked["amount"] == "20.00"
    assert asked["customer"] == {"id": "a-1"}
    assert (asked["shop_id"], asked["submerchant_id"]) == ("s1", "m1")


@pytest.mark.parametrize(
    ("status", "facts"),
    [
        ("INITIATED", []),
        ("REDIRECTED", []),
        ("AUTHORIZED", [FactKind.AUTHORISED]),
        ("SUCCESS", [FactKind.PAID]),
        ("CANCELED_MERCHANT", [FactKind.CANCELLED]),
        ("CANCELED_CUSTOMER", [FactKind.CANCELLED]),
        ("EXPIRED", [FactKind.EXPIRED]),
    ],
)
async def test_every_state(
    fake: PaysafecardFake, paysafecard: Paysafecard, status: str, facts: list[FactKind]
) -> None:
    books, _ = await begun(paysafecard)
    fake.become(books.order.provider_ref, status)
    assert kinds(await paysafecard.fetch(books.order)) == facts
    if status != "AUTHORIZED":
        assert kinds(await paysafecard.capture(books.order)) == facts


async def test_a_state_that_is_not_documented_is_no_state(
    fake: PaysafecardFake, paysafecard: Paysafecard
) -> None:
    books, _ = await begun(paysafecard)
    fake.become(books.order.provider_ref, "SUCCESSFUL")
    with pytest.raises(RemoteError) as raised:
        await paysafecard.fetch(books.order)
    assert not raised.value.retryable


async def test_the_return_and_the_notification_race(
    fake: PaysafecardFake, paysafecard: Paysafecard
) -> None:
    books, _ = await begun(paysafecard)
    fake.pay(books.order.provider_ref)
    all_three = await asyncio.gather(*(paysafecard.capture(books.order) for _ in range(3)))
    for facts in all_three:
        assert kinds(facts) == [FactKind.PAID]
        books.note(facts)
    assert books.balance_micros == WITH_BONUS
    assert sum(line.endswith("/capture") for line in fake.asked) == 3


async def test_refunds_are_told_as_their_total(
    fake: PaysafecardFake, paysafecard: Paysafecard
) -> None:
    books, _ = await begun(paysafecard)
    fake.pay(books.order.provider_ref)
    books.note(await paysafecard.capture(books.order))
    fake.refund(books.order.provider_ref, Decimal("5.10"))
    fake.refund(books.order.provider_ref, Decimal("9.90"), status="VALIDATION_SUCCESSFUL")
    books.note(await paysafecard.fetch(books.order))
    assert books.order.refunded_micros == 5_100_000
    fake.refund(books.order.provider_ref, Decimal("14.90"))
    for _ in range(2):
        books.note(await paysafecard.fetch(books.order))
    assert (books.order.status, books.balance_micros) == (OrderStatus.REFUNDED, 0)


async def test_a_wrong_amount_is_never_the_customers(
    fake: PaysafecardFake, paysafecard: Paysafecard
) -> None:
    fake.excess = Decimal("0.01")
    books, _ = await begun(paysafecard)
    fake.pay(books.order.provider_ref)
    books.note(await paysafecard.capture(books.order))
    assert books.balance_micros == 0
    assert books.alarms == ("the amount is 20.01 EUR, not 20.00",)


async def test_a_notification_that_lies_changes_nothing(
    fake: PaysafecardFake, paysafecard: Paysafecard
) -> None:
    books, _ = await begun(paysafecard)
    raw = f"mtid={books.order.provider_ref}&status=SUCCESS".encode()
    notice = paysafecard.verify(raw, {}, 0)
    assert isinstance(notice, Notice)
    assert (notice.facts, notice.ask) == ((), (books.order.provider_ref,))
    assert await paysafecard.fetch(books.order) == ()
    assert await paysafecard.capture(books.order) == ()


@pytest.mark.parametrize(
    "raw",
    [b"mtid=p1", b"x=1&payment_id=p1", b'{"id":"p1"}', b' {"payment_id":"p1","id":7}'],
)
def test_a_notification_names_its_payment(raw: bytes) -> None:
    notice = Paysafecard({"api_key": "k"}, "tarot").verify(raw, {}, 0)
    assert isinstance(notice, Notice)
    assert notice.ask == ("p1",)


async def test_an_empty_notification_is_told_by_its_address_alone(
    fake: PaysafecardFake, paysafecard: Paysafecard
) -> None:
    """Two of them are two: none may be taken for a repetition of the other."""
    fake.names_payment = False
    async with Ear() as ear:
        books, _ = await begun(paysafecard, ear.places)
        fake.pay(books.order.provider_ref)
        await fake.courier.idle()
        assert ear.heard == [b""]
    first, second = (paysafecard.verify(b"", {}, now_ms) for now_ms in (1, 2))
    assert isinstance(first, Notice)
    assert isinstance(second, Notice)
    assert (first.ask, first.facts) == ((), ())
    assert first.event_id != second.event_id


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense",
        b"mtid=",
        b"status=SUCCESS",
        b"mtid=\xff",
        b"{",
        b'{"id":7}',
        b'{"x":' + b"[" * 8_000,
        b"&".join(b"a%d=1" % n for n in range(60)) + b"&mtid=p1",
        b"mtid=" + b"x" * 300,
        b"mtid=p1&x=" + b"x" * CALLBACK_MOST_BYTES,
    ],
)
def test_what_names_no_payment_is_refused(raw: bytes) -> None:
    assert isinstance(Paysafecard({"api_key": "k"}, "tarot").verify(raw, {}, 0), Forged)


async def test_an_order_that_paysafecard_does_not_take(paysafecard: Paysafecard) -> None:
    for changes, field in (
        ({"amount_micros": 1_000_010_000}, "amount_micros"),
        ({"amount_micros": 0}, "amount_micros"),
        ({"amount_micros": 10_001}, "amount_micros"),
        ({"currency": "USD"}, "currency"),
    ):
        with pytest.raises(CallerError) as raised:
            await begun(paysafecard, **changes)
        assert raised.value.field == field


async def test_what_is_the_merchants_fault_is_not_the_orders(
    fake: PaysafecardFake, paysafecard: Paysafecard
) -> None:
    fake.is_active = False
    with pytest.raises(RemoteError, match="3001") as raised:
        await begun(paysafecard)
    assert not raised.value.retryable
    fake.is_known_address = False
    with pytest.raises(RemoteError, match="registered") as raised:
        await begun(paysafecard)
    assert not raised.value.retryable
    with pytest.raises(RemoteError, match="registered") as raised:
        await paysafecard.fetch(an_order("paysafecard", provider_ref="p1"))
    assert not raised.value.retryable


async def test_a_payment_that_paysafecard_does_not_know(paysafecard: Paysafecard) -> None:
    order = an_order("paysafecard", provider_ref="pay_0")
    for ask in (paysafecard.fetch, paysafecard.capture):
        with pytest.raises(RemoteError, match="2002") as raised:
            await ask(order)
        assert not raised.value.retryable


async def test_another_payments_answer_is_not_believed(
    fake: PaysafecardFake, paysafecard: Paysafecard
) -> None:
    books, _ = await begun(paysafecard)
    fake.payments["other"] = fake.payments[books.order.provider_ref]
    with pytest.raises(RemoteError) as raised:
        await paysafecard.fetch(replace(books.order, provider_ref="other"))
    assert not raised.value.retryable


def _paid(amount: str) -> bytes:
    return f'{{"id":"p1","status":"SUCCESS","currency":"EUR","amount":{amount}}}'.encode()


@pytest.mark.parametrize("amount", ["-1", "1e9999", "20.0000001", "null", '"NaN"', '"20,00"'])
async def test_an_amount_that_is_nonsense_is_remote(
    fake: PaysafecardFake, paysafecard: Paysafecard, amount: str
) -> None:
    fake.fault = Fault(200, _paid(amount))
    with pytest.raises(RemoteError) as raised:
        await paysafecard.fetch(an_order("paysafecard", provider_ref="p1"))
    assert not raised.value.retryable


@pytest.mark.parametrize("amount", ["20", "20.0", "20.00", '"20.00"'])
async def test_an_amount_is_read_to_the_cent(
    fake: PaysafecardFake, paysafecard: Paysafecard, amount: str
) -> None:
    fake.fault = Fault(200, _paid(amount))
    (fact,) = await paysafecard.fetch(an_order("paysafecard", provider_ref="p1"))
    assert fact.amount_micros == 20_000_000


@pytest.mark.parametrize(
    ("fault", "retryable"),
    [
        (Fault(500), True),
        (Fault(503, b"<html>"), True),
        (Fault(429), True),
        (Fault(403), False),
        (Fault(400, b'{"number":'), False),
        (Fault(302), False),
        (Fault(200, b"nonsense"), False),
        (Fault(200, b'{"id":7}'), False),
        (Fault(200, b"[" * 100_000), False),
    ],
)
async def test_what_fails_at_paysafecard_is_remote(
    fake: PaysafecardFake, paysafecard: Paysafecard, fault: Fault, retryable: bool
) -> None:
    books, _ = await begun(paysafecard)
    fake.fault = fault
    await assert_all_fail(paysafecard, books.order, retryable=retryable)


async def test_paysafecard_that_is_slow_or_away_is_asked_again(fake: PaysafecardFake) -> None:
    fake.is_silent = True
    books = Books(an_order("paysafecard", provider_ref="p1"))
    for base_url in (fake.url, "http://127.0.0.1:1"):
        paysafecard = Paysafecard({**fake.options(), "base_url": base_url}, "tarot", timeout_s=0.05)
        for ask in (paysafecard.fetch, paysafecard.capture):
            with pytest.raises(RemoteError) as raised:
                await ask(books.order)
            assert raised.value.retryable
        await paysafecard.close()


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({}, "api_key"),
        ({"api_key": "k", "key": "k"}, "key"),
        ({"api_key": "k\n"}, "api_key"),
        ({"api_key": "k", "base_url": "ftp://api.paysafecard.com"}, "base_url"),
    ],
)
def test_options_that_are_wrong(options: dict[str, str], field: str) -> None:
    with pytest.raises(CallerError) as raised:
        Paysafecard(options, "tarot")
    assert raised.value.field == field
