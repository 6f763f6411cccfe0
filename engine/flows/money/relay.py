"""From the journal to the store: every booked posting is applied to the store once, in order.

Whoever books kicks the relay; it also looks by itself now and then, so that a posting booked by
another engine, or by one that died before it could apply it, arrives all the same. While it runs,
what the store has applied is taken out of the outbox by its next look, many in one transaction: a
posting that is found there once more is applied no second time. Of several postings of an account
that come together (a payment and its bonus) only the last is told: callers hear of both at once.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from engine.errors import CallerError, ConflictError, EngineError
from engine.flows.money.accounts import put_back, replay
from engine.ports.clock import Clock
from engine.ports.ledger import Ledger
from engine.ports.metrics import UNMEASURED, Disagreement, Metrics
from engine.ports.store import Store, StorePosting

LOOK_EVERY_MS = 1_000
REST_MS = 500
BATCH_MOST = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Postings that the relay has seen wait (`BATCH_MOST` at most), and how long the oldest has."""

    depth: int
    age_ms: int


class Relay:
    """Applies the journal's postings to the store."""

    def __init__(
        self, ledger: Ledger, store: Store, clock: Clock, metrics: Metrics = UNMEASURED
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._kicked = asyncio.Event()
        self._runs = False
        self._applied: list[StorePosting] = []
        self._seen_ms: dict[tuple[str, int], int] = {}

    @property
    def waiting(self) -> Waiting:
        """What waits in the outbox, as the last looks saw it."""
        oldest_ms = min(self._seen_ms.values(), default=None)
        if oldest_ms is None:
            return Waiting(0, 0)
        return Waiting(len(self._seen_ms), self._clock.now().mono_ms - oldest_ms)

    async def apply(self, postings: Sequence[StorePosting]) -> bool:
        """Apply what has just been booked, and say whether the store has all of it; what cannot be
        applied now stays in the outbox."""
        try:
            applied = await self._bring(postings)
            if self._runs:
                self._applied += applied
            else:
                await self._mark(applied)
        except EngineError as error:
            log.warning("store.apply_later", error=str(error))
            self._kicked.set()
            return False
        return len(applied) == len(postings)

    async def run(self) -> None:
        """Apply the outbox for ever."""
        self._runs = True
        try:
            while True:
                await self._rest(await self._look())
        finally:
            self._runs = False

    async def _look(self) -> int:
        """Bring the store what waits; how long to rest before the next look (milliseconds)."""
        applied, self._applied = self._applied, []
        try:
            await self._mark(applied)
            postings = await self._ledger.outbox(BATCH_MOST)
            self._see(postings)
            brought = await self._bring(postings)
            for posting in brought:
                self._seen_ms.pop((posting.account_id, posting.seq), None)
            await self._mark(brought)
        except EngineError as error:
            log.warning("relay.waits", error=str(error))
            return REST_MS
        return LOOK_EVERY_MS if len(postings) < BATCH_MOST else 0

    def _see(self, postings: Sequence[StorePosting]) -> None:
        """Remember since when each of these waits, and forget what waits no longer."""
        now_ms, seen = self._clock.now().mono_ms, self._seen_ms
        names = [(posting.account_id, posting.seq) for posting in postings]
        self._seen_ms = {name: seen.get(name, now_ms) for name in names}

    async def _rest(self, ms: int) -> None:
        """Until kicked, or for so long."""
        alarm = self._clock.call_later(ms, self._kicked.set)
        try:
            await self._kicked.wait()
        finally:
            alarm.cancel()
            self._kicked.clear()

    async def _bring(self, postings: Sequence[StorePosting]) -> list[StorePosting]:
        """Those of the postings that the store has applied by now.

        One that the store refuses for what it is stays in the outbox and holds up nobody else's.
        """
        applied = []
        last = {posting.account_id: posting.seq for posting in postings}
        for posting in postings:
            quiet = posting.seq < last[posting.account_id]
            try:
                if await self._apply_one(posting, quiet):
                    applied.append(posting)
            except (CallerError, ConflictError) as error:
                account_id = posting.account_id
                log.error("posting.refused", account=account_id, seq=posting.seq, error=str(error))
                self._metrics.store_disagreed(Disagreement.POSTING_REFUSED)
        return applied

    async def _mark(self, applied: Sequence[StorePosting]) -> None:
        if applied:
            await self._ledger.mark_applied(applied)

    async def _apply_one(self, posting: StorePosting, quiet: bool) -> bool:
        """Apply one posting, after those before it that the store has missed."""
        reached = await self._store.apply(posting, quiet=quiet)
        if reached >= posting.seq:
            return True
        if reached == 0:
            account = await self._ledger.account(posting.account_id)
            if account is not None:
                reached = (await put_back(self._ledger, self._store, account)).seq
        else:
            reached = await replay(self._ledger, self._store, posting.account_id, reached)
        return reached >= posting.seq
