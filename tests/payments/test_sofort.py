"""SOFORT: which statuses are money, what a loss undoes, and XML that is not to be read."""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest

from engine.core.payment import FactKind, OrderStatus
from engine.errors import CallerError, RemoteError
from engine.payments.sofort import CALLBACK_MOST_BYTES, Sofort
from engine.ports.payments import Forged, Notice
from tests.fakes.payments.site import Fault
from tests.fakes.payments.sofort import SofortFake
from tests.payments.parts.proving import assert_all_fail
from tests.payments.parts.purchase import PLACES, Books, Ear, an_order, begun, click, kinds

WITH_BONUS = 22_000_000
ACCOUNT = {"customer_id": "1234", "project_id": "99", "api_key": "key"}
BOMB = b"""<?xml version="1.0"?><!DOCTYPE status_notification [<!ENTITY a "ha">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">]>
<status_notification><transaction>&e;</transaction><time>1</time></status_notification>"""
OUTSIDE = b"""<!DOCTYPE status_notification [<!ENTITY x SYSTEM "file:///etc/hostname">]>
<status_notification><transaction>&x;</transaction><time>1</time></status_notification>"""


@pytest.fixture
async def fake() -> AsyncIterator[SofortFake]:
    async with SofortFake() as fake:
        yield fake


@pytest.fixture
async def sofort(fake: SofortFake) -> AsyncIterator[Sofort]:
    provider = Sofort(fake.options(), "tarot")
    yield provider
    await provider.close()


async def test_a_transfer_is_money_when_it_is_there(fake: SofortFake, sofort: Sofort) -> None:
    async with Ear() as ear:
        books, url = await begun(sofort, ear.places)
        assert await sofort.fetch(books.order) == ()
        assert await click(url, "pay") == "/back?paid"
        books.note(await sofort.fetch(books.order))
        assert (books.order.status, books.balance_micros) == (OrderStatus.PENDING, 0)
        fake.become(books.order.provider_ref, "received", "credited")
        books.note(await sofort.fetch(books.order))
        assert (books.order.status, books.balance_micros) == (OrderStatus.PAID, WITH_BONUS)
        await fake.courier.idle()
    notices = [sofort.verify(raw, {}, 0) for raw in ear.heard]
    assert [n.ask for n in notices if isinstance(n, Notice)] == [(books.order.provider_ref,)] * 2
    assert len(set(notices)) == 2


async def test_a_payer_who_cancels_has_ordered_nothing(sofort: Sofort) -> None:
    books, url = await begun(sofort)
    assert await click(url, "cancel") == "/back"
    assert await sofort.fetch(books.order) == ()


async def test_what_is_told_of_an_order(fake: SofortFake, sofort: Sofort) -> None:
    books, _ = await begun(sofort)
    told = fake.transactions[books.order.provider_ref]
    assert told.variables == [books.order.order_id]
    assert told.reasons == ["-TRANSACTION-", books.order.order_id[:27]]
    assert (told.amount, told.currency) == (Decimal(20), "EUR")


@pytest.mark.parametrize(
    ("status", "reason", "facts"),
    [
        ("pending", "not_credited_yet", [FactKind.PENDING]),
        ("untraceable", "sofort_bank_account_needed", [FactKind.PENDING]),
        ("received", "credited", [FactKind.PAID]),
        ("received", "", [FactKind.PAID]),
        ("received", "partially_credited", [FactKind.PENDING]),
        ("loss", "not_credited", [FactKind.FAILED, FactKind.WITHDRAWN]),
        ("refunded", "refunded", [FactKind.REFUNDED]),
    ],
)
async def test_every_status(
    fake: SofortFake, sofort: Sofort, status: str, reason: str, facts: list[FactKind]
) -> None:
    books, _ = await begun(sofort)
    refunded = Decimal(20) if status == "refunded" else None
    fake.become(books.order.provider_ref, status, reason, refunded)
    told = await sofort.fetch(books.order)
    assert kinds(told) == facts
    assert kinds(await sofort.capture(books.order)) == facts
    books.note(told)
    assert (books.balance_micros > 0) is (facts == [FactKind.PAID])
    assert books.alarms == ()


