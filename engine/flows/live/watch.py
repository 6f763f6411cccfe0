"""Watching live calls: one watcher reads what changes and tells it to everybody who looks.

The store says which call was written; calls are read a batch at a time, at most `BATCHES_A_SECOND`.
Whoever is slow misses steps but never the last: he is told each call as it is when he comes. What
nobody looks at is not read.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import structlog

from engine.core.account import AccountView
from engine.errors import RemoteError
from engine.flows.machines import Machine, is_known, read
from engine.flows.machines.seen import LiveCall
from engine.ports.clock import Clock
from engine.ports.store import Snapshot, Store

BATCHES_A_SECOND = 5
ONE_BY_ONE_MOST = 50
"""From so many changed calls on, all are read at once."""

REFRESH_S = 5.0
"""Running calls are told anew so often, since what they cost grows by time alone."""

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


@dataclass(slots=True)
class _Known:
    """A live call as it was read last."""

    engine: str
    machine: Machine[Any]
    call: Any
    view: AccountView | None

    def at(self, at_ms: int) -> LiveCall:
        return self.machine.seen(self.call, self.engine, self.view, at_ms)


@dataclass(eq=False, slots=True)
class _Viewer:
    """Somebody who looks: what he is still to be told, and which calls he knows."""

    organisation: str | None
    whole: bool = True
    changed: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class Live:
    """The live calls of all engines, from the store alone; an engine need not run here."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._is_read = False
        self._viewers: set[_Viewer] = set()
        self._unread: set[str] = set()
        self._all_unread = False
        self._written = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None

    # --- once ----------------------------------------------------------------------------

    async def calls(self, organisation: str | None = None) -> tuple[LiveCall, ...]:
        """Every live call (of an organisation), oldest first, as it is now."""
        known = await self._read(await self._store.live_calls())
        return self._shown(known, organisation)

    async def call(self, call_id: str, organisation: str | None = None) -> LiveCall | None:
        """One call; None if it is over or another organisation's."""
        snapshot = await self._store.live_call(call_id)
        known = await self._read((snapshot,) if snapshot is not None else ())
        return next(iter(self._shown(known, organisation)), None)

    def _shown(self, known: dict[str, _Known], organisation: str | None) -> tuple[LiveCall, ...]:
        at_ms = self._clock.now().wall_ms
        calls = (one.at(at_ms) for one in known.values())
        ours = (call for call in calls if organisation in (None, call.organisation))
        return tuple(sorted(ours, key=lambda call: (call.arrived_ms, call.call_id)))

    # --- as it changes -------------------------------------------------------------------

    async def watch(self, organisation: str | None = None) -> AsyncGenerator[Change, None]:
        """All live calls (of an organisation) first and after each reconnection, then what changes,
        for ever. A change without any call may come; it says that nothing else has happened."""
        viewer = _Viewer(organisation)
        self._begin(viewer)
        try:
            while True:
                yield await self._next(viewer)
        finally:
            await self._leave(viewer)

    def _begin(self, viewer: _Viewer) -> None:
        self._viewers.add(viewer)
        if self._is_read:
            viewer.woken.set()
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._watch(), name="live")
            self._watcher.add_done_callback(lambda _watcher: self._wake_all())

    def _wake_all(self) -> None:
        for viewer in self._viewers:
            viewer.woken.set()

    async def _leave(self, viewer: _Viewer) -> None:
        self._viewers.discard(viewer)
        watcher = self._watcher
        if self._viewers or watcher is None:
            return
        self._watcher, self._is_read = None, False
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)

    async def _next(self, viewer: _Viewer) -> Change:
        """What this viewer is to be told next, waited for."""
        await self._woken(viewer)
        viewer.woken.clear()
        if self._watcher is not None and self._watcher.done():
            # It never ends but by a fault of ours, which nobody must wait behind.
            await self._watcher
        whole, changed = viewer.whole, viewer.changed
        viewer.whole, viewer.changed = False, set()
        if whole:
            calls = self._shown(self._known, viewer.organisation)
            viewer.told = {call.call_id for call in calls}
            return Change(self._clock.now().wall_ms, True, calls)
        # Nothing was written: time alone has gone on.
        wanted = changed or {name for name in viewer.told if self._runs(name)}
        known = {name: self._known[name] for name in wanted if name in self._known}
        calls = self._shown(known, viewer.organisation)
        gone = tuple(sorted(viewer.told.intersection(changed) - known.keys()))
        viewer.told.difference_update(gone)
        viewer.told.update(call.call_id for call in calls)
        return Change(self._clock.now().wall_ms, False, calls, gone)

    async def _woken(self, viewer: _Viewer) -> None:
        """Wait until something is to be told, or for so long that running calls are told anew."""
        try:
            async with asyncio.timeout(REFRESH_S if self._is_read else None):
                await viewer.woken.wait()
        except TimeoutError:
            return

    def _runs(self, call_id: str) -> bool:
        known = self._known.get(call_id)
        meter = known.machine.meter(known.call) if known is not None else None
        return meter is not None and meter.running

    # --- the one watcher -----------------------------------------------------------------

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
                await self._read_batch(unread, is_all or len(unread) > ONE_BY_ONE_MOST)
            except RemoteError as error:
                log.warning("live.not_read", error=str(error))
                self._unread |= unread
                self._all_unread |= is_all
                self._written.set()
                await self._clock.sleep(RETRY_MS)
                continue
            self._tell(unread, whole=is_all)
            await self._clock.sleep(1000 // BATCHES_A_SECOND)

    async def _read_batch(self, call_ids: set[str], all_of_them: bool) -> None:
        if all_of_them:
            self._known = await self._read(await self._store.live_calls())
            return
        found = await asyncio.gather(*map(self._store.live_call, sorted(call_ids)))
        read = await self._read(tuple(one for one in found if one is not None))
        for gone in call_ids - read.keys():
            self._known.pop(gone, None)
        self._known |= read

    async def _read(self, snapshots: tuple[Snapshot, ...]) -> dict[str, _Known]:
        """Calls of a kind we know by their ids, with the accounts they talk on."""
        names = sorted({one.account_id for one in snapshots if one.account_id is not None})
        views = dict(
            zip(names, await asyncio.gather(*map(self._store.account, names)), strict=True)
        )
        return {
            one.call_id: _Known(one.engine, *read(one), views.get(one.account_id or ""))
            for one in snapshots
            if is_known(one)
        }

    def _tell(self, changed: set[str], *, whole: bool) -> None:
        self._is_read = True
        for viewer in self._viewers:
            viewer.whole |= whole
            viewer.changed |= changed
        self._wake_all()
