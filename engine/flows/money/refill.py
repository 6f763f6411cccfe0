"""A store that has lost what it kept gets it back from those who know it: journal and live calls.

The journal knows balances; what is held for calls, and the calls themselves, only the engines
know that have them. Each looks whether the store's data are still the same (`generation`), and
hears of a store that fell behind (a failover) by its news. Then it puts back, for as long as an
account put back stays closed, whatever its own calls need: again and again, since an answer given
by the store just before it was emptied may still be on its way to a call.
"""

from dataclasses import dataclass, field

import structlog

from engine.core.account import AccountView
from engine.errors import ConflictError, RemoteError
from engine.flows.calls import Calls, CallTask
from engine.flows.money.accounts import CLOSED_MS, put_back
from engine.flows.money.books import end_booked_holds
from engine.flows.orders import House
from engine.ports.metrics import Disagreement
from engine.ports.store import BalanceNews

LOOK_EVERY_MS = 500

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Left:
    """What was put back for a call, and may be left over when it has ended."""

    account_id: str | None
    agents: set[str] = field(default_factory=set)


class Refiller:
    """Watches over the store's data for one engine."""

    def __init__(self, house: House, calls: Calls) -> None:
        self._house = house
        self._calls = calls
        self._generation: str | None = None
        self._until_ms = 0
        self._seen: dict[str, int] = {}
        self._left: dict[str, _Left] = {}

    async def run(self) -> None:
        """Look and put back, for ever."""
        while True:
            try:
                await self._look()
                if self._house.clock.now().mono_ms < self._until_ms:
                    await self.put_back_all()
                await self._end_what_is_left()
            except RemoteError as error:
                log.warning("store.not_seen", error=str(error))
            await self._house.clock.sleep(LOOK_EVERY_MS)

    def notice(self, news: BalanceNews) -> None:
        """Compare news with what was known: an account that went back has lost something."""
        view = news.view
        if view.seq < self._seen.get(view.account_id, 0):
            log.error("store.went_back", account=view.account_id, seq=view.seq)
            self._house.metrics.store_disagreed(Disagreement.WENT_BACK)
            self._begin()
        self._seen[view.account_id] = view.seq

    async def _look(self) -> None:
        generation = await self._house.store.generation()
        if self._generation not in (None, generation):
            log.error("store.was_emptied")
            self._house.metrics.store_disagreed(Disagreement.EMPTIED)
            self._begin()
        self._generation = generation
        watched = {task.watched for task in self._calls.live}
        self._seen = {name: seq for name, seq in self._seen.items() if name in watched}

    def _begin(self) -> None:
        self._until_ms = self._house.clock.now().mono_ms + CLOSED_MS
        self._seen.clear()

    async def put_back_all(self) -> None:
        """Put back what the store should know of every call of this engine."""
        for task in self._calls.live:
            await self._put_back(task)

    async def _put_back(self, task: CallTask) -> None:
        call_id, account_id = task.call.call_id, task.call.account_id
        left = self._left.setdefault(call_id, _Left(account_id))
        if account_id is not None:
            await self._bring_up(account_id)
        try:
            left.agents |= set(await task.put_back())
        except ConflictError as error:
            log.warning("call.not_put_back", call=call_id, error=str(error))

    async def _bring_up(self, account_id: str) -> AccountView | None:
        account = await self._house.ledger.account(account_id)
        if account is None:
            return None
        return await put_back(self._house.ledger, self._house.store, account)

    async def _end_what_is_left(self) -> None:
        """A call may have ended while it was put back: then nothing else ends what it holds."""
        gone = [call_id for call_id in self._left if self._calls.task_of(call_id) is None]
        if not gone:
            return
        store = self._house.store
        alive = {snapshot.call_id for snapshot in await store.live_calls()}
        for call_id in gone:
            left = self._left[call_id]
            view = await self._bring_up(left.account_id) if left.account_id else None
            if view is not None:
                await end_booked_holds(self._house.ledger, store, view)
            if call_id not in alive:
                for agent in left.agents:
                    await store.free_agent(agent, call_id, 0)
            del self._left[call_id]
