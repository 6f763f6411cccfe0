"""Journal and store, opened without an engine."""

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from engine.app.parts import keep_private, open_ledger
from engine.app.plan import policy_of, secret, web_plan_of
from engine.app.site import Accounts, configuration_of, directory_of, open_till, tracked_of
from engine.core.inventory import Inventory
from engine.errors import RemoteError
from engine.flows.access import People
from engine.flows.clock import SystemClock
from engine.flows.diversion.directory import Directory
from engine.flows.keys import KeyRing
from engine.flows.money.relay import Relay
from engine.flows.numbers.numbering import Numbering, read_areas
from engine.flows.payments.till import MANUAL, Till
from engine.flows.versions.configuration import Configuration
from engine.ledger.api.sql import SqlKeys
from engine.ledger.callers import SqlCallers
from engine.ledger.numbers.cases import SqlCases
from engine.ledger.numbers.sql import SqlNumbers
from engine.ledger.payments.sql import SqlOrders
from engine.ledger.probing.sql import SqlProbes
from engine.ledger.reading.sql import SqlKeeping, SqlKin, SqlRecords
from engine.ledger.sql import SqlLedger
from engine.ledger.statements.sql import SqlStatements
from engine.ledger.tracked.sql import SqlTracked
from engine.ledger.users.sql import SqlAudit, SqlSessions, SqlUsers
from engine.ledger.verifications.sql import SqlVerifications
from engine.settings import Settings
from engine.speech.catalogue import read_catalogues
from engine.store.address import parse_address
from engine.store.process import StoreProcess
from engine.store.valkey import ValkeyStore


@dataclass(frozen=True, slots=True)
class Books:
    """Journal and store without an engine; `store` is None where none answers, `note` says why.

    `sounds` is the folder of prompt texts; `is_embedded` if the store is an engine's own.
    """

    ledger: SqlLedger
    store: ValkeyStore | None
    clock: SystemClock
    sounds: Path
    note: str = ""
    is_embedded: bool = False

    @property
    def keys(self) -> KeyRing:
        """The keys of the operators' interface, which are kept beside the journal."""
        return KeyRing(SqlKeys(self.ledger), self.clock)

    @property
    def configuration(self) -> Configuration:
        """The versions of the operator's files."""
        return configuration_of(
            self.ledger, self.clock, texts=partial(read_catalogues, self.sounds)
        )

    async def living(self) -> Collection[str] | None:
        """The engines that live, None where no store tells; with an embedded store that does not
        run its engine does not either."""
        if self.store is None:
            return () if self.is_embedded else None
        try:
            return await self.store.living_engines()
        except RemoteError:
            return None

    @property
    def people(self) -> People:
        """The users of the console."""
        return People(SqlUsers(self.ledger), SqlSessions(self.ledger), self.clock)

    @property
    def audit(self) -> SqlAudit:
        """The audit log."""
        return SqlAudit(self.ledger)

    @property
    def statements(self) -> SqlStatements:
        """The sums of the journal."""
        return SqlStatements(self.ledger)

    @property
    def verifications(self) -> SqlVerifications:
        """Verifications, which are kept beside the journal."""
        return SqlVerifications(self.ledger)

    @property
    def callers(self) -> SqlCallers:
        """What staff keep of callers."""
        return SqlCallers(self.ledger)

    @property
    def orders(self) -> SqlOrders:
        """The payment orders beside the journal."""
        return SqlOrders(self.ledger)

    @property
    def records(self) -> SqlRecords:
        """The records of finished calls."""
        return SqlRecords(self.ledger)

    @property
    def kin(self) -> SqlKin:
        """Numbers and what they name."""
        return SqlKin(self.ledger)

    def numbering(self, settings: Settings) -> Numbering:
        """What numbers are given out with."""
        return Numbering(
            SqlNumbers(self.ledger),
            read_areas(),
            self.clock,
            policy_of(settings),
            mailing=settings.smtp_host is not None,
        )

    @property
    def probes(self) -> SqlProbes:
        """How numbers stand by their probes."""
        return SqlProbes(self.ledger)

    @property
    def cases(self) -> SqlCases:
        """Authorities' requests about numbers."""
        return SqlCases(self.ledger)

    def tracked(self, settings: Settings) -> SqlTracked:
        """The tracking calls."""
        return tracked_of(web_plan_of(settings), self.ledger)

    def directory(self, settings: Settings) -> Directory:
        """Where the calls to each number of the stock go."""
        return directory_of(self.ledger, self.tracked(settings), self.clock)

    @property
    def keeping(self) -> SqlKeeping:
        """What is kept for a time only."""
        return SqlKeeping(self.ledger)


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
            note, is_embedded = f"the store {absent}", settings.store_url is None
            yield Books(ledger, None, clock, settings.sounds, note, is_embedded)
        else:
            yield Books(ledger, store, clock, settings.sounds)


@asynccontextmanager
async def manual_till(
    books: Books, settings: Settings, inventory: Inventory
) -> AsyncIterator[Till]:
    """A till for payments by hand alone, without an engine: it asks no provider anything.

    `RemoteError` where no store runs, `CallerError` for an account that is wrongly described.
    """
    if books.store is None:
        raise RemoteError(f"{books.note}: start the engine first")
    web = web_plan_of(settings)
    relay = Relay(books.ledger, books.store, books.clock)
    accounts = Accounts(lambda: inventory, web.secrets, MANUAL)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(accounts.close)
        yield await open_till(
            web,
            web.origin,
            books.ledger,
            relay,
            lambda: inventory,
            books.clock,
            accounts,
            stack,
        )
