"""Which accounts are watched, and what was told of them last."""

from collections import Counter
from collections.abc import Iterator

from engine.core.account import AccountView
from engine.ports.store import BalanceNews


class Watched:
    """Accounts by how often they are watched.

    Money that came in is the growth of the account's total of credits since it was last told, so
    that it is told once, however many messages were lost, doubled or put together.
    """

    def __init__(self) -> None:
        self._watchers: Counter[str] = Counter()
        self._views: dict[str, AccountView] = {}
        self._credited_micros: dict[str, int] = {}

    def __contains__(self, account_id: str) -> bool:
        return account_id in self._watchers

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._watchers))

    def add(self, account_id: str) -> bool:
        """Watch once more; whether it was not watched before."""
        self._watchers[account_id] += 1
        return self._watchers[account_id] == 1

    def drop(self, account_id: str) -> bool:
        """Watch once less; whether it is not watched any more."""
        self._watchers[account_id] -= 1
        if self._watchers[account_id] > 0:
            return False
        del self._watchers[account_id]
        self._views.pop(account_id, None)
        self._credited_micros.pop(account_id, None)
        return True

    def tell_all_again(self) -> None:
        """Take nothing as told but the money that came in."""
        self._views.clear()

    def news(self, view: AccountView, credited_micros: int) -> BalanceNews | None:
        """What there is to tell of the account as just read, None if that is told already.

        `credited_micros` is the total of all credits; one that has shrunk is a new store's.
        """
        if view.account_id not in self or self._views.get(view.account_id) == view:
            return None
        told_micros = self._credited_micros.get(view.account_id, credited_micros)
        if credited_micros < told_micros:
            told_micros = 0
        self._views[view.account_id] = view
        self._credited_micros[view.account_id] = credited_micros
        return BalanceNews(view, credited_micros - told_micros)
