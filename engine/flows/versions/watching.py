"""How an engine keeps up with the version in force: it looks, prepares, swaps, and says so.

It asks the database itself, four times a second, a read by primary key: what is in force is written
there and nowhere else, so no message can be lost, and neither the store nor another engine need
live. A version that cannot be taken is tried again, less and less often: what it lacks (a secret,
an Asterisk that reloads) may come.
"""

from collections.abc import Mapping
from dataclasses import replace

import structlog

from engine.errors import CallerError, EngineError, RemoteError
from engine.flows.config.words.refusals import in_german
from engine.flows.hearing import UnsaidError
from engine.flows.versions.configuration import Configuration
from engine.flows.versions.view import Follower, View
from engine.ports.clock import Clock
from engine.ports.versions import Activation, EngineView, Unsaid

LOOK_EVERY_MS = 250
AGAIN_AFTER_MS = 5_000
AGAIN_AT_LEAST_EVERY_MS = 300_000
PROBLEM_CHARS_MOST = 2_000
UNSAID_MOST = 100
"""Sentences told at once; more than these say nothing new."""

log = structlog.get_logger(__name__)


class Watcher:
    """Brings what is in force into an engine's view.

    `prepare` is done before each swap, or refuses it; it may take long, and need not be undone.
    `asterisk` says whether one of those who go along changes an Asterisk's files, `lacking` why it
    has not taken those that the engine began with: they are tried again.
    """

    def __init__(
        self,
        configuration: Configuration,
        view: View,
        prepare: Follower,
        clock: Clock,
        engine: str,
        *,
        asterisk: bool = True,
        lacking: str = "",
    ) -> None:
        self._configuration = configuration
        self._view = view
        self._prepare = prepare
        self._clock = clock
        number = view.inventory().version
        self._standing = EngineView(
            engine=engine,
            number=number,
            since_ms=clock.now().wall_ms,
            problem=lacking[:PROBLEM_CHARS_MOST],
            refused=number if lacking else 0,
            asterisk=asterisk,
            translations={"de": in_german(CallerError(lacking))} if lacking else {},
        )
        self._shown: EngineView | None = None
        view.refused = self._standing.refused
        self._refused = self._standing.refused
        self._again_ms = 0
        self._pause_ms = AGAIN_AFTER_MS
        self._is_away = False

    async def run(self) -> None:
        """Keep up for ever, whatever one look meets."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("config.look_failed")
            await self._clock.sleep(LOOK_EVERY_MS)

    async def look(self) -> None:
        """Take what is in force, if it is not taken yet."""
        try:
            active = await self._configuration.active()
            if active is not None:
                self._view.in_force = active.number
                if self._is_due(active):
                    await self._take(active)
            await self._tell()
        except RemoteError as fault:
            if not self._is_away:
                log.warning("config.unanswered", error=str(fault))
            self._is_away = True
        else:
            self._is_away = False

    async def close(self) -> None:
        """Tell the others that this engine has ended."""
        try:
            await self._configuration.hide(self._standing.engine)
        except RemoteError as fault:
            log.warning("config.unanswered", error=str(fault))

    def _is_due(self, active: Activation) -> bool:
        is_taken = active.number == self._view.inventory().version
        if is_taken and self._standing.refused != active.number:
            self._refused, self._again_ms, self._pause_ms = 0, 0, AGAIN_AFTER_MS
            if self._standing.problem:
                self._stand(self._standing.number)
            return False
        return active.number != self._refused or self._clock.now().mono_ms >= self._again_ms

    async def _take(self, active: Activation) -> None:
        try:
            version = await self._configuration.version(active.number)
            inventory = await self._configuration.inventory(version)
            await self._prepare(self._view.inventory(), inventory)
            if await self._configuration.active() != active:
                return
            await self._view.swap(inventory)
        except Exception as fault:
            self._refuse(active.number, fault)
            return
        self._refused = 0
        self._stand(active.number)
        log.info("config.taken", version=active.number)

    def _refuse(self, number: int, fault: Exception) -> None:
        is_first = number != self._refused
        self._pause_ms = (
            AGAIN_AFTER_MS if is_first else min(2 * self._pause_ms, AGAIN_AT_LEAST_EVERY_MS)
        )
        self._refused = number
        self._again_ms = self._clock.now().mono_ms + self._pause_ms
        foreseen = isinstance(fault, EngineError)
        told = str(fault) if foreseen else f"{type(fault).__name__}: {fault}"
        problem = f"version {number} is refused: {told}"[:PROBLEM_CHARS_MOST]
        if problem != self._standing.problem:
            log.error("config.refused", version=number, error=told, exc_info=not foreseen)
            unsaid = fault.unsaid[:UNSAID_MOST] if isinstance(fault, UnsaidError) else ()
            german = f"Version {number} wird abgelehnt: {in_german(fault)}"[:PROBLEM_CHARS_MOST]
            self._stand(self._standing.number, problem, number, unsaid, {"de": german})

    def _stand(
        self,
        number: int,
        problem: str = "",
        refused: int = 0,
        unsaid: tuple[Unsaid, ...] = (),
        translations: Mapping[str, str] | None = None,
    ) -> None:
        self._view.refused = refused
        is_swap = number != self._standing.number
        self._standing = replace(
            self._standing,
            number=number,
            since_ms=self._clock.now().wall_ms if is_swap else self._standing.since_ms,
            problem=problem,
            refused=refused,
            unsaid=unsaid,
            translations=translations or {},
        )

    async def _tell(self) -> None:
        if self._shown != self._standing:
            await self._configuration.show(self._standing)
            self._shown = self._standing
