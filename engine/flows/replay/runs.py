"""Replays that pages begin: reckoned beside the calls, watched, cancelled, kept for a while.

The engine that is asked reckons; how far it is and what came out is in the books, so every engine
shows it, and any of them cancels it.
"""

import asyncio
import contextlib
import secrets
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import structlog

from engine.core.inventory import Inventory
from engine.errors import ConflictError, EngineError
from engine.flows.papers.month import Days
from engine.flows.replay.replay import Replay, replay
from engine.ports.clock import Clock
from engine.ports.ledger import Ledger
from engine.ports.replays import Replays, Run, RunState

NOTE_EVERY_MS = 1_000
LOST_AFTER_MS = 30_000
AT_ONCE_MOST = 4
"""On one engine, of all organisations together."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be replayed: a version, or a draft that was made from it (`drafted`), as
    `inventory`, over the calls of some days of an organisation (None: all)."""

    organisation: str | None
    author: str
    inventory: Inventory
    version: int
    drafted: bool
    days: Days


class Runs:
    """The replays of a site, as one engine carries them out."""

    def __init__(self, replays: Replays, ledger: Ledger, clock: Clock) -> None:
        self._replays = replays
        self._ledger = ledger
        self._clock = clock
        self._at_work: set[asyncio.Task[None]] = set()
        self._beginning = asyncio.Lock()

    async def begin(self, wish: Wish) -> Run:
        """Begin to reckon; `ConflictError` while the organisation has a replay running, or this
        engine too many."""
        now_ms = self._now_ms()
        run = Run(
            run_id=secrets.token_hex(16),
            organisation=wish.organisation,
            author=wish.author,
            version=wish.version,
            drafted=wish.drafted,
            days=wish.days.name,
            from_ms=wish.days.from_ms,
            to_ms=wish.days.to_ms,
            begun_ms=now_ms,
            seen_ms=now_ms,
            reached_ms=wish.days.from_ms,
        )
        async with self._beginning:
            if len(self._at_work) >= AT_ONCE_MOST:
                raise ConflictError(f"{AT_ONCE_MOST} replays are running already")
            await self._replays.begin(run, now_ms - LOST_AFTER_MS)
            task = asyncio.create_task(self._work(run, _seen_by(wish)))
            self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        return run

    async def run(self, run_id: str) -> Run | None:
        """One run as it stands."""
        found = await self._replays.run(run_id)
        return None if found is None else self._standing(found)

    async def runs(self, organisation: str | None) -> list[Run]:
        """An organisation's runs, or those of all calls, newest first."""
        return [self._standing(run) for run in await self._replays.runs(organisation)]

    async def cancel(self, run_id: str) -> bool:
        """Reckon no further, on whichever engine; False if it was over."""
        return await self._replays.end(run_id, RunState.CANCELLED)

    async def close(self) -> None:
        """Stop what is being reckoned here."""
        work = tuple(self._at_work)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    def _standing(self, run: Run) -> Run:
        """A run without a sign of life for long has failed, though nobody wrote it down."""
        is_lost = run.seen_ms < self._now_ms() - LOST_AFTER_MS
        if run.state is RunState.RUNNING and is_lost:
            return replace(run, state=RunState.FAILED)
        return run

    async def _work(self, run: Run, inventory: Inventory) -> None:
        """Reckon, and write down what comes of it."""
        try:
            found = await self._reckoned(run, inventory)
            if found is not None:
                await self._replays.end(run.run_id, RunState.DONE, written(found))
        except asyncio.CancelledError:
            await self._fail(run)
            raise
        except Exception as error:
            log.error("replay.failed", run=run.run_id, exc_info=error)
            await self._fail(run)

    async def _fail(self, run: Run) -> None:
        # Without the books it counts as lost after a while.
        with contextlib.suppress(EngineError):
            await self._replays.end(run.run_id, RunState.FAILED)

    async def _reckoned(self, run: Run, inventory: Inventory) -> Replay | None:
        """What came out; None if it was cancelled meanwhile."""
        calls, reached_ms = 0, run.from_ms

        def progress(so_far: int, ended_ms: int) -> None:
            nonlocal calls, reached_ms
            calls, reached_ms = so_far, ended_ms

        work = asyncio.ensure_future(
            replay(
                self._ledger,
                inventory,
                run.from_ms,
                run.to_ms,
                organisation=run.organisation,
                progress=progress,
            )
        )
        try:
            while not await self._done_soon(work):
                if not await self._replays.note(run.run_id, calls, reached_ms, self._now_ms()):
                    return None
            found = work.result()
            await self._replays.note(run.run_id, found.calls, run.to_ms, self._now_ms())
            return found
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _done_soon(self, work: "asyncio.Future[Replay]") -> bool:
        """Whether it is done by the time it is to be noted again."""
        sleeping = asyncio.ensure_future(self._clock.sleep(NOTE_EVERY_MS))
        try:
            waits: set[asyncio.Future[Any]] = {work, sleeping}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
        return work.done()

    def _now_ms(self) -> int:
        return self._clock.now().wall_ms


def written(found: Replay) -> str:
    """What came out, as it is kept."""
    return msgspec.json.encode(found).decode()


def result_of(run: Run) -> Replay | None:
    """What came out of a run; None of one that is not done."""
    return msgspec.json.decode(run.result, type=Replay) if run.result else None


def _seen_by(wish: Wish) -> Inventory:
    """The inventory without other organisations' services: a number of theirs may once have been
    one of his, and their prices are none of his business."""
    if wish.organisation is None:
        return wish.inventory
    services = wish.inventory.services
    ours = tuple(one for one in services if one.organisation == wish.organisation)
    return replace(wish.inventory, services=ours)
