"""The ledger on a database: `ports.ledger.Ledger` on SQLite or PostgreSQL.

Each method is one transaction of `database`; what it does there is told in the module it calls.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from uuid import uuid4

from argon2 import PasswordHasher

from engine.core.cdr import CallRecord
from engine.core.posting import Entry, check_bookable
from engine.ledger import accounts, calls, journal, migrations, pins, verify
from engine.ledger.calls import Period
from engine.ledger.database import Database
from engine.ports.ledger import Account, JournalLine
from engine.ports.metrics import UNMEASURED, Metrics
from engine.ports.reading.marks import FirstCallMark
from engine.ports.store import StorePosting

TIMEOUT_S = 5.0
WHOLE_BOOK_TIMEOUT_S = 600.0
PAGE_ACCOUNTS = 500
PAGE_CALLS = 500


class SqlLedger:
    """The books in the database at `url`; `now_ms` is the wall clock (aliases, PIN locks).

    `url` is SQLAlchemy's: `sqlite:///var/ledger.db` or `postgresql://user:word@host/name`.
    `timeout_s` bounds every method but `migrate` and `verify`; a `RemoteError` then may leave a
    write done after all, which its repeat finds by its key.
    """

    def __init__(
        self,
        url: str,
        now_ms: Callable[[], int],
        *,
        timeout_s: float = TIMEOUT_S,
        hasher: PasswordHasher | None = None,
        metrics: Metrics = UNMEASURED,
    ) -> None:
        self.database = Database(url, timeout_s, metrics)
        self._now_ms = now_ms
        self._pins = pins.PinHasher(hasher or PasswordHasher())

    async def migrate(self) -> None:
        """Bring the tables to the present form; safe to run from several engines at once."""
        await self.database.create()
        await self.database.write(migrations.upgrade, WHOLE_BOOK_TIMEOUT_S)

    async def close(self) -> None:
        """Close every connection."""
        await self.database.close()

    async def open_account(
        self, organisation: str, profile: str, e164: str, currency: str
    ) -> Account:
        """See `ports.ledger`; the id of a new account is a random UUID.

        One that is in use is only read: a caller does not wait for those who write.
        """
        account = Account(
            account_id=uuid4().hex,
            organisation=organisation,
            profile=profile,
            e164=e164,
            currency=currency,
            balance_micros=0,
            seq=0,
            returning=False,
        )
        now_ms = self._now_ms()
        present = await self.database.read(partial(accounts.in_use, account=account, at_ms=now_ms))
        if present is not None:
            return present
        work = partial(accounts.open_account, account=account, at_ms=now_ms)
        return await self.database.write(work)

    async def find_account(self, profile: str, e164: str) -> Account | None:
        """See `ports.ledger`."""
        return await self.database.read(partial(accounts.by_number, profile=profile, e164=e164))

    async def account(self, account_id: str) -> Account | None:
        """See `ports.ledger`."""
        return await self.database.read(partial(accounts.by_id, account_id=account_id))

    async def change_number(self, account_id: str, e164: str) -> Account:
        """See `ports.ledger`."""
        work = partial(
            accounts.change_number, account_id=account_id, e164=e164, at_ms=self._now_ms()
        )
        return await self.database.write(work)

    async def copy_marks(self, account_id: str, e164: str) -> None:
        """See `ports.ledger`."""
        work = partial(accounts.copy_marks, account_id=account_id, e164=e164)
        await self.database.write(work)

    async def check_pin(self, profile: str, e164: str, pin: str) -> Account | None:
        """See `ports.ledger`."""
        count = partial(pins.count_try, profile=profile, e164=e164, at_ms=self._now_ms())
        account, hashed = await self.database.write(count)
        if not await self._pins.fits(hashed, pin) or account is None:
            return None
        await self.database.write(partial(pins.forget_tries, account_id=account.account_id))
        return account

    async def set_pin(self, account_id: str, pin: str) -> None:
        """See `ports.ledger`; `CallerError` unless the PIN is 4 to 12 digits."""
        hashed = await self._pins.hash(pin)
        await self.database.write(partial(pins.put, account_id=account_id, hashed=hashed))

    async def post(self, entry: Entry) -> tuple[StorePosting, ...]:
        """See `ports.ledger`."""
        check_bookable(entry)
        return await self.database.write(partial(journal.book, entry=entry))

    async def settle(self, record: CallRecord) -> tuple[StorePosting, ...]:
        """See `ports.ledger`."""
        return await self.database.write(partial(calls.settle, record=record))

    async def outbox(self, most: int) -> Sequence[StorePosting]:
        """See `ports.ledger`."""
        return await self.database.read(partial(journal.waiting, most=most))

    async def mark_applied(self, postings: Sequence[StorePosting]) -> None:
        """See `ports.ledger`."""
        await self.database.write(partial(journal.mark_applied, done=postings))

    async def postings_after(self, account_id: str, seq: int) -> Sequence[StorePosting]:
        """See `ports.ledger`."""
        work = partial(journal.postings_after, account_id=account_id, seq=seq)
        return await self.database.read(work)

    async def accounts(self) -> AsyncIterator[Account]:
        """See `ports.ledger`; read in pages, an account opened meanwhile may be missing."""
        after = ""
        while True:
            work = partial(accounts.page, after=after, most=PAGE_ACCOUNTS)
            page = await self.database.read(work)
            for account in page:
                yield account
            if len(page) < PAGE_ACCOUNTS:
                return
            after = page[-1].account_id

    async def claim_first_call(
        self,
        organisation: str,
        caller_list: str,
        e164: str,
        call_id: str,
        at_ms: int,
        days: int | None,
    ) -> bool:
        """See `ports.ledger`."""
        mark = FirstCallMark(organisation, caller_list, e164, call_id, at_ms)
        return await self.database.write(partial(accounts.claim_first_call, mark=mark, days=days))

    async def return_first_call(
        self, organisation: str, caller_list: str, e164: str, call_id: str
    ) -> None:
        """See `ports.ledger`."""
        mark = FirstCallMark(organisation, caller_list, e164, call_id)
        await self.database.write(partial(accounts.return_first_call, mark=mark))

    async def lines(self, account_id: str, from_ms: int, to_ms: int) -> Sequence[JournalLine]:
        """See `ports.ledger`."""
        work = partial(journal.lines, account_id=account_id, from_ms=from_ms, to_ms=to_ms)
        return await self.database.read(work)

    async def calls(self, account_id: str | None, from_ms: int, to_ms: int) -> Sequence[CallRecord]:
        """See `ports.ledger`; read in pages, so that no live call waits for a long list."""
        return await self._calls(Period(from_ms, to_ms, account_id))

    async def calls_without_account(
        self, profile: str, e164: str, from_ms: int, to_ms: int
    ) -> Sequence[CallRecord]:
        """See `ports.ledger`."""
        return await self._calls(Period(from_ms, to_ms, unknown_caller=(profile, e164)))

    async def call_pages(
        self, from_ms: int, to_ms: int, organisation: str | None = None
    ) -> AsyncIterator[Sequence[CallRecord]]:
        """See `ports.ledger`."""
        async for page in self._pages(Period(from_ms, to_ms, organisation=organisation)):
            yield page

    async def balances_after(self, call_ids: Sequence[str]) -> Mapping[str, int]:
        """See `ports.ledger`."""
        return await self.database.read(partial(journal.balances_after, call_ids=call_ids))

    async def _calls(self, period: Period) -> Sequence[CallRecord]:
        return [record async for page in self._pages(period) for record in page]

    async def _pages(self, period: Period) -> AsyncIterator[Sequence[CallRecord]]:
        last: CallRecord | None = None
        while True:
            work = partial(calls.page, period=period, after=last, most=PAGE_CALLS)
            page = await self.database.read(work)
            if page:
                yield page
            if len(page) < PAGE_CALLS:
                return
            last = page[-1]

    async def verify(self) -> Sequence[str]:
        """See `ports.ledger`."""
        return await self.database.read(verify.faults, WHOLE_BOOK_TIMEOUT_S)