async def test_a_status_that_is_not_documented_is_no_status(
    fake: SofortFake, sofort: Sofort
) -> None:
    books, _ = await begun(sofort)
    fake.become(books.order.provider_ref, "credited")
    with pytest.raises(RemoteError) as raised:
        await sofort.fetch(books.order)
    assert not raised.value.retryable


async def test_an_account_that_is_not_watched_is_never_credited_by_itself(
    fake: SofortFake, sofort: Sofort
) -> None:
    fake.is_watched = False
    books, _ = await begun(sofort)
    fake.pay(books.order.provider_ref)
    books.note(await sofort.fetch(books.order))
    assert (books.order.status, books.balance_micros) == (OrderStatus.PENDING, 0)


async def test_a_transfer_that_never_came_has_failed(fake: SofortFake, sofort: Sofort) -> None:
    books, _ = await begun(sofort)
    fake.pay(books.order.provider_ref)
    fake.become(books.order.provider_ref, "loss", "not_credited")
    books.note(await sofort.fetch(books.order))
    assert (books.order.status, books.balance_micros) == (OrderStatus.FAILED, 0)


async def test_a_loss_takes_back_what_was_credited_and_gives_it_back_again(
    fake: SofortFake, sofort: Sofort
) -> None:
    books, _ = await begun(sofort)
    ref = books.order.provider_ref
    for _ in range(2):
        fake.become(ref, "received", "credited")
        for _ in range(2):
            books.note(await sofort.fetch(books.order))
        assert (books.order.status, books.balance_micros) == (OrderStatus.PAID, WITH_BONUS)
        fake.become(ref, "loss", "complaint")
        for _ in range(2):
            books.note(await sofort.fetch(books.order))
        assert (books.order.status, books.balance_micros) == (OrderStatus.REVERSED, 0)
    assert books.alarms == ()


async def test_a_loss_heard_by_who_knows_of_no_payment_still_takes_it_back(
    fake: SofortFake, sofort: Sofort
) -> None:
    books, _ = await begun(sofort)
    unpaid = books.order
    fake.become(unpaid.provider_ref, "received", "credited")
    books.note(await sofort.fetch(unpaid))
    fake.become(unpaid.provider_ref, "loss", "complaint")
    books.note(await sofort.fetch(unpaid))
    assert (books.order.status, books.balance_micros) == (OrderStatus.REVERSED, 0)


async def test_money_that_comes_after_a_loss_is_money(fake: SofortFake, sofort: Sofort) -> None:
    books, _ = await begun(sofort)
    fake.become(books.order.provider_ref, "loss", "not_credited")
    books.note(await sofort.fetch(books.order))
    fake.become(books.order.provider_ref, "received", "late_succeed")
    for _ in range(2):
        books.note(await sofort.fetch(books.order))
    assert (books.order.status, books.balance_micros) == (OrderStatus.PAID, WITH_BONUS)


async def test_refunds_are_told_as_their_total(fake: SofortFake, sofort: Sofort) -> None:
    books, _ = await begun(sofort)
    ref = books.order.provider_ref
    fake.become(ref, "received", "credited")
    books.note(await sofort.fetch(books.order))
    fake.become(ref, "refunded", "compensation", Decimal("5.00"))
    books.note(await sofort.fetch(books.order))
    assert books.balance_micros == 16_500_000
    fake.become(ref, "refunded", "refunded", Decimal("20.00"))
    for _ in range(2):
        books.note(await sofort.fetch(books.order))
    assert (books.order.status, books.balance_micros) == (OrderStatus.REFUNDED, 0)


