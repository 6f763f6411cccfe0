"""PayPal: what each status and event means, and how it is asked."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from engine.core.payment import FactKind, OrderStatus
from engine.errors import CallerError, RemoteError
from engine.payments.paypal.provider import PayPal
from tests.fakes.payments.paypal import PayPalFake
from tests.fakes.payments.signed import Callback
from tests.fakes.payments.site import Fault
from tests.payments.parts.proving import asked_by, bought_at_paypal, notice_of
from tests.payments.parts.purchase import PLACES, Ear, an_order, begun, click, kinds

EUR_20 = 20_000_000


class TestPaying:
    async def test_from_the_page_to_the_money_by_what_callbacks_make_us_ask(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        async with Ear() as ear:
            paypal_fake.hook_url = ear.places.notify
            books, url = await begun(paypal, ear.places)
            assert (await click(url, "pay")).startswith("/back?paid&token=")
            await paypal_fake.courier.idle()
            approved = await notice_of(paypal, Callback(ear.heard[0], ear.headers[0]))
            assert (approved.facts, approved.ask) == ((), (books.order.provider_ref,))
            assert kinds(await paypal.fetch(books.order)) == [FactKind.AUTHORISED]
            answered = await paypal.capture(books.order)
            await paypal_fake.courier.idle()
            captured = await notice_of(paypal, Callback(ear.heard[1], ear.headers[1]))
            assert (captured.facts, captured.ask) == ((), (books.order.provider_ref,))
            assert captured.event_id == ear.headers[1]["paypal-transmission-id"]
        assert answered == await paypal.fetch(books.order)
        (fact,) = answered
        assert fact.kind is FactKind.PAID
        assert (fact.order_id, fact.provider_ref) == (
            books.order.order_id,
            books.order.provider_ref,
        )
        assert (fact.amount_micros, fact.currency, fact.payee) == (EUR_20, "EUR", paypal.payee)
        books.note(answered)
        assert books.balance_micros == EUR_20 + books.order.bonus_micros

    async def test_what_paypal_is_asked_for(self, paypal_fake: PayPalFake, paypal: PayPal) -> None:
        books, _ = await begun(paypal)
        order = paypal_fake.orders[books.order.provider_ref]
        unit = order["purchase_units"][0]
        assert order["intent"] == "CAPTURE"
        assert unit["custom_id"] == unit["invoice_id"] == books.order.order_id
        assert unit["amount"] == {"currency_code": "EUR", "value": "20.00"}
        context = order["payment_source"]["paypal"]["experience_context"]
        assert context["payment_method_preference"] == "IMMEDIATE_PAYMENT_REQUIRED"
        assert (context["user_action"], context["locale"]) == ("PAY_NOW", "de-DE")
        assert (context["return_url"], context["cancel_url"]) == (PLACES.success, PLACES.failure)

    async def test_a_currency_without_decimals_is_written_without(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        books, _ = await begun(paypal, currency="JPY", amount_micros=500_000_000)
        unit = paypal_fake.orders[books.order.provider_ref]["purchase_units"][0]
        assert unit["amount"]["value"] == "500"

    async def test_capturing_twice_is_capturing_once(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        books = await bought_at_paypal(paypal_fake, paypal)
        first = await paypal.capture(books.order)
        paypal_fake._answered.clear()  # PayPal forgets request ids after six hours
        assert await paypal.capture(books.order) == first
        assert kinds(first) == [FactKind.PAID]

    async def test_an_order_not_approved_yet_is_left_alone(self, paypal: PayPal) -> None:
        books, _ = await begun(paypal)
        assert await paypal.capture(books.order) == ()
        assert await paypal.fetch(books.order) == ()

    @pytest.mark.parametrize("issue", ["INSTRUMENT_DECLINED", "PAYER_CANNOT_PAY"])
    async def test_a_payer_who_is_declined_has_failed(
        self, paypal_fake: PayPalFake, paypal: PayPal, issue: str
    ) -> None:
        paypal_fake.decline = issue
        books = await bought_at_paypal(paypal_fake, paypal)
        assert (books.order.status, books.balance_micros) == (OrderStatus.FAILED, 0)

    async def test_an_issue_nobody_knows_is_no_fact(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        paypal_fake.decline = "COMPLIANCE_VIOLATION"
        with pytest.raises(RemoteError, match="COMPLIANCE_VIOLATION") as caught:
            await bought_at_paypal(paypal_fake, paypal)
        assert not caught.value.retryable

    @pytest.mark.parametrize(
        ("later", "status"),
        [("COMPLETED", OrderStatus.PAID), ("DECLINED", OrderStatus.FAILED)],
    )
    async def test_a_capture_that_was_pending(
        self, paypal_fake: PayPalFake, paypal: PayPal, later: str, status: OrderStatus
    ) -> None:
        paypal_fake.capture_status = "PENDING"
        books = await bought_at_paypal(paypal_fake, paypal)
        assert (books.order.status, books.balance_micros) == (OrderStatus.PENDING, 0)
        paypal_fake.settle(books.order.provider_ref, later)
        assert await asked_by(paypal, paypal_fake.told[-1]) == (books.order.provider_ref,)
        assert books.note(await paypal.fetch(books.order)).status is status

    @pytest.mark.parametrize("event", ["PENDING", "COMPLETED", "DENIED", "DECLINED", "REFUNDED"])
    async def test_a_capture_is_asked_about_whatever_is_told_of_it(
        self, paypal_fake: PayPalFake, paypal: PayPal, event: str
    ) -> None:
        books = await bought_at_paypal(paypal_fake, paypal)
        capture = json.loads(paypal_fake.told[-1].raw)["resource"]
        name = f"PAYMENT.CAPTURE.{event}"
        callback = paypal_fake.callback(name, "capture", capture)
        assert await asked_by(paypal, callback) == (books.order.provider_ref,)
        del capture["supplementary_data"]
        callback = paypal_fake.callback(name, "capture", capture)
        assert await asked_by(paypal, callback) == (books.order.provider_ref,)
        del capture["links"], capture["custom_id"]
        callback = paypal_fake.callback(name, "capture", capture)
        assert await asked_by(paypal, callback) == (books.order.payment_ref,)

    async def test_an_approval_that_lapsed(self, paypal_fake: PayPalFake, paypal: PayPal) -> None:
        books, _ = await begun(paypal)
        paypal_fake.approve(books.order.provider_ref)
        paypal_fake.reverse_approval(books.order.provider_ref)
        assert await asked_by(paypal, paypal_fake.told[-1]) == (books.order.provider_ref,)
        (fact,) = await paypal.fetch(books.order)
        assert (fact.kind, fact.order_id) == (FactKind.CANCELLED, books.order.order_id)

    async def test_an_order_paypal_has_forgotten_has_expired(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        books = await bought_at_paypal(paypal_fake, paypal)
        paypal_fake.orders.clear()
        unpaid = replace(books.order, paid_ms=None)
        assert kinds(await paypal.fetch(unpaid)) == [FactKind.EXPIRED]
        with pytest.raises(RemoteError, match="404"):
            await paypal.fetch(books.order)

    async def test_another_amount_is_no_money_of_the_customer(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        paypal_fake.captured_value = "2000.00"
        books = await bought_at_paypal(paypal_fake, paypal)
        assert (books.order.status, books.balance_micros) == (OrderStatus.OPEN, 0)
        assert books.alarms == ("the amount is 2000.00 EUR, not 20.00",)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            pytest.param({"amount_micros": 1_234_567}, "amount_micros", id="decimals"),
            pytest.param({"amount_micros": 0}, "amount_micros", id="nothing"),
            pytest.param({"currency": "XTS"}, "currency", id="currency"),
            pytest.param({"currency": "JPY", "amount_micros": 500_000}, "amount_micros", id="yen"),
        ],
    )
    async def test_an_order_paypal_would_refuse(
        self, paypal: PayPal, changes: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(CallerError) as caught:
            await paypal.create(an_order("paypal", **changes), PLACES)
        assert caught.value.field == field

    @pytest.mark.parametrize(
        ("status", "detail"),
        [
            pytest.param(422, {"issue": "PAYEE_ACCOUNT_RESTRICTED"}, id="account"),
            pytest.param(422, {"issue": "MONTHLY_AMOUNT_LIMIT", "field": "/payee"}, id="limit"),
            pytest.param(403, {"issue": "X", "field": "/amount/value"}, id="no-permission"),
        ],
    )
    async def test_what_paypal_says_of_the_account_is_not_for_the_payer(
        self, paypal_fake: PayPalFake, paypal: PayPal, status: int, detail: dict[str, str]
    ) -> None:
        body = json.dumps({"details": [detail | {"description": "of the account"}]}).encode()
        paypal_fake.fault = Fault(status, body, "/v2/")
        with pytest.raises(RemoteError) as caught:
            await paypal.create(an_order("paypal"), PLACES)
        assert not caught.value.retryable

    async def test_a_refused_order_is_told_in_our_own_words(self, paypal: PayPal) -> None:
        with pytest.raises(CallerError, match=r"^is not taken by PayPal$"):
            await paypal.create(an_order("paypal", currency="XTS"), PLACES)

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b'{"message":"caf\xe9"}', id="no-utf-8"),
            pytest.param(b'{"x":' + b"[" * 100_000, id="nested-without-end"),
        ],
    )
    async def test_a_refusal_that_cannot_be_read_is_one(
        self, paypal_fake: PayPalFake, paypal: PayPal, body: bytes
    ) -> None:
        books, _ = await begun(paypal)
        paypal_fake.fault = Fault(422, body, "/v2/")
        for asked in (paypal.create(books.order, PLACES), paypal.capture(books.order)):
            with pytest.raises(RemoteError, match="422") as caught:
                await asked
            assert not caught.value.retryable


class TestGoingBack:
    @pytest.mark.parametrize("event", ["REFUNDED", "REVERSED"])
    async def test_money_that_goes_back_is_answered_as_a_total(
        self, paypal_fake: PayPalFake, paypal: PayPal, event: str
    ) -> None:
        books = await bought_at_paypal(paypal_fake, paypal)
        for micros, total in ((5_000_000, 5_000_000), (15_000_000, EUR_20)):
            paypal_fake.refund(books.order.provider_ref, micros, event=event)
            asked = await asked_by(paypal, paypal_fake.told[-1])
            assert asked == (books.order.payment_ref, books.order.order_id)
            _, fact = await paypal.fetch(books.order)
            assert (fact.kind, fact.amount_micros) == (FactKind.REFUNDED, total)
            assert (fact.order_id, fact.payment_ref) == (
                books.order.order_id,
                books.order.payment_ref,
            )
            books.note((fact, fact))
        assert (books.balance_micros, books.alarms) == (0, ())

    async def test_a_capture_refunded_in_full_says_so_without_its_refunds(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        books = await bought_at_paypal(paypal_fake, paypal)
        paypal_fake.refund(books.order.provider_ref, EUR_20)
        unit = paypal_fake.orders[books.order.provider_ref]["purchase_units"][0]
        unit["payments"]["refunds"].clear()
        _, asked = await paypal.fetch(books.order)
        assert (asked.kind, asked.amount_micros) == (FactKind.REFUNDED, EUR_20)

    async def test_a_refund_that_names_its_order_makes_that_be_asked_about(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        books = await bought_at_paypal(paypal_fake, paypal)
        refund = paypal_fake.refund(books.order.provider_ref, 5_000_000)
        refund["supplementary_data"] = {"related_ids": {"order_id": books.order.provider_ref}}
        callback = paypal_fake.callback("PAYMENT.CAPTURE.REFUNDED", "refund", refund)
        assert await asked_by(paypal, callback) == (books.order.provider_ref,)

    @pytest.mark.parametrize("event", ["CUSTOMER.DISPUTE.CREATED", "CHECKOUT.ORDER.COMPLETED"])
    async def test_what_moves_no_money_is_taken_in_without_facts(
        self, paypal_fake: PayPalFake, paypal: PayPal, event: str
    ) -> None:
        notice = await notice_of(
            paypal, paypal_fake.callback(event, "dispute", {"dispute_id": "PP-D-1"})
        )
        assert (notice.facts, notice.ask) == ((), ())


class TestTokens:
    async def test_many_at_once_ask_for_one(self, paypal_fake: PayPalFake, paypal: PayPal) -> None:
        orders = [an_order("paypal", order_id=f"order-{number}") for number in range(5)]
        await asyncio.gather(*(paypal.create(order, PLACES) for order in orders))
        assert (len(paypal_fake.orders), paypal_fake.tokens_asked) == (5, 1)

    async def test_one_that_is_known_no_longer_is_replaced(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        books, _ = await begun(paypal)
        paypal_fake.tokens.clear()
        await asyncio.gather(*(paypal.fetch(books.order) for _ in range(5)))
        assert paypal_fake.tokens_asked == 2

    async def test_a_wrong_secret_is_no_fault_of_the_order(
        self, paypal_fake: PayPalFake, paypal: PayPal
    ) -> None:
        paypal_fake.client_secret = "another"
        with pytest.raises(RemoteError, match="401") as caught:
            await begun(paypal)
        assert not caught.value.retryable

    @pytest.mark.parametrize(
        ("fault", "is_retryable"),
        [
            pytest.param(Fault(503), True, id="out-of-order"),
            pytest.param(Fault(429), True, id="too-often"),
            pytest.param(Fault(409), True, id="same-request-under-way"),
            pytest.param(Fault(403), False, id="forbidden"),
            pytest.param(Fault(302), False, id="redirect"),
            pytest.param(Fault(200, b"<html>"), False, id="not-json"),
            pytest.param(Fault(200, b"{}"), False, id="another-answer"),
        ],
    )
    async def test_faults_of_paypal(
        self, paypal_fake: PayPalFake, paypal: PayPal, fault: Fault, is_retryable: bool
    ) -> None:
        books, _ = await begun(paypal)
        paypal_fake.fault = Fault(fault.status, fault.body, "/v2/")
        for asked in (paypal.fetch, paypal.capture):
            with pytest.raises(RemoteError) as caught:
                await asked(books.order)
            assert caught.value.retryable is is_retryable
