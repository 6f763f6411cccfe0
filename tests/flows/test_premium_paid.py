"""A payment with its bonus reaches a running call as one thing."""

import asyncio

from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.ports.store import StorePosting
from tests.fakes.clock import virtually
from tests.flows.world import LANDLINE, World, world

EURO = 1_000_000


async def booked(house: World, account_id: str) -> tuple[StorePosting, ...]:
    """A payment of 20 and its bonus of 2 in the journal, not yet in the store."""
    postings: tuple[StorePosting, ...] = ()
    for kind, micros in ((EntryKind.TOP_UP, 20 * EURO), (EntryKind.BONUS, 2 * EURO)):
        lines = Posting(customer(account_id), micros), Posting("bonus", -micros)
        entry = Entry(key=kind, kind=kind, currency="EUR", postings=lines, at_ms=house.now_ms())
        postings += await house.ledger.post(entry)
    return postings


@virtually
async def test_the_caller_hears_once_what_payment_and_bonus_buy_him() -> None:
    async with world() as house:
        account_id = await house.book(LANDLINE, 3 * EURO)
        call = house.call()
        await house.talks_for(call, 20)
        heard = len(call.heard)
        await house.relay.apply(await booked(house, account_id))
        await asyncio.sleep(10)
        # 25.00 less 0.20 talked away, at 0.60 a minute.
        assert [name for _, name in call.heard[heard:]] == ["de/topped_up_caller-s2460"]
        (agent,) = house.agent_legs(call)
        assert [name for _, name in agent.heard].count("de/agent_tone") == 1


@virtually
async def test_the_rest_of_a_payment_that_was_held_up_is_told_when_it_comes() -> None:
    async with world() as house:
        account_id = await house.book(LANDLINE, 3 * EURO)
        call = house.call()
        await house.talks_for(call, 20)
        heard = len(call.heard)
        paid, _bonus = await booked(house, account_id)
        await house.store.apply(paid, quiet=True)
        await asyncio.sleep(5)
        assert [name for _, name in call.heard[heard:]] == ["de/topped_up_caller-s2460"]
