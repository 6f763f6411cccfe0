"""What a signed callback proves, taken in as the till does it; and how a provider fails."""

import pytest

from engine.core.payment import PaymentFact, PaymentOrder
from engine.errors import RemoteError
from engine.payments.paypal.provider import PayPal
from engine.ports.payments import Forged, Notice, Provider
from tests.fakes.payments.paypal import PayPalFake
from tests.fakes.payments.signed import Callback
from tests.payments.parts.purchase import PLACES, Books, Ear, begun


async def proved(provider: Provider, callback: Callback) -> Notice | Forged:
    """What a callback proves after what it needs was learnt."""
    await provider.learn(callback.headers)
    return provider.verify(callback.raw, callback.headers, Ear.now_ms())


async def notice_of(provider: Provider, callback: Callback) -> Notice:
    """What a callback proves that must be good."""
    notice = await proved(provider, callback)
    assert isinstance(notice, Notice), notice
    return notice


async def facts_in(provider: Provider, callback: Callback) -> tuple[PaymentFact, ...]:
    """The facts of a callback that must be good."""
    return (await notice_of(provider, callback)).facts


async def asked_by(provider: Provider, callback: Callback) -> tuple[str, ...]:
    """What a callback makes us ask about, that must be good and have no facts."""
    notice = await notice_of(provider, callback)
    assert notice.facts == ()
    return notice.ask


async def bought_at_paypal(fake: PayPalFake, paypal: PayPal) -> Books:
    """An order that was approved and captured."""
    books, _ = await begun(paypal)
    fake.approve(books.order.provider_ref)
    books.note(await paypal.capture(books.order))
    return books


async def assert_all_fail(provider: Provider, order: PaymentOrder, *, retryable: bool) -> None:
    """Whatever a provider is asked about an order fails, and says whether to ask again."""
    for ask in (provider.fetch, provider.capture):
        with pytest.raises(RemoteError) as raised:
            await ask(order)
        assert raised.value.retryable is retryable
    with pytest.raises(RemoteError) as raised:
        await provider.create(order, PLACES)
    assert raised.value.retryable is retryable
