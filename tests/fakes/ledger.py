"""The ledger's twin in memory: same answers, same order, same refusals, no database.

Deterministic: ids count up, time is what `now_ms` says. Faults are planted from outside: `down`
refuses everything, `fail_next` refuses some calls (`after=True`: carries them out and then loses
the answer, as a connection that breaks at the commit does), and `on_call` sees every method's
name and may raise or wait.
"""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace

from engine.core.cdr import CallRecord
from engine.core.posting import (
    Entry,
    EntryKind,
    call_entry,
    call_key,
    check_bookable,
    customer,
    customer_id,
    ended_hold,
)
from engine.errors import CallerError, ConflictError, RemoteError
from engine.ports.ledger import Account, JournalLine
from engine.ports.store import StorePosting

PIN_TRIES = 5
PIN_LOCK_MS = 15 * 60 * 1000
DAY_MS = 24 * 60 * 60 * 1000


@dataclass(slots=True)
class _Fault:
    left: int
    method: str | None
    after: bool


@dataclass(slots=True)
class _Pin:
    pin: str
    tries: int = 0
    locked_until_ms: int = 0


async def _at_once(method: str) -> None:
    """The default `on_call`: no wait, no fault."""


class MemoryLedger:
    """`ports.ledger.Ledger` in memory; `now_ms` tells PIN locks the time."""

    def __init__(self, now_ms: Callable[[], int] = lambda: 0) -> None:
        self.down = False
        self.on_call: Callable[[str], Awaitable[None]] = _at_once
        self._now_ms = now_ms
        self._faults: list[_Fault] = []
        self._accounts: dict[str, Account] = {}
        self._aliases: dict[tuple[str, str], str] = {}
        self._pins: dict[str, _Pin] = {}
        self._entries: dict[str, tuple[Entry, tuple[StorePosting, ...]]] = {}
        self._lines: dict[str, list[tuple[StorePosting, JournalLine]]] = {}
        self._outbox: dict[tuple[str, int], StorePosting] = {}
        self._calls: dict[str, CallRecord] = {}
        self.blocked: set[str] = set()
        self._callers: dict[tuple[str, str, str], tuple[str, int]] = {}

    @property
    def unapplied(self) -> int:
        """Postings in the outbox."""
        return len(self._outbox)

    def fail_next(self, times: int = 1, method: str | None = None, *, after: bool = False) -> None:
        """Let the next `times` calls (of `method` alone, if named) raise `RemoteError`."""
        self._faults.append(_Fault(times, method, after))

    async def open_account(
        self, organisation: str, profile: str, e164: str, currency: str
    ) -> Account:
        async with self._transaction("open_account"):
            known = self._aliases.get((profile, e164))
            if known is None:
                known = f"a{len(self._accounts) + 1}"
                self._aliases[profile, e164] = known
                self._lines[known] = []
                self._accounts[known] = Account(
                    account_id=known,
                    organisation=organisation,
                    profile=profile,
                    e164=e164,
                    currency=currency,
                    balance_micros=0,
                    seq=0,
                    returning=False,
                )
            self.mark_blocked()
            account = self._accounts[known]
            if (account.organisation, account.currency) != (organisation, currency):
                raise ConflictError(f"{e164} has an account of another organisation or currency")
            return account

    async def find_account(self, profile: str, e164: str) -> Account | None:
        async with self._transaction("find_account"):
            return self._find(profile, e164)

    async def account(self, account_id: str) -> Account | None:
        async with self._transaction("account"):
            return self._accounts.get(account_id)

    async def change_number(self, account_id: str, e164: str) -> Account:
        async with self._transaction("change_number"):
            account = self._known(account_id)
            if self._aliases.get((account.profile, e164), account_id) != account_id:
                raise ConflictError("the number has an account of its own")
            del self._aliases[account.profile, account.e164]
            self._aliases[account.profile, e164] = account_id
            self._copy_marks(account, e164)
            self._accounts[account_id] = replace(account, e164=e164)
            self.mark_blocked()
            return self._accounts[account_id]

    def mark_blocked(self) -> None:
        """Let every account whose number names a blocked one say so."""
        numbers = {
            (a.organisation, a.e164)
            for a in self._accounts.values()
            if a.account_id in self.blocked
        }
        for account_id, account in self._accounts.items():
            is_blocked = (account.organisation, account.e164) in numbers
            self._accounts[account_id] = replace(account, blocked=is_blocked)

    async def copy_marks(self, account_id: str, e164: str) -> None:
        async with self._transaction("copy_marks"):
            self._copy_marks(self._known(account_id), e164)

    def _copy_marks(self, account: Account, e164: str) -> None:
        for (organisation, caller_list, number), mark in list(self._callers.items()):
            if (organisation, number) == (account.organisation, account.e164):
                self._callers.setdefault((organisation, caller_list, e164), mark)

    async def check_pin(self, profile: str, e164: str, pin: str) -> Account | None:
        async with self._transaction("check_pin"):
            account = self._find(profile, e164)
            held = self._pins.get(account.account_id) if account else None
            if held is None or held.locked_until_ms > self._now_ms():
                return None
            if hmac.compare_digest(held.pin.encode(), pin.encode()):
                held.tries = 0
                return account
            held.tries += 1
            if held.tries == PIN_TRIES:
                held.tries, held.locked_until_ms = 0, self._now_ms() + PIN_LOCK_MS
            return None

    async def set_pin(self, account_id: str, pin: str) -> None:
        async with self._transaction("set_pin"):
            if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 12):
                raise CallerError("must be 4 to 12 digits", "pin")
            self._pins[self._known(account_id).account_id] = _Pin(pin)

    async def post(self, entry: Entry) -> tuple[StorePosting, ...]:
        check_bookable(entry)
        async with self._transaction("post"):
            return self._book(entry)

    async def settle(self, record: CallRecord) -> tuple[StorePosting, ...]:
        async with self._transaction("settle"):
            known = self._calls.get(record.call_id)
            if known is not None and known != record:
                raise ConflictError(f"call {record.call_id} has another record")
            entry = call_entry(record)
            postings = () if entry is None else self._book(entry)
            self._calls[record.call_id] = record
            if record.account_id is not None and record.joined_ms is not None:
                account = self._accounts[record.account_id]
                self._accounts[record.account_id] = replace(account, returning=True)
            return postings

    async def outbox(self, most: int) -> Sequence[StorePosting]:
        async with self._transaction("outbox"):
            return list(self._outbox.values())[:most]

    async def mark_applied(self, postings: Sequence[StorePosting]) -> None:
        async with self._transaction("mark_applied"):
            for posting in postings:
                self._outbox.pop((posting.account_id, posting.seq), None)

    async def postings_after(self, account_id: str, seq: int) -> Sequence[StorePosting]:
        async with self._transaction("postings_after"):
            return [posting for posting, _ in self._lines.get(account_id, [])[seq:]]

    async def accounts(self) -> AsyncIterator[Account]:
        for account_id in sorted(self._accounts):
            async with self._transaction("accounts"):
                account = self._accounts[account_id]
            yield account

    async def claim_first_call(
        self,
        organisation: str,
        caller_list: str,
        e164: str,
        call_id: str,
        at_ms: int,
        days: int | None,
    ) -> bool:
        async with self._transaction("claim_first_call"):
            mark = organisation, caller_list, e164
            holder, first_ms = self._callers.setdefault(mark, (call_id, at_ms))
            within = days is not None and at_ms < first_ms + days * DAY_MS
            return holder == call_id or within

    async def return_first_call(
        self, organisation: str, caller_list: str, e164: str, call_id: str
    ) -> None:
        async with self._transaction("return_first_call"):
            mark = organisation, caller_list, e164
            holder, _ = self._callers.get(mark, (None, 0))
            if holder == call_id:
                del self._callers[mark]

    async def lines(self, account_id: str, from_ms: int, to_ms: int) -> Sequence[JournalLine]:
        async with self._transaction("lines"):
            lines = [line for _, line in self._lines.get(account_id, [])]
            return [line for line in lines if from_ms <= line.at_ms < to_ms]

    async def calls(self, account_id: str | None, from_ms: int, to_ms: int) -> Sequence[CallRecord]:
        async with self._transaction("calls"):
            chosen = [
                record
                for record in self._calls.values()
                if from_ms <= record.ended_ms < to_ms and account_id in (None, record.account_id)
            ]
            return sorted(chosen, key=lambda record: (record.ended_ms, record.call_id))

    async def call_pages(
        self, from_ms: int, to_ms: int, organisation: str | None = None
    ) -> AsyncIterator[Sequence[CallRecord]]:
        for record in await self.calls(None, from_ms, to_ms):
            if organisation in (None, record.organisation):
                yield [record]

    async def balances_after(self, call_ids: Sequence[str]) -> Mapping[str, int]:
        async with self._transaction("balances_after"):
            booked = [self._entries.get(call_key(call_id), (None, ())) for call_id in call_ids]
            return {
                call_id: self._lines[posting.account_id][posting.seq - 1][1].balance_micros
                for call_id, (_, made) in zip(call_ids, booked, strict=True)
                for posting in made
            }

    async def calls_without_account(
        self, profile: str, e164: str, from_ms: int, to_ms: int
    ) -> Sequence[CallRecord]:
        return [
            record
            for record in await self.calls(None, from_ms, to_ms)
            if (record.account_id, record.profile, record.e164) == (None, profile, e164)
            and record.verified
        ]

    async def verify(self) -> Sequence[str]:
        async with self._transaction("verify"):
            return list(self._problems())

    def _find(self, profile: str, e164: str) -> Account | None:
        return self._accounts.get(self._aliases.get((profile, e164), ""))

    def _known(self, account_id: str) -> Account:
        account = self._accounts.get(account_id)
        if account is None:
            raise CallerError(f"there is no account {account_id}", "account_id")
        return account

    def _book(self, entry: Entry) -> tuple[StorePosting, ...]:
        if entry.key in self._entries:
            booked, postings = self._entries[entry.key]
            if replace(booked, at_ms=0) != replace(entry, at_ms=0):
                raise ConflictError(f"key {entry.key} was used for another entry")
            return postings
        owners = [self._known(name) for p in entry.postings if (name := customer_id(p.account))]
        if any(owner.currency != entry.currency for owner in owners):
            raise CallerError("differs from the account's currency", "currency")
        if len({owner.organisation for owner in owners}) != 1:
            raise CallerError("accounts of two organisations in one entry", "postings")
        made = tuple(
            self._advance(entry, name, posting.micros)
            for posting in entry.postings
            if (name := customer_id(posting.account))
        )
        self._entries[entry.key] = (entry, made)
        return made

    def _advance(self, entry: Entry, account_id: str, micros: int) -> StorePosting:
        account = self._accounts[account_id]
        account = replace(
            account, seq=account.seq + 1, balance_micros=account.balance_micros + micros
        )
        posting = StorePosting(
            account_id=account_id,
            currency=entry.currency,
            seq=account.seq,
            micros=micros,
            kind=entry.kind,
            key=entry.key,
            hold_id=ended_hold(entry.kind, entry.key, entry.call_id, micros),
        )
        line = JournalLine(
            seq=account.seq,
            at_ms=entry.at_ms,
            kind=entry.kind,
            micros=micros,
            balance_micros=account.balance_micros,
            key=entry.key,
            reason=entry.reason,
            author=entry.author,
            call_id=entry.call_id,
        )
        self._accounts[account_id] = account
        self._lines[account_id].append((posting, line))
        self._outbox[account_id, account.seq] = posting
        return posting

    def _problems(self) -> Iterator[str]:
        for account_id, account in self._accounts.items():
            lines = [line for _, line in self._lines[account_id]]
            if [line.seq for line in lines] != list(range(1, account.seq + 1)):
                yield f"account {account_id}: sequence is not 1 to {account.seq}"
            if sum(line.micros for line in lines) != account.balance_micros:
                yield f"account {account_id}: balance is not the sum of its postings"
        for call_id, record in self._calls.items():
            entry, _ = self._entries.get(call_key(call_id), (None, ()))
            if entry != call_entry(record):
                yield f"call {call_id}: its entry does not fit its record"
        booked = sum(1 for entry, _ in self._entries.values() if entry.kind is EntryKind.CALL)
        if booked != sum(1 for record in self._calls.values() if record.account_id is not None):
            yield "a call's entry has no record"
        if sum(account.balance_micros for account in self._accounts.values()) != sum(
            posting.micros
            for entry, _ in self._entries.values()
            for posting in entry.postings
            if posting.account.startswith(customer(""))
        ):
            yield "the book does not sum to zero"

    @asynccontextmanager
    async def _transaction(self, method: str) -> AsyncIterator[None]:
        await self.on_call(method)
        if self.down:
            raise RemoteError("the ledger is down")
        with self._fault_of(method):
            yield

    @contextmanager
    def _fault_of(self, method: str) -> Iterator[None]:
        fault = next((f for f in self._faults if f.method in (None, method)), None)
        if fault is None:
            yield
            return
        fault.left -= 1
        if not fault.left:
            self._faults.remove(fault)
        if fault.after:
            yield
        raise RemoteError(f"planted fault in {method}")
