"""What an operator does with money and numbers by hand: credit, debit, move, change of number.

Money that is taken away is held first, so that it never takes what calls hold; then it is booked,
and the posting that reaches the store ends the hold. Every movement has an idempotency key: the
same key with the same content is the same movement, however often it is asked for.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import structlog

from engine.core.account import AccountView
from engine.core.money import MAX_MICROS, format_shortest
from engine.core.number import classify
from engine.core.payment import SETTLED
from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.errors import CallerError, ConflictError, RemoteError
from engine.flows.money.accounts import put_back
from engine.flows.money.relay import Relay
from engine.ports.clock import Clock
from engine.ports.ledger import Account, Ledger
from engine.ports.reading.suspense import Waiting
from engine.ports.store import Store, StorePosting

KEY_FAMILY = "operator:"
"""Keeps an operator's keys apart from those of calls and payments."""

COUNTER_ACCOUNT = "adjustment"
POST_AGAIN_MS = (200, 1_000)

log = structlog.get_logger(__name__)


class DenyReason(StrEnum):
    """Why nothing was done."""

    NOT_AVAILABLE = "not_available"
    NUMBER_TAKEN = "number_taken"
    MONEY_IS_HELD = "money_is_held"


@dataclass(frozen=True, slots=True)
class Denied:
    """Refused, and nothing was changed.

    `available_micros` is the balance less all that is held; `other` the account in the way.
    """

    reason: DenyReason
    available_micros: int
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    """Done: the entry's key, what it moved, and the account as the journal has it now.

    `in_store` is False while only the journal has it, because the store could not be told.
    """

    key: str
    micros: int
    account: Account
    in_store: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What every movement by hand carries: the key that makes it one, who did it, and why."""

    key: str
    reason: str
    author: str

    def __post_init__(self) -> None:
        for field in ("key", "reason", "author"):
            if not getattr(self, field).strip():
                raise CallerError("must not be empty", field)


class Money:
    """An operator's hand on the accounts.

    `store` is None where none runs: then money can only be given, and the store learns of it when
    it runs again. Every method raises `CallerError` for an unknown account, an amount that is none
    and what the journal refuses; `ConflictError` for a key that was used for something else;
    `RemoteError` when journal or store do not answer: the same key may then be tried again.
    """

    def __init__(self, ledger: Ledger, store: Store | None, clock: Clock) -> None:
        self._ledger = ledger
        self._store = store
        self._clock = clock

    async def credit(self, account_id: str, micros: int, why: Why) -> Booked:
        """Give money."""
        _check_amount(micros)
        account = await self._known(account_id)
        lines = Posting(customer(account_id), micros), Posting(COUNTER_ACCOUNT, -micros)
        return await self._book(account, self._entry(EntryKind.CREDIT, account, lines, why))

    async def debit(self, account_id: str, micros: int, why: Why) -> Booked | Denied:
        """Take money that nothing else holds."""
        _check_amount(micros)
        account = await self._known(account_id)
        lines = Posting(customer(account_id), -micros), Posting(COUNTER_ACCOUNT, micros)
        return await self._take(account, self._entry(EntryKind.DEBIT, account, lines, why))

    async def move(
        self, account_id: str, to_account_id: str, micros: int | None, why: Why
    ) -> Booked | Denied:
        """Move money to another account of the organisation; with None all that is available."""
        if micros is not None:
            _check_amount(micros)
        if account_id == to_account_id:
            raise CallerError("must be another account", "to")
        account, target = await self._known(account_id), await self._known(to_account_id, "to")
        if (account.organisation, account.currency) != (target.organisation, target.currency):
            raise CallerError("must be of the same organisation and currency", "to")
        if micros is None:
            micros = await self._whole(account, KEY_FAMILY + why.key)
            if micros <= 0:
                return Denied(DenyReason.NOT_AVAILABLE, micros)
        lines = Posting(customer(account_id), -micros), Posting(customer(to_account_id), micros)
        return await self._take(account, self._entry(EntryKind.MOVE, account, lines, why))

    async def settle(self, waiting: Waiting, account_id: str, why: Why) -> Booked:
        """Give a payment in suspense to the customer it was for; once, whoever does it.

        `ConflictError` if it was settled for another account.
        """
        account = await self._known(account_id)
        if (account.organisation, account.currency) != (waiting.organisation, waiting.currency):
            raise CallerError("must be of the same organisation and currency", "number")
        lines = Posting(customer(account_id), waiting.micros), Posting("suspense", -waiting.micros)
        entry = self._entry(EntryKind.TOP_UP, account, lines, why)
        return await self._book(account, replace(entry, key=SETTLED + waiting.key))

    async def change_number(
        self, account_id: str, e164: str, why: Why, *, merge: bool = False
    ) -> Account | Denied:
        """Name an account by another number; balance, history and caller-list marks stay with it.

        Where the number has an account of its own this is refused, or, with `merge`, the whole
        balance moves there; that account is given back then, and the old one stays, empty, with
        its history and its number.
        """
        if classify(e164, None).e164 != e164:
            raise CallerError("must be a number such as +493023125000", "number")
        account = await self._known(account_id)
        other = await self._ledger.find_account(account.profile, e164)
        if other is None or other.account_id == account_id:
            changed = await self._ledger.change_number(account_id, e164)
            log.info("number.changed", account=account_id, author=why.author, reason=why.reason)
            return changed
        view = await self._view(account)
        if not merge:
            return Denied(DenyReason.NUMBER_TAKEN, view.available_micros, other.account_id)
        if view.holds:
            return Denied(DenyReason.MONEY_IS_HELD, view.available_micros, other.account_id)
        if view.balance_micros < 0:
            return Denied(DenyReason.NOT_AVAILABLE, view.available_micros, other.account_id)
        if view.balance_micros:
            moved = await self.move(account_id, other.account_id, view.balance_micros, why)
            if isinstance(moved, Denied):
                return moved
        await self._ledger.copy_marks(account_id, e164)
        log.info(
            "number.merged",
            account=account_id,
            into=other.account_id,
            author=why.author,
            reason=why.reason,
        )
        return await self._known(other.account_id)

    # --- taking and booking --------------------------------------------------------------

    async def _take(self, account: Account, entry: Entry) -> Booked | Denied:
        """Hold, book, and let the posting end the hold."""
        store = self._needed_store()
        micros = -entry.postings[0].micros
        view = await self._view(account)
        held = await store.hold_amount(account.account_id, entry.key, micros)
        # A store that was emptied since has forgotten that this was done.
        if not held and await self._booked(account.account_id, entry.key) is None:
            return Denied(DenyReason.NOT_AVAILABLE, view.available_micros)
        try:
            return await self._book(account, entry)
        except (CallerError, ConflictError):
            await store.drop_hold(account.account_id, entry.key)
            raise

    async def _book(self, account: Account, entry: Entry) -> Booked:
        postings = await self._post(entry)
        in_store = self._store is not None and await self._bring(self._store, postings)
        return Booked(
            key=entry.key,
            micros=abs(entry.postings[0].micros),
            account=await self._known(account.account_id),
            in_store=in_store,
        )

    async def _post(self, entry: Entry) -> tuple[StorePosting, ...]:
        for wait_ms in POST_AGAIN_MS:
            try:
                return await self._ledger.post(entry)
            except RemoteError as error:
                log.warning("post.again", key=entry.key, error=str(error))
                await self._clock.sleep(wait_ms)
        return await self._ledger.post(entry)

    async def _bring(self, store: Store, postings: tuple[StorePosting, ...]) -> bool:
        """Tell the store; whether it knows all of it now."""
        await Relay(self._ledger, store, self._clock).apply(postings)
        try:
            for posting in postings:
                view = await store.account(posting.account_id)
                if view is None or view.seq < posting.seq:
                    return False
                if posting.hold_id is not None:
                    await store.drop_hold(posting.account_id, posting.hold_id)
        except RemoteError:
            return False
        return True

    async def _whole(self, account: Account, key: str) -> int:
        """All that is available, or what this very key has held or booked before."""
        view = await self._view(account)
        held = next((hold.micros for hold in view.holds if hold.hold_id == key), None)
        if held is not None:
            return held
        booked = await self._booked(account.account_id, key)
        return -booked.micros if booked is not None else view.available_micros

    async def _booked(self, account_id: str, key: str) -> StorePosting | None:
        postings = await self._ledger.postings_after(account_id, 0)
        return next((posting for posting in postings if posting.key == key), None)

    # --- looking up ----------------------------------------------------------------------

    async def _known(self, account_id: str, field: str = "account") -> Account:
        account = await self._ledger.account(account_id)
        if account is None:
            raise CallerError(f"there is no account {account_id}", field)
        return account

    async def _view(self, account: Account) -> AccountView:
        return await put_back(self._ledger, self._needed_store(), account)

    def _needed_store(self) -> Store:
        if self._store is None:
            raise RemoteError("the store does not run, so nobody knows what calls hold")
        return self._store

    def _entry(
        self, kind: EntryKind, account: Account, lines: tuple[Posting, ...], why: Why
    ) -> Entry:
        return Entry(
            key=KEY_FAMILY + why.key,
            kind=kind,
            currency=account.currency,
            postings=lines,
            at_ms=self._clock.now().wall_ms,
            reason=why.reason,
            author=why.author,
        )


def _check_amount(micros: int) -> None:
    if not 0 < micros <= MAX_MICROS:
        most = format_shortest(MAX_MICROS)
        raise CallerError(f"must be more than 0 and at most {most}", "amount")
