"""PayPal: what each status and event means, and that nothing forged is believed."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.core.payment import FactKind, OrderStatus, PaymentFact
from engine.errors import CallerError, RemoteError
from engine.payments.http import Remote
from engine.payments.paypal.certificates import CHAINS_MOST, Certificates, read_roots
from engine.payments.paypal.provider import BODY_MOST_BYTES, PayPal
from engine.ports.payments import Forged, Notice
from tests.fakes.payments.authority import DAY, Authority, Signer
from tests.fakes.payments.paypal import CERTIFIED_NAME, PayPalFake
from tests.fakes.payments.signed import Callback
from tests.fakes.payments.site import Fault
from tests.payments.purchase import PLACES, Books, Ear, an_order, begun, click, kinds

EUR_20 = 20_000_000
NOW = datetime.now(UTC)


@pytest.fixture
async def fake() -> AsyncIterator[PayPalFake]:
    async with PayPalFake() as fake:
        yield fake


@pytest.fixture
async def paypal(fake: PayPalFake, tmp_path: Path) -> AsyncIterator[PayPal]:
    ca_file = tmp_path / "root.pem"
    ca_file.write_bytes(fake.authority.root)
    provider = PayPal(fake.options(str(ca_file)), "tarot")
    yield provider
    await provider.close()


async def proved(paypal: PayPal, callback: Callback) -> Notice | Forged:
    """What a callback proves after its certificate was learnt, as the till does it."""
    await paypal.learn(callback.headers)
    return paypal.verify(callback.raw, callback.headers, Ear.now_ms())


async def facts_in(paypal: PayPal, callback: Callback) -> tuple[PaymentFact, ...]:
    """The facts of a callback that must be good."""
    notice = await proved(paypal, callback)
    assert isinstance(notice, Notice), notice
    return notice.facts


async def bought(fake: PayPalFake, paypal: PayPal) -> Books:
    """An order that was approved and captured."""
    books, _ = await begun(paypal)
    fake.approve(books.order.provider_ref)
    books.note(await paypal.capture(books.order))
    return books


class TestPaying:
    async def test_from_the_page_to_the_money_by_callbacks_alone(
        self, fake: PayPalFake, paypal: PayPal
    ) -> None:
        async with Ear() as ear:
            fake.hook_url = ear.places.notify
            books, url = await begun(paypal, ear.places)
            assert (await click(url, "pay")).startswith("/back?paid&token=")
            await fake.courier.idle()
            approved = await proved(paypal, Callback(ear.heard[0], ear.headers[0]))
            assert isinstance(approved, Notice)
            assert (approved.facts, approved.ask) == ((), (books.order.provider_ref,))
            assert kinds(await paypal.fetch(books.order)) == [FactKind.AUTHORISED]
            answered = await paypal.capture(books.order)
            await fake.courier.idle()
            told = await facts_in(paypal, Callback(ear.heard[1], ear.headers[1]))
        assert told == answered == await paypal.fetch(books.order)
        (fact,) = told
        assert fact.kind is FactKind.PAID
        assert (fact.order_id, fact.provider_ref) == (
            books.order.order_id,
            books.order.provider_ref,
        )
        assert (fact.amount_micros, fact.currency, fact.payee) == (EUR_20, "EUR", paypal.payee)
        books.note(told)
        assert books.balance_micros == EUR_20 + books.order.bonus_micros

    async def test_what_paypal_is_asked_for(self, fake: PayPalFake, paypal: PayPal) -> None:
        books, _ = await begun(paypal)
        order = fake.orders[books.order.provider_ref]
        unit = order["purchase_units"][0]
        assert order["intent"] == "CAPTURE"
        assert unit["custom_id"] == unit["invoice_id"] == books.order.order_id
        assert unit["amount"] == {"currency_code": "EUR", "value": "20.00"}
        context = order["payment_source"]["paypal"]["experience_context"]
        assert context["payment_method_preference"] == "IMMEDIATE_PAYMENT_REQUIRED"
        assert (context["user_action"], context["locale"]) == ("PAY_NOW", "de-DE")
        assert (context["return_url"], context["cancel_url"]) == (PLACES.success, PLACES.failure)

    async def test_a_currency_without_decimals_is_written_without(
        self, fake: PayPalFake, paypal: PayPal
    ) -> None:
        books, _ = await begun(paypal, currency="JPY", amount_micros=500_000_000)
        unit = fake.orders[books.order.provider_ref]["purchase_units"][0]
        assert unit["amount"]["value"] == "500"

    async def test_capturing_twice_is_capturing_once(
        self, fake: PayPalFake, paypal: PayPal
    ) -> None:
        books = await bought(fake, paypal)
        first = await paypal.capture(books.order)
        fake._answered.clear()  # PayPal forgets request ids after six hours
        assert await paypal.capture(books.order) == first
        assert kinds(first) == [FactKind.PAID]

    async def test_an_order_not_approved_yet_is_left_alone(self, paypal: PayPal) -> None:
        books, _ = await begun(paypal)
        assert await paypal.capture(books.order) == ()
        assert await paypal.fetch(books.order) == ()

    @pytest.mark.parametrize("issue", ["INSTRUMENT_DECLINED", "PAYER_CANNOT_PAY"])
    async def test_a_payer_who_is_declined_has_failed(
        self, fake: PayPalFake, paypal: PayPal, issue: str
    ) -> None:
        fake.decline = issue
        books = await bought(fake, paypal)
        assert (books.order.status, books.balance_micros) == (OrderStatus.FAILED, 0)

    async def test_an_issue_nobody_knows_is_no_fact(self, fake: PayPalFake, paypal: PayPal) -> None:
        fake.decline = "COMPLIANCE_VIOLATION"
        with pytest.raises(RemoteError, match="COMPLIANCE_VIOLATION") as caught:
            await bought(fake, paypal)
        assert not caught.value.retryable

    @pytest.mark.parametrize(
        ("later", "status"),
        [("COMPLETED", OrderStatus.PAID), ("DECLINED", OrderStatus.FAILED)],
    )
    async def test_a_capture_that_was_pending(
        self, fake: PayPalFake, paypal: PayPal, later: str, status: OrderStatus
    ) -> None:
        fake.capture_status = "PENDING"
        books = await bought(fake, paypal)
        assert (books.order.status, books.balance_micros) == (OrderStatus.PENDING, 0)
        fake.settle(books.order.provider_ref, later)
        told = await facts_in(paypal, fake.told[-1])
        assert told == await paypal.fetch(books.order)
        assert books.note(told).status is status

    async def test_declined_is_told_under_two_names(self, fake: PayPalFake, paypal: PayPal) -> None:
        await bought(fake, paypal)
        event = json.loads(fake.told[-1].raw)
        for name in ("DENIED", "DECLINED"):
            callback = fake.callback(f"PAYMENT.CAPTURE.{name}", "capture", event["resource"])
            assert kinds(await facts_in(paypal, callback)) == [FactKind.FAILED]

    async def test_an_approval_that_lapsed(self, fake: PayPalFake, paypal: PayPal) -> None:
        books, _ = await begun(paypal)
        fake.approve(books.order.provider_ref)
        fake.reverse_approval(books.order.provider_ref)
        (told,) = await facts_in(paypal, fake.told[-1])
        (asked,) = await paypal.fetch(books.order)
        assert told.kind is asked.kind is FactKind.CANCELLED
        assert told.order_id == asked.order_id == books.order.order_id

    async def test_an_order_paypal_has_forgotten_has_expired(
        self, fake: PayPalFake, paypal: PayPal
    ) -> None:
        books = await bought(fake, paypal)
        fake.orders.clear()
        unpaid = replace(books.order, paid_ms=None)
        assert kinds(await paypal.fetch(unpaid)) == [FactKind.EXPIRED]
        with pytest.raises(RemoteError, match="404"):
            await paypal.fetch(books.order)

    async def test_another_amount_is_no_money_of_the_customer(
        self, fake: PayPalFake, paypal: PayPal
    ) -> None:
        fake.captured_value = "2000.00"
        books = await bought(fake, paypal)
        assert (books.order.status, books.balance_micros) == (OrderStatus.OPEN, 0)
        assert books.alarms == ("the amount is 2000000000, not 20000000 micro-units",)

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


class TestGoingBack:
    @pytest.mark.parametrize("event", ["REFUNDED", "REVERSED"])
    async def test_money_that_goes_back_is_told_as_a_total(
        self, fake: PayPalFake, paypal: PayPal, event: str
    ) -> None:
        books = await bought(fake, paypal)
        for micros, total in ((5_000_000, 5_000_000), (15_000_000, EUR_20)):
            fake.refund(books.order.provider_ref, micros, event=event)
            (told,) = await facts_in(paypal, fake.told[-1])
            _, asked = await paypal.fetch(books.order)
            for fact in (told, asked):
                assert (fact.kind, fact.amount_micros) == (FactKind.REFUNDED, total)
                assert (fact.order_id, fact.payment_ref) == (
                    books.order.order_id,
                    books.order.payment_ref,
                )
            books.note((told, asked))
        assert (books.balance_micros, books.alarms) == (0, ())

    async def test_totals_told_in_the_wrong_order_stay_right(
        self, fake: PayPalFake, paypal: PayPal
    ) -> None:
        books = await bought(fake, paypal)
        fake.refund(books.order.provider_ref, 5_000_000)
        fake.refund(books.order.provider_ref, 3_000_000)
        for callback in (*reversed(fake.told), *fake.told):
            books.note(await facts_in(paypal, callback))
        assert books.order.refunded_micros == 8_000_000
        assert books.balance_micros == (EUR_20 + books.order.bonus_micros) * 12 // 20

    @pytest.mark.parametrize("is_linked", [True, False])
    async def test_a_refund_without_a_total_is_asked_about_where_it_can_be(
        self, fake: PayPalFake, paypal: PayPal, is_linked: bool
    ) -> None:
        books = await bought(fake, paypal)
        refund = fake.refund(books.order.provider_ref, 5_000_000)
        del refund["seller_payable_breakdown"]
        if is_linked:
            refund["supplementary_data"] = {"related_ids": {"order_id": books.order.provider_ref}}
        notice = await proved(paypal, fake.callback("PAYMENT.CAPTURE.REFUNDED", "refund", refund))
        assert isinstance(notice, Notice)
        assert notice.facts == ()
        assert notice.ask == ((books.order.provider_ref,) if is_linked else ())

    @pytest.mark.parametrize("event", ["CUSTOMER.DISPUTE.CREATED", "CHECKOUT.ORDER.COMPLETED"])
    async def test_what_moves_no_money_is_taken_in_without_facts(
        self, fake: PayPalFake, paypal: PayPal, event: str
    ) -> None:
        notice = await proved(paypal, fake.callback(event, "dispute", {"dispute_id": "PP-D-1"}))
        assert isinstance(notice, Notice)
        assert (notice.facts, notice.ask) == ((), ())


class TestTokens:
    async def test_many_at_once_ask_for_one(self, fake: PayPalFake, paypal: PayPal) -> None:
        orders = [an_order("paypal", order_id=f"order-{number}") for number in range(5)]
        await asyncio.gather(*(paypal.create(order, PLACES) for order in orders))
        assert (len(fake.orders), fake.tokens_asked) == (5, 1)

    async def test_one_that_is_known_no_longer_is_replaced(
        self, fake: PayPalFake, paypal: PayPal
    ) -> None:
        books, _ = await begun(paypal)
        fake.tokens.clear()
        await asyncio.gather(*(paypal.fetch(books.order) for _ in range(5)))
        assert fake.tokens_asked == 2

    async def test_a_wrong_secret_is_no_fault_of_the_order(
        self, fake: PayPalFake, paypal: PayPal
    ) -> None:
        fake.client_secret = "another"
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
        self, fake: PayPalFake, paypal: PayPal, fault: Fault, is_retryable: bool
    ) -> None:
        books, _ = await begun(paypal)
        fake.fault = Fault(fault.status, fault.body, "/v2/")
        for asked in (paypal.fetch, paypal.capture):
            with pytest.raises(RemoteError) as caught:
                await asked(books.order)
            assert caught.value.retryable is is_retryable


Forgery = Callable[[PayPalFake, Callback], Callback]


def _without(name: str) -> Forgery:
    def forge(_: PayPalFake, told: Callback) -> Callback:
        return Callback(told.raw, {key: v for key, v in told.headers.items() if key != name})

    return forge


def _with(name: str, value: str) -> Forgery:
    return lambda _, told: Callback(told.raw, {**told.headers, name: value})


def _by(signer: Callable[[], Signer]) -> Forgery:
    def forge(fake: PayPalFake, told: Callback) -> Callback:
        fake.signers["CERT-2"] = signer()
        return fake.signed(told.raw, name="CERT-2")

    return forge


def _other_key(fake: PayPalFake, told: Callback) -> Callback:
    other = Authority(owner="somebody").issue(CERTIFIED_NAME)
    fake.signers["CERT-2"] = Signer(other.key, fake.signers["CERT-1"].chain)
    return fake.signed(told.raw, name="CERT-2")


def _sent(at: datetime) -> Forgery:
    return lambda fake, told: fake.signed(told.raw, at=at)


ROOT = "Groschen rehearsal root"
FORGERIES: dict[str, tuple[Forgery, str]] = {
    "another key": (_other_key, "signature"),
    "another body": (
        lambda _, told: Callback(told.raw.replace(b"20.00", b"90.00"), told.headers),
        "signature",
    ),
    "the same body written anew": (
        lambda _, told: Callback(json.dumps(json.loads(told.raw), indent=1).encode(), told.headers),
        "signature",
    ),
    "an empty body": (lambda _, told: Callback(b"", told.headers), "signature"),
    "another webhook": (
        lambda fake, told: fake.signed(told.raw, webhook_id="8PT597110X687430L"),
        "signature",
    ),
    "another transmission": (_with("paypal-transmission-id", "x"), "signature"),
    "a signature of nothing": (_with("paypal-transmission-sig", "AAAA"), "signature"),
    "a signature that is none": (_with("paypal-transmission-sig", "no base64!"), "signature"),
    "a signature in another script": (_with("paypal-transmission-sig", "ſig"), "signature"),
    "too old": (_sent(NOW - timedelta(days=4, minutes=1)), "too long ago"),
    "from tomorrow": (_sent(NOW + DAY), "not yet"),
    "no time": (_with("paypal-transmission-time", "yesterday"), "too long ago"),
    "a time without a zone": (_with("paypal-transmission-time", "2026-11-22T10:00:00"), "ago"),
    "another algorithm": (_with("paypal-auth-algo", "SHA1withRSA"), "in a way"),
    "a foreign authority": (
        _by(lambda: Authority("somebody").issue(CERTIFIED_NAME)),
        "not to be trusted",
    ),
    "a foreign authority of the same name": (
        _by(lambda: Authority(ROOT, owner="somebody").issue(CERTIFIED_NAME)),
        "not to be trusted",
    ),
    "a name elsewhere": (_by(lambda: Authority(ROOT).issue("paypal.com.example.org")), "no name"),
    "a name that ends alike": (_by(lambda: Authority(ROOT).issue("notpaypal.com")), "no name"),
    "expired": (
        _by(lambda: Authority(ROOT).issue(CERTIFIED_NAME, since=NOW - 3 * DAY, days=1)),
        "not to be trusted",
    ),
    "not valid yet": (
        _by(lambda: Authority(ROOT).issue(CERTIFIED_NAME, since=NOW + DAY)),
        "not to be trusted",
    ),
    "no certificate": (
        _by(lambda: Signer(Authority(ROOT).issue("x").key, b"nothing")),
        "none lies there",
    ),
    "a certificate too large": (
        _by(lambda: Signer(Authority(ROOT).issue("x").key, b"x" * 70_000)),
        "none lies there",
    ),
    "a certificate not there": (
        lambda fake, told: Callback(
            told.raw, {**told.headers, "paypal-cert-url": f"{fake.url}/v1/notifications/certs/9"}
        ),
        "none lies there",
    ),
    "no event": (lambda fake, _: fake.signed(b"[1, 2]"), "no event"),
    "no JSON": (lambda fake, _: fake.signed(b"\xff\x00{"), "no event"),
    "an event without its amount": (
        lambda fake, _: fake.callback("PAYMENT.CAPTURE.COMPLETED", "capture", {"id": "1"}),
        "no event",
    ),
    "an amount that is none": (
        lambda fake, _: fake.callback(
            "PAYMENT.CAPTURE.COMPLETED",
            "capture",
            {"id": "1", "amount": {"currency_code": "EUR", "value": "1e9"}},
        ),
        "no event",
    ),
    "too long": (lambda fake, _: fake.signed(b" " * (BODY_MOST_BYTES + 1)), "more than"),
    **{
        f"no {name}": (_without(f"paypal-{name}"), "missing")
        for name in (
            "transmission-id",
            "transmission-time",
            "transmission-sig",
            "cert-url",
            "auth-algo",
        )
    },
}


class TestForgeries:
    @pytest.mark.parametrize("name", FORGERIES)
    async def test_is_not_believed(self, fake: PayPalFake, paypal: PayPal, name: str) -> None:
        await bought(fake, paypal)
        assert await facts_in(paypal, fake.told[-1])
        forge, why = FORGERIES[name]
        notice = await proved(paypal, forge(fake, fake.told[-1]))
        assert isinstance(notice, Forged)
        assert why in notice.reason

    async def test_nothing_is_believed_before_its_certificate_is_known(
        self, fake: PayPalFake, paypal: PayPal
    ) -> None:
        books, _ = await begun(paypal)
        fake.approve(books.order.provider_ref)
        told = fake.told[-1]
        assert isinstance(paypal.verify(told.raw, told.headers, Ear.now_ms()), Forged)

    async def test_a_certificate_for_all_of_paypals_names_is_good(
        self, fake: PayPalFake, paypal: PayPal
    ) -> None:
        await bought(fake, paypal)
        fake.signers["CERT-2"] = fake.authority.issue("*.paypal.com")
        assert await facts_in(paypal, fake.signed(fake.told[-1].raw, name="CERT-2"))

    async def test_one_sent_again_for_days_is_still_good(
        self, fake: PayPalFake, paypal: PayPal
    ) -> None:
        await bought(fake, paypal)
        late = fake.signed(fake.told[-1].raw, at=NOW - 3 * DAY)
        assert await facts_in(paypal, late) == await facts_in(paypal, fake.told[-1])

    async def test_the_checksum_is_the_decimal_crc_32_of_the_body(
        self, fake: PayPalFake, paypal: PayPal
    ) -> None:
        """By the known vectors: 3421780262 for `123456789`, 0 for nothing."""
        for raw, checksum in ((b"123456789", 3421780262), (b"", 0)):
            made = fake.signed(raw)
            sent = made.headers["paypal-transmission-time"]
            signed = f"T-1|{sent}|{fake.webhook_id}|{checksum}".encode()
            signature = base64.b64encode(fake.signers["CERT-1"].sign(signed)).decode()
            own = {"paypal-transmission-id": "T-1", "paypal-transmission-sig": signature}
            notice = await proved(paypal, Callback(raw, {**made.headers, **own}))
            assert isinstance(notice, Forged)
            assert notice.reason.startswith("signed by PayPal")


class TestCertificates:
    async def test_they_are_fetched_once_and_kept_in_bounds(
        self, fake: PayPalFake, paypal: PayPal
    ) -> None:
        signer = fake.signers["CERT-1"]
        fake.signers |= {f"CERT-{number}": signer for number in range(2, CHAINS_MOST + 2)}
        for name in (*fake.signers, *list(fake.signers)[-CHAINS_MOST:]):
            assert isinstance(await proved(paypal, fake.signed(b"{}", name=name)), Forged)
        assert fake.certificates_asked == CHAINS_MOST + 1
        await proved(paypal, fake.signed(b"{}"))
        assert fake.certificates_asked == CHAINS_MOST + 2

    async def test_a_host_that_does_not_answer_is_to_be_asked_again(
        self, fake: PayPalFake, paypal: PayPal
    ) -> None:
        fake.fault = Fault(503, path="/v1/notifications")
        with pytest.raises(RemoteError) as caught:
            await paypal.learn(fake.signed(b"{}").headers)
        assert caught.value.retryable

    async def test_a_redirect_is_not_followed(self, fake: PayPalFake, paypal: PayPal) -> None:
        fake.fault = Fault(302, path="/v1/notifications")
        assert isinstance(await proved(paypal, fake.signed(b"{}")), Forged)

    @pytest.mark.parametrize(
        ("address", "is_paypals"),
        [
            ("https://api.paypal.com/v1/notifications/certs/CERT-1", True),
            ("https://api.sandbox.paypal.com:443/v1/notifications/certs/CERT-1", True),
            ("https://paypal.com/certs/CERT-1", True),
            ("http://api.paypal.com/v1/notifications/certs/CERT-1", False),
            ("https://api.paypal.com:8443/v1/notifications/certs/CERT-1", False),
            ("https://paypal.com.example.org/certs/CERT-1", False),
            ("https://notpaypal.com/certs/CERT-1", False),
            ("https://example.org/paypal.com/CERT-1", False),
            ("https://api.paypal.com@example.org/CERT-1", False),
            ("https://user:word@api.paypal.com/CERT-1", False),
            ("https://example.org\\@api.paypal.com/CERT-1", False),
            ("https://example.org#.paypal.com/CERT-1", False),
            ("https://api.paypal.com/CERT-1?next=https://example.org", False),
            ("https://api.paypal.com/%2e%2e/CERT-1", False),
            ("https://api.paypal.com./CERT-1", False),
            ("https://api.paypal.com", False),
            ("https://api.paypal.com/CERT-1\n", False),
            ("https://ａpi.paypal.com/CERT-1", False),
            ("https://127.0.0.1/CERT-1", False),
            ("file:///etc/ssl/cert.pem", False),
            (f"https://api.paypal.com/{'x' * 300}", False),
            ("", False),
        ],
    )
    async def test_only_paypals_own_addresses_are_asked(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, is_paypals: bool
    ) -> None:
        asked: list[str] = []
        authority = Authority()

        async def raw(_: Remote, method: str, path: str) -> bytes:
            asked.append(f"{method} {path}")
            return authority.issue(CERTIFIED_NAME).chain

        monkeypatch.setattr(Remote, "raw", raw)
        root = tmp_path / "root.pem"
        root.write_bytes(authority.root)
        certificates = Certificates("paypal.com", read_roots(str(root), "ca_file"))
        await certificates.fetch(address)
        assert bool(asked) is is_paypals
        assert isinstance(certificates.key(address, Ear.now_ms()), Forged) is not is_paypals

    def test_this_machines_roots_are_the_default(self, fake_options: dict[str, str]) -> None:
        assert PayPal(fake_options, "tarot").payee == "PAYEE42"

    @pytest.mark.parametrize("content", [None, b"", b"nothing", b"-----BEGIN CERTIFICATE-----"])
    def test_a_file_without_roots_is_the_operators_fault(
        self, fake_options: dict[str, str], tmp_path: Path, content: bytes | None
    ) -> None:
        file = tmp_path / "roots.pem"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(CallerError) as caught:
            PayPal({**fake_options, "ca_file": str(file)}, "tarot")
        assert caught.value.field == "ca_file"


@pytest.fixture
def fake_options() -> dict[str, str]:
    """Options without an address or a file of their own."""
    return {
        "client_id": "c",
        "client_secret": "s",
        "webhook_id": "w",
        "merchant_id": "PAYEE42",
    }
