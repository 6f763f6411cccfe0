"""Orders are begun, callbacks taken in: once, durable, and nothing is believed unproved."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from engine.core.payment import FactKind, OrderStatus
from engine.errors import CallerError, RemoteError
from engine.flows.payments.till import Outcome, Wish
from engine.ports.orders import OrderFilter
from tests.flows.payments.desk import EURO, NUMBER, ORIGIN, Desk, desk


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


async def test_a_payment_is_credited_with_its_bonus(at: Desk) -> None:
    begun = await at.begun()
    assert begun.url.startswith("https://provider.example/")
    assert await at.tell(begun.order) is Outcome.TAKEN
    assert await at.balance() == 22 * EURO
    order = await at.till.orders.order(begun.order.order_id)
    assert order is not None
    assert order.status is OrderStatus.PAID


async def test_what_is_told_again_changes_nothing(at: Desk) -> None:
    begun = await at.begun()
    for event_id, outcome in (("e1", Outcome.TAKEN), ("e1", Outcome.REPEATED), ("e2", "taken")):
        assert await at.tell(begun.order, event_id=event_id) == outcome
        assert await at.balance() == 22 * EURO


async def test_a_forged_callback_leaves_one_line_in_the_log(at: Desk) -> None:
    begun = await at.begun()
    with capture_logs() as logs:
        assert await at.tell(begun.order, signature="bad") is Outcome.FORGED
    assert [line["event"] for line in logs] == ["payment.forged"]
    assert await at.balance() == 0


async def test_a_misfit_goes_to_suspense_with_an_alarm(at: Desk) -> None:
    begun = await at.begun()
    with capture_logs() as logs:
        await at.tell(begun.order, micros=19 * EURO)
    assert [line["event"] for line in logs] == ["payment.does_not_fit"]
    assert await at.balance() == 0


async def test_the_token_in_the_address_must_be_ours(at: Desk) -> None:
    begun = await at.begun()
    notify = at.provider.places[begun.order.order_id].notify
    token = notify.rpartition("/")[2]
    assert notify == f"{ORIGIN}/hooks/acme-eur/paypal/{token}"
    for forged in ("", "nonsense", token[:-1], f"x{token}"):
        assert await at.tell(begun.order, token=forged) is Outcome.FORGED
    assert await at.balance() == 0
    assert await at.tell(begun.order, token=token) is Outcome.TAKEN


async def test_an_unsigned_callback_must_come_to_its_orders_address(at: Desk) -> None:
    begun = await at.begun()
    at.provider.is_signed = False
    assert await at.tell(begun.order, signature="none") is Outcome.FORGED


async def test_money_taken_back_may_leave_less_than_nothing(at: Desk) -> None:
    begun = await at.begun()
    await at.tell(begun.order)
    await at.tell(begun.order, FactKind.WITHDRAWN, event_id="e2")
    assert await at.balance() == 0
    (line, *_) = reversed(await at.ledger.lines(begun.order.account_id, 0, 2**53))
    assert (line.kind, line.micros) == ("bonus_back", -2 * EURO)


async def test_a_wish_that_cannot_be_met_names_the_field(at: Desk) -> None:
    good = {"profile": "acme-eur", "provider": "paypal", "e164": NUMBER, "pay_micros": 20 * EURO}
    wrong = {
        "profile": ("profile", "nobody's"),
        "provider": ("provider", "stripe"),
        "number": ("e164", "030 1"),
        "amount": ("pay_micros", 21 * EURO),
    }
    for field, (name, value) in wrong.items():
        with pytest.raises(CallerError) as fault:
            await at.till.begin(Wish(**{**good, name: value}, lang="de"))  # type: ignore[arg-type]  # one is wrong
        assert fault.value.field == field
    assert await at.till.orders.orders(OrderFilter(organisation="acme")) == []


async def test_a_provider_that_is_down_leaves_an_open_order_and_no_money(at: Desk) -> None:
    at.provider.down = True
    with pytest.raises(RemoteError):
        await at.begun()
    (order,) = await at.till.orders.orders(OrderFilter(organisation="acme"))
    assert order.status is OrderStatus.OPEN
    assert await at.balance() == 0


async def test_a_callback_that_cannot_be_judged_yet_is_to_be_sent_again(at: Desk) -> None:
    begun = await at.begun()
    at.provider.down = True
    with pytest.raises(RemoteError):
        await at.tell(begun.order)
    at.provider.down = False
    assert await at.tell(begun.order) is Outcome.TAKEN


async def test_money_that_comes_by_hand_is_confirmed_once(at: Desk) -> None:
    begun = await at.begun(provider="manual")
    for _ in range(2):
        order = await at.till.confirm(begun.order.order_id, "anna")
        assert order.status is OrderStatus.PAID
        assert await at.balance() == 22 * EURO
    for order_id, author in (
        ((await at.begun()).order.order_id, "anna"),
        ((await at.begun(provider="manual")).order.order_id, " "),
    ):
        with pytest.raises(CallerError):
            await at.till.confirm(order_id, author)


async def test_an_open_order_stays_with_an_account_that_changes_its_number(at: Desk) -> None:
    begun = await at.begun()
    await at.ledger.change_number(begun.order.account_id, "+493023125011")
    await at.tell(begun.order)
    assert await at.balance("+493023125011") == 22 * EURO
