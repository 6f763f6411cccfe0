"""What is due is let go of: by every engine once a day, in batches that hold nobody up."""

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

import structlog

from engine.core.retention import Kind, Policy, due
from engine.errors import EngineError
from engine.flows.papers.month import HOME_TIMEZONE
from engine.ports.clock import Clock
from engine.ports.reading.retention import Keeping

BATCH = 200
BATCHES_MOST = 10_000
BREATH_MS = 120
"""Between two batches those who book have their turn: who waits for SQLite's lock looks for it
every 100 ms at last."""

DAY_MS = 24 * 3_600_000

log = structlog.get_logger(__name__)


async def count_due(keeping: Keeping, policy: Policy, now_ms: int) -> Mapping[Kind, int]:
    """How many of each kind are due; nothing is changed."""
    whens = due(policy, now_ms, ZoneInfo(HOME_TIMEZONE))
    return {kind: await keeping.count(kind, before_ms) for kind, before_ms in whens.items()}


async def carry_out(keeping: Keeping, policy: Policy, clock: Clock) -> Mapping[Kind, int]:
    """Let go of all that is due; how many of each kind it was."""
    whens = due(policy, clock.now().wall_ms, ZoneInfo(HOME_TIMEZONE))
    done = dict.fromkeys(whens, 0)
    for kind, before_ms in whens.items():
        for _ in range(BATCHES_MOST):
            count = await keeping.let_go(kind, before_ms, BATCH)
            done[kind] += count
            if count < BATCH:
                break
            await clock.sleep(BREATH_MS)
    return done


class Daily:
    """Lets go once a day by the policy of that day; several engines of one ledger do each other no
    harm."""

    def __init__(self, keeping: Keeping, policy: Callable[[], Policy], clock: Clock) -> None:
        self._keeping = keeping
        self._policy = policy
        self._clock = clock

    async def run(self) -> None:
        """Let go for ever; what fails, however, is tried again on the next day."""
        while True:
            try:
                done = await carry_out(self._keeping, self._policy(), self._clock)
                log.info("retention.done", **{kind.value: count for kind, count in done.items()})
            except EngineError as fault:
                log.warning("retention.later", error=str(fault))
            except Exception:
                log.exception("retention.failed")
            await self._clock.sleep(DAY_MS)
