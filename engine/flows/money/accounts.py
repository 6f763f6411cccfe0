"""Accounts for calls: found or opened in the ledger, then seen through the store.

The store may have lost an account (its disk was lost) or the tail of it (a failover). It is put
back here, from the journal: what is missing whole is put in as the journal has it, and closed for
a while, since calls that live talk on money which the store no longer holds for them; what is
behind is replayed, since only that ends the holds of what was charged meanwhile.
"""

from dataclasses import dataclass

from engine.core.account import AccountView
from engine.core.number import classify
from engine.ports.ledger import Account, Ledger
from engine.ports.store import Store

CLOSED_MS = 5_000
"""An account put back grants nothing for so long: every live call restores its hold within."""


async def put_back(ledger: Ledger, store: Store, account: Account) -> AccountView:
    """The store's view of an account, after the store has caught up with `account`."""
    view = await store.account(account.account_id)
    if view is None:
        closed_ms = CLOSED_MS if account.seq else 0
        view = await store.seed_account(
            account.account_id, account.currency, account.balance_micros, account.seq, closed_ms
        )
    if view.seq < account.seq:
        await replay(ledger, store, account.account_id, view.seq)
        view = await store.account(account.account_id) or view
    return view


async def replay(ledger: Ledger, store: Store, account_id: str, reached: int) -> int:
    """Apply the journal's postings that follow `reached`; where the store stands then."""
    for missed in await ledger.postings_after(account_id, reached):
        reached = await store.apply(missed)
        if reached < missed.seq:
            break
    return reached


@dataclass(frozen=True, slots=True)
class Found:
    """A caller's account as store and ledger know it; see `core.events.AccountFound`."""

    view: AccountView
    returning: bool
    blocked: bool


class Accounts:
    """Looks accounts up by what a caller is known by."""

    def __init__(self, ledger: Ledger, store: Store) -> None:
        self._ledger = ledger
        self._store = store

    async def of_number(self, organisation: str, profile: str, e164: str, currency: str) -> Found:
        """The account of a verified number, opened if there is none."""
        return await self._found(
            await self._ledger.open_account(organisation, profile, e164, currency)
        )

    async def of_pin(self, profile: str, number: str, pin: str, region: str) -> Found | None:
        """The account that number and PIN fit, None if they do not."""
        e164 = classify(number, region).e164
        if e164 is None:
            return None
        account = await self._ledger.check_pin(profile, e164, pin)
        return await self._found(account) if account is not None else None

    async def _found(self, account: Account) -> Found:
        """A store that lacks the account or is behind is brought up first."""
        view = await put_back(self._ledger, self._store, account)
        return Found(view, account.returning, account.blocked)
