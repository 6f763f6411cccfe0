"""Keys whose period is over are destroyed, by every engine that looks once an hour."""

import structlog

from engine.core.localtime import HOUR_MS
from engine.core.tracked import keys_due
from engine.errors import EngineError
from engine.ports.clock import Clock
from engine.ports.tracked import Tracked

log = structlog.get_logger(__name__)


class Destroyer:
    """Destroys keys when they are due; several engines of one ledger do each other no harm."""

    def __init__(self, tracked: Tracked, clock: Clock) -> None:
        self._tracked = tracked
        self._clock = clock

    async def run(self) -> None:
        """Look for ever; what fails is tried again an hour later."""
        while True:
            try:
                until = keys_due(self._clock.now().wall_ms)
                if count := await self._tracked.destroy_keys(until):
                    log.info("tracked.keys_destroyed", count=count, until=str(until))
            except EngineError as fault:
                log.warning("tracked.later", error=str(fault))
            await self._clock.sleep(HOUR_MS)
