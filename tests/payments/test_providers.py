"""What every provider promises, tried with each of them against its fake."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.core.payment import FactKind, OrderStatus, PaymentFact, PaymentOrder
from engine.errors import CallerError
from engine.payments.registry import PROVIDERS, open_provider
from engine.ports.payments import Forged, Notice, Provider
from tests.payments.parts.counterparts import COUNTERPARTS, Counterpart
from tests.payments.parts.purchase import PLACES, Books, Ear, an_order, begun, click, kinds

EUR_20 = 20_000_000
BY_HAND = {"manual"}
CANNOT_TELL = {"paysafecard", "sofort"}
"""Providers without an idempotency key: what is asked for twice is twice there."""


@pytest.fixture(params=COUNTERPARTS)
async def there(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Counterpart]:
    async with COUNTERPARTS[request.param](tmp_path) as counterpart:
        yield counterpart


def test_every_provider_is_tried_here() -> None:
    assert set(COUNTERPARTS) == set(PROVIDERS) - BY_HAND


async def test_the_registry_and_the_account_agree_on_the_name(there: Counterpart) -> None:
    name = there.provider.name
    assert name == PROVIDERS[name].NAME
    assert all(option.meaning for option in PROVIDERS[name].OPTIONS.values())


async def test_creating_an_order_twice_makes_one_if_the_provider_can_tell(
    there: Counterpart,
) -> None:
    order = an_order(there.provider.name)
    first, second = [await there.provider.create(order, PLACES) for _ in range(2)]
    assert (first == second) is (there.provider.name not in CANNOT_TELL)


async def test_an_unpaid_order_gives_no_money(there: Counterpart) -> None:
    books, url = await begun(there.provider)
    assert FactKind.PAID not in kinds(await told(there.provider, books.order))
    assert (await click(url, "cancel")).startswith("/back")
    assert FactKind.PAID not in kinds(await told(there.provider, books.order))


async def test_a_paid_order_gives_its_money_once(there: Counterpart) -> None:
    books, url = await begun(there.provider)
    assert (await click(url, "pay")).startswith("/back?paid")
    facts = [*await told(there.provider, books.order), *await told(there.provider, books.order)]
    paid = {fact for fact in facts if fact.kind is FactKind.PAID}
    assert [(f.order_id, f.amount_micros, f.currency) for f in paid] == [
        (books.order.order_id, EUR_20, "EUR")
    ]
    assert all(fact.payment_ref for fact in paid)
    books.note(facts)
    assert (books.order.status, books.alarms) == (OrderStatus.PAID, ())
    assert books.balance_micros == EUR_20 + books.order.bonus_micros


async def test_refunds_are_told_as_their_total(there: Counterpart) -> None:
    books, url = await begun(there.provider)
    await click(url, "pay")
    books.note(await told(there.provider, books.order))
    for micros, total in ((5_000_000, 5_000_000), (3_000_000, 8_000_000)):
        there.refund(books.order, micros)
        books.note(await there.provider.fetch(books.order))
        books.note(await there.provider.fetch(books.order))
        assert books.order.refunded_micros == total
    assert (books.order.status, books.alarms) == (OrderStatus.REFUNDED, ())
    assert books.balance_micros == (EUR_20 + books.order.bonus_micros) * 12 // 20


async def test_a_callback_brought_twice_is_the_same_event(there: Counterpart) -> None:
    async with Ear() as ear:
        there.hear_at(ear.places.notify)
        there.courier.copies = 2
        await _bought(there, ear)
        notices = [
            there.provider.verify(raw, headers, ear.now_ms())
            for raw, headers in zip(ear.heard, ear.headers, strict=True)
        ]
    assert len(notices) >= 2
    assert all(isinstance(notice, Notice) and notice.event_id for notice in notices)
    assert len(set(notices)) * 2 == len(notices)


async def test_what_callbacks_say_or_make_us_ask_brings_the_money(there: Counterpart) -> None:
    async with Ear() as ear:
        there.hear_at(ear.places.notify)
        books = await _bought(there, ear)
        notices = [
            there.provider.verify(raw, headers, ear.now_ms())
            for raw, headers in zip(ear.heard, ear.headers, strict=True)
        ]
    for notice in notices:
        assert isinstance(notice, Notice)
        books.note(notice.facts)
        if not notice.facts:
            assert notice.ask in ((), (books.order.provider_ref,))
            books.note(await told(there.provider, books.order))
    assert (books.order.status, books.alarms) == (OrderStatus.PAID, ())
    assert books.balance_micros == EUR_20 + books.order.bonus_micros


async def test_a_body_changed_by_one_byte_proves_nothing(there: Counterpart) -> None:
    async with Ear() as ear:
        there.hear_at(ear.places.notify)
        await _bought(there, ear)
        for raw, headers in zip(ear.heard, ear.headers, strict=True):
            for place in range(0, len(raw), max(1, len(raw) // 25)):
                changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
                proved = there.provider.verify(changed, headers, ear.now_ms())
                assert isinstance(proved, Forged) or proved.facts == ()


async def test_no_option_is_unknown_and_none_is_missing(there: Counterpart) -> None:
    name = there.provider.name
    with pytest.raises(CallerError) as unknown:
        open_provider(name, {"colour": "red"}, "tarot")
    assert unknown.value.field == "colour"
    required = [key for key, option in PROVIDERS[name].OPTIONS.items() if option.is_required]
    for missing in required:
        with pytest.raises(CallerError) as caught:
            open_provider(name, {key: "x" for key in required if key != missing}, "tarot")
        assert caught.value.field == missing


def test_a_provider_there_is_not_is_refused() -> None:
    with pytest.raises(CallerError, match="paypal") as caught:
        open_provider("bartercard", {}, "tarot")
    assert caught.value.field == "provider"


async def told(provider: Provider, order: PaymentOrder) -> tuple[PaymentFact, ...]:
    """What a provider says of an order when asked, as the flows ask: what waits is captured."""
    facts = await provider.fetch(order)
    if FactKind.AUTHORISED in kinds(facts):
        return (*facts, *await provider.capture(order))
    return facts


async def _bought(there: Counterpart, ear: Ear) -> Books:
    """An order paid to the end, with all the callbacks that go with it, certificates learnt."""
    books, url = await begun(there.provider, ear.places)
    await click(url, "pay")
    await told(there.provider, books.order)
    await there.courier.idle()
    assert ear.heard
    for headers in ear.headers:
        await there.provider.learn(headers)
    return books
