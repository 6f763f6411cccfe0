"""Journal and store, opened without an engine."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from engine.app.parts import keep_private, open_ledger
from engine.app.plan import secret
from engine.errors import RemoteError
from engine.flows.clock import SystemClock
from engine.flows.keys import KeyRing
from engine.ledger.api.sql import SqlKeys
from engine.ledger.sql import SqlLedger
from engine.settings import Settings
from engine.store.address import parse_address
from engine.store.process import StoreProcess
from engine.store.valkey import ValkeyStore


@dataclass(frozen=True, slots=True)
class Books:
    """Journal and store without an engine; `store` is None where none answers, `note` says why."""

    ledger: SqlLedger
    store: ValkeyStore | None
    clock: SystemClock
    note: str = ""

    @property
    def keys(self) -> KeyRing:
        """The keys of the operators' interface, which are kept beside the journal."""
        return KeyRing(SqlKeys(self.ledger), self.clock)


@asynccontextmanager
async def books_of(settings: Settings) -> AsyncIterator[Books]:
    """The books that the engine of these settings works with; it may run or not.

    An embedded store is only joined, never started: it is the engine's.
    """
    async with AsyncExitStack() as stack:
        keep_private(settings.run_folder)
        ledger = await open_ledger(settings.database, stack)
        url = settings.store_url or StoreProcess(settings.run_folder / "store").url
        store = ValkeyStore(parse_address(url, secret(settings.store_password)))
        stack.push_async_callback(store.close)
        clock = SystemClock()
        try:
            await store.living_engines()
        except RemoteError as error:
            absent = "does not run" if settings.store_url is None else f"does not answer ({error})"
            yield Books(ledger, None, clock, f"the store {absent}")
        else:
            yield Books(ledger, store, clock)