async def test_a_wrong_amount_is_never_the_customers(fake: SofortFake, sofort: Sofort) -> None:
    fake.excess = Decimal("0.01")
    books, _ = await begun(sofort)
    fake.become(books.order.provider_ref, "received", "credited")
    books.note(await sofort.fetch(books.order))
    assert books.balance_micros == 0
    assert books.alarms == ("the amount is 20.01 EUR, not 20.00",)


async def test_a_payment_in_test_mode_is_no_money(fake: SofortFake, sofort: Sofort) -> None:
    fake.is_test = True
    books, _ = await begun(sofort)
    fake.become(books.order.provider_ref, "received", "credited")
    with pytest.raises(RemoteError, match="test mode") as raised:
        await sofort.fetch(books.order)
    assert not raised.value.retryable
    trying = Sofort({**fake.options(), "test": "yes"}, "tarot")
    assert kinds(await trying.fetch(books.order)) == [FactKind.PAID]
    await trying.close()


async def test_another_orders_money_is_not_taken_for_this_ones(
    fake: SofortFake, sofort: Sofort
) -> None:
    books, _ = await begun(sofort)
    fake.become(books.order.provider_ref, "received", "credited")
    fake.transactions[books.order.provider_ref].variables = ["another"]
    with pytest.raises(RemoteError) as raised:
        await sofort.fetch(books.order)
    assert not raised.value.retryable


async def test_a_notification_that_lies_changes_nothing(sofort: Sofort) -> None:
    books, _ = await begun(sofort)
    told = f"<transaction>{books.order.provider_ref}</transaction><status>received</status>"
    raw = f"<status_notification>{told}<time>1</time></status_notification>".encode()
    notice = sofort.verify(raw, {}, 0)
    assert isinstance(notice, Notice)
    assert (notice.facts, notice.ask) == ((), (books.order.provider_ref,))
    assert await sofort.fetch(books.order) == ()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"nonsense",
        b"<status_notification>",
        b"<status_notification/>",
        b"<other><transaction>1</transaction></other>",
        b"<status_notification><transaction> </transaction></status_notification>",
        b"<status_notification><transaction>"
        + b"1" * 300
        + b"</transaction></status_notification>",
        b'<?xml version="1.0" encoding="utf-7"?><status_notification/>',
        b'<?xml version="1.0" encoding="zork"?><status_notification/>',
        b"\x00\xff<status_notification/>",
        b"<a>" * 4_000,
        BOMB,
        OUTSIDE,
        b"<status_notification><transaction>1</transaction></status_notification>"
        + b" " * CALLBACK_MOST_BYTES,
    ],
)
def test_what_is_no_status_notification_is_refused(raw: bytes) -> None:
    assert isinstance(Sofort(ACCOUNT, "tarot").verify(raw, {}, 0), Forged)


async def test_notifications_may_come_twice_and_in_any_order(
    fake: SofortFake, sofort: Sofort
) -> None:
    async with Ear() as ear:
        books, _ = await begun(sofort, ear.places)
        fake.courier.held, fake.courier.copies = [], 2
        fake.become(books.order.provider_ref, "pending", "not_credited_yet")
        fake.become(books.order.provider_ref, "received", "credited")
        fake.courier.release(newest_first=True)
        await fake.courier.idle()
    assert len(ear.heard) == 4
    assert len({sofort.verify(raw, {}, 0) for raw in ear.heard}) == 2
    for _ in ear.heard:
        books.note(await sofort.fetch(books.order))
    assert books.balance_micros == WITH_BONUS


async def test_an_order_that_sofort_does_not_take(sofort: Sofort) -> None:
    for changes, field in (
        ({"amount_micros": 50_000}, "amount_micros"),
        ({"amount_micros": 5_000_010_000}, "amount_micros"),
        ({"amount_micros": 10_000_001}, "amount_micros"),
        ({"currency": "USD"}, "currency"),
    ):
        with pytest.raises(CallerError) as raised:
            await begun(sofort, **changes)
        assert raised.value.field == field


