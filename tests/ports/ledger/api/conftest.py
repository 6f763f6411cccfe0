"""A clock that stands, for what the books note the time of."""

from dataclasses import dataclass

import pytest

from engine.core.call import Now
from tests.fakes.clock import LoopClock
from tests.ports.ledger.books import NOW_MS


@dataclass
class StoppedClock(LoopClock):
    """A clock that stands until it is moved."""

    wall_ms: int = NOW_MS

    def now(self) -> Now:
        return Now(self.wall_ms, self.wall_ms)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()
