"""Providers are asked: what is authorised is captured, what was never told is found."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.core.payment import FactKind, OrderStatus
from engine.flows.payments.asking import (
    AT_ONCE_EACH,
    DAY_MS,
    LEASE_MS,
    LOOK_EVERY_MS,
    OPEN_FOR_MS,
    next_ask_ms,
)
from engine.flows.payments.till import FIRST_ASK_MS
from tests.flows.payments.desk import EURO, NOW_MS, Desk, desk, fact


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as opened:
        yield opened


async def look(at: Desk, after_ms: int = 0) -> int:
    at.clock.wall_ms += after_ms
    found = await at.asking.look()
    await at.asking.idle()
    await at.till.close()
    return found


async def test_an_order_nobody_told_of_is_asked_about(at: Desk) -> None:
    order = (await at.begun()).order
    at.provider.knows[order.order_id] = (fact(order.order_id, FactKind.PAID, 20 * EURO),)
    assert await look(at) == 0
    assert await look(at, FIRST_ASK_MS) == 1
    assert await at.balance() == 22 * EURO


async def test_what_is_authorised_is_captured_once(at: Desk) -> None:
    order = (await at.begun()).order
    at.provider.knows[order.order_id] = (fact(order.order_id, FactKind.AUTHORISED, 20 * EURO),)
    await look(at, FIRST_ASK_MS)
    await at.till.ask_now(order)
    await look(at, DAY_MS)
    assert at.provider.captured == [order.order_id]
    assert await at.balance() == 22 * EURO


async def test_a_callback_that_proves_nothing_is_asked_about_at_once(at: Desk) -> None:
    order = (await at.begun()).order
    await at.tell(order, signature="none")
    assert await at.balance() == 0
    assert at.till.asked.is_set()
    at.provider.knows[order.order_id] = (fact(order.order_id, FactKind.PAID, 20 * EURO),)
    assert await look(at) == 1
    assert await at.balance() == 22 * EURO


async def test_a_callback_that_says_nothing_names_its_order_by_its_address(at: Desk) -> None:
    order = (await at.begun()).order
    token = at.provider.places[order.order_id].notify.rpartition("/")[2]
    assert await at.tell(order, signature="empty", token=token) == "taken"
    assert await look(at) == 1
    assert at.provider.asked == [order.order_id]


async def test_who_is_back_is_asked_about_at_once(at: Desk) -> None:
    order = (await at.begun()).order
    await at.till.ask_now(order)
    assert await look(at) == 1
    assert at.provider.asked == [order.order_id]


async def test_a_provider_that_is_down_is_asked_again_later(at: Desk) -> None:
    order = (await at.begun()).order
    at.provider.down = True
    assert await look(at, FIRST_ASK_MS) == 1
    assert await look(at, LEASE_MS - 1) == 0
    at.provider.down = False
    assert await look(at, 1) == 1
    assert at.provider.asked == [order.order_id]


async def test_a_fault_of_the_providers_ends_no_asking(at: Desk) -> None:
    """Also long after the order was begun, when only a callback made it due once more."""
    order = (await at.begun()).order
    at.clock.wall_ms += OPEN_FOR_MS + DAY_MS
    at.provider.knows[order.order_id] = (fact(order.order_id, FactKind.PAID, 20 * EURO),)
    await at.tell(order, signature="none")
    at.provider.down = True
    await look(at)
    at.provider.down = False
    assert await look(at, LEASE_MS) == 1
    assert await at.balance() == 22 * EURO


async def test_an_unforeseen_fault_ends_no_asking(at: Desk) -> None:
    order = (await at.begun()).order
    at.provider.knows[order.order_id] = None  # type: ignore[assignment]  # a provider's file that is broken
    assert await look(at, FIRST_ASK_MS) == 1
    at.provider.knows[order.order_id] = (fact(order.order_id, FactKind.PAID, 20 * EURO),)
    assert await look(at, LEASE_MS) == 1
    assert await at.balance() == 22 * EURO


async def test_a_callback_while_its_order_is_asked_about_is_asked_about_too(at: Desk) -> None:
    order = (await at.begun()).order
    at.clock.wall_ms += FIRST_ASK_MS
    await at.asking.look()
    at.provider.knows[order.order_id] = (fact(order.order_id, FactKind.PAID, 20 * EURO),)
    await at.tell(order, signature="none")
    await at.asking.idle()
    await look(at)
    assert await at.balance() == 22 * EURO


async def test_a_callback_that_is_repeated_is_asked_about_again(at: Desk) -> None:
    order = (await at.begun()).order
    await at.tell(order, signature="none")
    await look(at)
    at.provider.knows[order.order_id] = (fact(order.order_id, FactKind.PAID, 20 * EURO),)
    assert await at.tell(order, signature="none") == "repeated"
    assert await look(at) == 1
    assert await at.balance() == 22 * EURO


async def test_a_provider_that_hangs_holds_up_no_other(at: Desk) -> None:
    slow = [(await at.begun()).order for _ in range(AT_ONCE_EACH + 2)]
    at.provider.hangs = asyncio.Event()
    quick = (await at.begun(provider="manual")).order
    await at.till.orders.ask_later(quick.order_id, at.clock.wall_ms + FIRST_ASK_MS)
    at.clock.wall_ms += FIRST_ASK_MS
    assert await at.asking.look() == len(slow) + 1
    await asyncio.sleep(0)
    assert len(at.provider.asked) == AT_ONCE_EACH + 1
    at.provider.hangs.set()
    await at.asking.idle()
    assert await look(at, LOOK_EVERY_MS) == 2


async def test_a_refund_that_was_never_told_is_found(at: Desk) -> None:
    order = (await at.begun()).order
    await at.tell(order)
    paid = fact(order.order_id, FactKind.PAID, 20 * EURO)
    refunded = fact(order.order_id, FactKind.REFUNDED, 10 * EURO)
    at.provider.knows[order.order_id] = (paid, refunded)
    await look(at, FIRST_ASK_MS)
    assert await at.balance() == 11 * EURO


async def test_an_order_is_asked_about_ever_more_seldom_and_not_for_ever(at: Desk) -> None:
    order = (await at.begun()).order
    gaps, now_ms = [], NOW_MS
    while (next_ms := next_ask_ms(order, now_ms)) is not None:
        gaps.append(next_ms - now_ms)
        now_ms = next_ms
    assert gaps == sorted(gaps)
    assert (gaps[0], gaps[-1]) == (10_000, 3_600_000)
    assert OPEN_FOR_MS <= now_ms - NOW_MS < OPEN_FOR_MS + 3_700_000
    failed = replace(order, status=OrderStatus.FAILED)
    assert next_ask_ms(failed, NOW_MS) is None
    paid = replace(order, paid_ms=NOW_MS, status=OrderStatus.PAID)
    assert next_ask_ms(paid, NOW_MS + 2 * DAY_MS) == NOW_MS + 7 * DAY_MS
    assert next_ask_ms(paid, NOW_MS + 180 * DAY_MS) is None
