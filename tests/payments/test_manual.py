"""Payments by hand: a reference for the transfer, and nobody who knows anything."""

from urllib.parse import parse_qs, urlsplit

import pytest

from engine.core.payment import FactKind, OrderStatus, PaymentFact
from engine.errors import CallerError
from engine.payments.manual import Manual, reference_of
from engine.ports.payments import Forged
from tests.payments.parts.purchase import NOW_MS, PLACES, an_order, begun


async def test_the_payer_is_sent_to_our_own_page_with_his_reference() -> None:
    books, url = await begun(Manual({}, "tarot"))
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert query == {"paid": [""], "reference": [books.order.provider_ref]}
    assert url.startswith(PLACES.success)


async def test_the_reference_is_the_orders_own_and_can_be_written_by_hand() -> None:
    manual = Manual({}, "tarot")
    order = an_order("manual")
    assert await manual.create(order, PLACES) == await manual.create(order, PLACES)
    references = {reference_of(f"order {number}") for number in range(2_000)}
    assert len(references) == 2_000
    for reference in references:
        groups = reference.split("-")
        assert [len(group) for group in groups] == [4, 4, 4]
        assert set("".join(groups)) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


async def test_nothing_is_known_until_the_operator_says_so() -> None:
    manual = Manual({}, "tarot")
    books, _ = await begun(manual)
    assert await manual.fetch(books.order) == ()
    assert await manual.capture(books.order) == ()
    assert isinstance(manual.verify(b"paid", {}, NOW_MS), Forged)
    said = PaymentFact(
        kind=FactKind.PAID,
        order_id=books.order.order_id,
        payment_ref=books.order.order_id,
        amount_micros=books.order.amount_micros,
        currency="EUR",
    )
    books.note((said, said))
    assert (books.order.status, books.balance_micros) == (OrderStatus.PAID, 22_000_000)
    await manual.close()


def test_the_account_to_transfer_to_is_checked() -> None:
    manual = Manual({"holder": "Sunline", "iban": "de89 3704 0044 0532 0130 00"}, "tarot")
    assert (manual.holder, manual.iban) == ("Sunline", "DE89370400440532013000")


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"iban": "DE88370400440532013000"}, "iban"),
        ({"iban": "DE89"}, "iban"),
        ({"iban": "DE8937040044053201300Ä"}, "iban"),
        ({"api_key": "k"}, "api_key"),
    ],
)
def test_options_that_are_wrong(options: dict[str, str], field: str) -> None:
    with pytest.raises(CallerError) as raised:
        Manual(options, "tarot")
    assert raised.value.field == field
