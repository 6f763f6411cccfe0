"""Watching live calls: one watcher reads what changes and tells it to everybody who looks.

The store says which call was written; calls are read a batch at a time, at most `BATCHES_A_SECOND`.
Whoever is slow misses steps but never the last: he is told each call as it is when he comes. Who
looks once is told from the watcher's memory, which is kept up for `LINGER_MS` after him. What
nobody looks at is not read.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from engine.errors import RemoteError
from engine.flows.live.known import Known, read_calls, seen, understood
from engine.flows.machines.seen import LiveCall
from engine.ports.clock import Alarm, Clock
from engine.ports.store import Store

BATCHES_A_SECOND = 5

REFRESH_S = 5.0
"""Running calls are told anew so often, since what they cost grows by time alone."""

LINGER_MS = 30_000
FIRST_READ_S = 5.0
"""So long who looks once waits until all calls were read."""

RETRY_MS = 500

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """What is new at `at_ms`. If `whole`, `calls` are all there are, oldest first; else those that
    changed, and `gone` are the ids of those that are over."""

    at_ms: int
    whole: bool
    calls: tuple[LiveCall, ...]
    gone: tuple[str, ...] = ()


@dataclass(eq=False, slots=True)
class _Viewer:
    """Somebody who looks: what he is still to be told, which calls he knows, and when (by the
    loop's clock) running ones are told him anew."""

    organisation: str | None
    whole: bool = True
    changed: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    refresh_s: float | None = None

    def may_see(self, organisation: str) -> bool:
        """Whether calls of an organisation are his to see."""
        return self.organisation in (None, organisation)


class Live:
    """The live calls of all engines, from the store alone; an engine need not run here."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, Known] = {}
        self._is_read = asyncio.Event()
        self._viewers: set[_Viewer] = set()
        self._unread: set[str] = set()
        self._all_unread = False
        self._written = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None
        self._lingers: Alarm | None = None

    async def close(self) -> None:
        """Watch no longer."""
        if self._lingers is not None:
            self._lingers.cancel()
            self._lingers = None
        watcher = self._stop()
        if watcher is not None:
            await asyncio.gather(watcher, return_exceptions=True)

    # --- once ----------------------------------------------------------------------------

    async def calls(self, organisation: str | None = None) -> tuple[LiveCall, ...]:
        """Every live call (of an organisation), oldest first, as it was a batch ago at most.

        `RemoteError` if the store is away.
        """
        await self._remember()
        return await self._seen(self._known, organisation)

    async def those(self, call_ids: Iterable[str]) -> dict[str, LiveCall]:
        """Those of the calls that live, by their ids; else as `calls`."""
        await self._remember()
        calls = await self._seen(call_ids, None)
        return {call.call_id: call for call in calls}

    async def call(self, call_id: str, organisation: str | None = None) -> LiveCall | None:
        """One call as it is now; None if it is over or another organisation's."""
        known = await read_calls(self._store, (call_id,))
        calls = await seen(known.values(), organisation, self._clock.now().wall_ms)
        return next(iter(calls), None)

    async def _seen(
        self, call_ids: Iterable[str], organisation: str | None
    ) -> tuple[LiveCall, ...]:
        known = [self._known[name] for name in call_ids if name in self._known]
        return await seen(known, organisation, self._clock.now().wall_ms)

    async def _remember(self) -> None:
        """Have all calls in memory, which is kept up from now on."""
        # What is in memory says nothing of a store that is away.
        await self._store.generation()
        if self._lingers is not None:
            self._lingers.cancel()
        self._lingers = self._clock.call_later(LINGER_MS, self._lingered)
        watcher = self._watch_on()
        if self._is_read.is_set():
            return
        reading = asyncio.ensure_future(self._is_read.wait())
        both = (reading, watcher)
        await asyncio.wait(both, timeout=FIRST_READ_S, return_when=asyncio.FIRST_COMPLETED)
        reading.cancel()
        if watcher.done() and not watcher.cancelled():
            watcher.result()
        if not self._is_read.is_set():
            raise RemoteError("the live calls could not be read in time")

    def _lingered(self) -> None:
        self._lingers = None
        if not self._viewers:
            self._stop()

    # --- as it changes -------------------------------------------------------------------

    async def watch(self, organisation: str | None = None) -> AsyncGenerator[Change, None]:
        """All live calls (of an organisation) first and after each reconnection, then what changes,
        for ever. A change without any call may come; it says that nothing else has happened."""
        viewer = _Viewer(organisation)
        self._viewers.add(viewer)
        if self._is_read.is_set():
            viewer.woken.set()
        self._watch_on()
        try:
            while True:
                yield await self._next(viewer)
        finally:
            self._viewers.discard(viewer)
            if not self._viewers and self._lingers is None:
                await self.close()

    async def _next(self, viewer: _Viewer) -> Change:
        """What this viewer is to be told next, waited for."""
        await self._woken(viewer)
        now_s, now_ms = asyncio.get_running_loop().time(), self._clock.now().wall_ms
        is_due = viewer.refresh_s is None or now_s >= viewer.refresh_s
        whole, changed = viewer.whole, viewer.changed
        viewer.whole, viewer.changed = False, set()
        if whole or is_due:
            viewer.refresh_s = now_s + REFRESH_S
        if whole:
            calls = await seen(self._known.values(), viewer.organisation, now_ms)
            viewer.told = {call.call_id for call in calls}
            return Change(now_ms, True, calls)
        known = {name: self._known[name] for name in changed if name in self._known}
        gone = tuple(sorted(viewer.told.intersection(changed) - known.keys()))
        if is_due:
            told = ((name, self._known.get(name)) for name in viewer.told)
            known |= {name: one for name, one in told if one is not None and one.runs}
        calls = await seen(known.values(), viewer.organisation, now_ms)
        viewer.told.difference_update(gone)
        viewer.told.update(call.call_id for call in calls)
        return Change(now_ms, False, calls, gone)

    async def _woken(self, viewer: _Viewer) -> None:
        """Wait until something is to be told, or running calls are to be told anew."""
        try:
            async with asyncio.timeout_at(viewer.refresh_s):
                await viewer.woken.wait()
        except TimeoutError:
            pass
        viewer.woken.clear()
        if self._watcher is not None and self._watcher.done():
            # It never ends but by a fault of ours, which nobody must wait behind.
            await self._watcher

    # --- the one watcher -----------------------------------------------------------------

    def _watch_on(self) -> asyncio.Task[None]:
        """The watcher, begun if there is none."""
        if self._watcher is None or self._watcher.done():
            self._stop()
            self._watcher = asyncio.create_task(self._watch(), name="live")
            self._watcher.add_done_callback(self._ended)
        return self._watcher

    def _stop(self) -> asyncio.Task[None] | None:
        """Forget all; the watcher, told to end."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.cancel()
        self._known, self._unread, self._all_unread = {}, set(), False
        self._is_read.clear()
        self._written.clear()
        return watcher

    def _ended(self, watcher: asyncio.Task[None]) -> None:
        if watcher is self._watcher:
            for viewer in self._viewers:
                viewer.woken.set()

    async def _watch(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._keep_reading())

    async def _listen(self) -> None:
        async for call_id in self._store.changes():
            if call_id is None:
                self._all_unread = True
            else:
                self._unread.add(call_id)
            self._written.set()

    async def _keep_reading(self) -> None:
        while True:
            await self._written.wait()
            self._written.clear()
            unread, self._unread = self._unread, set()
            is_all, self._all_unread = self._all_unread, False
            try:
                changed = await self._read_batch(unread, is_all)
            except RemoteError as error:
                log.warning("live.not_read", error=str(error))
                self._unread |= unread
                self._all_unread |= is_all
                self._written.set()
                await self._clock.sleep(RETRY_MS)
                continue
            self._tell(changed, whole=is_all)
            await self._clock.sleep(1000 // BATCHES_A_SECOND)

    async def _read_batch(self, call_ids: set[str], all_of_them: bool) -> dict[str, str]:
        """Read these calls anew, or all; whose the changed ones are or were, by their ids."""
        if all_of_them:
            self._known = await understood(self._store, await self._store.live_calls())
            return {}
        were = self._organisations(call_ids)
        known = await read_calls(self._store, call_ids)
        for gone in call_ids - known.keys():
            self._known.pop(gone, None)
        self._known |= known
        return were | self._organisations(call_ids)

    def _organisations(self, call_ids: Collection[str]) -> dict[str, str]:
        known = ((name, self._known.get(name)) for name in call_ids)
        return {name: one.organisation for name, one in known if one is not None}

    def _tell(self, changed: Mapping[str, str], *, whole: bool) -> None:
        self._is_read.set()
        for viewer in self._viewers:
            viewer.whole |= whole
            his = {name for name, owner in changed.items() if viewer.may_see(owner)}
            viewer.changed |= his
            if viewer.whole or his:
                viewer.woken.set()
