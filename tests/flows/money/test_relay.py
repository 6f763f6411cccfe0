"""From the journal to the store: what the running relay leaves to its next look."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.flows.money.relay import LOOK_EVERY_MS, Relay
from engine.ports.store import StorePosting
from tests.fakes.clock import LoopClock, run_virtually
from tests.fakes.ledger import MemoryLedger
from tests.fakes.store import MemoryStore, StoreData

LOOK_S = LOOK_EVERY_MS / 1000


class House:
    """A relay between a ledger and a store in memory; `called` lists the work of the ledger."""

    def __init__(self) -> None:
        clock = LoopClock()
        self.ledger = MemoryLedger(lambda: clock.now().wall_ms)
        self.store = MemoryStore(StoreData(lambda: clock.now().wall_ms))
        self.relay = Relay(self.ledger, self.store, clock)
        self.called: list[str] = []
        self.ledger.on_call = self._note

    async def _note(self, method: str) -> None:
        self.called.append(method)

    async def booked(self, key: str) -> tuple[StorePosting, ...]:
        account = await self.ledger.open_account("acme", "acme-eur", "+4930123456", "EUR")
        lines = (Posting(customer(account.account_id), 5), Posting("adjustment", -5))
        entry = Entry(key=key, kind=EntryKind.CREDIT, currency="EUR", postings=lines, at_ms=1)
        return await self.ledger.post(entry)

    async def balance(self) -> int:
        account = await self.ledger.open_account("acme", "acme-eur", "+4930123456", "EUR")
        view = await self.store.account(account.account_id)
        return view.balance_micros if view is not None else 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.relay.run())
        await asyncio.sleep(0)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def test_many_applied_postings_leave_the_outbox_in_one_transaction() -> None:
    async def main() -> None:
        house = House()
        async with house.running():
            for key in ("one", "two", "three"):
                await house.relay.apply(await house.booked(key))
            assert await house.balance() == 15
            await asyncio.sleep(2 * LOOK_S)
            assert house.called.count("mark_applied") == 1
            assert not await house.ledger.outbox(10)
            assert await house.balance() == 15

    run_virtually(main())


def test_what_could_not_be_taken_out_is_applied_no_second_time() -> None:
    async def main() -> None:
        house = House()
        async with house.running():
            await house.relay.apply(await house.booked("one"))
            house.ledger.fail_next(method="mark_applied")
            await asyncio.sleep(8 * LOOK_S)
            assert not await house.ledger.outbox(10)
            assert await house.balance() == 5

    run_virtually(main())


def test_a_relay_that_does_not_run_leaves_nothing_behind() -> None:
    async def main() -> None:
        house = House()
        await house.relay.apply(await house.booked("one"))
        assert not await house.ledger.outbox(10)
        assert await house.balance() == 5

    run_virtually(main())


def test_a_posting_that_the_store_refuses_holds_up_nobody_elses() -> None:
    async def main() -> None:
        house = House()
        async with house.running():
            other = await house.ledger.open_account("acme", "acme-usd", "+4930123457", "USD")
            # The store keeps that account in another currency, which nobody here can mend.
            await house.store.seed_account(other.account_id, "EUR", 0, 0)
            lines = (Posting(customer(other.account_id), 5), Posting("adjustment", -5))
            entry = Entry(key="odd", kind=EntryKind.CREDIT, currency="USD", postings=lines, at_ms=1)
            await house.ledger.post(entry)
            await house.booked("one")
            await asyncio.sleep(3 * LOOK_S)
            assert await house.balance() == 5
            assert [posting.key for posting in await house.ledger.outbox(10)] == ["odd"]

    run_virtually(main())
