"""Stripe: what each status and event means, and that nothing forged is believed."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from engine.core.payment import FactKind, OrderStatus
from engine.errors import CallerError, RemoteError
from engine.payments.stripe import BODY_MOST_BYTES, Stripe
from engine.ports.payments import Forged
from tests.fakes.payments.signed import Callback
from tests.fakes.payments.site import Fault
from tests.fakes.payments.stripe import StripeFake
from tests.payments.parts.proving import facts_in, notice_of
from tests.payments.parts.purchase import PLACES, Books, Ear, an_order, begun, click, kinds

EUR_20 = 20_000_000


@pytest.fixture
async def fake() -> AsyncIterator[StripeFake]:
    async with StripeFake() as fake:
        yield fake


@pytest.fixture
async def stripe(fake: StripeFake) -> AsyncIterator[Stripe]:
    provider = Stripe(fake.options(), "tarot")
    yield provider
    await provider.close()


async def bought(fake: StripeFake, stripe: Stripe) -> Books:
    """An order that was paid, by what its callback said."""
    books, _ = await begun(stripe)
    fake.pay(books.order.provider_ref)
    books.note(await facts_in(stripe, fake.told[-1]))
    return books


class TestPaying:
    async def test_from_the_page_to_the_money_by_a_callback_alone(
        self, fake: StripeFake, stripe: Stripe
    ) -> None:
        async with Ear(500, 200) as ear:
            fake.hook_url = ear.places.notify
            fake.courier.pause_s = 0
            books, url = await begun(stripe, ear.places)
            assert await click(url, "pay") == "/back?paid"
            await fake.courier.idle()
            assert fake.courier.answers == [500, 200]
            told = [
                await facts_in(stripe, Callback(raw, headers))
                for raw, headers in zip(ear.heard, ear.headers, strict=True)
            ]
        assert told[0] == told[1] == await stripe.fetch(books.order)
        (fact,) = told[0]
        assert (fact.kind, fact.amount_micros, fact.currency) == (FactKind.PAID, EUR_20, "EUR")
        assert (fact.order_id, fact.provider_ref) == (
            books.order.order_id,
            books.order.provider_ref,
        )
        books.note(told[0] + told[1])
        assert books.balance_micros == EUR_20 + books.order.bonus_micros
        assert await stripe.capture(books.order) == told[0]

    async def test_what_stripe_is_asked_for(self, fake: StripeFake, stripe: Stripe) -> None:
        books, url = await begun(stripe)
        session = fake.sessions[books.order.provider_ref]
        assert session["client_reference_id"] == books.order.order_id
        assert session["metadata"] == session["intent_metadata"]
        assert session["metadata"] == {"order_id": books.order.order_id}
        assert (session["mode"], session["success_url"]) == ("payment", PLACES.success)
        assert await click(url, "cancel") == "/back"

    async def test_the_same_id_for_another_order_is_refused(self, stripe: Stripe) -> None:
        await stripe.create(an_order("stripe"), PLACES)
        with pytest.raises(RemoteError, match="IdempotencyError") as caught:
            await stripe.create(an_order("stripe", amount_micros=30_000_000), PLACES)
        assert not caught.value.retryable

    @pytest.mark.parametrize(
        ("currency", "micros", "minor"),
        [("EUR", 20_500_000, 2050), ("JPY", 500_000_000, 500), ("KWD", 20_500_000, 20_500)],
    )
    async def test_minor_units(
        self, fake: StripeFake, stripe: Stripe, currency: str, micros: int, minor: int
    ) -> None:
        books, _ = await begun(stripe, currency=currency, amount_micros=micros)
        assert fake.sessions[books.order.provider_ref]["amount_total"] == minor
        fake.pay(books.order.provider_ref)
        (fact,) = await facts_in(stripe, fake.told[-1])
        assert (fact.amount_micros, fact.currency) == (micros, currency)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            pytest.param({"amount_micros": 1_234_567}, "amount_micros", id="decimals"),
            pytest.param({"amount_micros": 10_000}, "amount_micros", id="too-small"),
            pytest.param({"currency": "XTS"}, "currency", id="currency"),
            pytest.param({"currency": "JPY", "amount_micros": 500_000}, "amount_micros", id="yen"),
        ],
    )
    async def test_an_order_stripe_would_refuse(
        self, stripe: Stripe, changes: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(CallerError) as caught:
            await stripe.create(an_order("stripe", **changes), PLACES)
        assert caught.value.field == field
        assert "Stripe:" not in str(caught.value)

    @pytest.mark.parametrize(
        ("status", "error"),
        [
            pytest.param(400, {"message": "your account cannot", "param": ""}, id="account"),
            pytest.param(402, {"message": "your account owes"}, id="owes"),
            pytest.param(403, {"message": "no", "param": "unit_amount"}, id="no-permission"),
        ],
    )
    async def test_what_stripe_says_of_the_account_is_not_for_the_payer(
        self, fake: StripeFake, stripe: Stripe, status: int, error: dict[str, str]
    ) -> None:
        body = {"error": {"type": "invalid_request_error", **error}}
        fake.fault = Fault(status, json.dumps(body).encode())
        with pytest.raises(RemoteError) as caught:
            await stripe.create(an_order("stripe"), PLACES)
        assert not caught.value.retryable

    async def test_a_refusal_by_its_code_alone(self, fake: StripeFake, stripe: Stripe) -> None:
        body = {"error": {"type": "invalid_request_error", "code": "amount_too_large"}}
        fake.fault = Fault(400, json.dumps(body).encode())
        with pytest.raises(CallerError, match=r"^is not taken by Stripe$") as caught:
            await stripe.create(an_order("stripe"), PLACES)
        assert caught.value.field == "amount_micros"

    @pytest.mark.parametrize(
        ("succeeds", "status"), [(True, OrderStatus.PAID), (False, OrderStatus.FAILED)]
    )
    async def test_a_slow_payment_is_money_when_it_has_come(
        self, fake: StripeFake, stripe: Stripe, succeeds: bool, status: OrderStatus
    ) -> None:
        fake.is_slow = True
        books = await bought(fake, stripe)
        assert (books.order.status, books.balance_micros) == (OrderStatus.PENDING, 0)
        assert kinds(await stripe.fetch(books.order)) == [FactKind.PENDING]
        fake.settle(books.order.provider_ref, succeeds=succeeds)
        told = await facts_in(stripe, fake.told[-1])
        assert told == await stripe.fetch(books.order)
        assert books.note(told).status is status

    async def test_a_session_nobody_paid_expires(self, fake: StripeFake, stripe: Stripe) -> None:
        books, _ = await begun(stripe)
        assert await stripe.fetch(books.order) == ()
        fake.expire(books.order.provider_ref)
        told = await facts_in(stripe, fake.told[-1])
        assert told == await stripe.fetch(books.order)
        assert books.note(told).status is OrderStatus.EXPIRED

    async def test_another_amount_is_no_money_of_the_customer(
        self, fake: StripeFake, stripe: Stripe
    ) -> None:
        fake.charged_minor = 200_000
        books = await bought(fake, stripe)
        assert (books.order.status, books.balance_micros) == (OrderStatus.OPEN, 0)
        assert books.alarms == ("the amount is 2000.00 EUR, not 20.00",)

    async def test_whose_money_it_is(self, fake: StripeFake) -> None:
        stripe = Stripe({**fake.options(), "account": "acct_ours"}, "tarot")
        books, _ = await begun(stripe)
        for named, payee in (("", "acct_ours"), ("acct_other", "acct_other")):
            fake.account = named
            fake.pay(books.order.provider_ref)
            assert [fact.payee for fact in await facts_in(stripe, fake.told[-1])] == [payee]
        assert [fact.payee for fact in await stripe.fetch(books.order)] == [stripe.payee]
        await stripe.close()


class TestGoingBack:
    async def test_refunds_are_told_as_a_total(self, fake: StripeFake, stripe: Stripe) -> None:
        books = await bought(fake, stripe)
        for minor, total in ((500, 5_000_000), (1500, EUR_20)):
            fake.refund(books.order.provider_ref, minor)
            (told,) = await facts_in(stripe, fake.told[-1])
            _, asked = await stripe.fetch(books.order)
            for fact in (told, asked):
                assert (fact.kind, fact.amount_micros) == (FactKind.REFUNDED, total)
                assert fact.order_id == books.order.order_id
            books.note((told, asked))
        assert (books.balance_micros, books.alarms) == (0, ())

    async def test_a_refund_that_fails_gives_back_what_it_took_with_an_alarm(
        self, fake: StripeFake, stripe: Stripe
    ) -> None:
        books = await bought(fake, stripe)
        before_micros = books.balance_micros
        session = books.order.provider_ref
        failing = fake.refund(session, 500)
        late = fake.told[-1]
        books.note(await stripe.fetch(books.order))
        assert (books.order.status, books.order.taken_back_micros) == ("refunded", 5_000_000)
        fake.fail_refund(session, failing)
        assert (await notice_of(stripe, fake.told[-1])).ask == (books.order.payment_ref,)
        facts = await stripe.fetch(books.order)
        assert kinds(facts) == [FactKind.PAID, FactKind.REFUNDED]
        books.note(facts)
        assert (books.order.status, books.balance_micros) == (OrderStatus.PAID, before_micros)
        (alarm,) = books.alarms
        assert "a refund has failed" in alarm
        # Neither the same told again nor what was said before changes it.
        books.note(facts + await facts_in(stripe, late))
        assert (books.balance_micros, len(books.alarms)) == (before_micros, 1)
        # The next refund has the total of the one that failed, and is one all the same.
        fake.refund(session, 500)
        assert (await notice_of(stripe, fake.told[-1])).ask == (books.order.payment_ref,)
        books.note(await facts_in(stripe, fake.told[-1]) + await stripe.fetch(books.order))
        assert (books.order.status, books.order.taken_back_micros) == ("refunded", 5_000_000)
        assert len(books.alarms) == 1

    async def test_a_refund_that_failed_before_we_heard_of_it_hides_no_other(
        self, fake: StripeFake, stripe: Stripe
    ) -> None:
        books = await bought(fake, stripe)
        session = books.order.provider_ref
        fake.fail_refund(session, fake.refund(session, 500))
        fake.refund(session, 500)
        books.note(await facts_in(stripe, fake.told[-1]))
        assert books.order.taken_back_micros == 5_000_000
        so_far = books.balance_micros, books.booked
        books.note(await stripe.fetch(books.order))
        assert (books.balance_micros, books.booked) == so_far
        (alarm,) = books.alarms
        assert "a refund has failed" in alarm

    async def test_a_dispute_takes_the_money_and_may_give_it_back(
        self, fake: StripeFake, stripe: Stripe
    ) -> None:
        books = await bought(fake, stripe)
        dispute = fake.dispute(books.order.provider_ref, 2000)
        assert (await notice_of(stripe, fake.told[-1])).ask == (books.order.payment_ref,)
        books.note(await stripe.fetch(books.order))
        assert (books.order.status, books.balance_micros) == (OrderStatus.REVERSED, 0)
        fake.win(dispute)
        assert (await notice_of(stripe, fake.told[-1])).ask == (books.order.payment_ref,)
        facts = await stripe.fetch(books.order)
        assert kinds(facts) == [FactKind.PAID, FactKind.WITHDRAWN, FactKind.REINSTATED]
        assert {fact.payment_ref for fact in facts[1:]} == {dispute["id"]}
        books.note(facts * 2)
        assert books.order.status is OrderStatus.PAID
        assert books.balance_micros == EUR_20 + books.order.bonus_micros

    async def test_an_inquiry_that_moved_no_money_is_none(
        self, fake: StripeFake, stripe: Stripe
    ) -> None:
        books = await bought(fake, stripe)
        fake.dispute(books.order.provider_ref, 2000)["balance_transactions"].clear()
        assert kinds(await stripe.fetch(books.order)) == [FactKind.PAID]

    async def test_a_refund_of_something_else_is_none_of_ours(
        self, fake: StripeFake, stripe: Stripe
    ) -> None:
        charge = {"id": "ch_1", "currency": "eur", "created": 1, "amount_refunded": 500}
        assert await facts_in(stripe, fake.callback("charge.refunded", charge)) == ()

    async def test_what_moves_no_money_is_taken_in_without_facts(
        self, fake: StripeFake, stripe: Stripe
    ) -> None:
        notice = await notice_of(stripe, fake.callback("customer.created", {"id": "cus_1"}))
        assert (notice.facts, notice.ask) == ((), ())


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "is_retryable"),
        [
            pytest.param(Fault(503, b"{}"), True, id="out-of-order"),
            pytest.param(Fault(429, b'{"error": {"message": "slowly"}}'), True, id="too-often"),
            pytest.param(Fault(409, b'{"error": {"message": "in use"}}'), True, id="locked"),
            pytest.param(Fault(401, b'{"error": {"message": "who?"}}'), False, id="unknown-key"),
            pytest.param(Fault(404, b'{"error": {"message": "what?"}}'), False, id="unknown"),
            pytest.param(Fault(200, b'{"id": 7}'), False, id="another-answer"),
        ],
    )
    async def test_faults_of_stripe(
        self, fake: StripeFake, stripe: Stripe, fault: Fault, is_retryable: bool
    ) -> None:
        books, _ = await begun(stripe)
        fake.fault = fault
        with pytest.raises(RemoteError) as caught:
            await stripe.fetch(books.order)
        assert caught.value.retryable is is_retryable
        if fault.status != 200:
            with pytest.raises(RemoteError) as caught:
                await stripe.create(an_order("stripe", order_id="another"), PLACES)
            assert caught.value.retryable is is_retryable

    @pytest.mark.parametrize("status", [200, 400])
    @pytest.mark.parametrize("depth", [300, 600, 100_000])
    async def test_an_answer_nested_without_end(
        self, fake: StripeFake, stripe: Stripe, status: int, depth: int
    ) -> None:
        books, _ = await begun(stripe)
        fake.fault = Fault(status, b'{"error":' + b'{"x":' * depth + b"1" + b"}" * (depth + 1))
        for asked in (stripe.fetch(books.order), stripe.create(an_order("stripe"), PLACES)):
            with pytest.raises(RemoteError):
                await asked

    async def test_no_connection(self, fake: StripeFake, stripe: Stripe) -> None:
        books, _ = await begun(stripe)
        await fake.__aexit__()
        with pytest.raises(RemoteError) as caught:
            await stripe.fetch(books.order)
        assert caught.value.retryable


Forgery = Callable[[StripeFake, Callback], Callback]
BODY = b'{"id":"evt_1","object":"event"}'
SIGNED = "4c15fb2a43f93ef61eaa3e0893866d57cad9cad4223242cfb96f362480cb4021"


def _signature(change: Callable[[str], str]) -> Forgery:
    def forge(_: StripeFake, told: Callback) -> Callback:
        changed = change(told.headers["stripe-signature"])
        return Callback(told.raw, {**told.headers, "stripe-signature": changed})

    return forge


def _at(seconds: int) -> Forgery:
    return lambda fake, told: fake.signed(told.raw, at_s=Ear.now_ms() // 1000 + seconds)


FORGERIES: dict[str, tuple[Forgery, str]] = {
    "another secret": (lambda fake, told: fake.signed(told.raw, secret="whsec_other"), "signature"),
    "another body": (
        lambda _, told: Callback(told.raw.replace(b"2000", b"9000"), told.headers),
        "signature",
    ),
    "the same body written anew": (
        lambda _, told: Callback(json.dumps(json.loads(told.raw), indent=1).encode(), told.headers),
        "signature",
    ),
    "an empty body": (lambda _, told: Callback(b"", told.headers), "signature"),
    "a body that is no text": (lambda _, told: Callback(b"\xff", told.headers), "signature"),
    "another time": (_signature(lambda header: header.replace("t=", "t=1")), "signature"),
    "no signature": (_signature(lambda _: ""), "signature"),
    "a signature in another script": (_signature(lambda header: header + "ſ"), "none"),
    "another scheme": (_signature(lambda header: header.replace("v1=", "v0=")), "signature"),
    "no time": (_signature(lambda header: header.replace("t=", "s=")), "signature"),
    "too old": (_at(-310), "from now"),
    "from the future": (_at(310), "from now"),
    "no event": (lambda fake, _: fake.signed(b"[1, 2]"), "no event"),
    "no JSON": (lambda fake, _: fake.signed(b"{"), "no event"),
    "nested without end": (lambda fake, _: fake.signed(b'{"x":' + b"[" * 100_000), "no event"),
    "an event about nothing": (
        lambda fake, _: fake.callback("checkout.session.completed", {}),
        "no event",
    ),
    "too long": (lambda fake, _: fake.signed(b" " * (BODY_MOST_BYTES + 1)), "more than"),
}


class TestForgeries:
    @pytest.mark.parametrize("name", FORGERIES)
    async def test_is_not_believed(self, fake: StripeFake, stripe: Stripe, name: str) -> None:
        await bought(fake, stripe)
        forge, why = FORGERIES[name]
        forged = forge(fake, fake.told[-1])
        notice = stripe.verify(forged.raw, forged.headers, Ear.now_ms())
        assert isinstance(notice, Forged)
        assert why in notice.reason

    async def test_a_callback_without_headers_is_not_believed(
        self, fake: StripeFake, stripe: Stripe
    ) -> None:
        assert isinstance(stripe.verify(fake.signed(b"{}").raw, {}, Ear.now_ms()), Forged)

    @pytest.mark.parametrize(
        ("signature", "why"),
        [
            pytest.param(f"v1={SIGNED}", "no event", id="the known one"),
            pytest.param(f"v1={'0' * 64},v1={SIGNED}", "no event", id="one of two secrets"),
            pytest.param(f"v1={SIGNED[::-1]}", "signature", id="another"),
        ],
    )
    def test_the_known_vector(self, signature: str, why: str) -> None:
        stripe = Stripe({"api_key": "sk_test", "webhook_secret": "whsec_test"}, "tarot")
        headers = {"stripe-signature": f"t=1700000000,{signature}"}
        notice = stripe.verify(BODY, headers, 1_700_000_000_000)
        assert isinstance(notice, Forged)
        assert why in notice.reason
