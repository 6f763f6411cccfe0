"""Calls of the test mode, told scene by scene without anybody being dialled."""

import asyncio

import structlog

from engine.core.verification import CallNews, Mode, Verification
from engine.errors import EngineError
from engine.flows.verification.sessions import Sessions
from engine.ports.clock import Clock
from engine.verification.rehearsal import scenes

log = structlog.get_logger(__name__)


class Rehearsing:
    """The rehearsed calls that are under way on this engine."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, verification: Verification) -> None:
        """Let the verification's call happen as its number has it."""
        task = asyncio.create_task(self._play(verification), name="rehearsal")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End them all where they are; what they verify expires."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _play(self, verification: Verification) -> None:
        gone_ms = 0
        named = verification.verification_id
        try:
            for scene in scenes(verification.e164 or "", verification.mode):
                await self._clock.sleep(scene.at_ms - gone_ms)
                gone_ms = scene.at_ms
                if scene.keyed:
                    code = self._sessions.codes.code(verification)
                    await self._sessions.check(named, code, Mode.KEYPAD)
                await self._sessions.told(
                    CallNews(
                        verification_id=named,
                        call_n=verification.calls,
                        step=scene.step,
                        at_ms=self._clock.now().wall_ms,
                        failure=scene.failure,
                    )
                )
        except EngineError as error:
            log.warning("rehearsal.broken_off", verification=named, error=str(error))