async def test_a_wrong_project_is_not_the_orders_fault(fake: SofortFake) -> None:
    sofort = Sofort({**fake.options(), "project_id": "7"}, "tarot")
    with pytest.raises(RemoteError, match="8010 Project does not exist") as raised:
        await begun(sofort)
    assert not raised.value.retryable
    await sofort.close()


@pytest.mark.parametrize(
    ("fault", "retryable"),
    [
        (Fault(500), True),
        (Fault(503, b"<html>"), True),
        (Fault(429), True),
        (Fault(401), False),
        (Fault(403, b"<html>"), False),
        (Fault(400, b"<errors><error><code>7000</code></error></errors>"), False),
        (Fault(200, b"<errors/>"), False),
        (Fault(200, b"nonsense"), False),
        (Fault(200, BOMB), False),
        (Fault(200, b"<a>" * 300_000), False),
        (Fault(200, b" " * 2_000_000), False),
    ],
)
async def test_what_fails_at_sofort_is_remote(
    fake: SofortFake, sofort: Sofort, fault: Fault, retryable: bool
) -> None:
    books, _ = await begun(sofort)
    fake.fault = fault
    await assert_all_fail(sofort, books.order, retryable=retryable)


async def test_an_answer_without_an_address_is_remote(fake: SofortFake, sofort: Sofort) -> None:
    fake.fault = Fault(200, b"<new_transaction><transaction>1</transaction></new_transaction>")
    with pytest.raises(RemoteError) as raised:
        await sofort.create(an_order("sofort"), PLACES)
    assert not raised.value.retryable


@pytest.mark.parametrize("amount", ["20,00", "-20.00", "1e3", "NaN"])
async def test_an_amount_that_is_nonsense_is_remote(
    fake: SofortFake, sofort: Sofort, amount: str
) -> None:
    details = (
        f"<transaction_details><transaction>t</transaction><status>received</status>"
        f"<amount>{amount}</amount></transaction_details>"
    )
    fake.fault = Fault(200, f"<transactions>{details}</transactions>".encode())
    with pytest.raises(RemoteError, match="amount") as raised:
        await sofort.fetch(an_order("sofort", provider_ref="t"))
    assert not raised.value.retryable


async def test_sofort_that_is_slow_or_away_is_asked_again(fake: SofortFake) -> None:
    fake.is_silent = True
    books = Books(an_order("sofort", provider_ref="t"))
    for base_url in (fake.url, "http://127.0.0.1:1"):
        sofort = Sofort({**fake.options(), "base_url": base_url}, "tarot", timeout_s=0.05)
        with pytest.raises(RemoteError) as raised:
            await sofort.fetch(books.order)
        assert raised.value.retryable
        await sofort.close()


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({}, "customer_id"),
        ({**ACCOUNT, "api_key": ""}, "api_key"),
        ({**ACCOUNT, "project_id": "nine"}, "project_id"),
        ({**ACCOUNT, "test": "maybe"}, "test"),
        ({**ACCOUNT, "key": "k"}, "key"),
        ({**ACCOUNT, "base_url": "https://user@api.sofort.com"}, "base_url"),
    ],
)
def test_options_that_are_wrong(options: dict[str, str], field: str) -> None:
    with pytest.raises(CallerError) as raised:
        Sofort(options, "tarot")
    assert raised.value.field == field


async def test_an_order_that_was_lost_and_made_good_is_paid(
    fake: SofortFake, sofort: Sofort
) -> None:
    books, _ = await begun(sofort)
    ref = books.order.provider_ref
    fake.become(ref, "received", "credited")
    books.note(await sofort.fetch(books.order))
    amount = books.order.amount_micros
    steps = (f"reinstated:{ref}:2026-11-02", -amount), (f"withdrawn:{ref}:2026-11-01", amount)
    books.order = replace(books.order, disputes=steps)
    assert (books.order.withdrawn_micros, books.order.due_micros) == (0, WITH_BONUS)
    books.note(await sofort.fetch(books.order))
    assert (books.order.status, books.balance_micros) == (OrderStatus.PAID, WITH_BONUS)
