"""Accounts for calls: found or opened in the ledger, then seen through the store."""

from engine.core.account import AccountView
from engine.core.number import classify
from engine.ports.ledger import Account, Ledger
from engine.ports.store import Store


class Accounts:
    """Looks accounts up by what a caller is known by."""

    def __init__(self, ledger: Ledger, store: Store) -> None:
        self._ledger = ledger
        self._store = store

    async def of_number(
        self, organisation: str, profile: str, e164: str, currency: str
    ) -> tuple[AccountView, bool]:
        """The account of a verified number, opened if there is none; whether he was here before."""
        account = await self._ledger.open_account(organisation, profile, e164, currency)
        return await self.view(account), account.returning

    async def of_pin(self, profile: str, number: str, pin: str, region: str) -> AccountView | None:
        """The account that number and PIN fit, None if they do not."""
        e164 = classify(number, region).e164
        if e164 is None:
            return None
        account = await self._ledger.check_pin(profile, e164, pin)
        return await self.view(account) if account is not None else None

    async def view(self, account: Account) -> AccountView:
        """The store's view; an account that the store has never seen is put in from the ledger."""
        view = await self._store.account(account.account_id)
        if view is not None:
            return view
        return await self._store.seed_account(
            account.account_id, account.currency, account.balance_micros, account.seq
        )
